#include "gateway/stages/accept.hpp"

#include "core/fault_point.hpp"
#include "retry/keys.hpp"

namespace headgate::gateway {

namespace {

using namespace std::chrono_literals;

/// What Redis says is for operators; the sender only has to come again.
std::unexpected<Refused> unavailable(Failure failure)
{
    failure.detail = "the event could not be stored; send it again";
    return std::unexpected(Refused{503, std::move(failure), 5s});
}

retry::AcceptItem item_of(const Identified& identified, std::string stored)
{
    const Envelope& envelope = identified.envelope;
    retry::AcceptItem item;
    item.event = envelope.event;
    item.key = retry::idempotency_hash(envelope.source, envelope.topic, envelope.idempotency_key);
    item.digest = identified.digest;
    item.partition = partition_of(envelope.source, envelope.order_key);
    item.window = identified.channel->window;
    item.envelope = std::move(stored);
    return item;
}

}  // namespace

asio::awaitable<Intake<Accepted>> accept(retry::Inbox& inbox, Identified identified)
{
    std::string stored = encode(identified.envelope);
    auto item = item_of(identified, stored);
    auto answer = co_await inbox.accept(std::move(item));
    if (!answer)
        co_return unavailable(std::move(answer.error()));

    bool conflict = false;
    if (answer->claim == retry::Claim::conflict) {
        // Another body under a known key: an event of its own, known by key and body together.
        conflict = true;
        identified.envelope.conflict_of = answer->event.text();
        identified.envelope.idempotency_key += "#" + to_hex(identified.digest);
        stored = encode(identified.envelope);
        auto again = item_of(identified, stored);
        answer = co_await inbox.accept(std::move(again));
        if (!answer)
            co_return unavailable(std::move(answer.error()));
    }
    fault_point("accept_stored");

    Accepted accepted;
    accepted.event = answer->event;
    accepted.conflict = conflict;
    accepted.partition = answer->partition;
    accepted.seq = answer->seq;
    accepted.ordinal = answer->ordinal;
    accepted.duplicate = answer->claim != retry::Claim::accepted;
    if (!accepted.duplicate) {
        Event event;
        event.partition = answer->partition;
        event.seq = answer->seq;
        event.origin_seq = answer->seq;
        event.channel = identified.channel;
        event.stored = std::move(stored);
        event.envelope = std::move(identified.envelope);
        event.document = std::move(identified.document);
        accepted.fresh = std::move(event);
    }
    co_return accepted;
}

}  // namespace headgate::gateway
