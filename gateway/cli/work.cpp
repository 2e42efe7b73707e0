#include <iostream>

#include <boost/json.hpp>

#include "gateway/cli/admin.hpp"
#include "gateway/cli/cli.hpp"
#include "gateway/cli/operator_commands.hpp"
#include "gateway/cli/output.hpp"

namespace headgate::gateway {

namespace json = boost::json;

int work_list_command(const OperatorOptions& options)
{
    const auto answer = ask(options.data, "GET", "/api/v1/work");
    if (!answer)
        return complain(answer.error());
    Table table({"WORK", "WAITING", "KIND", "SYSTEM", "OF", "ID", "SOURCE"});
    for (const auto& thing : answer->at("work").as_array()) {
        const auto& row = thing.as_object();
        if (options.json)
            std::cout << json::serialize(thing) << "\n";
        else
            table.add({text(row, "work"), text(row, "waiting"), text(row, "kind"), text(row, "system"), text(row, "of"),
                       text(row, "id"), text(row, "source")});
    }
    if (!options.json)
        table.print();
    return exit_fine;
}

int work_resolve_command(const OperatorOptions& options)
{
    json::object body;
    if (!options.target.empty())
        body["theirs"] = options.target;
    if (!options.why.empty())
        body["why"] = options.why;
    const auto answer =
        ask(options.data, "POST", "/api/v1/work/" + encoded(options.name) + "/resolve", json::serialize(body));
    if (!answer)
        return complain(answer.error());
    const auto& fields = answer->as_object();
    if (options.json) {
        std::cout << json::serialize(*answer) << "\n";
    } else if (fields.contains("vocabulary")) {
        const auto waiting = text(fields, "waiting");
        std::cout << "what " << waiting << (waiting == "1" ? " event waits" : " events wait") << " for is there\n";
    } else {
        const auto woken = text(fields, "woken");
        std::cout << woken << (woken == "1" ? " delivery goes" : " deliveries go") << " back to work\n";
    }
    return exit_fine;
}

}  // namespace headgate::gateway
