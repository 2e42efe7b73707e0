#include "gateway/cli/cli.hpp"

#include <iostream>

#include <CLI/CLI.hpp>

#include "gateway/app.hpp"

namespace headgate::gateway {

namespace {

void add_data(CLI::App* command, QueryOptions& options)
{
    command->add_option("--data", options.data, "Data folder of the running Headgate")->default_str("./data");
    command->add_flag("--json", options.json, "Print JSON for machines");
}

}  // namespace

int complain(const Failure& failure)
{
    std::cerr << "headgate: " << failure.code << ": " << failure.detail << "\n";
    return exit_findings;
}

namespace {

int run_command_line(int argc, char** argv)
{
    CLI::App app{"Headgate: from sales channels to the ERP, each order once, in order, and none lost."};
    app.name("headgate");
    app.require_subcommand(1);
    app.footer("Exit codes: 0 fine, 1 findings or failed, 2 usage, 78 bad configuration.");

    RunOptions run;
    auto* run_command = app.add_subcommand("run", "Start the gateway; SIGTERM drains and stops it");
    run_command->add_option("--config", run.config, "Folder with headgate.yaml")->required();
    run_command->add_option("--data", run.data, "Folder for everything that must last")->default_str("./data");
    run_command->add_option("--listen", run.listen, "ADDRESS:PORT of the public listener; port 0: any");
    run_command->add_option("--admin", run.admin, "ADDRESS:PORT of the admin listener; port 0: any");
    const std::map<std::string, observability::LogLevel> levels{{"debug", observability::LogLevel::debug},
                                                                {"info", observability::LogLevel::info},
                                                                {"warn", observability::LogLevel::warn},
                                                                {"error", observability::LogLevel::error},
                                                                {"off", observability::LogLevel::off}};
    run_command->add_option("--log-level", run.log_level, "debug, info, warn, error or off (standard error)")
        ->transform(CLI::CheckedTransformer(levels, CLI::ignore_case));

    std::string check_config;
    bool check_show = false;
    auto* check = app.add_subcommand("check", "Check a configuration without starting anything");
    check->add_option("--config", check_config, "Folder with headgate.yaml")->required();
    check->add_flag("--show", check_show, "Print it with defaults filled in and secrets hidden");

    SendOptions send;
    send.data = "./data";
    auto* send_sub = app.add_subcommand("send", "Sign and post a sample as the vendor would");
    send_sub->add_option("channel", send.channel, "Channel of the running Headgate")->required();
    send_sub->add_option("topic", send.topic, "Topic; default: the connector's first with a sample");
    send_sub->add_option("--file", send.file, "Body to send instead of the sample; - is standard input");
    send_sub->add_option("--data", send.data, "Data folder of the running Headgate")->default_str("./data");
    send_sub->add_flag("--json", send.json, "Print JSON for machines");

    QueryOptions query;
    query.data = "./data";
    std::string id;
    auto* events = app.add_subcommand("events", "What has arrived and what became of it");
    events->require_subcommand(1);
    auto* events_list = events->add_subcommand("list", "Finished and dead events, newest first");
    events_list->add_option("--state", query.state, "applied, suppressed or dead");
    events_list->add_option("--channel", query.channel, "Only this channel");
    events_list->add_option("--entity", query.entity, "Only this entity");
    events_list->add_option("--limit", query.limit, "Rows at most")->default_str("50");
    auto* events_show = events->add_subcommand("show", "One event with its timeline");
    auto* events_raw = events->add_subcommand("raw", "The body as it arrived, byte for byte");
    auto* dlq = app.add_subcommand("dlq", "Dead letters: what needs a person");
    dlq->require_subcommand(1);
    auto* dlq_list = dlq->add_subcommand("list", "All dead letters");
    auto* dlq_show = dlq->add_subcommand("show", "One dead letter with its reason");
    auto* dlq_replay = dlq->add_subcommand("replay", "Put a dead letter back to work");
    auto* verify = app.add_subcommand("verify", "Check the invariants of the state in Redis");
    for (auto* command : {events_list, events_show, events_raw, dlq_list, dlq_show, dlq_replay, verify})
        add_data(command, query);
    for (auto* command : {events_show, events_raw, dlq_show, dlq_replay})
        command->add_option("id", id, "Event id")->required();

    auto* version = app.add_subcommand("version", "Print the version");

    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        const int code = app.exit(error);
        return code == 0 ? exit_fine : exit_usage;
    }

    if (*run_command)
        return run_app(run);
    if (*check)
        return check_command(check_config, check_show);
    if (*send_sub)
        return send_command(send);
    if (*events_list)
        return events_list_command(query);
    if (*events_show)
        return events_show_command(query, id);
    if (*events_raw)
        return events_raw_command(query, id);
    if (*dlq_list)
        return dlq_list_command(query);
    if (*dlq_show)
        return dlq_show_command(query, id);
    if (*dlq_replay)
        return dlq_replay_command(query, id);
    if (*verify)
        return verify_command(query);
    if (*version)
        std::cout << "headgate " << HEADGATE_VERSION << "\n";
    return exit_fine;
}

}  // namespace

int cli_main(int argc, char** argv)
{
    try {
        return run_command_line(argc, argv);
    } catch (const std::exception& error) {
        std::cerr << "headgate: " << error.what() << "\n";
        return exit_findings;
    }
}

}  // namespace headgate::gateway
