#include "gateway/sqs_config.hpp"

#include <algorithm>
#include <utility>

#include <boost/url/parse.hpp>

#include "net/http/egress.hpp"

namespace headgate::gateway {

namespace {

/// The next label of a host, which it takes off.
std::string_view take_label(std::string_view& host)
{
    const auto dot = std::min(host.find('.'), host.size());
    const auto label = host.substr(0, dot);
    host.remove_prefix(std::min(dot + 1, host.size()));
    return label;
}

void check_queue_url(config::Schema& schema, const std::string& text)
{
    const auto wrong = [&](std::string_view what) {
        schema.problem("url", "bad_url", "`url` of the queue " + std::string(what),
                       "as the console of SQS shows it: https://sqs.eu-west-1.amazonaws.com/123456789012/orders");
    };
    const auto url = boost::urls::parse_uri(text);
    if (!url || (url->scheme() != "https" && url->scheme() != "http") || url->encoded_host().empty())
        return wrong("is no URL of http or https");
    if (url->has_userinfo() || url->has_query() || url->has_fragment())
        return wrong("is more than host and path");
    if (url->encoded_path().size() < 2)
        wrong("does not name the queue");
}

}  // namespace

std::string sqs_region(std::string_view host)
{
    std::string_view before;
    while (!host.empty()) {
        const auto label = take_label(host);
        if ((label == "sqs" || label == "sqs-fips") && host.contains('.'))
            return std::string(take_label(host));
        if (label == "queue" && host.starts_with("amazonaws.com"))
            return before.empty() ? "us-east-1" : std::string(before);
        before = label;
    }
    return {};
}

void SqsConfig::describe(config::Schema& schema)
{
    schema.field("url", url, "The queue's URL: https://sqs.REGION.amazonaws.com/ACCOUNT/NAME.");
    schema.required("url");
    schema.field("region", region, "The region that requests are signed for; default: the one in the URL's host.");
    schema.field("access_key", access_key, "The id of the access key: env:NAME or file:PATH.");
    schema.required("access_key");
    schema.field("secret_key", secret_key, "The secret access key.");
    schema.required("secret_key");
    schema.field("session_token", session_token, "Of temporary credentials: the session token.");
    schema.field("allow", allow, "Private networks it may be in: 10.0.0.0/8.");
    schema.field("ca", ca, "File of certificates to trust instead of the machine's, from this folder on.");
    if (!schema.reading())
        return;
    for (const auto& [key, secrets] : {std::pair{"access_key", &access_key}, std::pair{"secret_key", &secret_key},
                                       std::pair{"session_token", &session_token}})
        if (secrets->size() > 1)
            schema.problem(key, "several_secrets", "requests are signed with one key, and here stand several");
    for (const auto& network : allow)
        if (!net::parse_network(network))
            schema.problem("allow", "wrong_value", "`" + network + "` is no network",
                           "an address and how much of it counts: 10.0.0.0/8, 127.0.0.1/32, fd00::/8");
    if (url.empty())
        return;
    check_queue_url(schema, url);
    const auto parsed = boost::urls::parse_uri(url);
    if (parsed && region.empty() && sqs_region(parsed->encoded_host()).empty() && !parsed->encoded_host().empty())
        schema.problem("url", "sqs_region_missing", "the host of the queue's URL does not say its region",
                       "give it: region: eu-west-1");
}

}  // namespace headgate::gateway
