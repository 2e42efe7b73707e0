#include <algorithm>
#include <filesystem>
#include <iostream>
#include <map>
#include <ranges>
#include <set>

#include "connectors/connector.hpp"
#include "core/config/schema.hpp"
#include "gateway/cli/cli.hpp"
#include "gateway/cli/output.hpp"
#include "gateway/cli/tool_commands.hpp"
#include "gateway/hint.hpp"

namespace headgate::gateway {

namespace {

namespace fs = std::filesystem;

/// Every connector by its name: those of the configuration's folder before those that ship.
std::map<std::string, std::string> connector_folders(const std::string& config)
{
    std::map<std::string, std::string> folders;
    for (const auto& base : {config, shipped_folder()}) {
        std::error_code error;
        if (base.empty())
            continue;
        for (const auto& entry : fs::directory_iterator(base + "/connectors", error))
            if (fs::exists(entry.path() / "connector.yaml", error))
                folders.emplace(entry.path().filename().string(), entry.path().string());
    }
    return folders;
}

std::string how_signed(const connectors::ConnectorConfig& connector)
{
    return connector.signature.given() ? connector.signature.place() : "no";
}

std::string joined(const auto& names)
{
    std::string text;
    for (const std::string& name : names)
        text += (text.empty() ? "" : ", ") + name;
    return text;
}

/// The mappings that its topics use, sorted.
std::string makes(const connectors::ConnectorConfig& connector)
{
    std::set<std::string> mappings;
    for (const auto& [name, topic] : connector.topics)
        mappings.insert(topic.mappings.begin(), topic.mappings.end());
    return joined(mappings);
}

std::string names_of(const auto& entries)
{
    std::vector<std::string> names;
    for (const auto& [name, entry] : entries)
        names.push_back(name);
    return joined(names);
}

int show_one(const std::string& name, const std::string& folder)
{
    const auto loaded = connectors::load_connector(folder, config::process_environment());
    for (const auto& problem : loaded.problems)
        std::cerr << text_of(problem) << "\n";
    const auto& connector = loaded.connector;
    std::cout << connector.title << " (" << name << ")\n";
    const auto line = [](std::string_view what, const std::string& text) {
        if (!text.empty())
            std::cout << "  " << what << std::string(10 - std::min<std::size_t>(9, what.size()), ' ') << text << "\n";
    };
    line("category", connector.category);
    line("signed", how_signed(connector));
    line("url", connector.setup.url);
    line("secret", connector.setup.secret);
    line("sqs", connector.setup.sqs);
    for (const auto& [setting, is] : connector.setup.settings)
        line("setting", setting + ": " + is);
    line("polls", names_of(connector.polls));
    line("feeds", names_of(connector.feeds));
    if (connector.registration)
        line("register", "`headgate channels register CHANNEL` makes its subscriptions");
    line("folder", folder);
    std::cout << "\n";
    Table table({"TOPIC", "BECOMES"});
    for (const auto& [topic_name, topic] : connector.topics)
        table.add({topic_name, !topic.split.text.empty() ? "events of its own, one an item" : joined(topic.mappings)});
    table.print();
    if (fs::exists(folder + "/README.md"))
        std::cout << "\nWhat to do at the vendor, and what is not covered: " << folder << "/README.md\n";
    return loaded.problems.empty() ? exit_fine : exit_bad_configuration;
}

}  // namespace

int connectors_command(const ConnectorsOptions& options)
{
    const auto folders = connector_folders(options.config);
    if (!options.name.empty()) {
        const auto found = folders.find(options.name);
        if (found == folders.end())
            return complain({FailureClass::permanent,
                             "unknown_connector",
                             "there is no connector `" + options.name + "` (" +
                                 near_or_all(options.name, folders | std::views::keys) + ")",
                             {}});
        return show_one(found->first, found->second);
    }
    if (options.markdown)
        std::cout << "# The catalogue\n\n<!-- written by `headgate connectors --markdown` -->\n\n"
                     "Fixtures are payloads of the vendor's that go in through the front door and end as they should "
                     "(`tests/catalogue`); interop is the vendor's own client that agrees about signatures "
                     "(`tests/interop`).\n\n"
                     "| connector | vendor | kind | topics | becomes | polls | feeds | signed | fixtures | interop |\n"
                     "|---|---|---|---|---|---|---|---|---|---|\n";
    Table table({"CONNECTOR", "VENDOR", "KIND", "TOPICS", "POLLS", "FEEDS", "SIGNED"});
    int code = exit_fine;
    for (const auto& [name, folder] : folders) {
        const auto loaded = connectors::load_connector(folder, config::process_environment());
        for (const auto& problem : loaded.problems) {
            std::cerr << text_of(problem) << "\n";
            code = exit_bad_configuration;
        }
        const auto& connector = loaded.connector;
        const auto count = [](const auto& entries) { return std::to_string(entries.size()); };
        if (options.markdown)
            std::cout << "| [" << name << "](../config/connectors/" << name << ") | " << connector.title << " | "
                      << connector.category << " | " << connector.topics.size() << " | " << makes(connector) << " | "
                      << names_of(connector.polls) << " | " << names_of(connector.feeds) << " | "
                      << how_signed(connector) << " | "
                      << (connector.tested.fixtures > 0 ? std::to_string(connector.tested.fixtures) : "") << " | "
                      << connector.tested.interop << " |\n";
        else
            table.add({name, connector.title, connector.category, count(connector.topics), count(connector.polls),
                       count(connector.feeds), how_signed(connector)});
    }
    if (!options.markdown)
        table.print();
    return code;
}

}  // namespace headgate::gateway
