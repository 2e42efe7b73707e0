#include "connectors/connector.hpp"

#include <algorithm>
#include <array>
#include <filesystem>

namespace headgate::connectors {

bool carries_login(std::string_view header)
{
    constexpr std::array<std::string_view, 4> names{"authorization", "proxy-authorization", "cookie", "set-cookie"};
    return std::ranges::any_of(names, [&](std::string_view name) { return same_header(name, header); });
}

void TopicConfig::describe(config::Schema& schema)
{
    schema.field("order_by", order_by, "What stays in order, read before the event is accepted.");
    schema.field("split", split, "Expression: the items of the body, each of which becomes an event of its own.");
    schema.field("mappings", mappings, "The mappings of this topic, files below mappings/ without .yaml.");
    schema.field("sample", sample, "A sample body of ours in the vendor's shape, for `headgate send`.");
    FetchConfig fetching;
    schema.section("fetch", fetching, "The event only names its document: what is fetched before it is mapped.");
    if (schema.given("fetch"))
        fetch = std::move(fetching);
    if (!split.text.empty() && fetch)
        schema.problem("split", "split_and_fetch", "a topic is taken apart or fetched, and this says both",
                       "its items have topics of their own: give `fetch` to those");
    if (!split.text.empty() && !mappings.empty())
        schema.problem("split", "split_and_mappings", "a topic is taken apart or mapped, and this says both",
                       "its items have topics of their own: give the mappings to those");
}

void IdentityConfig::describe(config::Schema& schema)
{
    schema.field("topic", topic, "Expression: what happened, in the vendor's word.");
    schema.required("topic");
    schema.field("idempotency_key", idempotency_key,
                 "Expression: the vendor's id of the event; null is refused with 400.");
    schema.required("idempotency_key");
    schema.field("order_by", order_by, "Expression: what stays in order; null: the idempotency key.");
    schema.field("window", window, remember_range,
                 "How long a key is remembered: at least twice the time the vendor goes on retrying.");
}

void MinorUnit::describe(config::Schema& schema)
{
    if (schema.reading() && !currency_decimals(name))
        schema.problem({}, "unknown_currency", "`" + name + "` is no currency of ISO 4217 that a document may carry",
                       "three capital letters: EUR");
    const bool short_form = schema.shorthand([&](std::string_view text) {
        if (text.size() == 1 && text[0] >= '0' && text[0] <= '4')
            decimals = text[0] - '0';
        else
            schema.problem({}, "out_of_range", "minor units have 0 to 4 decimals");
        return true;
    });
    if (!short_form)
        schema.field("decimals", decimals, {0, 4}, "Decimals of the vendor's minor units.");
}

void RoundingConfig::describe(config::Schema& schema)
{
    schema.choice("mode", rule.mode,
                  {{"half_up", Rounding::half_up}, {"half_even", Rounding::half_even}, {"down", Rounding::down}},
                  "How it rounds.");
    using Level = SourceRounding::Level;
    schema.choice("level", rule.level, {{"unit", Level::unit}, {"line", Level::line}, {"order", Level::order}},
                  "What it rounds: the price of a unit, of a line, or only the sums.");
    schema.field("tolerance", rule.tolerance, {0, 100},
                 "Minor units by which its totals may differ at most; such a difference is written to "
                 "totals.rounding_adjustment.");
    schema.required("tolerance");
}

void SendHeader::describe(config::Schema& schema)
{
    schema.field("name", name, "The header's name.");
    schema.required("name");
    schema.field("value", value, "Its value: text with {topic} {uuid} {now}.");
    schema.required("value");
}

void SetupConfig::describe(config::Schema& schema)
{
    schema.field("url", url, "Where at the vendor the URL of a channel is pasted.");
    schema.field("secret", secret, "Where its secret is found.");
    schema.field("sqs", sqs, "How its events come into a queue of Amazon SQS that a channel reads.");
    config::Settings texts;
    schema.field("settings", texts, "The settings of a channel that this connector reads, and what each is.");
    if (schema.reading())
        for (const auto& [name, setting] : texts)
            settings[name] = setting.text;
}

void TestedConfig::describe(config::Schema& schema)
{
    schema.field("fixtures", fixtures, {0, 100'000}, "How many payloads of the vendor's end as they should.");
    schema.field("interop", interop, "The vendor's own client that agrees about signatures.");
}

void SendConfig::describe(config::Schema& schema)
{
    schema.field("topic", topic, "The topic sent when none is named.");
    schema.items("headers", headers, "Headers it adds, as the vendor would.");
}

void ConnectorConfig::describe(config::Schema& schema)
{
    schema.field("title", title, "The vendor's name for people.");
    schema.field("category", category,
                 "What kind of vendor it is: storefront, marketplace, payment, carrier and so on.");
    schema.section("setup", setup, "Where at the vendor people find and put what a channel needs.");
    schema.section("tested", tested, "What it was held against: for the page of the catalogue.");
    schema.section("signature", signature, "Who sent it. Without it no channel takes this vendor's webhooks yet.");
    schema.section("format", format, "What its bodies are written in; default: JSON.");
    schema.items("challenges", challenges, "What it asks of a URL before it sends there, and the answer.");
    AnswerConfig answering;
    schema.section("answer", answering, "What it wants to hear when an event is accepted, known, or of no interest.");
    if (schema.given("answer"))
        answer = std::move(answering);
    schema.section("identity", identity, "Which event it is.");
    schema.required("identity");
    schema.field("document", document, "Expression: where the document stands in the body.");
    schema.field("test", test,
                 "Expression about the event: whether it is of the vendor's test mode; null: it does not say.");
    schema.field("keep_headers", keep_headers, "Headers stored with the event: names, or prefixes ending in *.");
    for (const auto& pattern : keep_headers) {
        if (carries_login(pattern))
            schema.problem("keep_headers", "never_kept",
                           "`" + pattern + "` carries a login and is never stored, so no expression could read it",
                           "remove it");
        if (pattern.find('*') < pattern.size() - 1)
            schema.problem("keep_headers", "wrong_pattern", "in `" + pattern + "` the * does not stand at the end",
                           "a header is named whole or by its beginning: x-vendor-*");
    }
    schema.entries("minor_units", minor_units,
                   "Decimals of minor units where they are not ISO 4217's: {ISK: 2}, for `minor` and `to_minor`.");
    RoundingConfig rounds;
    schema.section("rounding", rounds, "How it rounds, where its totals do not always add up.");
    if (schema.given("rounding"))
        rounding = rounds;
    schema.entries("topics", topics, "What the vendor can say; anything else is suppressed as filtered.");
    schema.required("topics");
    schema.not_empty("topics", "without a topic everything it sends would be suppressed as filtered");
    schema.section("send", send, "What `headgate send` does when it plays the vendor.");
    ApiConfig calling;
    schema.section("api", calling, "How the vendor's API is called, to fetch and to poll.");
    if (schema.given("api"))
        api = std::move(calling);
    schema.entries("polls", polls, "What can be asked for again and again.");
    schema.entries("feeds", feeds, "Files that it drops into a folder.");
    RegistrationConfig registering;
    schema.section("registration", registering, "How subscriptions to webhooks are made, and seen to exist.");
    if (schema.given("registration"))
        registration = std::move(registering);
}

MinorUnits ConnectorConfig::exponents() const
{
    MinorUnits exponents;
    for (const auto& [currency, unit] : minor_units)
        exponents.emplace(currency, static_cast<int>(unit.decimals));
    return exponents;
}

LoadedConnector load_connector(const std::string& folder, const config::Environment& environment)
{
    LoadedConnector loaded;
    loaded.connector.folder = folder;
    loaded.connector.name = std::filesystem::path(folder).filename().string();
    loaded.problems = config::read_file(folder + "/connector.yaml", loaded.connector, environment);
    return loaded;
}

}  // namespace headgate::connectors
