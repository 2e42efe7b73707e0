#include "store.hpp"

#include <bit>
#include <cstdlib>

namespace headgate::test {

std::string channel_of(std::uint64_t event)
{
    return "shop-" + std::to_string(event % 3);
}

EventId event_of(std::uint64_t number)
{
    std::array<std::uint8_t, 16> bytes{0x01, 0x90, 0x0d, 0x0a, 0x00, 0xff, 0x70};
    for (std::size_t i = 0; i < 8; ++i)
        bytes[8 + i] = static_cast<std::uint8_t>(number >> (56U - 8U * i));
    return std::bit_cast<EventId>(bytes);
}

std::string envelope_of(std::uint64_t event)
{
    return "envelope of " + std::to_string(event);
}

retry::AcceptItem item_of(std::uint64_t event, std::uint64_t key, Partition partition, std::uint64_t body)
{
    retry::AcceptItem item;
    item.event = event_of(event);
    item.key = hash16({"shop", "orders", std::to_string(key)});
    item.digest = hash_parts({std::to_string(body)});
    item.partition = partition;
    item.envelope = envelope_of(event);
    return item;
}

retry::Finished finished_of(std::uint64_t event, std::uint64_t seq, Partition partition)
{
    retry::Finished finished;
    finished.partition = partition;
    finished.event = event_of(event);
    finished.seq = seq;
    finished.deliveries_applied = 2;
    finished.deliveries_suppressed = 1;
    finished.frame = "frame";
    return finished;
}

retry::Burial burial_of(std::uint64_t event, std::uint64_t seq, Partition partition, std::string cause)
{
    retry::Burial burial;
    auto& letter = burial.letter;
    letter.event = event_of(event);
    letter.partition = partition;
    letter.stage = "map";
    letter.code = "missing_required";
    letter.where = {"/total", "orders.yaml:3:7"};
    letter.cause = std::move(cause);
    letter.queue = "finance";
    letter.due = std::chrono::sys_time<std::chrono::milliseconds>(1'700'000'000'123ms);
    letter.config = 7;
    letter.attempts = 2;
    letter.excerpt = "no total";
    letter.type = "sales_order";
    letter.entity = "order/" + std::to_string(event);
    letter.order_number = "#" + std::to_string(event);
    burial.seq = seq;
    burial.frame = "died";
    return burial;
}

retry::AwaitedWord awaited_of(std::uint64_t word, std::string channel)
{
    return {hash16({"word", std::to_string(word)}), std::move(channel), "word " + std::to_string(word)};
}

std::optional<std::filesystem::path> StoreTest::overrides()
{
    const char* folder = std::getenv("HEADGATE_SCRIPTS");
    if (folder == nullptr)
        return {};
    return folder;
}

void StoreTest::SetUp()
{
    RedisTest::SetUp();
    inbox_.emplace(*redis_, scripts_);
    retry::LeaseConfig config;
    config.ttl = 1h;
    lease_.emplace(*redis_, scripts_, config);
    backlog_.emplace(*redis_, scripts_, *lease_);
    frames_.emplace(*redis_, scripts_, *lease_);
    letters_.emplace(*redis_, scripts_);
    ASSERT_EQ(loop_.await(lease_->acquire()).value().count(), 64U);
}

std::string StoreTest::finding_lines()
{
    std::string lines;
    for (const auto& finding : findings())
        lines += finding.code + " p" + std::to_string(finding.partition) + ": " + finding.text + "\n";
    return lines;
}

retry::Tally StoreTest::tally(Partition partition)
{
    return loop_.await(retry::tally_all(*redis_, scripts_)).value().at(partition);
}

std::string StoreTest::scripted(const net::Script& script, std::vector<std::string> args)
{
    auto reply = loop_.await(redis_->eval(script, {}, std::move(args)));
    return reply ? "ok" : reply.error().code + " " + reply.error().detail;
}

}  // namespace headgate::test
