#include "connectors/registration_config.hpp"

namespace headgate::connectors {

using namespace std::chrono_literals;

void RegistrationCallConfig::describe(config::Schema& schema)
{
    schema.field("method", method, "POST, PUT or PATCH; default: POST to create, PUT to update.");
    schema.field("path", path, "Text about the subscription: what is called, from the API's URL on.");
    schema.required("path");
    schema.choice("format", format, {{"json", Format::json}, {"form", Format::form}}, "What the body is written in.");
    schema.field("body", body, "The body: any value of the mapping language, about the subscription.");
    schema.required("body");
    schema.field("id", id, "Expression about the answer: what the vendor calls it.");
    schema.field("secret", secret,
                 "Expression about the answer: the secret that the vendor signs with and tells once.");
    if (schema.reading() && !method.empty() && method != "POST" && method != "PUT" && method != "PATCH")
        schema.problem("method", "bad_method", "`method` is POST, PUT or PATCH: nothing is ever deleted");
}

void RegistrationListConfig::describe(config::Schema& schema)
{
    schema.field("path", path, "Text: what is asked for, from the API's URL on.");
    schema.required("path");
    schema.field("items", items, "Expression about an answer: its subscriptions.");
    schema.required("items");
    schema.section("next", next, "Where the next answer is.");
}

void RegistrationConfig::describe(config::Schema& schema)
{
    schema.field("topics", topics, "The connector's topics that webhooks can be had of, as patterns; default: all.");
    schema.not_empty("topics", "leave the key away to mean all topics");
    schema.field("word", word, "Expression about .topic: the vendor's word for it; default: the same.");
    schema.field("together", together, "One subscription has all topics.");
    schema.section("list", list, "How the subscriptions there are are asked for.");
    schema.required("list");
    schema.field("address", address, "Expression about a subscription: where it sends.");
    schema.required("address");
    schema.field("topic", topic, "Expression about a subscription: its topic in the vendor's word, or a list of them.");
    schema.required("topic");
    schema.field("active", active, "Expression about a subscription: whether it is switched on; default: it is.");
    schema.field("id", id, "Expression about a subscription: what the vendor calls it.");
    schema.required("id");
    schema.section("create", create, "How one is made.");
    schema.required("create");
    RegistrationCallConfig changing;
    schema.section("update", changing, "How one is switched on again, and of `together` given all topics.");
    if (schema.given("update"))
        update = std::move(changing);
    schema.field("every", every, {1s, 7 * 24h}, "How often it is looked whether they still exist.");
}

}  // namespace headgate::connectors
