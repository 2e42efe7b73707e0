#include "gateway/cli/tool_commands.hpp"

namespace headgate::gateway {

ToolCommands::ToolCommands(CLI::App& app)
{
    connectors_command_ =
        app.add_subcommand("connectors", "What is known of vendors: topics, signatures, polls, feeds");
    connectors_command_->add_option("--config", connectors_.config, "Folder with connectors/ of yours, too")
        ->type_name("DIR");
    connectors_command_->add_flag("--markdown", connectors_.markdown, "As the page docs/catalogue.md");
    connectors_show_ = connectors_command_->add_subcommand("show", "One of them, with its topics and what they become");
    connectors_show_->add_option("name", connectors_.name, "The connector")->required()->type_name({});
    connectors_show_->add_option("--config", connectors_.config, "Folder with connectors/ of yours, too")
        ->type_name("DIR");

    init_command_ = app.add_subcommand("init", "Begin a configuration: headgate.yaml with what it may say");
    init_command_->add_option("--config", init_.config, "The folder; default: this one")->type_name("DIR");
    init_channel_ = init_command_->add_subcommand("channel", "Begin a channel: where its URL goes and its secrets are");
    init_channel_->add_option("name", init_.name, "Its name, part of the URL")->required()->type_name({});
    init_channel_->add_option("--connector", init_.connector, "The vendor; `headgate connectors` lists them")
        ->required()
        ->type_name("NAME");
    init_channel_
        ->add_option("--public-url", init_.public_url,
                     "As vendors see this deployment; default: what headgate.yaml says")
        ->type_name("URL");
    init_channel_->add_option("--config", init_.config, "The folder; default: this one")->type_name("DIR");

    map_command_ = app.add_subcommand("map", "Map a body as a channel would, and say what came of it");
    map_command_->add_option("file", map_.files, "Body; - is standard input. Samples, with --suggest")
        ->required()
        ->type_name({});
    map_command_->add_option("--channel", map_.channel, "The channel; without a headgate.yaml, a connector that ships")
        ->type_name("NAME");
    map_command_->add_option("--topic", map_.topic, "Topic; default: what the request says")->type_name("TOPIC");
    map_command_->add_option("--config", map_.config, "Folder with headgate.yaml; default: this one, if it has one")
        ->type_name("DIR");
    map_command_->add_option("--header", map_.headers, "A header, 'Name: value'; may be given several times")
        ->type_name("HEADER")
        ->allow_extra_args(false);
    map_command_->add_flag("--trace", map_.trace,
                           "For each field: where in the document it is from, and which line says so");
    map_command_->add_flag("--all", map_.all, "Every failure, not the first");
    map_command_->add_flag("--watch", map_.watch,
                           "Again whenever the body or the configuration changes, with what differs");
    map_command_->add_flag("--json", map_.json, "A transaction a line, for machines");
    map_command_->add_option("--suggest", map_.suggest, "Draft a mapping of samples to this canonical type instead")
        ->type_name("TYPE");

    test_command_ = app.add_subcommand("test", "Run the cases beside the connectors");
    test_command_->add_option("connector", test_.connectors, "Only these connectors")->type_name({});
    test_command_->add_option("--config", test_.config, "Folder with connectors/ of yours, besides those that ship")
        ->type_name("DIR");
    test_command_->add_flag("--update", test_.update, "Show what differs, then write it into the cases");
    test_command_->add_option("--junit", test_.junit, "Write the results as JUnit XML too")->type_name("FILE");

    fmt_command_ = app.add_subcommand("fmt", "Format YAML of the configuration; what it says stays the same");
    fmt_command_->add_option("path", format_.paths, "Files, or folders of a configuration; default: this folder")
        ->type_name({});
    fmt_command_->add_flag("--check", format_.check, "Change nothing; name the files that would change");

    schema_command_ = app.add_subcommand("schema", "JSON Schema of each kind of file, for editors");
    schema_command_
        ->add_option("name", schema_.name,
                     "headgate, channels, systems, connector, mapping, fragment, vocabulary, case or openapi")
        ->type_name({});
    schema_command_->add_option("--write", schema_.write, "Write them all into this folder")->type_name("DIR");
    schema_command_->add_option("--pages", schema_.pages, "Write a page about each canonical type into this folder")
        ->type_name("DIR");

    plan_command_ = app.add_subcommand("plan", "What a changed configuration would make of the events of history");
    plan_command_->add_option("--config", plan_.config, "Folder with the changed headgate.yaml")
        ->type_name("DIR")
        ->default_str(".");
    plan_command_->add_option("--data", plan_.data, "Data folder with the history; nothing of it changes")
        ->type_name("DIR")
        ->default_str("./data");
    plan_command_
        ->add_option("--against", plan_.against, "What it is compared with; default: what ran in the data folder last")
        ->type_name("DIR");
    plan_command_->add_option("--last", plan_.last, "So many events, the newest; default: 1000")->type_name("N");
    plan_command_->add_option("--since", plan_.since, "All since then: 2026-01-31T08:00:00Z, or how long ago: 7d")
        ->type_name("TIME");
    plan_command_->add_option("--channel", plan_.channel, "Only events of this channel")->type_name("NAME");
    plan_command_->add_flag("--json", plan_.json, "An event that changes a line, for machines");
    plan_command_->footer("Exit code 1 when anything changes.");

    explain_command_ = app.add_subcommand("explain", "What a code means, and what to do about it");
    explain_command_->add_option("code", explain_.code, "As a message or a dead letter names it")->type_name({});
    explain_command_->add_flag("--all", explain_.all, "All of them");
    explain_command_->add_flag("--markdown", explain_.markdown, "As docs/codes.md");
}

std::optional<int> ToolCommands::run() const
{
    if (*connectors_command_)
        return connectors_command(connectors_);
    if (*init_channel_)
        return init_channel_command(init_);
    if (*init_command_)
        return init_command(init_);
    if (*plan_command_)
        return plan_command(plan_);
    if (*map_command_)
        return map_.suggest.empty() ? map_command(map_) : suggest_command(map_);
    if (*test_command_)
        return test_command(test_);
    if (*fmt_command_)
        return fmt_command(format_);
    if (*schema_command_)
        return schema_command(schema_);
    if (*explain_command_)
        return explain_command(explain_);
    return std::nullopt;
}

}  // namespace headgate::gateway
