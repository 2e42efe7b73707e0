#include "gateway/stages/map.hpp"

#include "core/time.hpp"

namespace headgate::gateway {

Result<std::vector<Transaction>> map(const Event& event, const Decoded& decoded)
{
    const std::string id = event.envelope.event.text();
    const auto ms =
        std::chrono::duration_cast<std::chrono::milliseconds>(event.envelope.received_at.time_since_epoch());
    Timestamp received;
    received.seconds = ms.count() / 1000;
    received.nanos = static_cast<std::uint32_t>(ms.count() % 1000) * 1'000'000U;
    const std::string received_at = text_of(received);
    const mapping::MappingContext context{.document = *decoded.document,
                                          .root = decoded.root,
                                          .headers = event.envelope.headers,
                                          .event_id = id,
                                          .topic = event.envelope.topic,
                                          .received_at = received_at,
                                          .channel_name = event.channel->name,
                                          .channel_zone = event.channel->zone};
    std::vector<Transaction> transactions;
    for (const auto& mapping : decoded.topic->mappings) {
        auto mapped = mapping->run(context);
        if (!mapped)
            return std::unexpected(std::move(mapped.error()));
        for (auto& transaction : *mapped)
            transactions.push_back(std::move(transaction));
    }
    return transactions;
}

}  // namespace headgate::gateway
