#include "gateway/admin_api.hpp"

#include <map>

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
    else if (failure.code == "bad_cursor" || failure.code == "bad_limit")
        status = 400;
    return reply(status, json::object{{"error", failure.code}, {"detail", failure.detail}});
}

net::Response not_found(std::string_view what)
{
    return reply(404, json::object{{"error", "not_found"}, {"detail", what}});
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
        response.body = with_.metrics.expose();
        co_return response;
    }
    if (!request.path.starts_with("/api/v1/"))
        co_return not_found("there is /livez, /readyz, /metrics and /api/v1/");
    const auto authorization = request.field("authorization").value_or("");
    if (request.count("authorization") != 1 || !same_bytes(authorization, "Bearer " + with_.token)) {
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
    const bool get = request.method == "GET";
    const auto id = EventId::parse(id_text);

    if (collection == "verify" && get && rest.empty())
        co_return co_await verify();
    if (collection == "events" && get && rest.empty())
        co_return co_await events(request.query);
    if (collection == "dlq" && get && rest.empty())
        co_return co_await letters();
    if ((collection == "events" || collection == "dlq") && !rest.empty() && !id)
        co_return reply(400, json::object{{"error", "bad_event_id"}, {"detail", "an event id is a UUID"}});
    if (collection == "events" && get && id && verb.empty())
        co_return co_await event(*id);
    if (collection == "events" && get && id && verb == "raw")
        co_return co_await event_raw(*id);
    if (collection == "dlq" && get && id && verb.empty())
        co_return co_await letter(*id);
    if (collection == "dlq" && request.method == "POST" && id && verb == "replay")
        co_return co_await replay(*id);
    co_return not_found("no such resource, or not by this method");
}

asio::awaitable<net::Response> AdminApi::events(std::string_view query)
{
    observability::HistoryFilter filter;
    const std::string text(query);  // a target without a query has a view of nothing
    const auto parsed = boost::urls::parse_query(text);
    if (!parsed)
        co_return reply(400, json::object{{"error", "bad_query"}});
    for (const auto parameter : *parsed) {
        const std::string name = parameter.key.decode();
        const std::string value = parameter.value.decode();
        if (name == "state")
            filter.state = value;
        else if (name == "channel")
            filter.channel = value;
        else if (name == "source")
            filter.source = value;
        else if (name == "entity")
            filter.entity = value;
        else if (name == "cursor")
            filter.cursor = value;
        else if (name == "limit")
            filter.limit = static_cast<std::size_t>(std::strtoul(value.c_str(), nullptr, 10));
        else
            co_return reply(400, json::object{{"error", "unknown_parameter"}, {"detail", name}});
    }
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

asio::awaitable<net::Response> AdminApi::letters()
{
    json::array rows;
    std::optional<retry::LetterCursor> cursor = retry::LetterCursor{};
    while (cursor && rows.size() < 1000) {
        auto page = co_await letters_->list(*cursor, 100);
        if (!page)
            co_return failed(page.error());
        for (const auto& letter : page->letters)
            rows.push_back(letter_json(letter));
        cursor = page->next;
    }
    co_return reply(200, json::object{{"letters", std::move(rows)}, {"more", cursor.has_value()}});
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

asio::awaitable<net::Response> AdminApi::verify()
{
    const auto tallies = co_await retry::tally_all(*redis_, with_.scripts);
    if (!tallies)
        co_return failed(tallies.error());
    const auto findings = co_await retry::verify(*redis_, with_.scripts);
    if (!findings)
        co_return failed(findings.error());
    std::int64_t accepted = 0, applied = 0, suppressed = 0, discarded = 0, waiting = 0, dead = 0, frames = 0;
    for (const auto& tally : *tallies) {
        accepted += tally.accepted;
        applied += tally.applied;
        suppressed += tally.suppressed;
        discarded += tally.discarded;
        waiting += tally.backlog + tally.open - tally.dead;
        dead += tally.dead;
        frames += tally.frames;
    }
    json::array list;
    for (const auto& finding : *findings)
        list.push_back(json::object{{"code", finding.code}, {"partition", finding.partition}, {"text", finding.text}});
    co_return reply(200, json::object{{"accepted", accepted},
                                      {"applied", applied},
                                      {"suppressed", suppressed},
                                      {"discarded", discarded},
                                      {"waiting", waiting},
                                      {"dead", dead},
                                      {"unaccounted", retry::unaccounted(*tallies)},
                                      {"frames", frames},
                                      {"findings", std::move(list)}});
}

}  // namespace headgate::gateway
