#include "gateway/stages/deliver.hpp"

#include <algorithm>

namespace headgate::gateway {

void on_terms(Attempt& attempt, SharedTerms terms)
{
    const Envelope& envelope = attempt.job->event.envelope;
    attempt.terms = std::move(terms);
    attempt.delivery.as_new = attempt.terms && !attempt.terms->nonce.empty();
    attempt.delivery.effect_key =
        EffectKey(envelope.source, envelope.topic, envelope.idempotency_key, attempt.delivery.transaction.slot,
                  attempt.system, attempt.terms ? std::string_view(attempt.terms->nonce) : std::string_view());
}

std::vector<std::shared_ptr<Attempt>> deliveries(const std::shared_ptr<Job>& job, std::vector<Routed> routed)
{
    const Envelope& envelope = job->event.envelope;
    std::vector<std::shared_ptr<Attempt>> attempts;
    attempts.reserve(routed.size());
    for (auto& one : routed) {
        auto attempt = std::make_shared<Attempt>();
        attempt->job = job;
        attempt->system = std::move(one.system);
        attempt->coalesce = one.coalesce;
        Delivery& delivery = attempt->delivery;
        delivery.event = envelope.event;
        delivery.source = envelope.source;
        delivery.channel = envelope.channel;
        delivery.seq = job->event.seq;
        delivery.origin_seq = job->event.origin_seq;
        delivery.transaction = std::move(one.transaction);
        delivery.content = sha256(delivery.transaction.json);
        on_terms(*attempt, job->event.terms);
        attempt->place = static_cast<std::uint16_t>(std::min<std::size_t>(attempts.size(), 65'535));
        attempt->first = job->replayed() ? job->begun : envelope.received_at;
        attempt->lane = attempt->system + '\0' + envelope.source + '\0' + delivery.transaction.entity;
        attempts.push_back(std::move(attempt));
    }
    return attempts;
}

std::chrono::milliseconds backoff(std::uint32_t attempts, const RetryConfig& retry, std::minstd_rand& random)
{
    const std::int64_t doubled = retry.first_delay.count() << std::min(attempts == 0 ? 0U : attempts - 1, 20U);
    const std::int64_t span = std::min<std::int64_t>(retry.ceiling.count(), doubled);
    return std::chrono::milliseconds(std::uniform_int_distribution<std::int64_t>(1, span)(random));
}

}  // namespace headgate::gateway
