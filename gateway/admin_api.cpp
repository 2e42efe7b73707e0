#include "gateway/admin_api.hpp"

#include <algorithm>
#include <charconv>
#include <map>

#include <fmt/format.h>
#include <boost/json.hpp>
#include <boost/url/parse_query.hpp>

#include "core/time.hpp"
#include "gateway/stages/finish.hpp"
#include "retry/keys.hpp"
#include "retry/tally.hpp"

namespace headgate::gateway {

namespace {

namespace json = boost::json;

net::Response reply(int status, const json::value& body)
{
    net::Response response;
    response.status = status;
    response.content_type = "application/json";
    response.body = json::serialize(body) + "\n";
    return response;
}

net::Response failed(const Failure& failure)
{
    int status = 500;
    if (failure.failure_class == FailureClass::transient || failure.failure_class == FailureClass::unknown_outcome)
        status = 503;
    else if (failure.code == "bad_cursor" || failure.code == "bad_limit" || failure.code == "bad_query" ||
             failure.code == "unknown_parameter")
        status = 400;
    return reply(status, json::object{{"error", failure.code}, {"detail", failure.detail}});
}

net::Response not_found(std::string_view what)
{
    return reply(404, json::object{{"error", "not_found"}, {"detail", what}});
}

net::Response wrong_method(std::string_view allowed)
{
    auto refused =
        reply(405, json::object{{"error", "wrong_method"}, {"detail", "this resource is for " + std::string(allowed)}});
    refused.fields.emplace_back("Allow", allowed);
    return refused;
}

/// The token of `Bearer TOKEN`, whose scheme has no case (RFC 9110 11.1); empty when it is another.
std::string_view bearer(std::string_view authorization)
{
    constexpr std::string_view scheme = "bearer ";
    if (authorization.size() < scheme.size())
        return {};
    for (std::size_t i = 0; i < scheme.size(); ++i)
        if ((authorization[i] | 0x20) != scheme[i])
            return {};
    return authorization.substr(scheme.size());
}

using Parameters = std::map<std::string, std::string, std::less<>>;

/// The query's parameters, each at most once and of these names.
Result<Parameters> parameters(std::string_view query, std::initializer_list<std::string_view> names)
{
    const std::string text(query);  // a target without a query has a view of nothing
    const auto parsed = boost::urls::parse_query(text);
    if (!parsed)
        return fail(FailureClass::permanent, "bad_query", "the query is not percent-encoded name=value pairs");
    Parameters given;
    for (const auto parameter : *parsed) {
        std::string name = parameter.key.decode();
        if (std::ranges::find(names, name) == names.end())
            return fail(FailureClass::permanent, "unknown_parameter",
                        names.size() == 0 ? name + ": there are no parameters here"
                                          : fmt::format("{}: there is {}", name, fmt::join(names, ", ")));
        if (!given.emplace(name, parameter.value.decode()).second)
            return fail(FailureClass::permanent, "bad_query", name + " is given twice");
    }
    return given;
}

Result<std::size_t> limit_of(const Parameters& given, std::size_t otherwise)
{
    const auto found = given.find("limit");
    if (found == given.end() || found->second.empty())
        return otherwise;
    std::size_t limit = 0;
    const auto& text = found->second;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), limit);
    if (error != std::errc{} || end != text.data() + text.size() || limit < 1 || limit > 1000)
        return fail(FailureClass::permanent, "bad_limit", "a page has 1 to 1000 rows");
    return limit;
}

std::string text_of(const retry::LetterCursor& cursor)
{
    return fmt::format("{}.{}.{}", cursor.partition, cursor.after ? cursor.after->text() : "",
                       cursor.at.time_since_epoch().count());
}

/// Back from `text_of`; the start for "", nothing for what is no cursor.
std::optional<retry::LetterCursor> letter_cursor(std::string_view text)
{
    if (text.empty())
        return retry::LetterCursor{};
    retry::LetterCursor cursor;
    const auto first = text.find('.');
    const auto last = text.rfind('.');
    if (first == last)
        return std::nullopt;
    const auto number = [](std::string_view digits, auto& out) {
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out);
        return error == std::errc{} && end == digits.data() + digits.size();
    };
    std::int64_t at = 0;
    const auto after = text.substr(first + 1, last - first - 1);
    cursor.after = EventId::parse(after);
    if (!number(text.substr(0, first), cursor.partition) || cursor.partition >= partition_count ||
        !number(text.substr(last + 1), at) || (!cursor.after && !after.empty()))
        return std::nullopt;
    cursor.at = std::chrono::sys_time<std::chrono::milliseconds>(std::chrono::milliseconds(at));
    return cursor;
}

template <class Clock, class Unit>
std::string time_text(std::chrono::time_point<Clock, Unit> at)
{
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(at.time_since_epoch()).count();
    Timestamp time;
    time.seconds = ms / 1000;
    time.nanos = static_cast<std::uint32_t>(ms % 1000) * 1'000'000U;
    return text_of(time);
}

json::object row_json(const observability::HistoryRow& row)
{
    json::object out{{"event", row.event.text()},
                     {"state", row.state},
                     {"reason", row.reason},
                     {"channel", row.channel},
                     {"source", row.source},
                     {"topic", row.topic},
                     {"entity", row.entity},
                     {"order_number", row.order_number},
                     {"seq", row.seq},
                     {"round", row.round}};
    out["received_at"] = time_text(row.received_at);
    out["finished_at"] = time_text(row.finished_at);
    return out;
}

json::object letter_json(const retry::Letter& letter)
{
    return {{"event", letter.event.text()},
            {"at", time_text(letter.at)},
            {"stage", letter.stage},
            {"class", name_of(letter.failure_class)},
            {"code", letter.code},
            {"detail", letter.excerpt},
            {"where", letter.where.document},
            {"config", letter.where.config},
            {"cause", letter.cause},
            {"queue", letter.queue},
            {"attempts", letter.attempts},
            {"round", letter.round},
            {"seq", letter.seq}};
}

json::object envelope_json(const Envelope& envelope)
{
    json::object headers;
    for (const auto& [name, value] : envelope.headers)
        headers[name] = value;
    return {{"event", envelope.event.text()},
            {"channel", envelope.channel},
            {"source", envelope.source},
            {"topic", envelope.topic},
            {"idempotency_key", envelope.idempotency_key},
            {"order_key", envelope.order_key},
            {"conflict_of", envelope.conflict_of},
            {"received_at", time_text(envelope.received_at)},
            {"headers", std::move(headers)}};
}

}  // namespace

AdminApi::AdminApi(Dependencies dependencies) : with_(std::move(dependencies)) {}

void AdminApi::connected(net::Redis& redis)
{
    redis_ = &redis;
    letters_.emplace(redis, with_.scripts);
}

asio::awaitable<net::Response> AdminApi::answer(net::Request& request)
{
    const bool open = request.path == "/livez" || request.path == "/readyz" || request.path == "/metrics";
    if (open && request.method != "GET" && request.method != "HEAD")
        co_return wrong_method("GET, HEAD");
    if (request.path == "/livez")
        co_return reply(200, json::object{{"live", true}});
    if (request.path == "/readyz") {
        net::Response response;
        response.status = with_.health.ready() ? 200 : 503;
        response.content_type = "application/json";
        response.body = with_.health.json() + "\n";
        co_return response;
    }
    if (request.path == "/metrics") {
        net::Response response;
        response.content_type = "text/plain; version=0.0.4; charset=utf-8";
        with_.metrics.publish_unmapped();
        response.body = with_.metrics.registry.expose();
        co_return response;
    }
    if (!request.path.starts_with("/api/v1/"))
        co_return not_found("there is /livez, /readyz, /metrics and /api/v1/");
    if (request.count("authorization") != 1 || !same_bytes(bearer(*request.field("authorization")), with_.token)) {
        auto refused =
            reply(401, json::object{{"error", "token_wrong"}, {"detail", "the admin token is wanted as bearer"}});
        refused.fields.emplace_back("WWW-Authenticate", "Bearer");
        co_return refused;
    }
    if (redis_ == nullptr)
        co_return reply(503, json::object{{"error", "starting"}, {"detail", "not everything is up yet, see /readyz"}});
    co_return co_await api(request);
}

asio::awaitable<net::Response> AdminApi::api(net::Request& request)
{
    std::string_view path = request.path;
    path.remove_prefix(std::string_view("/api/v1/").size());
    const auto slash = path.find('/');
    const auto collection = path.substr(0, slash);
    std::string_view rest = slash == std::string_view::npos ? std::string_view{} : path.substr(slash + 1);
    const auto second = rest.find('/');
    const auto id_text = rest.substr(0, second);
    const auto verb = second == std::string_view::npos ? std::string_view{} : rest.substr(second + 1);
    const bool events_here = collection == "events" && (verb.empty() || verb == "raw");
    const bool letters_here = collection == "dlq" && (verb.empty() || verb == "replay");
    const bool alone_here = (collection == "verify" || collection == "unmapped") && rest.empty();
    if (!events_here && !letters_here && !alone_here)
        co_return not_found(
            "there is events, events/ID, events/ID/raw, dlq, dlq/ID, dlq/ID/replay, unmapped and verify");
    const auto id = EventId::parse(id_text);
    if (!rest.empty() && !id)
        co_return reply(400, json::object{{"error", "bad_event_id"}, {"detail", "an event id is a UUID"}});
    const std::string_view method = verb == "replay" ? "POST" : "GET";
    if (request.method != method)
        co_return wrong_method(method);

    if (collection == "verify")
        co_return co_await verify(request.query);
    if (collection == "unmapped")
        co_return unmapped(request.query);
    if (collection == "events" && rest.empty())
        co_return co_await events(request.query);
    if (collection == "dlq" && rest.empty())
        co_return co_await letters(request.query);
    if (const auto none = parameters(request.query, {}); !none)
        co_return failed(none.error());
    if (verb == "raw")
        co_return co_await event_raw(*id);
    if (verb == "replay")
        co_return co_await replay(*id);
    if (collection == "events")
        co_return co_await event(*id);
    co_return co_await letter(*id);
}

asio::awaitable<net::Response> AdminApi::events(std::string_view query)
{
    observability::HistoryFilter filter;
    auto given = parameters(query, {"state", "channel", "source", "entity", "cursor", "limit"});
    if (!given)
        co_return failed(given.error());
    filter.state = (*given)["state"];
    filter.channel = (*given)["channel"];
    filter.source = (*given)["source"];
    filter.entity = (*given)["entity"];
    filter.cursor = (*given)["cursor"];
    const auto limit = limit_of(*given, filter.limit);
    if (!limit)
        co_return failed(limit.error());
    filter.limit = *limit;
    const auto page = with_.history.list(filter);
    if (!page)
        co_return failed(page.error());
    json::array rows;
    for (const auto& row : page->rows)
        rows.push_back(row_json(row));
    co_return reply(200, json::object{{"events", std::move(rows)}, {"next", page->next}});
}

/// The envelope as accepted: from history, else from Redis; empty when neither has it.
asio::awaitable<Result<std::string>> AdminApi::stored(EventId id)
{
    const auto kept = with_.history.raw(id);
    if (!kept)
        co_return std::unexpected(kept.error());
    if (*kept && !(*kept)->empty())
        co_return **kept;
    std::vector<std::string> get{"GET", retry::event_key("b", id)};
    auto found = co_await redis_->command(std::move(get));
    if (!found)
        co_return std::unexpected(std::move(found.error()));
    co_return std::move(found->text);
}

asio::awaitable<net::Response> AdminApi::event(EventId id)
{
    const auto row = with_.history.show(id);
    if (!row)
        co_return failed(row.error());
    auto bytes = co_await stored(id);
    if (!bytes)
        co_return failed(bytes.error());
    if (!*row && bytes->empty())
        co_return not_found("no such event");
    json::object out = *row ? row_json(**row) : json::object{{"event", id.text()}, {"state", "waiting"}};
    if (*row && !(*row)->timeline.empty()) {
        boost::system::error_code error;
        auto timeline = json::parse((*row)->timeline, error);
        if (!error)
            out["timeline"] = std::move(timeline);
    }
    if (!bytes->empty())
        if (const auto envelope = decode_envelope_head(*bytes))
            out["envelope"] = envelope_json(*envelope);
    co_return reply(200, out);
}

asio::awaitable<net::Response> AdminApi::event_raw(EventId id)
{
    const auto bytes = co_await stored(id);
    if (!bytes)
        co_return failed(bytes.error());
    if (bytes->empty())
        co_return not_found("no such event");
    auto envelope = decode_envelope(*bytes);
    if (!envelope)
        co_return failed(envelope.error());
    net::Response response;
    response.content_type = "application/octet-stream";
    response.body = std::move(envelope->body);
    co_return response;
}

asio::awaitable<net::Response> AdminApi::letters(std::string_view query)
{
    auto given = parameters(query, {"cursor", "limit"});
    if (!given)
        co_return failed(given.error());
    const auto limit = limit_of(*given, 100);
    if (!limit)
        co_return failed(limit.error());
    auto cursor = letter_cursor((*given)["cursor"]);
    if (!cursor)
        co_return failed({FailureClass::permanent, "bad_cursor", "this is no cursor of a page of letters", {}});
    json::array rows;
    while (cursor && rows.size() < *limit) {
        auto page = co_await letters_->list(*cursor, std::min<std::size_t>(100, *limit - rows.size()));
        if (!page)
            co_return failed(page.error());
        for (const auto& letter : page->letters)
            rows.push_back(letter_json(letter));
        cursor = page->next;
    }
    co_return reply(200, json::object{{"letters", std::move(rows)}, {"next", cursor ? text_of(*cursor) : ""}});
}

/// Since this process began.
net::Response AdminApi::unmapped(std::string_view query) const
{
    if (const auto none = parameters(query, {}); !none)
        return failed(none.error());
    json::array tables;
    for (const auto& table : with_.metrics.unmapped.list()) {
        json::array words;
        for (const auto& [word, count] : table.words)
            words.push_back(json::object{{"word", word}, {"count", count}});
        const auto* known = with_.configuration.vocabularies.find(table.vocabulary);
        tables.push_back(json::object{{"vocabulary", table.vocabulary},
                                      {"version", known == nullptr ? "" : known->version},
                                      {"total", table.total},
                                      {"others", table.others},
                                      {"words", std::move(words)}});
    }
    return reply(200, json::object{{"vocabularies", std::move(tables)}});
}

asio::awaitable<net::Response> AdminApi::letter(EventId id)
{
    const auto found = co_await letters_->show(id);
    if (!found)
        co_return failed(found.error());
    if (!*found)
        co_return not_found("no such dead letter");
    auto out = letter_json(**found);
    const auto bytes = co_await stored(id);
    if (bytes && !bytes->empty())
        if (const auto envelope = decode_envelope_head(*bytes))
            out["envelope"] = envelope_json(*envelope);
    co_return reply(200, out);
}

asio::awaitable<net::Response> AdminApi::replay(EventId id)
{
    const auto found = co_await letters_->show(id);
    if (!found)
        co_return failed(found.error());
    if (!*found)
        co_return not_found("no such dead letter; it may have been replayed already");
    retry::Readmission readmission;
    readmission.event = id;
    readmission.round = (*found)->round;
    readmission.frame = readmission_frame("admin", std::chrono::system_clock::now());
    auto again = readmission;
    auto done = co_await letters_->readmit(std::move(again));
    if (done && done->answer == retry::Readmitted::Answer::body_in_history) {
        auto bytes = co_await stored(id);
        if (!bytes)
            co_return failed(bytes.error());
        if (bytes->empty())
            co_return reply(409, json::object{{"error", "body_missing"},
                                              {"detail", "neither Redis nor history has this event's body any more"}});
        readmission.envelope = std::move(*bytes);
        done = co_await letters_->readmit(std::move(readmission));
    }
    if (!done) {
        if (done.error().failure_class == FailureClass::unknown_outcome)
            with_.perhaps_readmitted();
        co_return failed(done.error());
    }
    if (done->answer != retry::Readmitted::Answer::readmitted)
        co_return reply(
            409, json::object{{"error", "letter_changed"}, {"detail", "the letter is gone or has died again since"}});
    with_.readmitted(done->partition, done->seq);
    with_.log.info("a dead letter was replayed",
                   observability::LogLine{}.field("event", id.text()).field("seq", done->seq).field("who", "admin"));
    co_return reply(200, json::object{{"event", id.text()}, {"state", "waiting"}, {"seq", done->seq}});
}

asio::awaitable<net::Response> AdminApi::verify(std::string_view query)
{
    if (const auto none = parameters(query, {}); !none)
        co_return failed(none.error());
    const auto tallies = co_await retry::tally_all(*redis_, with_.scripts);
    if (!tallies)
        co_return failed(tallies.error());
    const auto findings = co_await retry::verify(*redis_, with_.scripts);
    if (!findings)
        co_return failed(findings.error());
    const auto all = retry::total(*tallies);
    json::array list;
    for (const auto& finding : *findings)
        list.push_back(json::object{{"code", finding.code}, {"partition", finding.partition}, {"text", finding.text}});
    co_return reply(200, json::object{{"accepted", all.accepted},
                                      {"applied", all.applied},
                                      {"suppressed", all.suppressed},
                                      {"discarded", all.discarded},
                                      {"waiting", all.waiting()},
                                      {"dead", all.dead},
                                      {"unaccounted", retry::unaccounted(*tallies)},
                                      {"frames", all.frames},
                                      {"findings", std::move(list)}});
}

}  // namespace headgate::gateway
