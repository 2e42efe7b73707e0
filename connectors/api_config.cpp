#include "connectors/api_config.hpp"

namespace headgate::connectors {

using namespace std::chrono_literals;

void ApiHeader::describe(config::Schema& schema)
{
    schema.field("name", name, "The header's name.");
    schema.required("name");
    schema.field("value", value, "Its value.");
    schema.required("value");
}

void PaceConfig::describe(config::Schema& schema)
{
    schema.field("used", used, "The header that says calls made of calls allowed: 32/40.");
    schema.field("remaining", remaining, "The header that says how many calls are left.");
    schema.field("reset", reset, "The header that says when there are more: seconds from now, or since 1970.");
    if (schema.reading() && !reset.empty() && remaining.empty())
        schema.problem("reset", "unused_key", "`reset` says when there are more, and `remaining` is not given",
                       "name the header that says how many are left");
}

void ApiConfig::describe(config::Schema& schema)
{
    schema.field("url", url, "Where it is: https://{shop}/api, with settings of the channel in braces.");
    schema.required("url");
    schema.choice("auth", auth,
                  {{"none", Auth::none},
                   {"basic", Auth::basic},
                   {"bearer", Auth::bearer},
                   {"api_key", Auth::api_key},
                   {"client_credentials", Auth::client_credentials},
                   {"refresh_token", Auth::refresh_token}},
                  "How it is shown who calls; the channel's `api` has the secrets.");
    schema.field("header", header, "api_key: the header that carries it.");
    schema.field("token_url", token_url, "client_credentials, refresh_token: where tokens are given (RFC 6749).");
    schema.field("token_header", token_header, "The header that carries the token; default: Authorization, as Bearer.");
    schema.field("client_in_body", client_in_body, "The client shows itself in the body of the token's request.");
    schema.field("scope", scope, "What is asked for with the token.");
    schema.items("headers", headers, "Headers of every call.");
    schema.field("rate", rate, "Calls per second at most.");
    schema.section("pace", pace, "Headers of its answers that say how many more calls it takes.");
    if (!schema.reading())
        return;
    const bool token = auth == Auth::client_credentials || auth == Auth::refresh_token;
    if (token)
        schema.required("token_url");
    for (const auto* key : {"token_url", "token_header", "client_in_body", "scope"})
        if (!token && schema.given(key))
            schema.problem(key, "unused_key", std::string("`") + key + "` is of tokens",
                           "auth: client_credentials or refresh_token");
    if (auth != Auth::api_key && schema.given("header"))
        schema.problem("header", "unused_key", "`header` is of keys", "auth: api_key");
}

void NextConfig::describe(config::Schema& schema)
{
    schema.field("link", link, "The header Link with rel=\"next\" leads to the next answer (RFC 8288).");
    schema.field("url", url, "Expression about an answer: the URL of the next; null: it was the last.");
    schema.field("parameter", parameter, "The parameter of the URL that becomes `value` for the next answer.");
    schema.field("value", value, "Expression about an answer: what `parameter` becomes; null: it was the last.");
    schema.field("page", page, "The parameter that counts up from 1, until an answer has no item.");
    if (!schema.reading())
        return;
    const int given = int{link} + int{!url.text.empty()} + int{!parameter.empty()} + int{!page.empty()};
    if (given > 1)
        schema.problem("", "next_twice", "`next` says in " + std::to_string(given) + " ways where the next answer is",
                       "one of `link`, `url`, `parameter` with `value`, `page`");
    if (parameter.empty() != value.text.empty())
        schema.problem("", "next_half", "`parameter` and `value` of `next` go together");
}

void FetchConfig::describe(config::Schema& schema)
{
    schema.field("path", path, "Text about the event: what is asked for, from the API's URL on.");
    schema.required("path");
    schema.field("into", into, "JSON pointer: where in the event's document it is put.");
    schema.field("when", when, "Expression about the event: only then.");
    schema.field("items", items, "Expression about an answer: what is gathered of several answers.");
    schema.section("next", next, "Where the next answer is.");
    schema.field("required", required, "Whether the event is a letter when the channel has no `api`.");
    if (schema.reading() && (!into.starts_with('/') || into.size() < 2))
        schema.problem("into", "wrong_value", "`into` is no JSON pointer", "for example /fetched");
}

void ReportRequestConfig::describe(config::Schema& schema)
{
    schema.field("path", path, "Text with {.since} {.until}: where the report is asked for, by POST.");
    schema.required("path");
    schema.field("body", body, "Text of what is posted there, JSON.");
    schema.field("id", id, "Expression about the answer: what the poll's `path` knows as {.request}.");
    schema.required("id");
    schema.field("ready", ready, "Expression about the answer at the poll's `path`: the report is there.");
    schema.required("ready");
    schema.field("failed", failed, "Expression about the same: there will be none.");
    schema.field("wait", wait, {100ms, 1h}, "Between two looks whether it is there.");
    schema.field("within", within, {1s, 7 * 24h}, "Longer it is not waited for, and is asked for again.");
}

void ReportConfig::describe(config::Schema& schema)
{
    schema.field("id", id, "Text about the item: what the report is known by; each is read once.");
    schema.required("id");
    schema.field("document", document, "Text about the item: the path of the answer that says where the file is.");
    schema.field("url", url, "Expression about that answer, else the item: the URL of the file.");
    schema.required("url");
    schema.field("hosts", hosts, "Where the file may be, besides the API's own host: [\"*.amazonaws.com\"].");
    schema.field("gzip", gzip, "Expression about the same: whether the file is compressed.");
    schema.field("file", file, "Text about the item: the file's name, which a feed reads.");
    schema.required("file");
}

void PollConfig::describe(config::Schema& schema)
{
    schema.field("path", path, "Text with {.since} {.until} {.cursor}: what is asked for, from the API's URL on.");
    schema.required("path");
    schema.field("items", items,
                 "Expression about an answer: its items, each of which arrives as an event or is a report.");
    ReportRequestConfig asked;
    schema.section("request", asked, "A report that must be asked for before `path` has it.");
    if (schema.given("request"))
        request = std::move(asked);
    else
        schema.required("items");
    ReportConfig reported;
    schema.section("report", reported, "Each item is a report: its file is put into the channel's folder.");
    if (schema.given("report"))
        report = std::move(reported);
    schema.section("next", next, "Where the next answer is.");
    schema.field("topic", topic, "Expression about an item: its topic; default: the connector's identity.");
    schema.field("key", key, "Expression about an item: its idempotency key; default: the connector's identity.");
    schema.field("changed", changed,
                 "Expression about an item: when it changed; the next run asks from the newest on.");
    schema.field("cursor", cursor, "Expression about an answer: where the next run begins, instead of a time.");
    schema.field("webhook", webhook, "Whether webhooks bring the same, so that what a poll finds first was missed.");
    schema.field("sorted", sorted, "Items come by `changed`, oldest first.");
    schema.field("every", every, {1s, 24h}, "How often.");
    schema.field("overlap", overlap, {0s, 7 * 24h}, "What changed so long before the newest is asked for again.");
    schema.field("first", first, {0s, 10 * 365 * 24h}, "How far back the first run goes.");
}

}  // namespace headgate::connectors
