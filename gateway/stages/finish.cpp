#include "gateway/stages/finish.hpp"

#include <algorithm>
#include <charconv>
#include <tuple>
#include <vector>

#include <boost/json.hpp>

#include "core/packed.hpp"
#include "gateway/letter.hpp"
#include "gateway/letter_id.hpp"
#include "gateway/missing.hpp"
#include "gateway/polled.hpp"
#include "gateway/searched_fields.hpp"
#include "gateway/stored_transaction.hpp"
#include "gateway/systems/guarded_system.hpp"
#include "retry/keys.hpp"

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
    case Applied::Outcome::unchanged: return "unchanged";
    case Applied::Outcome::stale: return "stale";
    case Applied::Outcome::expired: return "expired";
    case Applied::Outcome::split: return "split";
    case Applied::Outcome::fetched: return "fetched";
    }
    std::unreachable();
}

std::string_view outcome_name(retry::Outcome outcome)
{
    switch (outcome) {
    case retry::Outcome::applied: return "applied";
    case retry::Outcome::suppressed: return "suppressed";
    case retry::Outcome::retry: return "retry";
    case retry::Outcome::throttled: return "throttled";
    case retry::Outcome::park: return "parked";
    case retry::Outcome::hold: return "held";
    case retry::Outcome::unknown: return "unknown";
    case retry::Outcome::dead: return "dead";
    }
    std::unreachable();
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

json::object delivery_of(const Attempt& attempt)
{
    json::object delivery;
    delivery["system"] = attempt.system;
    delivery["type"] = attempt.delivery.transaction.type;
    delivery["entity"] = attempt.delivery.transaction.entity;
    delivery["effect_key"] = attempt.delivery.effect_key.text();
    delivery["attempts"] = attempt.attempts;
    if (attempt.applied) {
        delivery["outcome"] = outcome_name(attempt.applied->outcome);
        delivery["target"] = attempt.applied->target_id;
    } else if (attempt.standing) {
        const auto& telling = attempt.standing->telling;
        delivery["outcome"] = outcome_name(attempt.standing->outcome);
        delivery["code"] = telling.reason;
        if (!attempt.standing->detail.empty())
            delivery["detail"] = attempt.standing->detail;
        if (attempt.standing->outcome == retry::Outcome::park)
            delivery["for"] = missing_words(telling.what);
        if (!telling.rule.empty())
            delivery["rule"] = telling.rule;
        // A channel's pause has no end, and a time in the year 9999 would look like one.
        if (telling.at.time_since_epoch().count() > 0 && telling.reason != "channel_paused")
            delivery["until"] = telling.at.time_since_epoch().count();
    }
    return delivery;
}

/// What died on its way to its system, in full: history keeps it apart.
void put_made(const Attempt& attempt, json::object& frame)
{
    if (!attempt.standing || attempt.standing->outcome != retry::Outcome::dead)
        return;
    auto& made = frame["made"];
    if (made.is_null())
        made.emplace_array();
    made.get_array().push_back(json::string(text_of(StoredTransaction{attempt.system, attempt.delivery.transaction})));
}

json::object frame_of(const Job& job, std::string_view state, std::string_view reason,
                      std::chrono::system_clock::time_point now)
{
    json::object frame;
    frame["state"] = state;
    frame["seq"] = job.event.seq;
    if (job.replayed())
        frame["origin"] = job.event.origin_seq;
    frame["finished"] = ms_of(now);
    frame["generation"] = job.generation;
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
        deliveries.push_back(delivery_of(*attempt));
        put_made(*attempt, frame);
    }
    frame["deliveries"] = std::move(deliveries);
    put_warnings(job, frame);
    return frame;
}

/// The guard that a delivery which has ended well leaves.
retry::GuardWrite guard_of(const Attempt& attempt)
{
    retry::GuardWrite write{fact_of(attempt.system, attempt.delivery), telling_of(attempt.delivery)};
    write.guard.target_id = attempt.applied->target_id;
    return write;
}

/// How an attempt stands, whatever it came to.
Standing standing_now(const Attempt& attempt)
{
    if (!attempt.applied)
        return attempt.standing.value_or(Standing{});
    Standing standing;
    const bool applied = is_applied(attempt.applied->outcome);
    standing.outcome = applied ? retry::Outcome::applied : retry::Outcome::suppressed;
    standing.telling.maybe = false;
    standing.telling.target_id = attempt.applied->target_id;
    if (tells(attempt.applied->outcome))
        standing.telling.guards.push_back(guard_of(attempt));
    if (!applied)
        standing.telling.reason = outcome_name(attempt.applied->outcome);
    return standing;
}

/// What an event is in history after a frame.
std::string state_of(const retry::Frame& frame, std::string told)
{
    if (frame.ended)
        switch (*frame.ended) {
        case retry::Ended::applied: return "applied";
        case retry::Ended::suppressed: return "suppressed";
        case retry::Ended::discarded: return "discarded";
        }
    if (frame.delivery)
        return frame.waiting ? "waiting" : "dead";
    switch (frame.state) {
    case retry::FrameState::applied: return "applied";
    case retry::FrameState::suppressed: return "suppressed";
    case retry::FrameState::discarded: return "discarded";
    case retry::FrameState::dead: return "dead";
    default: return told;
    }
}

/// The place of a frame among those of its partition: "MS-N" as one number.
std::int64_t number_of_frame(std::string_view id)
{
    constexpr int bits = 20;  // of N: a million frames in one millisecond
    std::int64_t ms = 0, n = 0;
    const auto dash = std::min(id.find('-'), id.size());
    std::from_chars(id.data(), id.data() + dash, ms);
    if (dash < id.size())
        std::from_chars(id.data() + dash + 1, id.data() + id.size(), n);
    return (ms << bits) + n;
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
        if (tells(attempt->applied->outcome))
            done.guards.push_back(guard_of(*attempt));
        if (!is_applied(attempt->applied->outcome)) {
            ++done.deliveries_suppressed;
            reason = outcome_name(attempt->applied->outcome);
            continue;
        }
        ++done.deliveries_applied;
    }
    const bool applied = done.deliveries_applied > 0;
    done.as = applied ? retry::Finished::As::applied : retry::Finished::As::suppressed;
    if (!applied)
        ended.reason = std::move(reason);
    done.frame = json::serialize(frame_of(job, applied ? "applied" : "suppressed", ended.reason, now));
    return ended;
}

retry::Burial burial(const Job& job, const FailedAt& failed, const Configuration& configuration,
                     std::chrono::system_clock::time_point now)
{
    const Failure& failure = failed.failure;
    retry::Burial burial;
    burial.seq = job.event.seq;
    burial.maybe_sent = job.maybe_sent;
    burial.letter = letter_of(failed.stage, failure,
                              {.code = failure.code,
                               .channel = job.event.envelope.channel,
                               .type = failed.unmade.type,
                               .system = failed.imported ? failed.imported->system : std::string_view{}},
                              configuration, now);
    if (const auto& imported = failed.imported) {
        burial.letter.cause = imported->cause;
        burial.letter.attempts = imported->attempts;
        burial.maybe_sent = burial.maybe_sent || imported->maybe_sent;
        burial.who = imported->who;
    }
    burial.letter.entity = failed.unmade.entity;
    burial.letter.order_number = failed.unmade.order_number;
    burial.letter.fields = found_in(failed.unmade);
    burial.letter.event = job.event.envelope.event;
    burial.letter.partition = job.event.partition;
    burial.letter.config = job.generation;

    json::object frame = frame_of(job, "dead", failure.code, now);
    if (!failed.unmade.entity.empty())
        frame["entity"] = failed.unmade.entity;
    if (!failed.unmade.order_number.empty())
        frame["order_number"] = failed.unmade.order_number;
    frame["stage"] = failed.stage;
    frame["detail"] = failure.detail;
    if (!failure.where.document.empty())
        frame["where"] = failure.where.document;
    if (!failure.where.config.empty())
        frame["config"] = failure.where.config;
    if (failed.missed) {
        burial.word = awaited(*failed.missed, job.event.envelope.channel);
        frame["waits_for"] = "an entry of the vocabulary " + failed.missed->vocabulary;
    }
    if (failed.imported)
        frame["imported"] = json::parse(text_of(*failed.imported));
    burial.frame = json::serialize(frame);
    return burial;
}

namespace {

/// A cancellation, and a snapshot that is waited for newer ones with.
void say_what_it_replaces(const Job& job, const Attempt& attempt, retry::NewDelivery& placed)
{
    if (attempt.delivery.transaction.overtakes)
        placed.replaces = retry::Replaces::all;
    else if (attempt.coalesce != nullptr)
        placed.replaces = retry::Replaces::own_type;
    if (placed.replaces == retry::Replaces::nothing)
        return;
    for (const Parent& parent : attempt.delivery.transaction.parents) {
        const bool comes_along = std::ranges::any_of(job.attempts, [&](const auto& other) {
            return other->lane == attempt.lane && other->delivery.transaction.type == parent.type;
        });
        if (!comes_along)
            placed.parents.emplace_back(parent.type, fact_of(attempt.system, attempt.delivery.source, parent));
    }
}

}  // namespace

retry::Placement placement(const Job& job, std::chrono::system_clock::time_point now)
{
    retry::Placement placement;
    placement.partition = job.event.partition;
    placement.event = job.event.envelope.event;
    placement.seq = job.event.seq;
    placement.config = job.generation;
    placement.channel = job.event.envelope.channel;
    std::string reason = job.reason;
    for (const auto& attempt : job.attempts) {
        const Delivery& delivery = attempt->delivery;
        retry::NewDelivery& placed = placement.deliveries.emplace_back();
        placed.slot = delivery.transaction.slot;
        placed.system = attempt->system;
        placed.lane = retry::lane_hash(attempt->system, delivery.source, delivery.transaction.entity);
        placed.type = delivery.transaction.type;
        placed.order = delivery.transaction.order;
        placed.place = attempt->place;
        placed.first = std::chrono::floor<std::chrono::milliseconds>(attempt->first);
        placed.effect = delivery.effect_key.bytes();
        placed.version = retry::ordered_version(delivery.transaction.version);
        placed.fact = fact_of(attempt->system, delivery);
        placed.attempts = attempt->attempts;
        placed.terms = attempt->terms ? text_of(*attempt->terms) : "";
        say_what_it_replaces(job, *attempt, placed);
        if (!attempt->applied && !attempt->standing) {
            placed.state = retry::DeliveryState::ready;
            if (attempt->maybe_sent)
                placed.telling.maybe = true;
            continue;
        }
        Standing standing = standing_now(*attempt);
        placed.state = retry::state_of(standing.outcome);
        if (standing.outcome == retry::Outcome::throttled && placed.attempts > 0)
            --placed.attempts;
        if (!standing.telling.reason.empty())
            reason = standing.telling.reason;
        if (!attempt->applied)
            placement.worst = standing.telling.failure_class;
        placed.telling = std::move(standing.telling);
        if (attempt->maybe_sent && !placed.telling.maybe)
            placed.telling.maybe = true;  // it waits before anybody asked what became of it
    }
    placement.frame = json::serialize(frame_of(job, "waiting", reason, now));
    placement.frame_of_replaced = json::serialize(json::object{{"finished", ms_of(now)}, {"reason", "superseded"}});
    return placement;
}

retry::Resolution resolution(const Attempt& attempt, std::chrono::system_clock::time_point now)
{
    Standing standing = standing_now(attempt);
    retry::Resolution resolution;
    resolution.partition = attempt.job->event.partition;
    resolution.delivery = attempt.placed->id;
    resolution.attempts = attempt.placed->attempts;
    resolution.from = attempt.placed->state;
    resolution.outcome = standing.outcome;
    json::object frame;
    frame["finished"] = ms_of(now);
    if (!standing.telling.reason.empty())
        frame["reason"] = standing.telling.reason;
    frame["delivery"] = delivery_of(attempt);
    put_made(attempt, frame);
    resolution.frame = json::serialize(frame);
    resolution.telling = std::move(standing.telling);
    return resolution;
}

std::string readmission_frame(std::string_view who, std::string_view why, std::chrono::system_clock::time_point now,
                              std::string_view job)
{
    json::object frame;
    frame["state"] = "waiting";
    frame["reason"] = "replayed";
    frame["who"] = who;
    if (!why.empty())
        frame["why"] = why;
    if (!job.empty())
        frame["job"] = job;
    frame["finished"] = ms_of(now);
    return json::serialize(frame);
}

namespace {

/// What a frame tells of transactions that died, and the frame without it.
Result<void> take_made(const EventId& event, const json::object& fields, observability::HistoryRow& row)
{
    const auto* made = fields.if_contains("made");
    if (made == nullptr || !made->is_array())
        return {};
    for (const auto& each : made->get_array()) {
        const auto stored = read_stored_transaction(each.is_string() ? std::string_view(each.get_string()) : "");
        if (!stored)
            return std::unexpected(stored.error());
        const auto id = retry::DeliveryId::of(event, stored->transaction.slot, stored->system);
        row.made.emplace_back(letter_text(event, id.half), packed(each.get_string()));
    }
    auto rest = fields;
    rest.erase("made");
    row.happened = json::serialize(rest);
    return {};
}

}  // namespace

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
    row.origin = fields.if_contains("origin") != nullptr ? static_cast<std::uint64_t>(number("origin")) : row.seq;
    row.state = state_of(frame, text("state"));
    row.reason = text("reason");
    // Whoever placed it did not know: it went with what it would have replaced.
    if (row.reason.empty() && row.state == "suppressed")
        row.reason = "superseded";
    row.entity = text("entity");
    row.job = text("job");
    row.order_number = text("order_number");
    row.finished_at = std::chrono::system_clock::time_point{std::chrono::milliseconds{number("finished")}};
    row.frame = number_of_frame(frame.id);
    row.happened = frame.bytes;
    row.edited = fields.if_contains("edited") != nullptr;
    if (auto taken = take_made(frame.event, fields, row); !taken)
        return std::unexpected(std::move(taken.error()));
    if (!stored.empty()) {
        auto envelope = decode_envelope_head(stored);
        if (!envelope)
            return std::unexpected(std::move(envelope.error()));
        if (auto by = polled(*envelope))
            std::tie(row.poll, row.poll_day) = std::move(*by);
        row.source = std::move(envelope->source);
        row.channel = std::move(envelope->channel);
        row.topic = std::move(envelope->topic);
        row.received_at = envelope->received_at;
        row.body = std::move(stored);
    }
    return row;
}

observability::HistoryRow unreadable_row(const retry::Frame& frame, const Failure& why)
{
    observability::HistoryRow row;
    row.event = frame.event;
    row.round = static_cast<int>(frame.round);
    row.state = "unreadable";
    row.reason = why.code;
    row.frame = number_of_frame(frame.id);
    row.happened = json::serialize(json::string(frame.bytes));
    return row;
}

}  // namespace headgate::gateway
