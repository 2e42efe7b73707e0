#include <filesystem>
#include <iostream>

#include "gateway/cli/cli.hpp"
#include "gateway/cli/tool_commands.hpp"
#include "gateway/data_folder.hpp"
#include "gateway/hint.hpp"
#include "gateway/tools/canonical_examples.hpp"
#include "gateway/tools/run_cases.hpp"

namespace headgate::gateway {

namespace {

/// What examples of canonical types go by, beside the connectors.
constexpr const char* canonical = "canonical";

std::string count_of(std::size_t count, const std::string& what)
{
    return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

std::vector<CasesFolder> folders_of(const TestOptions& options)
{
    LoadOptions shipped;
    shipped.shipped = shipped_folder();
    shipped.folder = shipped.shipped;  // what ships is tested as it ships, without what a deployment adds
    std::vector<CasesFolder> folders{{shipped.shipped + "/connectors", shipped}};
    if (!options.config.empty()) {
        LoadOptions own = shipped;
        own.folder = options.config;
        folders.push_back({options.config + "/connectors", own});
    }
    return folders;
}

/// Writes what the mapping gives into the case. What cannot be written stays failed.
bool update(const CaseResult& result)
{
    if (!result.trial)
        return false;
    const auto text = read_file(result.file);
    const auto updated = text ? with_expectation(*text, *result.trial) : std::nullopt;
    if (!updated) {
        std::cerr << result.file
                  << ": not_updated: the case is not written with a key a line; write `expect:` by hand\n";
        return false;
    }
    if (const auto written = write_file(result.file, *updated, 0644); !written) {
        complain(written.error());
        return false;
    }
    std::cout << result.name << ": updated " << result.file << "\n";
    return true;
}

}  // namespace

int test_command(const TestOptions& options)
{
    if (std::error_code error; !options.config.empty() && !std::filesystem::is_directory(options.config, error))
        return complain({FailureClass::permanent, "unreadable", "there is no folder " + options.config, {}});
    std::map<std::string, CasesFolder> connectors;  // one in DIR hides a shipped one
    for (const auto& folder : folders_of(options))
        for (const auto& name : connectors_of(folder))
            connectors.insert_or_assign(name, folder);
    const auto asked_for = [&](const std::string& name) {
        return options.connectors.empty() || std::ranges::find(options.connectors, name) != options.connectors.end();
    };
    for (const auto& name : options.connectors)
        if (name != canonical && !connectors.contains(name)) {
            std::vector<std::string> names;
            for (const auto& [known, folder] : connectors)
                names.push_back(known);
            return complain({FailureClass::permanent,
                             "unknown_connector",
                             "there is no connector `" + name + "` (" + near_or_all(name, names) + ")",
                             {}});
        }

    std::vector<CaseResult> all;
    std::size_t failed = 0;
    std::string without;
    for (const auto& [name, folder] : connectors) {
        if (!asked_for(name))
            continue;
        auto results = run_cases(folder, name);
        if (results.empty())
            without += " " + name;
        std::size_t wrong = 0;
        for (const auto& result : results) {
            if (result.fine())
                continue;
            std::cout << text_of(result);
            if (!options.update || !update(result))
                ++wrong;
        }
        if (!results.empty())
            std::cout << name << ": " << count_of(results.size(), "case")
                      << (wrong == 0 ? ", fine" : ", " + std::to_string(wrong) + " failed") << "\n";
        failed += wrong;
        std::ranges::move(results, std::back_inserter(all));
    }
    if (asked_for(canonical)) {
        auto results = run_examples(shipped_folder() + "/canonical");
        const auto wrong = std::ranges::count_if(results, [](const CaseResult& result) { return !result.fine(); });
        for (const auto& result : results)
            if (!result.fine())
                std::cout << text_of(result);
        std::cout << canonical << ": " << count_of(results.size(), "example")
                  << (wrong == 0 ? ", fine" : ", " + std::to_string(wrong) + " failed") << "\n";
        failed += static_cast<std::size_t>(wrong);
        std::ranges::move(results, std::back_inserter(all));
    }

    if (!options.junit.empty())
        if (const auto written = write_file(options.junit, junit(all), 0644); !written)
            return complain(written.error());
    if (!without.empty())
        std::cout << "without cases:" << without << "\n";
    if (all.empty())
        return complain({FailureClass::permanent,
                         "no_cases",
                         "there is no case to run; a connector's stand in its folder, cases/NAME.yaml",
                         {}});
    std::cout << count_of(all.size(), "case") << ": "
              << (failed == 0 ? std::string("fine") : std::to_string(failed) + " failed") << "\n";
    return failed == 0 ? exit_fine : exit_findings;
}

}  // namespace headgate::gateway
