#include "gateway/cli/cli.hpp"

#include <algorithm>
#include <iostream>
#include <optional>

#include <CLI/CLI.hpp>

#include "gateway/app.hpp"
#include "gateway/cli/access_commands.hpp"
#include "gateway/cli/desk_commands.hpp"
#include "gateway/cli/operator_commands.hpp"
#include "gateway/cli/tool_commands.hpp"
#include "gateway/hint.hpp"

namespace headgate::gateway {

namespace {

void add_data(CLI::App* command, QueryOptions& options)
{
    command->add_option("--data", options.data, "Data folder of the running Headgate")
        ->type_name("DIR")
        ->default_str("./data");
    command->add_flag("--json", options.json, "Print JSON for machines");
}

}  // namespace

int complain(const Failure& failure)
{
    std::cerr << "headgate: " << failure.code << ": " << failure.detail << "\n";
    return exit_findings;
}

namespace {

/// What to say of a word that stands where a command is meant and is none; CLI11 would only call it unexpected.
std::optional<std::string> no_command(const CLI::App& app, int argc, char** argv)
{
    const CLI::App* at = &app;
    std::string before;  // the commands that were understood
    for (int i = 1; i < argc; ++i) {
        const std::string_view word = argv[i];
        const auto commands = at->get_subcommands({});
        if (commands.empty() || word.starts_with('-'))
            return std::nullopt;
        const auto found = std::ranges::find(commands, word, &CLI::App::get_name);
        if (found == commands.end()) {
            std::vector<std::string> names;
            for (const CLI::App* command : commands)
                names.push_back(command->get_name());
            return "headgate: there is no command `" + before + std::string(word) + "` (" + near_or_all(word, names) +
                   "); `headgate " + before + "--help` says what each does\n";
        }
        at = *found;
        before += at->get_name() + " ";
    }
    return std::nullopt;
}

int run_command_line(int argc, char** argv)
{
    CLI::App app{"Headgate: from sales channels to the ERP, each order once, in order, and none lost."};
    app.name("headgate");
    app.require_subcommand(1);
    app.footer("Exit codes: 0 fine, 1 findings or failed, 2 usage, 78 bad configuration.");

    RunOptions run;
    auto* run_command = app.add_subcommand("run", "Start the gateway; SIGTERM drains and stops it");
    run_command->add_option("--config", run.config, "Folder with headgate.yaml")->required()->type_name("DIR");
    run_command->add_option("--data", run.data, "Folder for everything that must last")
        ->type_name("DIR")
        ->default_str("./data");
    run_command
        ->add_option("--listen", run.listen, "Public listener, instead of the configured one; port 0 is any free one")
        ->type_name("ADDRESS:PORT");
    run_command->add_option("--admin", run.admin, "Admin listener, the same")->type_name("ADDRESS:PORT");
    const std::map<std::string, observability::LogLevel> levels{{"debug", observability::LogLevel::debug},
                                                                {"info", observability::LogLevel::info},
                                                                {"warn", observability::LogLevel::warn},
                                                                {"error", observability::LogLevel::error},
                                                                {"off", observability::LogLevel::off}};
    run_command
        ->add_option("--log-level", run.log_level, "debug, info, warn, error or off; the log is on standard error")
        ->transform(CLI::CheckedTransformer(levels, CLI::ignore_case).description({}))
        ->type_name("LEVEL")
        ->default_str("info");

    std::string check_config;
    bool check_show = false;
    auto* check = app.add_subcommand("check", "Check a configuration without starting anything");
    check->add_option("--config", check_config, "Folder with headgate.yaml")->required()->type_name("DIR");
    check->add_flag("--show", check_show, "Print it with defaults filled in and secrets hidden");

    ToolCommands tools(app);

    SendOptions send;
    send.data = "./data";
    auto* send_sub = app.add_subcommand("send", "Sign and post a sample as the vendor would");
    send_sub->add_option("channel", send.channel, "Channel of the running Headgate")->required()->type_name({});
    send_sub->add_option("topic", send.topic, "Topic; default: the connector's `send.topic`")->type_name({});
    send_sub->add_option("--file", send.file, "Body to send instead of the sample; - is standard input")
        ->type_name("FILE");
    send_sub
        ->add_option("--set", send.set, "Change a field of the body: a JSON pointer and a value, /email=a@b.example")
        ->type_name("PATH=VALUE");
    send_sub->add_option("--header", send.headers, "A header, 'Name: value', instead of the connector's of that name")
        ->type_name("HEADER")
        ->allow_extra_args(false);
    send_sub->add_flag("--bad-signature", send.bad_signature, "Sign other bytes than are sent");
    send_sub->add_flag("--duplicate", send.duplicate, "Send it twice, byte for byte");
    send_sub->add_option("--data", send.data, "Data folder of the running Headgate")
        ->type_name("DIR")
        ->default_str("./data");
    send_sub->add_flag("--json", send.json, "Print JSON for machines");

    QueryOptions query;
    query.data = "./data";
    std::string id;
    auto* events = app.add_subcommand("events", "What has arrived and what became of it");
    events->require_subcommand(1);
    auto* events_list =
        events->add_subcommand("list", "Events that have ended, died or wait for something, newest first");
    events_list->add_option("--state", query.state, "applied, suppressed, waiting or dead")->type_name("STATE");
    events_list->add_option("--channel", query.channel, "Only this channel")->type_name("CHANNEL");
    events_list->add_option("--entity", query.entity, "Only this entity")->type_name("ENTITY");
    events_list->add_option("--limit", query.limit, "Rows at most")->type_name("N")->default_str("50");
    auto* events_show = events->add_subcommand("show", "One event with its timeline");
    auto* events_raw = events->add_subcommand("raw", "The body as it arrived, what is personal masked");
    DeskCommands desk(app);
    OperatorCommands operating(app);
    AccessCommands access(app);
    auto* verify = app.add_subcommand("verify", "Check the invariants of the state in Redis");
    for (auto* command : {events_list, events_show, events_raw, verify})
        add_data(command, query);
    for (auto* command : {events_show, events_raw}) {
        auto* reveal = command->add_flag("--reveal", query.reveal, "With what is personal; stands in the audit log");
        command->add_option("--why", query.why, "The reason, for the audit log")->type_name("TEXT")->needs(reveal);
    }
    for (auto* command : {events_show, events_raw})
        command->add_option("id", id, "Event id")->required()->type_name({});

    auto* version = app.add_subcommand("version", "Print the version");

    if (const auto unknown = no_command(app, argc, argv)) {
        std::cerr << *unknown;
        return exit_usage;
    }
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        if (error.get_exit_code() == 0)  // --help
            return app.exit(error) == 0 ? exit_fine : exit_usage;
        std::string detail = error.what();
        const bool about_folder = dynamic_cast<const CLI::RequiredError*>(&error) != nullptr ||
                                  dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr;
        if (about_folder && (*check || *run_command))
            detail += "; the folder is named with --config DIR";
        complain({FailureClass::permanent, "bad_usage", detail + "; --help says what there is", {}});
        return exit_usage;
    }

    if (*run_command)
        return run_app(run);
    if (*check)
        return check_command(check_config, check_show);
    if (const auto done = tools.run())
        return *done;
    if (*send_sub)
        return send_command(send);
    if (*events_list)
        return events_list_command(query);
    if (*events_show)
        return events_show_command(query, id);
    if (*events_raw)
        return events_raw_command(query, id);
    if (const auto done = desk.run())
        return *done;
    if (const auto done = operating.run())
        return *done;
    if (const auto done = access.run())
        return *done;
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
