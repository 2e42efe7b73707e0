#include <filesystem>
#include <iostream>
#include <iterator>

#include "connectors/formats/json.hpp"
#include "gateway/cli/cli.hpp"
#include "gateway/cli/tool_commands.hpp"
#include "gateway/configuration.hpp"
#include "gateway/data_folder.hpp"
#include "gateway/hint.hpp"
#include "gateway/tools/suggest.hpp"

namespace headgate::gateway {

int suggest_command(const MapOptions& options)
{
    const std::string shipped = shipped_folder();
    Problems problems;
    const auto canonical = mapping::Canonical::load(shipped + "/canonical");
    if (!canonical)
        problems = canonical.error();
    mapping::Vocabularies vocabularies;
    std::vector<std::string> folders{shipped + "/vocabularies"};
    if (!options.config.empty())
        folders.push_back(options.config + "/vocabularies");
    for (const auto& folder : folders)
        if (std::error_code error; std::filesystem::is_directory(folder, error))
            if (auto loaded = vocabularies.load(folder); !loaded)
                std::ranges::move(loaded.error(), std::back_inserter(problems));
    for (const auto& problem : problems)
        std::cerr << with_source(problem) << "\n";
    if (!problems.empty())
        return exit_bad_configuration;
    const auto* type = canonical->find(options.suggest);
    if (type == nullptr)
        return complain({FailureClass::permanent,
                         "unknown_type",
                         "there is no canonical type `" + options.suggest + "` (" +
                             near_or_all(options.suggest, canonical->names()) + ")",
                         {}});
    std::vector<Document> samples;
    std::string names;
    for (const auto& file : options.files) {
        const auto text = read_file(file);
        if (!text)
            return complain(text.error());
        auto document = connectors::read_json(*text);
        if (!document)
            return complain(
                {FailureClass::permanent, document.error().code, file + ": " + document.error().detail, {}});
        samples.push_back(std::move(*document));
        names += (names.empty() ? "" : ", ") + file;
    }
    std::cout << suggested_mapping(*type, vocabularies, samples, names);
    return exit_fine;
}

}  // namespace headgate::gateway
