#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <ranges>
#include <utility>
#include <vector>

#include "gateway/cli/cli.hpp"
#include "gateway/cli/tool_commands.hpp"
#include "gateway/data_folder.hpp"
#include "gateway/hint.hpp"
#include "gateway/tools/codes.hpp"
#include "gateway/tools/document_text.hpp"
#include "gateway/tools/run_cases.hpp"
#include "gateway/tools/text_diff.hpp"
#include "gateway/tools/trial.hpp"
#include "gateway/tools/watcher.hpp"
#include "mapping/check.hpp"

namespace headgate::gateway {

namespace {

namespace fs = std::filesystem;

/// What a run printed, so that the next can be held against it.
struct Printed {
    int code = exit_fine;
    std::string out;
    std::string err;

    Printed& failed(int with, const std::string& message)
    {
        code = with;
        err += message + "\n";
        return *this;
    }
};

std::string body_of(const std::string& file)
{
    if (file == "-")
        return {std::istreambuf_iterator<char>(std::cin), {}};
    std::ifstream stream(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
}

/// Which connectors ship, when none of this name does; else nothing.
std::string no_connector(const std::string& name)
{
    CasesFolder shipped;
    shipped.connectors = shipped_folder() + "/connectors";
    const auto names = connectors_of(shipped);
    return std::ranges::find(names, name) != names.end() ? "" : near_or_all(name, names);
}

Result<std::pair<std::string, std::string>> header_of(const std::string& text)
{
    const auto colon = text.find(':');
    if (colon == 0 || colon == std::string::npos)
        return fail(FailureClass::permanent, "bad_header", "`" + text + "` is no header; write --header 'Name: value'");
    const auto value = text.find_first_not_of(" \t", colon + 1);
    return std::pair{text.substr(0, colon), value == std::string::npos ? "" : text.substr(value)};
}

/// What an invariant that only warns says, or what the code means.
std::string words_of(const Configuration& configuration, const Transaction& transaction, const Warning& warning)
{
    if (const auto* type = configuration.canonical.find(transaction.type); type != nullptr)
        for (const auto& [code, says] : mapping::says_of(*type))
            if (code == warning.code)
                return ": not so: " + says;
    for (const auto* entry : entries_of(warning.code))
        return ": " + std::string(entry->means);
    return {};
}

Printed map_once(const MapOptions& options, const std::string& body)
{
    Printed printed;
    const auto say = [](const std::string& code, const std::string& detail) {
        return "headgate: " + code + ": " + detail;
    };
    if (folder_of(options).empty())
        if (const std::string hint = no_connector(options.channel); !hint.empty())
            return printed.failed(exit_findings, say("unknown_connector",
                                                     "there is no connector `" + options.channel + "` (" + hint +
                                                         "); without a headgate.yaml, --channel names one that ships"));
    const auto loaded = load_for(options);
    if (!loaded.problems.empty()) {
        for (const auto& problem : loaded.problems)
            printed.err += with_source(problem) + "\n";
        printed.code = exit_bad_configuration;
        return printed;
    }
    const auto chosen = channel_of(options, *loaded.configuration);
    if (!chosen)
        return printed.failed(chosen.error().code == "no_channel" ? exit_usage : exit_findings,
                              say(chosen.error().code, chosen.error().detail));
    const Channel* channel = *chosen;
    if (options.channel.empty())
        printed.err += "note: of the channel " + channel->name + ", the only one\n";
    Sample sample{body, options.topic, {}};
    for (const auto& text : options.headers) {
        auto header = header_of(text);
        if (!header)
            return printed.failed(exit_usage, say(header.error().code, header.error().detail));
        sample.headers.push_back(std::move(*header));
    }
    const auto& connector = channel->connector->config;
    sample.headers = with_sent_headers(connector, sample.topic.empty() ? connector.send.topic.text : sample.topic,
                                       std::move(sample.headers));

    const Trial trial = try_out(*channel, sample, {.all = options.all, .trace = options.trace});
    if (options.topic.empty() && !trial.envelope.topic.empty())
        printed.err += "note: taken as `" + trial.envelope.topic + "`; --topic names another topic\n";
    for (const auto& note : trial.notes)
        printed.err += "note: " + note + "\n";
    for (const auto& made : trial.made) {
        printed.out += (options.json ? json_of(made) : pretty_json(json_of(made))) + "\n";
        for (const auto& warning : made.transaction.warnings)
            printed.err +=
                "note: " + text_of(warning) + words_of(*loaded.configuration, made.transaction, warning) + "\n";
    }
    for (const auto& trace : trial.traces)
        printed.out += options.json ? json_of(trace) + "\n" : text_of(trace);
    if (trial.refused)
        printed.code = exit_findings;
    if (!options.all && trial.failure)
        return printed.failed(exit_findings, text_of(*trial.failure));
    for (const auto& failure : trial.all)
        printed.failed(exit_findings, text_of(failure));
    if (trial.all.empty() && trial.failure)
        printed.failed(exit_findings, text_of(*trial.failure));
    return printed;
}

void watch_folders(Watcher& watcher, const MapOptions& options)
{
    const std::string own = folder_of(options);
    if (!own.empty()) {
        watcher.folder(own);
        for (const auto* name : {"channels", "systems", "connectors", "mappings", "vocabularies"})
            watcher.tree(own + "/" + name);
    }
    for (const auto* name : {"canonical", "connectors", "vocabularies"})
        watcher.tree(shipped_folder() + "/" + name);
    const auto folder = fs::path(options.files.front()).parent_path();
    watcher.folder(folder.empty() ? "." : folder.string());
}

[[noreturn]] void watch(const MapOptions& options)
{
    const std::string& file = options.files.front();
    Watcher watcher;
    watch_folders(watcher, options);
    std::string good;  // what the last run printed that did not fail
    const auto run = [&] {
        const Printed now = map_once(options, body_of(file));
        if (now.code != exit_fine)
            return "── failed\n" + now.err;
        const std::string before = std::exchange(good, now.out + now.err);
        if (before.empty())
            return good;
        const std::string difference = text_diff(before, good);
        return "── " + (difference.empty() ? "the same as before\n" : "changed\n" + difference);
    };
    std::cout << run() << "── watching; Ctrl-C ends it\n" << std::flush;
    while (true) {
        watcher.wait(fs::path(file).filename().string());
        watch_folders(watcher, options);  // folders that are new
        std::cout << run() << std::flush;
    }
}

}  // namespace

std::string folder_of(const MapOptions& options)
{
    std::error_code error;
    return !options.config.empty() ? options.config : fs::exists("headgate.yaml", error) ? "." : "";
}

LoadedConfiguration load_for(const MapOptions& options)
{
    LoadOptions load;
    load.folder = folder_of(options);
    load.shipped = shipped_folder();
    load.secrets_required = false;
    if (!load.folder.empty())
        return load_configuration(load);
    load.folder = load.shipped;
    ChannelConfig channel;
    channel.name = channel.connector = options.channel;
    channel.where = "--channel";
    return load_channels(load, {channel});
}

Result<const Channel*> channel_of(const MapOptions& options, const Configuration& configuration)
{
    const auto names = configuration.channels | std::views::keys;
    if (options.channel.empty() && names.size() == 1)
        return configuration.channels.begin()->second.get();
    if (options.channel.empty())
        return fail(FailureClass::permanent, "no_channel", "name the channel with --channel (" + list_of(names) + ")");
    if (const Channel* channel = configuration.channel(options.channel))
        return channel;
    return fail(FailureClass::permanent, "unknown_channel",
                "there is no channel `" + options.channel + "` (" + near_or_all(options.channel, names) + ")");
}

int map_command(const MapOptions& options)
{
    const auto refuse = [](const std::string& code, const std::string& detail) {
        complain({FailureClass::permanent, code, detail, {}});
        return exit_usage;
    };
    if (options.files.size() != 1)
        return refuse("several_files", "one body at a time; several files are for --suggest");
    if (options.channel.empty() && folder_of(options).empty())
        return refuse("no_channel", "name the channel with --channel; without a headgate.yaml, a connector that ships");
    const std::string& file = options.files.front();
    if (std::error_code error; file != "-" && !fs::is_regular_file(file, error))
        return complain({FailureClass::permanent, "file_unreadable", "there is no file " + file, {}});
    if (options.watch && file == "-")
        return refuse("not_watchable", "standard input cannot be watched; name a file");
    if (options.watch)
        watch(options);
    const Printed printed = map_once(options, body_of(file));
    std::cout << printed.out;
    std::cerr << printed.err;
    return printed.code;
}

}  // namespace headgate::gateway
