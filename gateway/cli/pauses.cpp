#include <iostream>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "gateway/cli/admin.hpp"
#include "gateway/cli/cli.hpp"
#include "gateway/cli/operator_commands.hpp"
#include "gateway/cli/output.hpp"

namespace headgate::gateway {

namespace {

namespace json = boost::json;

/// "paused by admin since 2026-…: stocktaking"; "" when it is not.
std::string pause_text(const json::object& row)
{
    const auto* paused = row.at("paused").if_object();
    if (paused == nullptr)
        return "";
    return fmt::format("paused by {} since {}: {}", text(*paused, "who"), text(*paused, "since"), text(*paused, "why"));
}

int print_rows(const Result<json::value>& answer, const char* rows)
{
    if (!answer)
        return complain(answer.error());
    for (const auto& row : answer->at(rows).as_array())
        std::cout << json::serialize(row) << "\n";
    return exit_fine;
}

/// "system" of "systems".
std::string one_of(const std::string& kind)
{
    return kind.substr(0, kind.size() - 1);
}

}  // namespace

int systems_list_command(const OperatorOptions& options)
{
    const auto answer = ask(options.data, "GET", "/api/v1/systems");
    if (!answer || options.json)
        return print_rows(answer, "systems");
    Table table({"SYSTEM", "PRESET", "STATE", "READY", "DUE", "BUSY", "URL", "NOTE"});
    for (const auto& value : answer->at("systems").as_array()) {
        const auto& row = value.as_object();
        const auto& deliveries = row.at("deliveries").as_object();
        const auto pause = pause_text(row);
        const auto failing = text(row, "failing");
        const auto* state = !pause.empty()                   ? "paused"
                            : !failing.empty()               ? "failing"
                            : row.at("configured").as_bool() ? "fine"
                                                             : "gone";
        table.add({text(row, "system"), text(row, "preset"), state, text(deliveries, "ready"), text(deliveries, "due"),
                   text(deliveries, "busy"), text(row, "url"),
                   pause.empty() || failing.empty() ? pause + failing : pause + "; " + failing});
    }
    table.print();
    return exit_fine;
}

int channels_list_command(const OperatorOptions& options)
{
    const auto answer = ask(options.data, "GET", "/api/v1/channels");
    if (!answer || options.json)
        return print_rows(answer, "channels");
    Table table({"CHANNEL", "CONNECTOR", "SOURCE", "MODE", "STATE", "WAITING", "PARKED", "NOTE"});
    for (const auto& value : answer->at("channels").as_array()) {
        const auto& row = value.as_object();
        const auto pause = pause_text(row);
        const auto failing = row.at("sqs").is_object() ? text(row.at("sqs").as_object(), "failed") : "";
        const auto* state = !pause.empty()                   ? "paused"
                            : !failing.empty()               ? "failing"
                            : row.at("configured").as_bool() ? "fine"
                                                             : "gone";
        const auto queue = failing.empty() ? "" : "its queue: " + failing;
        table.add({text(row, "channel"), text(row, "connector"), text(row, "source"), text(row, "mode"), state,
                   text(row, "waiting"), text(row, "parked"),
                   pause.empty() || queue.empty() ? pause + queue : pause + "; " + queue});
    }
    table.print();
    return exit_fine;
}

int pause_command(const OperatorOptions& options, const std::string& kind)
{
    const auto body = json::serialize(json::object{{"why", options.why}});
    const auto answer = ask(options.data, "POST", "/api/v1/" + kind + "/" + encoded(options.name) + "/pause", body);
    if (!answer)
        return complain(answer.error());
    if (options.json)
        std::cout << json::serialize(*answer) << "\n";
    else if (answer->at("already").as_bool())
        std::cout << options.name << " is " << pause_text(answer->as_object()) << "\n";
    else
        std::cout << "paused " << options.name << ": events are accepted and wait; `headgate " << kind << " resume "
                  << options.name << "` lets them go on\n";
    return exit_fine;
}

int resume_command(const OperatorOptions& options, const std::string& kind)
{
    const auto answer = ask(options.data, "POST", "/api/v1/" + kind + "/" + encoded(options.name) + "/resume");
    if (!answer)
        return complain(answer.error());
    const auto& fields = answer->as_object();
    if (options.json) {
        std::cout << json::serialize(*answer) << "\n";
        return exit_fine;
    }
    std::cout << one_of(kind) << " " << options.name
              << (fields.at("was_paused").as_bool() ? " goes on" : " was not paused");
    if (const auto released = text(fields, "released"); !released.empty() && released != "0")
        std::cout << "; " << released << (released == "1" ? " delivery goes" : " deliveries go") << " back to work";
    std::cout << "\n";
    return exit_fine;
}

}  // namespace headgate::gateway
