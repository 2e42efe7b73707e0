#include <algorithm>
#include <filesystem>
#include <iostream>
#include <iterator>
#include <ranges>

#include <boost/json.hpp>

#include "connectors/formats/form.hpp"
#include "connectors/formats/json.hpp"
#include "core/ids.hpp"
#include "core/time.hpp"
#include "gateway/cli/cli.hpp"
#include "gateway/configuration.hpp"
#include "gateway/data_folder.hpp"
#include "gateway/edits.hpp"
#include "gateway/hint.hpp"
#include "net/http/characters.hpp"
#include "net/http/client.hpp"
#include "net/http/message.hpp"

namespace headgate::gateway {

namespace {

namespace json = boost::json;

std::string replaced(std::string text, std::string_view what, const std::string& with)
{
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
        text.replace(at, what.size(), with);
    return text;
}

Result<std::string> read_body(const std::string& file)
{
    if (file == "-")
        return std::string{std::istreambuf_iterator<char>(std::cin), {}};
    return read_file(file);
}

std::string content_type(connectors::FormatConfig::Kind kind)
{
    switch (kind) {
    case connectors::FormatConfig::Kind::json: return "application/json";
    case connectors::FormatConfig::Kind::form: return "application/x-www-form-urlencoded";
    case connectors::FormatConfig::Kind::xml: return "application/xml";
    }
    std::unreachable();
}

/// The body with one field after the other changed; a value that is no JSON is a text.
Result<std::string> with_fields(const std::string& body, const std::vector<std::string>& set)
{
    if (set.empty())
        return body;
    std::vector<Edit> edits;
    for (const auto& text : set) {
        const auto equals = text.find('=');
        if (equals == std::string::npos || !text.starts_with('/'))
            return fail(FailureClass::permanent, "bad_edit",
                        "`--set " + text + "` is not a JSON pointer, = and a value: --set /email=a@b.example");
        const std::string value = text.substr(equals + 1);
        edits.push_back({.path = text.substr(0, equals),
                         .value = connectors::read_json(value) ? value : json::serialize(json::string(value))});
    }
    const auto document = connectors::read_json(body);
    if (!document)
        return fail(FailureClass::permanent, "bad_edit",
                    "--set changes fields of JSON, and the body is none: " + document.error().detail);
    return edited(*document, edits);
}

/// Adds what shows that the request is the vendor's. With `bad` it is the signature of another body.
Result<void> sign(net::ClientRequest& request, const Channel& channel, std::chrono::system_clock::time_point now,
                  bool bad)
{
    const std::string other = request.body + " ";
    connectors::SignedRequest to_sign{.method = request.method,
                                      .path = request.target,
                                      .query = {},
                                      .body = request.body,
                                      .url = channel.hook_url,
                                      .headers =
                                          [&](std::string_view name) {
                                              std::vector<std::string_view> values;
                                              for (const auto& [field, value] : request.fields)
                                                  if (net::same_ignoring_case(field, name))
                                                      values.emplace_back(value);
                                              return values;
                                          },
                                      .setting = [&](std::string_view name) { return channel.setting(name); },
                                      .now = now};
    std::size_t secret = 0;
    while (secret + 1 < channel.config.secret.size() && !channel.in_force(secret, now))
        ++secret;
    if (channel.item_signatures) {
        auto whole = channel.item_signatures->sign(request.body, channel, secret);
        if (!whole)
            return std::unexpected(std::move(whole.error()));
        // Of a bad one the signature is of another item: its text is what nobody signed.
        request.body = bad ? replaced(request.body, "{signature}", "AAAA") : std::move(*whole);
        return {};
    }
    auto signature = channel.verifier->sign(to_sign, secret);
    if (signature && bad) {
        to_sign.body = other;
        auto wrong = channel.verifier->sign(to_sign, secret);
        // A secret is the same whatever the body is.
        if (wrong && wrong->headers == signature->headers && wrong->form == signature->form &&
            wrong->query == signature->query)
            for (auto* added : {&wrong->headers, &wrong->form, &wrong->query})
                for (auto& [name, value] : *added)
                    value += "x";
        signature = std::move(wrong);
    }
    if (!signature)
        return std::unexpected(std::move(signature.error()));
    for (auto& header : signature->headers)
        if (const auto given = to_sign.headers(header.first);
            given.empty())  // else a person has said what stands there
            request.fields.push_back(std::move(header));
    if (!signature->in_body.empty())
        request.body = replaced(std::move(request.body), "{secret}", signature->in_body + (bad ? "x" : ""));
    for (const auto& [name, value] : signature->form)
        request.body +=
            (request.body.empty() ? "" : "&") + connectors::form_encoded(name) + "=" + connectors::form_encoded(value);
    for (const auto& [name, value] : signature->query)
        request.target += (request.target.contains('?') ? "&" : "?") + connectors::form_encoded(name) + "=" +
                          connectors::form_encoded(value);
    return {};
}

}  // namespace

int send_command(const SendOptions& options)
{
    const auto running = read_running(options.data);
    if (!running)
        return complain(running.error());
    LoadOptions load;
    load.folder = running->config;
    load.shipped = shipped_folder();
    load.data = running->data;
    const auto loaded = load_configuration(load);
    if (!loaded.problems.empty()) {
        for (const auto& problem : loaded.problems)
            std::cerr << text_of(problem) << "\n";
        return exit_bad_configuration;
    }
    const Channel* channel = loaded.configuration->channel(options.channel);
    if (channel == nullptr)
        return complain({FailureClass::permanent,
                         "unknown_channel",
                         "there is no channel `" + options.channel + "` (" +
                             near_or_all(options.channel, loaded.configuration->channels | std::views::keys) + ")",
                         {}});

    const auto& send = channel->connector->config.send;
    const std::string topic = options.topic.empty() ? send.topic.text : options.topic;
    if (topic.empty())
        return complain({FailureClass::permanent,
                         "no_topic",
                         "name a topic; `send.topic` of the connector names none (" +
                             list_of(channel->connector->topics | std::views::keys) + ")",
                         {}});
    std::string file = options.file;
    if (const auto known = channel->connector->topics.find(topic);
        known != channel->connector->topics.end() && file.empty())
        file = known->second.sample;
    if (file.empty())
        return complain({FailureClass::permanent,
                         "no_sample",
                         "the connector has no sample for the topic `" + topic + "`; give one with --file",
                         {}});
    auto body = read_body(file);
    if (body)
        body = with_fields(*body, options.set);
    if (!body)
        return complain(body.error());
    if (!channel->verifier)
        return complain({FailureClass::auth, "secret_missing", "the channel has no secret to sign with", {}});

    const auto now = std::chrono::system_clock::now();
    Timestamp time;
    time.seconds = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
    net::ClientRequest request;
    const auto address = config::parse_endpoint(running->public_address);
    if (!address)
        return complain({FailureClass::permanent, "not_running", "run.json has no public address", {}});
    request.host = address->address == "0.0.0.0" ? "127.0.0.1" : address->address == "::" ? "::1" : address->address;
    request.port = address->port;
    request.method = "POST";
    request.target = "/hooks/" + options.channel;
    request.body = *body;
    request.fields.emplace_back("Content-Type", content_type(channel->connector->config.format.kind));
    const std::string uuid = EventId::make(now).text();
    for (const auto& text : options.headers) {
        const auto colon = text.find(':');
        if (colon == std::string::npos || colon == 0)
            return complain({FailureClass::permanent, "bad_usage", "`--header " + text + "` is not 'Name: value'", {}});
        request.fields.emplace_back(text.substr(0, colon), std::string(net::characters::trim(text.substr(colon + 1))));
    }
    for (const auto& header : send.headers) {
        const bool given = std::ranges::any_of(
            request.fields, [&](const auto& field) { return net::same_ignoring_case(field.first, header.name); });
        if (given)
            continue;
        request.fields.emplace_back(
            header.name,
            replaced(replaced(replaced(header.value, "{topic}", topic), "{uuid}", uuid), "{now}", text_of(time)));
    }
    if (auto done = sign(request, *channel, now, options.bad_signature); !done)
        return complain(done.error());

    auto answer = net::exchange(request);
    if (answer && options.duplicate)
        answer = net::exchange(request);
    if (!answer)
        return complain(answer.error());
    const bool fine = answer->status >= 200 && answer->status < 300;
    if (options.json) {
        boost::system::error_code error;
        auto parsed = boost::json::parse(answer->body, error);
        std::cout << boost::json::serialize(
                         boost::json::object{{"status", answer->status},
                                             {"topic", topic},
                                             {"answer", error ? boost::json::value(answer->body) : parsed}})
                  << "\n";
    } else {
        std::cout << "sent " << topic << " (" << body->size() << " bytes) to " << request.target << ": "
                  << answer->status << "\n"
                  << answer->body << "\n";
    }
    return fine ? exit_fine : exit_findings;
}

}  // namespace headgate::gateway
