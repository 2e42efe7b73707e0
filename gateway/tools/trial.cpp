#include "gateway/tools/trial.hpp"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <ranges>

#include "connectors/formats/format.hpp"
#include "connectors/formats/json.hpp"
#include "core/ascii.hpp"
#include "gateway/hint.hpp"
#include "gateway/stages/context.hpp"
#include "gateway/stages/decode.hpp"
#include "gateway/stages/identify.hpp"
#include "gateway/stages/map.hpp"
#include "gateway/unfolding.hpp"
#include "mapping/json_text.hpp"

namespace headgate::gateway {

namespace {

using Headers = std::vector<std::pair<std::string, std::string>>;

constexpr std::string_view no_uuid = "00000000-0000-7000-8000-000000000000";
constexpr std::string_view always = "2026-01-01T00:00:00Z";

std::chrono::system_clock::time_point arrival()
{
    return std::chrono::sys_days{std::chrono::year{2026} / 1 / 1};
}

void replace(std::string& text, std::string_view what, std::string_view with)
{
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
        text.replace(at, what.size(), with);
}

/// What identify gives, also where it would have refused and the sample names its topic itself.
std::optional<Identified> identified(const Channel& channel, const Sample& sample, Trial& trial)
{
    net::Request request;
    for (const auto& [name, value] : sample.headers)
        request.fields.push_back({name, value});
    request.body = sample.body;
    auto made = identify({&channel, &request, arrival()});
    if (made) {
        if (!sample.topic.empty() && made->envelope.topic != sample.topic) {
            trial.notes.push_back("the request itself says the topic `" + made->envelope.topic + "`, not `" +
                                  sample.topic + "`");
            made->envelope.topic = sample.topic;
        }
        return std::move(*made);
    }
    Failure& refused = made.error().failure;
    if (channel.connector->identity_reads_document)
        if (auto body = connectors::read_document(sample.body, channel.connector->config.format);
            !body) {  // what is asked of it is missing for that alone
            trial.refused = true;
            trial.failure = {"decode", std::move(body.error())};
            return std::nullopt;
        }
    if (sample.topic.empty() && refused.code == "topic_missing") {
        refused.detail += "; name it with --topic, or give the header it is read from with --header (" +
                          list_of(channel.connector->topics | std::views::keys) + ")";
        trial.failure = {"identify", std::move(refused)};
        return std::nullopt;
    }
    trial.refused = refused.code != "topic_missing";
    if (trial.refused)
        trial.notes.push_back("the gateway would refuse this request with " + std::to_string(made.error().status) +
                              " " + refused.code + ": " + refused.detail);
    Identified plain;
    plain.channel = &channel;
    plain.envelope.source = channel.source;
    plain.envelope.channel = channel.name;
    plain.envelope.topic = sample.topic;
    for (const auto& [name, value] : sample.headers)
        if (channel.keeps(name))
            plain.envelope.headers.emplace_back(lower(name), value);
    plain.envelope.body = sample.body;
    if (plain.envelope.topic.empty()) {  // refused for its key alone: the topic can be read
        auto body = connectors::read_document(sample.body, channel.connector->config.format);
        if (!body)
            body = connectors::read_json("null");
        const mapping::MappingContext context{.document = *body, .headers = plain.envelope.headers};
        if (const auto topic = channel.connector->topic->text(context); topic && *topic) {
            plain.envelope.topic = **topic;
        } else {
            trial.failure = {"identify", std::move(refused)};
            return std::nullopt;
        }
    }
    return plain;
}

std::string why_filtered(const Channel& channel, const std::string& topic)
{
    const auto& topics = channel.connector->topics;
    if (topics.contains(topic))
        return "filtered: the channel does not want the topic `" + topic + "`: it is not among its `topics:`";
    return "filtered: the connector does not know the topic `" + topic + "` (" +
           near_or_all(topic, topics | std::views::keys) + ")";
}

void explain(const Event& event, const Decoded& decoded, mapping::Explain what, Trial& trial)
{
    EventContext context(event, *decoded.document, decoded.root);
    std::optional<mapping::MissedWord> missed;
    context.seen.missed = &missed;
    for (const auto& mapping : decoded.topic->mappings)
        for (auto& explained : mapping->explain(context.seen, what)) {
            for (auto& failure : explained.failures)
                trial.all.push_back({"map", std::move(failure)});
            if (what.trace)
                trial.traces.push_back({std::move(explained.slot), std::move(explained.fields)});
        }
}

void work_on(Event& event, mapping::Explain what, Trial& trial);

/// What becomes of a batch: of each item what would become of it alone.
void take_apart(const Event& event, const Decoded& decoded, mapping::Explain what, Trial& trial)
{
    auto to_the_door = unfold(event, decoded);
    auto arrived = to_the_door ? unfolded(*event.channel, to_the_door->transaction.json)
                               : Result<std::vector<Envelope>>(std::unexpected(to_the_door.error()));
    if (!arrived) {
        trial.failure = {"decode", std::move(arrived.error())};
        return;
    }
    std::size_t place = 0;
    for (Envelope& envelope : *arrived) {
        Trial of_item;
        std::erase_if(envelope.headers, [](const auto& header) { return header.first == wrong_item_header; });
        auto identified = identify(*event.channel, std::move(envelope));
        if (!identified) {
            trial.failure = {"identify", std::move(identified.error().failure)};
            return;
        }
        Event item;
        item.channel = event.channel;
        item.envelope = std::move(identified->envelope);
        item.envelope.event = *EventId::parse(no_uuid);
        work_on(item, what, of_item);
        ++place;
        std::ranges::move(of_item.made, std::back_inserter(trial.made));
        std::ranges::move(of_item.all, std::back_inserter(trial.all));
        std::ranges::move(of_item.traces, std::back_inserter(trial.traces));
        for (auto& note : of_item.notes)
            trial.notes.push_back("item " + std::to_string(place) + ": " + note);
        if (of_item.failure && !trial.failure) {
            trial.failure = std::move(of_item.failure);
            trial.failure->failure.detail = "item " + std::to_string(place) + ": " + trial.failure->failure.detail;
        }
    }
    if (arrived->empty())
        trial.notes.emplace_back("filtered: the batch has no item");
}

void work_on(Event& event, mapping::Explain what, Trial& trial)
{
    const Channel& channel = *event.channel;
    auto decoded = decode(event);
    if (!decoded) {
        trial.failure = {"decode", std::move(decoded.error())};
        return;
    }
    trial.wanted = decoded->topic != nullptr;
    if (!trial.wanted) {
        trial.notes.push_back(why_filtered(channel, event.envelope.topic));
        return;
    }
    if (decoded->topic->split && event.envelope.intake.empty())
        return take_apart(event, *decoded, what, trial);
    if (decoded->nothing_at_document)
        trial.notes.push_back("`document: " + channel.connector->config.document.text +
                              "` is null in this body, so mappings start at the body itself");
    if (what.all || what.trace)
        explain(event, *decoded, what, trial);
    for (const auto& mapping : decoded->topic->mappings) {
        Topic alone;
        alone.mappings = {mapping};
        std::optional<mapping::MissedWord> missed;
        auto mapped =
            map(event, {.document = decoded->document, .root = decoded->root, .topic = &alone}, nullptr, &missed);
        if (!mapped) {
            trial.failure = {"map", std::move(mapped.error())};
            trial.made.clear();  // the event as a whole becomes a letter
            return;
        }
        for (auto& transaction : *mapped)
            trial.made.push_back({mapping->name(), std::move(transaction)});
    }
    if (trial.made.empty())
        trial.notes.push_back(decoded->topic->mappings.empty()
                                  ? "filtered: the topic `" + event.envelope.topic + "` has no mappings"
                                  : "filtered: no mapping of the topic `" + event.envelope.topic +
                                        "` makes a transaction of this document; their `when` does not hold");
}

}  // namespace

Trial try_out(const Channel& channel, const Sample& sample, mapping::Explain what)
{
    Trial trial;
    auto found = identified(channel, sample, trial);
    if (!found)
        return trial;
    Event event;
    event.channel = &channel;
    event.envelope = std::move(found->envelope);
    event.document = std::move(found->document);
    event.envelope.event = *EventId::parse(no_uuid);
    event.envelope.received_at = arrival();
    work_on(event, what, trial);
    trial.envelope = event.envelope;
    return trial;
}

Headers with_sent_headers(const connectors::ConnectorConfig& connector, const std::string& topic, Headers given)
{
    for (const auto& header : connector.send.headers) {
        if (std::ranges::any_of(given,
                                [&](const auto& own) { return net::same_ignoring_case(own.first, header.name); }))
            continue;
        std::string value = header.value;
        replace(value, "{topic}", topic);
        replace(value, "{uuid}", no_uuid);
        replace(value, "{now}", always);
        given.emplace_back(header.name, std::move(value));
    }
    return given;
}

Problem problem_of(const Failure& failure)
{
    Problem problem{failure.where.config, 0, 0, failure.code, failure.detail, {}};
    const std::string& where = failure.where.config;
    const auto column = where.rfind(':');
    const auto line = column == std::string::npos || column == 0 ? column : where.rfind(':', column - 1);
    if (line == std::string::npos)
        return problem;
    problem.file = where.substr(0, line);
    std::from_chars(where.data() + line + 1, where.data() + column, problem.line);
    std::from_chars(where.data() + column + 1, where.data() + where.size(), problem.column);
    return problem;
}

std::string text_of(const StageFailure& failed)
{
    const Failure& failure = failed.failure;
    std::string text = failure.where.config.empty() ? failed.stage + ": " + failure.code + ": " + failure.detail
                                                    : with_source(problem_of(failure));
    if (!failure.where.document.empty())
        text += "\n    in the document: " + failure.where.document;
    return text;
}

std::string text_of(const Trace& trace)
{
    std::string text = trace.place + "\n";
    for (const auto& field : trace.fields) {
        text += "  " + field.field + " <- ";
        if (field.sources.empty())
            text += field.expression.empty() ? "a constant" : "`" + field.expression + "`";
        for (const auto& source : field.sources)
            text += (&source == &field.sources.front() ? "" : ", ") + (source.empty() ? "the document" : source);
        text += " <- " + field.config + "\n";
    }
    return text;
}

std::string json_of(const Trace& trace)
{
    std::string out = R"({"place":)";
    mapping::append_json_string(out, trace.place);
    out += ",\"trace\":[";
    for (const auto& field : trace.fields) {
        out += &field == &trace.fields.front() ? R"({"field":)" : R"(,{"field":)";
        mapping::append_json_string(out, field.field);
        out += ",\"sources\":[";
        for (const auto& source : field.sources) {
            out += &source == &field.sources.front() ? "" : ",";
            mapping::append_json_string(out, source);
        }
        out += "],\"expression\":";
        mapping::append_json_string(out, field.expression);
        out += ",\"config\":";
        mapping::append_json_string(out, field.config);
        out += '}';
    }
    return out + "]}";
}

std::string text_of(const Warning& warning)
{
    return warning.config + ": " + warning.code + ": " + warning.path +
           (warning.vocabulary.empty() ? "" : " (vocabulary " + warning.vocabulary + ")");
}

std::string text_of(const Transaction& transaction)
{
    std::string out = "{";
    const auto add = [&](std::string_view name, std::string_view value) {
        if (out.size() > 1)
            out += ',';
        mapping::append_json_string(out, name);
        out += ':';
        mapping::append_json_string(out, value);
    };
    add("type", transaction.type);
    add("entity", transaction.entity);
    add("id", transaction.id);
    if (const auto version = text_of(transaction.version))
        add("version", *version);
    if (!transaction.parents.empty())
        add("depends_on", text_of(transaction.parents));
    add("place", transaction.slot.text());
    return out + ",\"fields\":" + transaction.json + "}";
}

std::string json_of(const Made& made)
{
    std::string out = R"({"mapping":)";
    mapping::append_json_string(out, made.mapping);
    return out + "," + text_of(made.transaction).substr(1);
}

std::string text_of(const std::vector<Parent>& parents)
{
    std::string text;
    for (const Parent& parent : parents)
        text += (text.empty() ? "" : ", ") + parent.type + " " + parent.entity;
    return text;
}

std::optional<std::string> text_of(const Version& version)
{
    if (version.kind == Version::Kind::none)
        return std::nullopt;
    if (version.kind == Version::Kind::once)
        return "once";
    std::string text = version.text;
    if (version.kind == Version::Kind::time)  // nine digits of a second sort well and read badly
        if (const auto dot = text.find('.'); dot != std::string::npos) {
            text.pop_back();  // Z
            text.resize(text.find_last_not_of('0') + 1);
            if (text.ends_with('.'))
                text.pop_back();
            text += 'Z';
        }
    return text;
}

}  // namespace headgate::gateway
