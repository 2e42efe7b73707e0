#include "gateway/cli/operator_commands.hpp"

namespace headgate::gateway {

namespace {

template <class Options>
void add_data(CLI::App* command, Options& options)
{
    command->add_option("--data", options.data, "Data folder of the running Headgate")
        ->type_name("DIR")
        ->default_str("./data");
    command->add_flag("--json", options.json, "Print JSON for machines");
}

}  // namespace

OperatorCommands::OperatorCommands(CLI::App& app)
{
    systems_and_channels(app);
    holds(app);
    work(app);
    references(app);
    vocabularies(app);
}

void OperatorCommands::systems_and_channels(CLI::App& app)
{
    auto* systems = app.add_subcommand("systems", "Where transactions are applied: what waits, and pausing");
    systems_.list = systems->add_subcommand("list", "Each with what waits for it and why");
    systems_.pause = systems->add_subcommand("pause", "Send it nothing; events are accepted and wait");
    systems_.resume = systems->add_subcommand("resume", "Send it what has waited, and what comes");
    auto* channels = app.add_subcommand("channels", "Where events come from: what waits, pausing, subscriptions");
    channels_.list = channels->add_subcommand("list", "Each with what waits of it");
    channels_.pause = channels->add_subcommand("pause", "Deliver nothing of it; its events are accepted and wait");
    channels_.resume = channels->add_subcommand("resume", "Deliver what has waited, and what comes");
    reconcile_ = app.add_subcommand("reconcile", "Ask a vendor for what no webhook brought, and take it in");
    reconcile_->add_option("channel", reconciling_.channel, "The channel")->required()->type_name({});
    reconcile_->add_option("--since", reconciling_.since, "From this time on; default: where the last run ended")
        ->type_name("TIME");
    reconcile_->add_flag("--list", reconciling_.list, "Only show where its polls stand");
    reconcile_->add_option("--wait", reconciling_.wait, "Longest wait for the end, in seconds; default: 600")
        ->type_name("SECONDS");
    add_data(reconcile_, reconciling_);
    register_ = channels->add_subcommand("register", "Make the subscriptions at its vendor that it lacks");
    register_->add_option("channel", registering_.channel, "The channel")->required()->type_name({});
    register_->add_flag("--check", registering_.check, "Only show what the vendor has; 1 when something is missing");
    add_data(register_, registering_);
    for (auto* group : {systems, channels})
        group->require_subcommand(1);
    for (auto* command : {systems_.pause, systems_.resume})
        command->add_option("name", options_.name, "The system")->required()->type_name({});
    for (auto* command : {channels_.pause, channels_.resume})
        command->add_option("name", options_.name, "The channel")->required()->type_name({});
    for (auto* command : {systems_.pause, channels_.pause})
        command->add_option("--why", options_.why, "The reason, for whoever finds it paused")
            ->required()
            ->type_name("TEXT");
    for (auto* command :
         {systems_.list, systems_.pause, systems_.resume, channels_.list, channels_.pause, channels_.resume})
        add_data(command, options_);
}

void OperatorCommands::holds(CLI::App& app)
{
    auto* holds =
        app.add_subcommand("holds", "Deliveries that wait for a person: to be approved, or for who knows them");
    holds->require_subcommand(1);
    holds_list_ = holds->add_subcommand("list", "All of them, those first that were not decided in time");
    hold_show_ = holds->add_subcommand("show", "One of them, with what would be sent and what waits behind it");
    hold_approve_ = holds->add_subcommand("approve", "A rule holds it: let it go");
    hold_reject_ = holds->add_subcommand("reject", "A rule holds it: discard it; what waits behind it goes on");
    hold_arrived_ = holds->add_subcommand("arrived", "It is there: what is left of it goes on");
    hold_not_arrived_ = holds->add_subcommand("not-arrived", "It is not there: it is sent again, once");
    holds_list_->add_option("--queue", options_.queue, "Only those of this queue")->type_name("NAME");
    for (auto* command : {hold_show_, hold_approve_, hold_reject_, hold_arrived_, hold_not_arrived_})
        command->add_option("id", options_.name, "EVENT.HALF, as `holds list` prints it")->required()->type_name({});
    for (auto* command : {hold_approve_, hold_reject_}) {
        command->add_option("--why", options_.why, "The reason, for the timeline of the event")
            ->required()
            ->type_name("TEXT");
        command
            ->add_option("--content", options_.content, "`content` as you saw it: refused when it would be another now")
            ->type_name("HASH");
    }
    for (auto* command : {hold_arrived_, hold_not_arrived_}) {
        command->add_option("--why", options_.why, "How you know, for the timeline of the event")->type_name("TEXT");
        command
            ->add_option("--attempts", options_.attempts,
                         "ATTEMPTS as you saw them: refused when it was tried again since")
            ->type_name("N");
    }
    hold_arrived_->add_option("--target", options_.target, "What the system calls what was made")->type_name("ID");
    for (auto* command : {holds_list_, hold_show_, hold_approve_, hold_reject_, hold_arrived_, hold_not_arrived_})
        add_data(command, options_);
}

void OperatorCommands::work(CLI::App& app)
{
    auto* work = app.add_subcommand("work", "What is missing, and how much waits for it");
    work->require_subcommand(1);
    work_list_ = work->add_subcommand("list", "Everything that deliveries and letters wait for, the most wanted first");
    work_resolve_ = work->add_subcommand("resolve", "It is there: what waits for it goes on");
    work_resolve_->add_option("id", options_.name, "As `work list` prints it")->required()->type_name({});
    work_resolve_
        ->add_option("--as", options_.target,
                     "What the system calls it, of a cross-reference; what a vocabulary's word means: it is stored")
        ->type_name("VALUE");
    work_resolve_->add_option("--why", options_.why, "The reason, for whoever looks later")->type_name("TEXT");
    for (auto* command : {work_list_, work_resolve_})
        add_data(command, options_);
}

void OperatorCommands::references(CLI::App& app)
{
    auto* xref = app.add_subcommand("xref", "Cross-references: what systems call things of ours");
    xref->require_subcommand(1);
    get_ = xref->add_subcommand("get", "What a system calls one thing");
    set_ = xref->add_subcommand("set", "Say what a system calls one thing; what waited for it goes on");
    forget_ = xref->add_subcommand("forget", "Forget what a system calls one thing");
    kinds_ = xref->add_subcommand("kinds", "The kinds there are of each system, with how many are known");
    import_ = xref->add_subcommand("import", "Set many, of a file: a JSON object a line, or CSV");
    export_ = xref->add_subcommand("export", "Print them, a JSON object a line or as CSV; `import` reads both");
    for (auto* command : {get_, set_, forget_}) {
        command->add_option("system", reference_.system, "The system")->required()->type_name({});
        command->add_option("kind", reference_.kind, "As in xref(\"KIND\", …) of a request, or a capture's name")
            ->required()
            ->type_name({});
        command->add_option("id", reference_.id, "What it is called here")->required()->type_name({});
    }
    set_->add_option("theirs", reference_.theirs, "What the system calls it")->required()->type_name({});
    for (auto* command : {get_, set_, forget_})
        command->add_option("--source", reference_.source, "The shop that the id is of; default: it is of all")
            ->type_name("SOURCE");
    import_
        ->add_option("file", reference_.file,
                     "Lines {system, kind, id, theirs} with a source or not, or CSV with these as its first line; "
                     "- is standard input")
        ->required()
        ->type_name({});
    for (auto* command : {kinds_, export_})
        command->add_option("--system", reference_.system, "Only this system")->type_name("SYSTEM");
    export_->add_option("--kind", reference_.kind, "Only this kind")->type_name("KIND");
    export_->add_option("--format", reference_.format, "ndjson or csv")
        ->check(CLI::IsMember({"ndjson", "csv"}).description({}))
        ->type_name("FORMAT")
        ->default_str("ndjson");
    for (auto* command : {get_, set_, forget_, kinds_, import_, export_})
        add_data(command, reference_);
}

void OperatorCommands::vocabularies(CLI::App& app)
{
    auto* vocabularies = app.add_subcommand("vocabularies", "Tables from vendors' words to ours");
    vocabularies->require_subcommand(1);
    unmapped_ = vocabularies->add_subcommand("unmapped", "Words without an entry, since Headgate was started");
    entries_ = vocabularies->add_subcommand("entries", "The entries that people added, with who and why");
    set_entry_ = vocabularies->add_subcommand("set", "Add an entry; what waited for it goes on");
    forget_entry_ = vocabularies->add_subcommand("forget", "Take an added entry back");
    for (auto* command : {set_entry_, forget_entry_}) {
        command->add_option("vocabulary", vocabulary_.vocabulary, "Its name")->required()->type_name({});
        command
            ->add_option("word", vocabulary_.word,
                         "The vendor's word; of factors two units, and an item or not: \"CS EA\", \"CS EA ABC-1\"")
            ->required()
            ->type_name({});
    }
    set_entry_->footer(
        "Before words that begin with a dash stands --, and options before that:\n"
        "  headgate vocabularies set --data DATA -- TABLE -word VALUE");
    forget_entry_->footer("Before words that begin with a dash stands --: headgate vocabularies forget -- TABLE -word");
    set_entry_->add_option("value", vocabulary_.value, "What it means; of factors a number")->required()->type_name({});
    set_entry_->add_option("--why", vocabulary_.why, "The reason, for whoever looks later")->type_name("TEXT");
    for (auto* command : {unmapped_, entries_, set_entry_, forget_entry_})
        add_data(command, vocabulary_);
}

std::optional<int> OperatorCommands::run() const
{
    if (*systems_.list)
        return systems_list_command(options_);
    if (*systems_.pause)
        return pause_command(options_, "systems");
    if (*systems_.resume)
        return resume_command(options_, "systems");
    if (*reconcile_)
        return reconcile_command(reconciling_);
    if (*register_)
        return register_command(registering_);
    if (*channels_.list)
        return channels_list_command(options_);
    if (*channels_.pause)
        return pause_command(options_, "channels");
    if (*channels_.resume)
        return resume_command(options_, "channels");
    if (*holds_list_)
        return holds_list_command(options_);
    if (*hold_show_)
        return hold_show_command(options_);
    if (*hold_approve_)
        return hold_approve_command(options_);
    if (*hold_reject_)
        return hold_reject_command(options_);
    if (*hold_arrived_)
        return hold_arrived_command(options_);
    if (*hold_not_arrived_)
        return hold_not_arrived_command(options_);
    if (*work_list_)
        return work_list_command(options_);
    if (*work_resolve_)
        return work_resolve_command(options_);
    if (*get_)
        return xref_get_command(reference_);
    if (*set_)
        return xref_set_command(reference_);
    if (*forget_)
        return xref_forget_command(reference_);
    if (*kinds_)
        return xref_kinds_command(reference_);
    if (*import_)
        return xref_import_command(reference_);
    if (*export_)
        return xref_export_command(reference_);
    if (*unmapped_)
        return unmapped_command(vocabulary_);
    if (*entries_)
        return entries_command(vocabulary_);
    if (*set_entry_)
        return set_entry_command(vocabulary_);
    if (*forget_entry_)
        return forget_entry_command(vocabulary_);
    return std::nullopt;
}

}  // namespace headgate::gateway
