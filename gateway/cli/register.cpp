#include <algorithm>
#include <iostream>

#include <boost/json.hpp>

#include "gateway/cli/admin.hpp"
#include "gateway/cli/cli.hpp"
#include "gateway/cli/operator_commands.hpp"
#include "gateway/cli/output.hpp"

namespace headgate::gateway {

namespace {

namespace json = boost::json;

void print_subscriptions(const json::object& answer, bool only_looked)
{
    Table table({"TOPIC", "STATE", "ID", "NOTE"});
    bool off = false;
    bool elsewhere = false;
    for (const auto& value : answer.at("subscriptions").as_array()) {
        const auto& row = value.as_object();
        off = off || text(row, "state") == "switched_off";
        elsewhere = elsewhere || text(row, "state") == "elsewhere";
        const auto topic = text(row, "topic");
        const auto word = text(row, "word");
        table.add({cut(topic.empty() || topic == word ? word : topic + " (" + word + ")", 60), text(row, "state"),
                   text(row, "id"), text(row, "at").empty() ? text(row, "failed") : "sends to " + text(row, "at")});
    }
    table.print();
    if (off && !only_looked)
        std::cout << "what is switched off is switched on at the vendor: its API has no way that we know, or refused\n";
    if (elsewhere)
        std::cout << "what sends elsewhere is left alone: remove it at the vendor when it is an old address of ours\n";
}

/// Once: the vendor tells them to nobody again.
void print_secrets(const json::object& answer)
{
    const auto& secrets = answer.at("secrets").as_array();
    if (secrets.empty())
        return;
    std::cout << "\nThe vendor signs with this, tells it only now, and nobody has kept it:\n\n";
    for (const auto& value : secrets) {
        const auto& row = value.as_object();
        // Whole, and safe on a terminal: whatever steers one is escaped as JSON does.
        const std::string secret(row.at("secret").as_string());
        const bool plain =
            std::ranges::all_of(secret, [](unsigned char letter) { return letter > 0x20 && letter < 0x7f; });
        std::cout << "  " << (plain ? secret : json::serialize(row.at("secret"))) << "   (subscription "
                  << text(row, "id") << ")\n";
    }
    std::cout
        << "\nPut it where the channel's `secret` is read from (env:NAME or file:PATH) and restart Headgate; until\n"
           "then its webhooks are refused with 401; most vendors try again.\n";
}

}  // namespace

int register_command(const RegisterOptions& options)
{
    const std::string target = "/api/v1/channels/" + encoded(options.channel) + "/subscriptions";
    const auto answer = ask(options.data, options.check ? "GET" : "POST", target);
    if (!answer)
        return complain(answer.error());
    const auto& fields = answer->as_object();
    if (options.json) {
        std::cout << json::serialize(fields) << "\n";
    } else {
        print_subscriptions(fields, options.check);
        print_secrets(fields);
    }
    std::cout << std::flush;
    if (const auto* failed = fields.at("failed").if_object())
        return complain({FailureClass::permanent, text(*failed, "code"), text(*failed, "detail"), {}});
    const auto lacks = [](const json::value& row) {
        const auto state = text(row.as_object(), "state");
        return state == "missing" || state == "switched_off";
    };
    return std::ranges::any_of(fields.at("subscriptions").as_array(), lacks) ? exit_findings : exit_fine;
}

}  // namespace headgate::gateway
