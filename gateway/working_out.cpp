#include "gateway/working_out.hpp"

#include <algorithm>

#include "gateway/stages/decode.hpp"
#include "gateway/stages/deliver.hpp"
#include "gateway/stages/map.hpp"
#include "gateway/stages/route.hpp"
#include "gateway/unfolding.hpp"

namespace headgate::gateway {

namespace {

// A delivery has its record in Redis when it waits, and an event is placed in one step with all of its own.
constexpr std::size_t most_deliveries = 10'000;

std::unexpected<FailedAt> failed_at(std::string_view stage, Failure failure)
{
    return std::unexpected(FailedAt{stage, std::move(failure), {}, {}});
}

std::unexpected<FailedAt> no_event(std::string code, std::string detail)
{
    return failed_at("decode", {FailureClass::permanent, std::move(code), std::move(detail), {}});
}

/// Of an event of which some deliveries were letters elsewhere, the others have ended there.
Result<void> leave_imported(const Envelope& envelope, std::vector<Routed>& routed)
{
    if (envelope.imported.empty())
        return {};
    const auto imported = read_imported(envelope.imported);
    if (!imported)
        return std::unexpected(imported.error());
    if (imported->deliveries.empty())
        return {};
    std::erase_if(routed, [&](const Routed& one) {
        return std::ranges::find(imported->deliveries, Imported::One{one.system, one.transaction.slot.text()}) ==
               imported->deliveries.end();
    });
    if (!routed.empty())
        return {};
    return fail(FailureClass::permanent, "not_mapped",
                "the mapping makes none of the deliveries that were letters where this event was exported");
}

std::expected<std::vector<Routed>, FailedAt> stages(Event& event, const Configuration& configuration,
                                                    mapping::UnmappedWords* unmapped)
{
    if (event.channel == nullptr && event.envelope.channel.empty())
        return no_event("envelope_unreadable", "the stored event cannot be read");
    if (event.channel == nullptr)
        return no_event("unknown_channel", "the channel " + event.envelope.channel + " is no longer configured");
    if (event.terms && event.terms->made) {
        auto routed = route_to(*event.terms->made, configuration, event.envelope.channel);
        if (!routed)
            return failed_at("route", std::move(routed.error()));
        return std::vector<Routed>{std::move(*routed)};
    }
    if (event.envelope.body.empty()) {
        auto whole = decode_envelope(event.stored);
        if (!whole)
            return failed_at("decode", std::move(whole.error()));
        event.envelope.body = std::move(whole->body);
    }
    auto decoded = decode(event);
    if (!decoded)
        return failed_at("decode", std::move(decoded.error()));
    if (decoded->topic == nullptr)
        return std::vector<Routed>{};
    const auto left_out = of_other_mode(event, *decoded);
    if (!left_out)
        return failed_at("decode", left_out.error());
    if (!left_out->empty()) {
        event.left_out = *left_out;
        return std::vector<Routed>{};
    }
    const auto comes_apart = unfolds(event, *decoded);
    if (!comes_apart)
        return failed_at("decode", comes_apart.error());
    if (*comes_apart) {
        auto to_the_door = unfold(event, *decoded);
        event.document.reset();
        event.envelope.body = {};
        if (!to_the_door)
            return failed_at("decode", std::move(to_the_door.error()));
        std::vector<Routed> alone;
        alone.push_back(std::move(*to_the_door));
        return alone;
    }
    std::optional<mapping::MissedWord> missed;
    mapping::Unmade unmade;
    auto mapped =
        map(event, *decoded, unmapped, unmapped != nullptr ? &missed : nullptr, &unmade, &configuration.searched);
    event.document.reset();
    event.envelope.body = {};  // from here on the packed one is enough
    if (!mapped)
        return std::unexpected(FailedAt{"map", std::move(mapped.error()), std::move(missed), std::move(unmade)});
    auto routed = route(std::move(*mapped), configuration, event.envelope.channel);
    if (!routed)
        return failed_at("route", std::move(routed.error()));
    if (event.terms && !event.terms->to.empty())
        std::erase_if(*routed, [&](const Routed& one) { return one.system != event.terms->to; });
    else if (auto only = leave_imported(event.envelope, *routed); !only)
        return failed_at("map", std::move(only.error()));
    if (routed->size() > most_deliveries)
        return failed_at("route", {FailureClass::permanent,
                                   "limit_deliveries",
                                   "the event makes " + std::to_string(routed->size()) + " deliveries, more than " +
                                       std::to_string(most_deliveries),
                                   {}});
    return std::move(*routed);
}

}  // namespace

std::expected<std::vector<Routed>, FailedAt> work_out(Event& event, const Configuration& configuration,
                                                      mapping::UnmappedWords* unmapped, observability::Log& log)
{
    try {
        return stages(event, configuration, unmapped);
    } catch (const std::exception& bug) {
        log.error("an event could not be worked on",
                  observability::LogLine{}.field("event", event.envelope.event.text()).field("what", bug.what()));
        return failed_at("process",
                         {FailureClass::permanent, "internal_error", "Headgate failed on this event; see its log", {}});
    }
}

std::optional<FailedAt> failed_elsewhere(const Envelope& envelope)
{
    if (envelope.imported.empty())
        return std::nullopt;
    auto imported = read_imported(envelope.imported);
    if (!imported)
        return FailedAt{"decode", std::move(imported.error()), {}, {}, {}};
    const auto shared = std::make_shared<const Imported>(std::move(*imported));
    return FailedAt{
        shared->stage, shared->failure, {}, {shared->type, shared->entity, shared->order_number, {}}, shared};
}

std::expected<std::shared_ptr<Job>, FailedAt> make_all(EventId id, Partition partition, std::uint64_t seq,
                                                       std::string stored, ReplayTerms terms,
                                                       const Configuration& configuration, observability::Log& log)
{
    auto job = std::make_shared<Job>();
    job->generation = configuration.generation();
    Event& event = job->event;
    event.partition = partition;
    event.seq = event.origin_seq = seq;
    event.stored = std::move(stored);
    event.envelope.event = id;
    event.terms = shared(std::move(terms));
    if (auto envelope = decode_envelope_head(event.stored)) {
        event.envelope = std::move(*envelope);
        event.channel = configuration.channel(event.envelope.channel);
    }
    auto routed = work_out(event, configuration, nullptr, log);
    if (!routed)
        return std::unexpected(std::move(routed.error()));
    job->attempts = deliveries(job, std::move(*routed));
    return job;
}

std::expected<std::shared_ptr<Job>, FailedAt> make_again(const retry::DeliveryId& id, Partition partition,
                                                         std::uint64_t seq, std::string stored, ReplayTerms terms,
                                                         const Configuration& configuration, observability::Log& log)
{
    auto made = make_all(id.event, partition, seq, std::move(stored), std::move(terms), configuration, log);
    if (!made)
        return made;
    const auto& job = *made;
    std::erase_if(job->attempts, [&](const auto& attempt) {
        return retry::DeliveryId::of(id.event, attempt->delivery.transaction.slot, attempt->system) != id;
    });
    if (job->attempts.empty())
        return failed_at("map",
                         {FailureClass::permanent,
                          "not_mapped",
                          "the mapping does not make this delivery any more; replay it to make what it makes now",
                          {}});
    return made;
}

}  // namespace headgate::gateway
