#include <algorithm>
#include <chrono>
#include <iostream>
#include <thread>

#include <boost/json.hpp>

#include "core/clock.hpp"
#include "core/time.hpp"
#include "gateway/cli/admin.hpp"
#include "gateway/cli/cli.hpp"
#include "gateway/cli/operator_commands.hpp"
#include "gateway/cli/output.hpp"

namespace headgate::gateway {

namespace {

namespace json = boost::json;

/// Whether a run that began at `began` or later has ended, well or not.
bool has_run(const json::object& row, const std::string& began)
{
    const auto tried = text(row, "tried");
    return !tried.empty() && tried >= began;
}

/// What the vendor has of each day, beside what was here before it was asked.
void print_days(const json::value& answer)
{
    Table table({"DAY", "POLL", "VENDOR", "OURS", "MISSED"});
    bool any = false;
    for (const auto& value : answer.at("polls").as_array()) {
        const auto& row = value.as_object();
        for (const auto& day : row.at("days").as_array()) {
            const auto& of_day = day.as_object();
            table.add({text(of_day, "day"), text(row, "poll"), text(of_day, "vendor"), text(of_day, "ours"),
                       text(of_day, "missed")});
            any = true;
        }
    }
    if (!any)
        return;
    std::cout << "\n";
    table.print();
}

void print_missed(const json::value& answer)
{
    Table table({"MISSED", "TOPIC", "ENTITY", "BROUGHT AT"});
    bool any = false;
    for (const auto& value : answer.at("polls").as_array()) {
        const auto* missed = value.as_object().if_contains("missed");
        if (missed == nullptr)
            continue;
        for (const auto& each : missed->as_array()) {
            const auto& event = each.as_object();
            table.add({text(event, "event"), text(event, "topic"), text(event, "entity"), text(event, "received_at")});
            any = true;
        }
    }
    if (!any)
        return;
    std::cout << "\n";
    table.print();
}

int print_polls(const json::value& answer, bool as_json)
{
    int code = exit_fine;
    Table table({"POLL", "RAN", "ITEMS", "NEW", "NEWEST", "FAILED"});
    for (const auto& value : answer.at("polls").as_array()) {
        const auto& row = value.as_object();
        if (!text(row, "failed").empty())
            code = exit_findings;
        if (as_json)
            std::cout << json::serialize(row) << "\n";
        else
            table.add({text(row, "poll"), text(row, "ran"), text(row, "items"), text(row, "fresh"), text(row, "since"),
                       text(row, "failed")});
    }
    if (as_json)
        return code;
    table.print();
    print_days(answer);
    print_missed(answer);
    return code;
}

}  // namespace

int reconcile_command(const ReconcileOptions& options)
{
    const std::string target = "/api/v1/channels/" + encoded(options.channel) + "/polls";
    if (options.list) {
        const auto answer = ask(options.data, "GET", target);
        return answer ? print_polls(*answer, options.json) : complain(answer.error());
    }
    const auto now = std::chrono::floor<std::chrono::seconds>(wall_now()).time_since_epoch().count();
    const auto began = text_of_second(now);
    json::object body;
    if (!options.since.empty())
        body["since"] = options.since;
    const auto started = ask(options.data, "POST", target, json::serialize(body));
    if (!started)
        return complain(started.error());
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(options.wait);
    for (;;) {
        std::this_thread::sleep_for(std::chrono::milliseconds(200));
        const auto answer = ask(options.data, "GET", target);
        if (!answer)
            return complain(answer.error());
        const auto& rows = answer->at("polls").as_array();
        const bool all = std::ranges::all_of(rows, [&](const auto& row) { return has_run(row.as_object(), began); });
        if (all)
            return print_polls(*answer, options.json);
        if (std::chrono::steady_clock::now() >= deadline) {
            print_polls(*answer, options.json);
            return complain({FailureClass::transient,
                             "not_done",
                             "the polls have not ended yet; `headgate reconcile CHANNEL --list` shows where they stand",
                             {}});
        }
    }
}

}  // namespace headgate::gateway
