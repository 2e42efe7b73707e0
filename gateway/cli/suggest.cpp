#include <filesystem>
#include <iostream>
#include <iterator>
#include <optional>

#include "connectors/formats/json.hpp"
#include "core/near_name.hpp"
#include "gateway/cli/cli.hpp"
#include "gateway/cli/tool_commands.hpp"
#include "gateway/configuration.hpp"
#include "gateway/data_folder.hpp"
#include "gateway/tools/suggest.hpp"

namespace headgate::gateway {

namespace {

/// Puts `.` of each sample where the channel's connector says its document stands. What the connector's mappings say is
/// no matter: the one that is drafted does not load yet.
std::optional<Failure> start_at_document(const MapOptions& options, Samples& samples)
{
    if (options.channel.empty() && folder_of(options).empty())
        return std::nullopt;
    const auto configuration = load_for(options).configuration;
    const auto channel = channel_of(options, *configuration);
    if (!channel) {
        if (!options.channel.empty())
            return channel.error();
        std::cerr << "note: `.` is taken for the whole body; --channel names whose `document:` it is\n";
        return std::nullopt;
    }
    const auto& connector = *(*channel)->connector;
    if (!connector.document)
        return std::nullopt;
    for (const auto& document : samples.documents) {
        const auto start = connector.document->node({.document = document});
        if (!start || *start == no_node) {
            std::cerr << "note: the samples are not what the connector's `document: " << connector.config.document.text
                      << "` is asked of; `.` is taken for the whole of them\n";
            samples.starts.clear();
            return std::nullopt;
        }
        samples.starts.push_back(*start);
    }
    samples.document = connector.config.document.text;
    return std::nullopt;
}

}  // namespace

int suggest_command(const MapOptions& options)
{
    const std::string shipped = shipped_folder();
    Problems problems;
    const auto canonical = mapping::Canonical::load(shipped + "/canonical");
    if (!canonical)
        problems = canonical.error();
    mapping::Vocabularies vocabularies;
    std::vector<std::string> folders{shipped + "/vocabularies"};
    if (const std::string own = folder_of(options); !own.empty())
        folders.push_back(own + "/vocabularies");
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
                             near_name(options.suggest, canonical->names()) + ")",
                         {}});
    Samples samples;
    for (const auto& file : options.files) {
        const auto text = read_file(file);
        if (!text)
            return complain(text.error());
        auto document = connectors::read_json(*text);
        if (!document)
            return complain(
                {FailureClass::permanent, document.error().code, file + ": " + document.error().detail, {}});
        samples.documents.push_back(std::move(*document));
        samples.from += (samples.from.empty() ? "" : ", ") + file;
    }
    if (const auto failed = start_at_document(options, samples))
        return complain(*failed);
    std::cout << suggested_mapping(*type, vocabularies, samples);
    return exit_fine;
}

}  // namespace headgate::gateway
