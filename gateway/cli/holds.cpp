#include <iostream>

#include <boost/json.hpp>

#include "gateway/cli/admin.hpp"
#include "gateway/cli/cli.hpp"
#include "gateway/cli/operator_commands.hpp"
#include "gateway/cli/output.hpp"

namespace headgate::gateway {

namespace {

namespace json = boost::json;

int decide(const OperatorOptions& options, const std::string& verdict, const std::string& then)
{
    json::object body;
    if (!options.why.empty())
        body["why"] = options.why;
    if (!options.target.empty())
        body["target"] = options.target;
    if (!options.content.empty())
        body["content"] = options.content;
    if (options.attempts)
        body["attempts"] = *options.attempts;
    const auto answer =
        ask(options.data, "POST", "/api/v1/holds/" + encoded(options.name) + "/" + verdict, json::serialize(body));
    if (!answer)
        return complain(answer.error());
    if (options.json)
        std::cout << json::serialize(*answer) << "\n";
    else
        std::cout << options.name << " " << then << "; `headgate events show " << text(answer->as_object(), "event")
                  << "` tells of it\n";
    return exit_fine;
}

std::string due(const json::object& hold)
{
    const auto* escalated = hold.if_contains("escalated");
    return text(hold, "due") + (escalated != nullptr && escalated->as_bool() ? " (over)" : "");
}

/// How many wait behind it.
std::string behind(const json::object& hold)
{
    return text(hold.at("behind").as_object(), "count");
}

}  // namespace

int holds_list_command(const OperatorOptions& options)
{
    Table table({"HOLD", "SYSTEM", "TYPE", "ENTITY", "ORDER", "REASON", "ATTEMPTS", "SINCE", "DUE", "QUEUE", "BEHIND",
                 "DETAIL"});
    for (std::string cursor;;) {
        const auto answer = ask(options.data, "GET",
                                "/api/v1/holds?limit=1000&cursor=" + encoded(cursor) +
                                    (options.queue.empty() ? "" : "&queue=" + encoded(options.queue)));
        if (!answer)
            return complain(answer.error());
        for (const auto& hold : answer->at("holds").as_array()) {
            const auto& row = hold.as_object();
            if (options.json)
                std::cout << json::serialize(hold) << "\n";
            else
                table.add({text(row, "hold"), text(row, "system"), text(row, "type"), text(row, "entity"),
                           text(row, "order_number"), text(row, "reason"), text(row, "attempts"), text(row, "since"),
                           due(row), text(row, "queue"), behind(row), text(row, "detail")});
        }
        cursor = answer->at("next").as_string();
        if (cursor.empty())
            break;
    }
    if (!options.json)
        table.print();
    return exit_fine;
}

int hold_show_command(const OperatorOptions& options)
{
    return show(options.data, "/api/v1/holds/" + encoded(options.name), options.json);
}

int hold_approve_command(const OperatorOptions& options)
{
    return decide(options, "approve", "is approved and goes on");
}

int hold_reject_command(const OperatorOptions& options)
{
    return decide(options, "reject", "is discarded, and what waited behind it goes on");
}

int hold_arrived_command(const OperatorOptions& options)
{
    return decide(options, "arrived", "is known to be there, and what is left of it goes on");
}

int hold_not_arrived_command(const OperatorOptions& options)
{
    return decide(options, "not-arrived", "is sent again");
}

}  // namespace headgate::gateway
