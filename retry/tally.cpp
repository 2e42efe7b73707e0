#include "retry/tally.hpp"

#include <cstdlib>
#include <memory>

#include "net/redis/wait_for.hpp"
#include "retry/keys.hpp"
#include "retry/tellings.hpp"
#include "retry/waiting.hpp"

namespace headgate::retry {

namespace {

constexpr std::size_t tally_values = 25;

/// The replies of one pipelined call per partition.
struct Gathered {
    std::vector<Result<net::Reply>> replies{partition_count};
    std::size_t missing = partition_count;
    std::move_only_function<void(std::vector<Result<net::Reply>>)> done;
};

void gather(net::Redis& redis, const net::Script& script, const std::shared_ptr<Gathered>& gathered)
{
    for (std::size_t p = 0; p < partition_count; ++p) {
        auto partition = std::to_string(p);
        std::string_view args[]{partition};
        redis.send(script, {}, args, [gathered, p](Result<net::Reply> reply) {
            gathered->replies[p] = std::move(reply);
            if (--gathered->missing == 0)
                gathered->done(std::move(gathered->replies));
        });
    }
}

Tally tally_of(Partition partition, const std::vector<net::Reply>& values)
{
    Tally tally;
    tally.partition = partition;
    std::int64_t* const fields[]{&tally.accepted,  &tally.applied,   &tally.suppressed,   &tally.discarded,
                                 &tally.d_created, &tally.d_applied, &tally.d_suppressed, &tally.d_discarded};
    std::size_t i = 0;
    for (auto* field : fields)
        *field = values[i++].integer;
    tally.high_water = static_cast<std::uint64_t>(values[i++].integer);
    for (auto* field : {&tally.backlog, &tally.open, &tally.dead, &tally.frames, &tally.cause_sum, &tally.resting,
                        &tally.d_dead, &tally.d_again, &tally.ready, &tally.due, &tally.busy, &tally.lane, &tally.park,
                        &tally.hold, &tally.kept, &tally.kept_bytes})
        *field = values[i++].integer;
    return tally;
}

constexpr std::int64_t Tally::* summed[]{
    &Tally::accepted,  &Tally::applied,      &Tally::suppressed,  &Tally::discarded, &Tally::d_created,
    &Tally::d_applied, &Tally::d_suppressed, &Tally::d_discarded, &Tally::backlog,   &Tally::open,
    &Tally::dead,      &Tally::frames,       &Tally::cause_sum,   &Tally::resting,   &Tally::d_dead,
    &Tally::d_again,   &Tally::ready,        &Tally::due,         &Tally::busy,      &Tally::lane,
    &Tally::park,      &Tally::hold,         &Tally::kept,        &Tally::kept_bytes};

void check_sums(const Tally& tally, std::vector<Finding>& findings)
{
    auto add = [&](const char* code, const std::string& text) { findings.push_back({code, tally.partition, text}); };
    if (tally.unaccounted() != 0)
        add("I1", std::to_string(tally.unaccounted()) + " accepted events are unaccounted for");
    if (tally.deliveries_unaccounted() != 0)
        add("I2", std::to_string(tally.deliveries_unaccounted()) + " deliveries are created, not ended and nowhere");
    if (tally.cause_sum != tally.dead)
        add("I2", std::to_string(tally.dead) + " letters, " + std::to_string(tally.cause_sum) + " by causes");
}

std::string named(std::string_view raw)
{
    if (auto event = event_of(raw))
        return "event " + event->text();
    if (auto delivery = delivery_of(raw))
        return "delivery " + to_hex(delivery->half) + " of event " + delivery->event.text();
    if (raw.starts_with(key_prefix))
        return std::string(raw);
    return "event an unreadable id";
}

/// Walks one kind of key of one partition to its end.
Task<void> verify_keys(net::Redis& redis, const Scripts& scripts, Partition partition, std::string what,
                       std::vector<Finding>& findings)
{
    std::string cursor;
    do {
        std::vector<std::string> keys;
        std::vector<std::string> args{std::to_string(partition), what, cursor, "128"};
        auto reply = co_await redis.eval(scripts.verify, std::move(keys), std::move(args));
        if (!reply)
            co_return std::unexpected(std::move(reply.error()));
        if (reply->list.size() % 3 != 1)
            co_return odd_reply("verify");
        for (std::size_t i = 1; i < reply->list.size(); i += 3) {
            findings.push_back(
                {reply->list[i].text, partition, named(reply->list[i + 1].text) + " " + reply->list[i + 2].text});
        }
        cursor = reply->list[0].text;
    } while (!cursor.empty());
    co_return Result<void>();
}

}  // namespace

Tally total(std::span<const Tally> tallies)
{
    Tally sum;
    for (const Tally& tally : tallies)
        for (const auto field : summed)
            sum.*field += tally.*field;
    return sum;
}

Task<std::vector<Tally>> tally_all(net::Redis& redis, const Scripts& scripts)
{
    auto start = [&redis, &scripts](std::move_only_function<void(std::vector<Result<net::Reply>>)> done) {
        auto gathered = std::make_shared<Gathered>();
        gathered->done = std::move(done);
        gather(redis, scripts.tally, gathered);
    };
    auto wait = net::wait_for<std::vector<Result<net::Reply>>>(std::move(start));
    auto replies = co_await std::move(wait);

    std::vector<Tally> tallies;
    for (std::size_t p = 0; p < replies.size(); ++p) {
        if (!replies[p])
            co_return std::unexpected(std::move(replies[p].error()));
        if (!replies[p]->is_list(tally_values))
            co_return odd_reply("tally");
        tallies.push_back(tally_of(static_cast<Partition>(p), replies[p]->list));
    }
    co_return tallies;
}

std::int64_t unaccounted(std::span<const Tally> tallies)
{
    std::int64_t sum = 0;
    for (const auto& tally : tallies)
        sum += std::abs(tally.unaccounted());
    return sum;
}

Task<std::vector<Finding>> verify(net::Redis& redis, const Scripts& scripts)
{
    auto tallies = co_await tally_all(redis, scripts);
    if (!tallies)
        co_return std::unexpected(std::move(tallies.error()));

    const auto systems = co_await placed_systems(redis);
    if (!systems)
        co_return std::unexpected(systems.error());

    std::vector<Finding> findings;
    for (const auto& tally : *tallies) {
        check_sums(tally, findings);
        std::vector<std::pair<std::string, std::int64_t>> kinds{
            {"in", tally.backlog}, {"open", tally.open}, {"dead", tally.dead}, {"hist", tally.frames},
            {"lane", tally.lane},  {"park", tally.park}, {"hold", tally.hold}};
        if (tally.ready + tally.due + tally.busy > 0) {
            for (const auto& system : (*systems)[tally.partition]) {
                kinds.emplace_back("ready:" + system, tally.ready);
                kinds.emplace_back("due:" + system, tally.due);
                kinds.emplace_back("busy:" + system, tally.busy);
            }
        }
        for (auto& [what, size] : kinds) {
            if (size == 0)
                continue;
            auto walked = co_await verify_keys(redis, scripts, tally.partition, std::move(what), findings);
            if (!walked)
                co_return std::unexpected(std::move(walked.error()));
        }
    }
    std::string keys = "keys";
    auto walked = co_await verify_keys(redis, scripts, 0, std::move(keys), findings);
    if (!walked)
        co_return std::unexpected(std::move(walked.error()));
    co_return findings;
}

}  // namespace headgate::retry
