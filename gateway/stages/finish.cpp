#include "gateway/stages/finish.hpp"

#include <algorithm>
#include <vector>

#include <boost/json.hpp>

#include "gateway/systems/guarded_system.hpp"

namespace headgate::gateway {

namespace {

namespace json = boost::json;

std::int64_t ms_of(std::chrono::system_clock::time_point at)
{
    return std::chrono::duration_cast<std::chrono::milliseconds>(at.time_since_epoch()).count();
}

std::string_view outcome_name(Applied::Outcome outcome)
{
    switch (outcome) {
    case Applied::Outcome::applied: return "applied";
    case Applied::Outcome::adopted: return "adopted";
    case Applied::Outcome::repeated: return "repeated";
    case Applied::Outcome::stale: return "stale";
    }
    std::unreachable();
}

bool is_applied(Applied::Outcome outcome)
{
    return outcome == Applied::Outcome::applied || outcome == Applied::Outcome::adopted;
}

/// The number people know the document by; only for display.
std::string order_number_of(const std::string& transaction)
{
    static constexpr std::string_view key = "\"order_number\":\"";
    const auto at = transaction.find(key);
    if (at == std::string::npos)
        return {};
    const auto start = at + key.size();
    const auto end = transaction.find('"', start);
    return end == std::string::npos || end - start > 64 ? std::string{} : transaction.substr(start, end - start);
}

/// What the mapping warned of, once each; a frame stays small whatever a document holds.
void put_warnings(const Job& job, json::object& frame)
{
    constexpr std::size_t most = 20;
    std::vector<Warning> warnings;
    std::size_t more = 0;
    for (const auto& attempt : job.attempts) {
        for (const Warning& warning : attempt->delivery.transaction.warnings) {
            if (std::ranges::find(warnings, warning) != warnings.end())
                continue;  // one transaction is delivered to several systems
            if (warnings.size() < most)
                warnings.push_back(warning);
            else
                ++more;
        }
    }
    if (warnings.empty())
        return;
    json::array list;
    for (const Warning& warning : warnings) {
        json::object each{{"code", warning.code}, {"field", warning.path}, {"config", warning.config}};
        if (!warning.vocabulary.empty())
            each["vocabulary"] = warning.vocabulary;
        list.push_back(std::move(each));
    }
    frame["warnings"] = std::move(list);
    if (more > 0)
        frame["warnings_left_out"] = more;
}

json::object frame_of(const Job& job, std::string_view state, std::string_view reason,
                      std::chrono::system_clock::time_point now)
{
    json::object frame;
    frame["state"] = state;
    frame["seq"] = job.event.seq;
    frame["finished"] = ms_of(now);
    if (!reason.empty())
        frame["reason"] = reason;
    if (!job.event.envelope.conflict_of.empty())
        frame["conflict_of"] = job.event.envelope.conflict_of;
    if (!job.attempts.empty()) {
        const auto& transaction = job.attempts.front()->delivery.transaction;
        frame["entity"] = transaction.entity;
        if (auto number = order_number_of(transaction.json); !number.empty())
            frame["order_number"] = number;
    }
    json::array deliveries;
    for (const auto& attempt : job.attempts) {
        json::object delivery;
        delivery["system"] = attempt->system;
        delivery["type"] = attempt->delivery.transaction.type;
        delivery["entity"] = attempt->delivery.transaction.entity;
        delivery["effect_key"] = attempt->delivery.effect_key.text();
        delivery["attempts"] = attempt->attempts;
        if (attempt->outcome && attempt->outcome->has_value()) {
            delivery["outcome"] = outcome_name((**attempt->outcome).outcome);
            delivery["target"] = (**attempt->outcome).target_id;
        } else if (attempt->outcome) {
            delivery["outcome"] = "failed";
            delivery["code"] = attempt->outcome->error().code;
        }
        deliveries.push_back(std::move(delivery));
    }
    frame["deliveries"] = std::move(deliveries);
    put_warnings(job, frame);
    return frame;
}

}  // namespace

WellEnded finished(const Job& job, std::chrono::system_clock::time_point now)
{
    WellEnded ended;
    retry::Finished& done = ended.redis;
    done.partition = job.event.partition;
    done.event = job.event.envelope.event;
    done.seq = job.event.seq;
    std::string reason = job.reason;
    for (const auto& attempt : job.attempts) {
        const Applied& applied = **attempt->outcome;
        if (!is_applied(applied.outcome)) {
            ++done.deliveries_suppressed;
            reason = outcome_name(applied.outcome);
            continue;
        }
        ++done.deliveries_applied;
        retry::GuardWrite write{fact_of(attempt->system, attempt->delivery), telling_of(attempt->delivery)};
        write.guard.target_id = applied.target_id;
        done.guards.push_back(std::move(write));
    }
    const bool applied = done.deliveries_applied > 0;
    done.as = applied ? retry::Finished::As::applied : retry::Finished::As::suppressed;
    if (!applied)
        ended.reason = std::move(reason);
    done.frame = json::serialize(frame_of(job, applied ? "applied" : "suppressed", ended.reason, now));
    return ended;
}

retry::Burial burial(const Job& job, std::string_view stage, const Failure& failure, std::uint64_t generation,
                     std::chrono::system_clock::time_point now)
{
    retry::Burial burial;
    burial.seq = job.event.seq;
    retry::Letter& letter = burial.letter;
    letter.event = job.event.envelope.event;
    letter.partition = job.event.partition;
    letter.stage = stage;
    letter.failure_class = failure.failure_class;
    letter.code = failure.code;
    letter.where = failure.where;
    letter.cause = std::string(stage) + "/" + failure.code + "/" + job.event.envelope.channel;
    letter.queue = "default";
    letter.config = generation;
    letter.excerpt = failure.detail;
    for (const auto& attempt : job.attempts)
        letter.attempts += attempt->attempts;

    json::object frame = frame_of(job, "dead", failure.code, now);
    frame["stage"] = stage;
    frame["detail"] = failure.detail;
    if (!failure.where.document.empty())
        frame["where"] = failure.where.document;
    if (!failure.where.config.empty())
        frame["config"] = failure.where.config;
    burial.frame = json::serialize(frame);
    return burial;
}

std::string readmission_frame(std::string_view who, std::chrono::system_clock::time_point now)
{
    json::object frame;
    frame["state"] = "waiting";
    frame["reason"] = "replayed";
    frame["who"] = who;
    frame["finished"] = ms_of(now);
    return json::serialize(frame);
}

Result<observability::HistoryRow> history_row(const retry::Frame& frame, std::string stored)
{
    boost::system::error_code error;
    const auto parsed = json::parse(frame.bytes, error);
    if (error || !parsed.is_object())
        return fail(FailureClass::permanent, "frame_unreadable", "an outcome frame is no JSON object");
    const auto& fields = parsed.as_object();
    const auto text = [&](std::string_view name) -> std::string {
        const auto* value = fields.if_contains(name);
        return value != nullptr && value->is_string() ? std::string(value->as_string()) : std::string{};
    };
    const auto number = [&](std::string_view name) -> std::int64_t {
        const auto* value = fields.if_contains(name);
        return value != nullptr && value->is_number() ? value->to_number<std::int64_t>(error) : 0;
    };
    observability::HistoryRow row;
    row.event = frame.event;
    row.round = static_cast<int>(frame.round);
    row.seq = static_cast<std::uint64_t>(number("seq"));
    row.state = text("state");
    row.reason = text("reason");
    row.entity = text("entity");
    row.order_number = text("order_number");
    row.finished_at = std::chrono::system_clock::time_point{std::chrono::milliseconds{number("finished")}};
    row.timeline = frame.bytes;
    if (!stored.empty()) {
        auto envelope = decode_envelope_head(stored);
        if (!envelope)
            return std::unexpected(std::move(envelope.error()));
        row.source = std::move(envelope->source);
        row.channel = std::move(envelope->channel);
        row.topic = std::move(envelope->topic);
        row.received_at = envelope->received_at;
        row.body = std::move(stored);
    }
    return row;
}

}  // namespace headgate::gateway
