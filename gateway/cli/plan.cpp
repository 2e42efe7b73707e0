#include <iostream>

#include <boost/json.hpp>

#include "core/config/values.hpp"
#include "core/time.hpp"
#include "gateway/added_entries.hpp"
#include "gateway/cli/admin.hpp"
#include "gateway/cli/cli.hpp"
#include "gateway/cli/tool_commands.hpp"
#include "gateway/kept_configuration.hpp"
#include "gateway/tools/configuration_plan.hpp"
#include "observability/stored_events.hpp"

namespace headgate::gateway {

namespace {

namespace json = boost::json;
using std::chrono::system_clock;

/// Nothing when it does not load, which is told then.
std::shared_ptr<const Configuration> load(const std::string& folder, const std::string& data)
{
    LoadOptions options;
    options.folder = folder;
    options.shipped = shipped_folder();
    options.data = data;
    options.secrets_required = false;
    auto loaded = load_configuration(options);
    for (const auto& problem : loaded.problems)
        std::cerr << text_of(problem) << "\n";
    return loaded.problems.empty() ? loaded.configuration : nullptr;
}

/// A time, or how long ago; the first id of that millisecond.
std::optional<EventId> first_id(const std::string& text)
{
    if (text.empty())
        return EventId();
    system_clock::time_point since;
    if (const auto ago = config::parse_duration(text))
        since = system_clock::now() - *ago;
    else if (const auto time = parse_timestamp(text))
        since = system_clock::time_point(std::chrono::seconds(time->seconds));
    else
        return std::nullopt;
    return EventId::first_at(since);
}

/// What people added to vocabularies counts under both, where a Headgate runs that can be asked.
void add_entries(const std::string& data, std::initializer_list<const Configuration*> configurations)
{
    const auto answer = ask(data, "GET", "/api/v1/vocabularies/entries");
    if (!answer) {
        std::cerr << "headgate: entries that people added to vocabularies are not counted: " << answer.error().detail
                  << "\n";
        return;
    }
    for (const auto* configuration : configurations) {
        std::vector<mapping::AddedEntry> entries;
        for (const auto& told : answer->at("entries").as_array()) {
            retry::StoredEntry entry;
            entry.vocabulary = told.at("vocabulary").as_string();
            entry.word = told.at("word").as_string();
            const EntryNote note{std::string(told.at("value").as_string()), {}, {}, {}};
            if (!unused(*configuration, entry, note))
                entries.push_back({entry.vocabulary, entry.word, note.value});
        }
        configuration->vocabularies.added().replace(entries, entries.size());
    }
}

json::object json_of(const EventChange& change)
{
    json::array deliveries;
    for (const auto& delivery : change.deliveries) {
        json::array differences;
        for (const auto& one : delivery.differences)
            differences.push_back(json::object{{"field", one.path}, {"before", one.expected}, {"now", one.got}});
        deliveries.push_back(json::object{{"change", name_of(delivery.kind)},
                                          {"system", delivery.system},
                                          {"type", delivery.type},
                                          {"entity", delivery.entity},
                                          {"differences", std::move(differences)}});
    }
    return {{"event", change.event},
            {"change", name_of(change.kind)},
            {"before", change.before},
            {"now", change.now},
            {"deliveries", std::move(deliveries)}};
}

int run(const PlanOptions& options, ConfigurationPlan& plan, observability::StoredEvents& events)
{
    for (;;) {
        const auto found = events.next();
        if (!found)
            return complain(found.error());
        if (!*found)
            break;
        const auto change = plan.add((*found)->event, (*found)->body);
        if (options.json && change.kind != EventChange::Kind::same)
            std::cout << json::serialize(json_of(change)) << "\n";
    }
    if (!options.json)
        std::cout << plan.text();
    return plan.changes_anything() ? exit_findings : exit_fine;
}

}  // namespace

int plan_command(const PlanOptions& options)
{
    const auto since = first_id(options.since);
    if (!since) {
        complain({FailureClass::permanent,
                  "bad_usage",
                  "--since is a time like 2026-01-31T08:00:00Z, or how long ago: 90m, 2h, 3d",
                  {}});
        return exit_usage;
    }
    const auto kept = kept_configuration(options.data);
    if (std::error_code error; options.against.empty() && !std::filesystem::is_directory(kept, error))
        return complain({FailureClass::permanent,
                         "nothing_to_compare",
                         "no Headgate of this version has run in " + options.data + ": say --against DIR",
                         {}});
    const auto before = load(options.against.empty() ? kept.string() : options.against, options.data);
    const auto now = load(options.config, options.data);
    if (!before || !now)
        return exit_bad_configuration;
    add_entries(options.data, {before.get(), now.get()});
    observability::Log log({observability::LogLevel::warn, {}});
    ConfigurationPlan plan(*before, *now, log);
    try {
        observability::StoredEvents events(std::filesystem::path(options.data) / "history.db",
                                           {options.channel, *since,
                                            options.last != 0       ? options.last
                                            : options.since.empty() ? std::size_t{1000}
                                                                    : SIZE_MAX / 2});
        return run(options, plan, events);
    } catch (const std::exception& error) {
        return complain({FailureClass::permanent, "history_unreadable", error.what(), {}});
    }
}

}  // namespace headgate::gateway
