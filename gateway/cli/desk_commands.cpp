#include "gateway/cli/desk_commands.hpp"

#include <utility>

namespace headgate::gateway {

DeskCommands::DeskCommands(CLI::App& app)
{
    letters(app);
    replays(app);
}

void DeskCommands::letters(CLI::App& app)
{
    auto* dlq = app.add_subcommand("dlq", "Dead letters: what needs a person");
    dlq->require_subcommand(1);
    auto* list =
        add(*dlq, "list", "Dead letters, the newest first; all there are, or those of a filter", &dlq_list_command);
    filters(list);
    list->add_option("--limit", options_.limit, "Letters at most; default: all")->type_name("N");
    list->add_option("--where", options_.filter["where"],
                     "Whose document is so, a condition of the mapping language; each is read for it")
        ->type_name("EXPRESSION");
    auto* exported = add(*dlq, "export", "Letters with all that came, one a line (NDJSON)", &dlq_export_command);
    filters(exported);
    auto* imported =
        add(*dlq, "import",
            "Letters that were exported, with what is personal revealed; what is here already stays as it is",
            &dlq_import_command);
    imported->add_option("file", options_.file, "A letter a line (NDJSON); `-` is the standard input")
        ->required()
        ->type_name("FILE");
    imported->add_option("--why", options_.why, "The reason, for whoever looks later")->required()->type_name("TEXT");
    imported->add_flag("--check", options_.check, "Only look whether they could be imported");
    auto* causes = add(*dlq, "causes", "What they have in common: how many, since when, whose", &dlq_causes_command);
    causes->add_option("--queue", options_.filter["queue"], "Only those of this queue")->type_name("QUEUE");
    causes->add_flag("--all", options_.all, "Also causes that have no letters any more");
    auto* show = add(*dlq, "show", "One dead letter with its reason", &dlq_show_command);
    for (auto* command : {show, exported}) {
        auto* reveal = command->add_flag("--reveal", options_.reveal, "With what is personal; stands in the audit log");
        command->add_option("--why", options_.why, "The reason, for the audit log")->type_name("TEXT")->needs(reveal);
    }
    auto* replay = add(*dlq, "replay", "Put a dead letter back to work", &dlq_replay_command);
    auto* discard = add(*dlq, "discard", "Nobody needs it: it is never delivered", &dlq_discard_command);
    auto* edit = add(*dlq, "edit",
                     "Change the document of a letter, or of all that a filter finds; what arrived stays beside it",
                     &dlq_edit_command);
    edit->add_option("id", options_.id, "EVENT, or EVENT.HALF, as `dlq list` prints it; or a filter")->type_name({});
    filters(edit);
    edit->add_flag("--all", options_.all, "All letters there are");
    const auto changes = [edit](const char* name, std::vector<std::string>& into, const char* about, const char* type) {
        edit->add_option(name, into, about)->type_name(type)->allow_extra_args(false);
    };
    changes("--set", options_.set, "The member or item there is this value; added when it is not there", "/PATH=VALUE");
    changes("--replace", options_.replace, "The same of one that must be there", "/PATH=VALUE");
    changes("--delete", options_.remove, "It is not there any more", "/PATH");
    edit->add_option("--why", options_.why, "The reason, for whoever looks later")->required()->type_name("TEXT");
    edit->footer("A VALUE is JSON where it reads as such (19.90, null, {}), else a text; \"19.90\" is a text.");
    for (auto* command : {show, replay, discard})
        command->add_option("id", options_.id, "EVENT, or EVENT.HALF, as `dlq list` prints it")
            ->required()
            ->type_name({});
    discard->add_option("--why", options_.why, "The reason, for whoever looks later")->required()->type_name("TEXT");
    replay->add_option("--why", options_.why, "The reason, for the timeline of the event")->type_name("TEXT");
    terms(replay);
}

void DeskCommands::replays(CLI::App& app)
{
    auto* replay = app.add_subcommand("replay", "Many dead letters back to work, at a rate that you set");
    replay->require_subcommand(1);
    auto* plan = add(*replay, "plan", "What would come of it, letter by letter: nothing is sent or changed",
                     &replay_plan_command);
    auto* reveal = plan->add_flag("--reveal", options_.reveal, "With what is personal; stands in the audit log");
    plan->add_option("--why", options_.why, "The reason, for the audit log")->type_name("TEXT")->needs(reveal);
    plan->footer("Exit code 1 when not all of them would go on to their system.");
    auto* start = add(*replay, "start", "Put the letters of a filter back to work, or those that are named",
                      &replay_start_command);
    for (auto* command : {plan, start}) {
        command->add_option("letters", options_.letters, "Their names, as `dlq list` prints them")->type_name({});
        filters(command);
        command->add_flag("--all", options_.all, "All letters there are");
    }
    start->add_option("--rate", options_.rate, "Letters a second")->type_name("N")->default_str("50");
    start->add_option("--why", options_.why, "The reason, for the timelines of the events")->type_name("TEXT");
    terms(start);
    start->add_flag("--finished", options_.finished,
                    "Events that have finished, of history, instead of letters; with --to or --as-new");
    start->add_option("--to", options_.to, "What has finished goes to this system too, which was added later")
        ->type_name("SYSTEM");
    start->footer(
        "Events that have finished are found by --event, --channel, --source, --entity, --since and --until (when they "
        "came), and go the oldest first.");
    auto* status = add(*replay, "status", "How a job gets on, or all", &replay_status_command);
    auto* pause = add(*replay, "pause", "Put nothing more back until it is resumed", &replay_pause_command);
    auto* resume = add(*replay, "resume", "Go on where it was", &replay_resume_command);
    auto* cancel = add(*replay, "cancel", "Put nothing more back; what is back stays so", &replay_cancel_command);
    resume->add_option("--rate", options_.rate, "Letters a second from now on")->type_name("N");
    status->add_option("job", options_.job, "Its name; default: all")->type_name({});
    for (auto* command : {pause, resume, cancel})
        command->add_option("job", options_.job, "Its name")->required()->type_name({});
    for (auto* command : {start, status})
        command->add_flag("--wait", options_.wait, "Until it has ended, with its progress");
}

void DeskCommands::terms(CLI::App* command)
{
    auto* stored = command->add_flag("--stored", options_.stored,
                                     "Send the transaction it died with, and not what it is mapped to today");
    command
        ->add_flag("--as-new", options_.as_new,
                   "Under new effect keys: systems that know the old ones apply it once more; wants --why")
        ->excludes(stored);
}

CLI::App* DeskCommands::add(CLI::App& group, const std::string& name, const std::string& about, Command command)
{
    auto* made = group.add_subcommand(name, about);
    made->add_option("--data", options_.data, "Data folder of the running Headgate")
        ->type_name("DIR")
        ->default_str("./data");
    made->add_flag("--json", options_.json, "Print JSON for machines");
    commands_.emplace_back(made, command);
    return made;
}

void DeskCommands::filters(CLI::App* command)
{
    constexpr std::pair<const char*, const char*> texts[]{
        {"channel", "Of this channel"},
        {"source", "Of this source"},
        {"topic", "Of this topic"},
        {"system", "Of deliveries to this system"},
        {"type", "About transactions of this canonical type"},
        {"stage", "That died in this stage: decode, map, route, deliver"},
        {"code", "Of this code"},
        {"cause", "Of this cause, as `dlq causes` prints it"},
        {"queue", "Of this queue"},
        {"entity", "About this entity"},
        {"order", "About the order of this number"},
        {"event", "Of this event"},
        {"since", "That died then or later: 2026-01-31T08:00:00Z, or how long ago: 2h"},
        {"until", "That died before; the same"},
    };
    for (const auto& [name, about] : texts)
        command->add_option(std::string("--") + name, options_.filter[name], about)->type_name("TEXT");
    command
        ->add_option("--field", options_.fields,
                     "About a transaction that has this in a field that `search` declares; several times for several")
        ->type_name("NAME=VALUE")
        ->allow_extra_args(false);
    command->add_flag("--overdue", options_.overdue, "That somebody should have looked at by now");
}

std::optional<int> DeskCommands::run() const
{
    for (const auto& [app, command] : commands_)
        if (*app)
            return command(options_);
    return std::nullopt;
}

}  // namespace headgate::gateway
