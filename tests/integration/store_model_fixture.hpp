#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "slow_path.hpp"
#include "store_model.hpp"

namespace headgate::test {

/// Random operations on Redis and on the model side by side; after each the whole of both is compared.
class StoreModelTest : public SlowPathTest {
protected:
    static constexpr Partition shares = 3;
    static constexpr std::uint64_t key_count = 12, fact_count = 3;

    /// One that takes leases; `brief` ones have always lapsed by the time anything else happens.
    struct Node {
        Node(net::Redis& redis, const retry::Scripts& scripts, std::chrono::milliseconds ttl)
            : lease(redis, scripts, {"node", ttl}),
              backlog(redis, scripts, lease),
              frames(redis, scripts, lease),
              deliveries(redis, scripts, lease),
              brief(ttl < 1s)
        {}
        retry::Lease lease;
        retry::Backlog backlog;
        retry::Frames frames;
        retry::Deliveries deliveries;
        bool brief;
    };

    void begin(std::uint64_t seed)
    {
        command({"FLUSHALL"});
        random_.seed(seed);
        model_ = {};
        holder_.reset();
        lapsed_ = false;
        events_ = 0;
        nodes_.clear();
        for (auto ttl : {std::chrono::milliseconds(1h), std::chrono::milliseconds(1h), 1ms})
            nodes_.push_back(std::make_unique<Node>(*redis_, scripts_, ttl));
    }

    std::uint64_t pick(std::uint64_t below) { return random_() % below; }
    /// Most often the one that may write, when there is one.
    Node& any_node()
    {
        if (!lapsed_ && pick(4) != 0)
            for (const auto& node : nodes_)
                if (holder_ == node->lease.token())
                    return *node;
        return *nodes_[pick(nodes_.size())];
    }
    bool fenced_out(const Node& node) const { return lapsed_ || holder_ != node.lease.token(); }

    /// Of all of Redis, when nothing may be written; not needed where all of it is compared afterwards.
    std::string digest_if_fenced_out(const Node& node) { return fenced_out(node) && !compares_all_ ? digest() : ""; }

    void step()
    {
        switch (pick(17)) {
        case 16:
        case 0: return lease_step();
        case 1: return model_.forget_key(forget());
        case 2: return reserve_step();
        case 3:
        case 4: return archive_step();
        case 5:
        case 6:
        case 7: return bury_step();
        case 8:
        case 9: return readmit_step();
        case 10:
        case 11:
        case 12: return finish_step();
        default: return accept_step();
        }
    }

    void accept_step()
    {
        std::vector<Task<retry::AcceptAnswer>> tasks;
        std::vector<StoreModel::Answer> expected;
        for (auto n = 1 + pick(4); n > 0; --n) {
            auto key = pick(key_count);
            auto event = ++events_;
            if (auto chance = pick(10); chance < 2 && model_.keys.contains(key))
                event = model_.keys[key].event;
            else if (chance == 2)
                event = 1 + pick(events_);
            auto body = pick(8) == 0 ? 1U : 0U;
            auto partition = static_cast<Partition>(key % shares);
            tasks.push_back(inbox_->accept(item_of(event, key, partition, body)));
            expected.push_back(model_.accept(key, event, body, partition));
        }
        auto answers = loop_.await_all(std::move(tasks));
        for (std::size_t i = 0; i < answers.size(); ++i) {
            ASSERT_TRUE(answers[i]) << answers[i].error().detail;
            EXPECT_EQ(answers[i]->claim, expected[i].claim);
            EXPECT_EQ(answers[i]->event, event_of(expected[i].stored.event));
            EXPECT_EQ(answers[i]->seq, expected[i].stored.seq);
            EXPECT_EQ(answers[i]->ordinal, expected[i].stored.ordinal);
            EXPECT_EQ(answers[i]->partition, expected[i].stored.partition);
        }
    }

    std::uint64_t forget()
    {
        auto key = pick(key_count);
        command({"DEL", "hg:i:" + std::string(view(item_of(0, key).key))});
        return key;
    }

    void lease_step()
    {
        auto& node = any_node();
        bool free = !holder_ || lapsed_;
        bool renewed = false;
        switch (pick(4)) {
        case 0:
        case 1: {
            auto granted = loop_.await(node.lease.acquire());
            EXPECT_EQ(granted->count(), free ? 64U : 0U);
            if (free)
                holder_ = node.lease.token();
            renewed = free;
            break;
        }
        case 2: {
            bool ours = node.lease.held().any() && holder_ == node.lease.token();
            EXPECT_EQ(loop_.await(node.lease.renew())->count(), ours ? 64U : 0U);
            renewed = ours;
            break;
        }
        default: {
            auto token = holder_ && pick(2) == 0 ? *holder_ : node.lease.token();  // by its owner, or as a dead one's
            bool ours = holder_ == token;
            EXPECT_EQ(loop_.await(node.lease.release(token))->count(), ours ? 64U : 0U);
            if (ours)
                holder_.reset();
        }
        }
        if (!renewed)
            return;
        lapsed_ = node.brief;
        auto until = node.brief ? std::stoll(text({"HGET", "hg:P:0", "until"})) : 0;
        auto now = [&] {
            return number({"EVAL", "local t = redis.call('TIME') return t[1] * 1000 + math.floor(t[2] / 1000)", "0"});
        };
        while (now() < until)
            ;
    }

    void reserve_step()
    {
        auto& node = any_node();
        auto partition = static_cast<Partition>(pick(shares));
        auto upto = pick(model_.seq + 2);
        auto before = digest_if_fenced_out(node);
        auto answer = loop_.await(node.backlog.reserve({{partition, upto}}));
        if (expect_fence(node, answer, before)) {
            model_.reserve(partition, upto);
        }
    }

    /// Whether the fence let it through, as it should or should not.
    template <class T>
    bool expect_fence(const Node& node, const Result<T>& answer, const std::string& before)
    {
        if (!fenced_out(node)) {
            EXPECT_TRUE(answer) << answer.error().code << " " << answer.error().detail;
            return true;
        }
        EXPECT_FALSE(answer) << "I9";
        if (!answer) {
            EXPECT_EQ(answer.error().code, "lease_lost");
        }
        if (!before.empty()) {
            EXPECT_EQ(digest(), before) << "I9: written past the fence";
        }
        return false;
    }

    /// An entry of the backlog; now and then one that is gone, never was, or has another event's seq.
    struct Entry {
        Partition partition;
        std::uint64_t seq, event;
    };
    Entry some_entry()
    {
        auto partition = static_cast<Partition>(pick(shares));
        auto& in = model_.shares[partition].in;
        if (in.empty() || pick(6) == 0) {
            auto event = 1 + pick(events_ + 1);
            for (const auto& [key, claimed] : model_.keys)
                if (claimed.event == event && !in.contains(claimed.seq))
                    return {claimed.partition, claimed.seq, event};
            return {partition, model_.seq + 1 + pick(5), event};
        }
        auto at = std::next(in.begin(), static_cast<std::ptrdiff_t>(pick(in.size())));
        return {partition, at->first, pick(12) == 0 ? 1 + pick(events_ + 1) : at->second.first};
    }

    void finish_step()
    {
        auto& node = any_node();
        auto before = digest_if_fenced_out(node);
        std::vector<Task<retry::FinishAnswer>> tasks;
        std::vector<std::function<retry::FinishAnswer()>> expected;
        for (auto n = 1 + pick(4); n > 0; --n) {
            auto entry = some_entry();
            auto finished = finished_of(entry.event, entry.seq, entry.partition);
            bool applied = pick(3) != 0;
            finished.as = applied ? retry::Finished::As::applied : retry::Finished::As::suppressed;
            finished.deliveries_applied = static_cast<std::uint32_t>(pick(3));
            finished.deliveries_suppressed = static_cast<std::uint32_t>(pick(2));
            StoreModel::Facts facts;
            for (auto g = pick(3); g > 0; --g) {
                auto fact = pick(fact_count);
                facts.emplace_back(fact, random_fact(entry.seq));
                finished.guards.push_back({fact_key(fact), guard_of(facts.back().second)});
            }
            auto d_applied = finished.deliveries_applied;
            auto d_suppressed = finished.deliveries_suppressed;
            tasks.push_back(node.backlog.finish(std::move(finished)));
            expected.emplace_back([=, this] {
                return model_.finish(entry.partition, entry.seq, entry.event, applied, d_applied, d_suppressed, facts);
            });
        }
        auto answers = loop_.await_all(std::move(tasks));
        for (std::size_t i = 0; i < answers.size(); ++i)
            if (expect_fence(node, answers[i], before)) {
                EXPECT_EQ(*answers[i], expected[i]());
            }
    }

    StoreModel::Fact random_fact(std::uint64_t seq)
    {
        StoreModel::Fact fact;
        fact.version_kind = static_cast<int>(pick(3));
        fact.version = static_cast<std::int64_t>(pick(2'000)) - 1'000;
        fact.seq = seq;
        fact.target = "T" + std::to_string(pick(1'000'000));
        return fact;
    }

    static Hash16 fact_key(std::uint64_t fact) { return retry::guard_hash("erp", "order", std::to_string(fact)); }

    static retry::Guard guard_of(const StoreModel::Fact& fact)
    {
        Version version;
        if (fact.version_kind == 1)
            version = {Version::Kind::integer, std::to_string(fact.version)};
        if (fact.version_kind == 2)
            version = {Version::Kind::time, "2026-01-01T00:00:" + std::to_string(1'500'000'000 + fact.version)};
        retry::Guard guard;
        guard.version = retry::ordered_version(version);
        guard.seq = fact.seq;
        guard.target_id = fact.target;
        return guard;
    }

    void bury_step()
    {
        auto& node = any_node();
        auto entry = some_entry();
        auto cause = "cause " + std::to_string(pick(3));
        auto before = digest_if_fenced_out(node);
        auto burial = burial_of(entry.event, entry.seq, entry.partition, cause);
        burial.maybe_sent = pick(3) == 0;
        const auto word = pick(3);
        if (word != 0)
            burial.word = awaited_of(word, channel_of(entry.event));
        auto answer = loop_.await(node.backlog.bury(burial));
        if (expect_fence(node, answer, before)) {
            EXPECT_EQ(*answer, model_.bury(entry.partition, entry.seq, entry.event, cause, burial.maybe_sent, word));
        }
    }

    void readmit_step()
    {
        auto event = 1 + pick(events_ + 1);
        if (!model_.letters.empty() && pick(5) != 0)
            event = std::next(model_.letters.begin(), static_cast<std::ptrdiff_t>(pick(model_.letters.size())))->first;
        auto known = model_.letters.find(event);
        auto round = known == model_.letters.end() ? 0 : known->second.round;
        if (pick(4) == 0)
            round += 1;
        std::vector<Task<retry::Readmitted>> tasks;
        for (auto n = 1 + pick(2); n > 0; --n)
            tasks.push_back(letters_->readmit({event_of(event), round, "who", ""}));
        for (const auto& answer : loop_.await_all(std::move(tasks))) {
            auto [expected, seq] = model_.readmit(event, round);
            ASSERT_TRUE(answer) << answer.error().detail;
            EXPECT_EQ(answer->answer, expected);
            EXPECT_EQ(answer->seq, seq);
        }
    }

    void archive_step()
    {
        auto& node = any_node();
        auto partition = static_cast<Partition>(pick(shares));
        auto written = frames(partition);
        if (written.empty())
            return;
        auto upto = pick(written.size());
        auto before = digest_if_fenced_out(node);
        auto answer = loop_.await(node.frames.archive(partition, written[upto].id));
        if (expect_fence(node, answer, before)) {
            model_.archive(partition, upto + 1);
        }
    }

    void compare()
    {
        for (Partition p = 0; p < shares; ++p)
            compare_share(p, model_.shares[p]);
        auto tallies = loop_.await(retry::tally_all(*redis_, scripts_)).value();
        EXPECT_EQ(retry::unaccounted(tallies), 0) << "I1";
        for (Partition p = 0; p < shares; ++p)
            compare_tally(tallies[p], model_.shares[p]);

        std::vector<Hash16> keys;
        for (std::uint64_t fact = 0; fact < fact_count; ++fact)
            keys.push_back(fact_key(fact));
        auto guards = loop_.await(backlog_->guards(keys)).value();
        for (std::uint64_t fact = 0; fact < fact_count; ++fact) {
            auto expected = model_.facts.find(fact);
            ASSERT_EQ(guards[fact].has_value(), expected != model_.facts.end());
            if (guards[fact]) {
                EXPECT_EQ(*guards[fact], guard_of(expected->second)) << "I6";
            }
        }
        EXPECT_EQ(number({"EVAL", "return #redis.call('KEYS', 'hg:b:*')", "0"}),
                  static_cast<std::int64_t>(model_.bodies.size()))
            << "I3";
        EXPECT_EQ(number({"EVAL", "return #redis.call('KEYS', 'hg:l:*')", "0"}),
                  static_cast<std::int64_t>(model_.letters.size()))
            << "I8";
        EXPECT_EQ(number({"EVAL", "return #redis.call('KEYS', 'hg:e:*')", "0"}),
                  static_cast<std::int64_t>(model_.records.size()));
        for (const auto& [event, record] : model_.records)
            EXPECT_EQ(loop_.await(retry::known_event(*redis_, scripts_, event_of(event)))->maybe_sent,
                      record.maybe_sent);
    }

    void compare_share(Partition partition, const StoreModel::Share& share)
    {
        auto entries = loop_.await(backlog_->load(partition, 0, 128)).value();
        ASSERT_EQ(entries.size(), std::min<std::size_t>(128, share.in.size()));
        auto expected = share.in.begin();
        for (const auto& entry : entries) {
            EXPECT_EQ(entry.seq, expected->first);
            EXPECT_EQ(entry.event, event_of(expected->second.first));
            EXPECT_EQ(entry.origin_seq, expected->second.second);
            EXPECT_TRUE(entry.envelope) << "I3";
            ++expected;
        }
        auto open = command({"HGETALL", retry::partition_key("open", partition)});
        ASSERT_EQ(open->list.size(), 2 * share.open.size());
        for (const auto& [event, origin] : share.open) {
            EXPECT_EQ(retry_field(*open, raw(event_of(event))), std::to_string(origin));
            EXPECT_FALSE(command({"ZSCORE", "hg:dead:" + std::to_string(partition), raw(event_of(event))})->is_nil())
                << "I2";
            EXPECT_EQ(number({"EXISTS", retry::event_key("b", event_of(event))}), 1) << "I3";
        }
        auto written = frames(partition);
        ASSERT_EQ(written.size(), std::min<std::size_t>(128, share.history.size()));
        for (std::size_t i = 0; i < written.size(); ++i) {
            StoreModel::Outcome outcome = share.history[i];
            EXPECT_EQ(written[i].event, event_of(outcome.event));
            EXPECT_EQ(static_cast<char>(written[i].state), outcome.state);
            EXPECT_EQ(written[i].round, outcome.round);
            EXPECT_EQ(written[i].waiting, outcome.waiting);
        }
    }

    static std::string retry_field(const net::Reply& fields, const std::string& name)
    {
        for (std::size_t i = 0; i + 1 < fields.list.size(); i += 2)
            if (fields.list[i].text == name)
                return fields.list[i + 1].text;
        return "none";
    }

    static void compare_tally(const retry::Tally& tally, const StoreModel::Share& share)
    {
        EXPECT_EQ(tally.accepted, share.accepted);
        EXPECT_EQ(tally.applied, share.applied);
        EXPECT_EQ(tally.suppressed, share.suppressed);
        EXPECT_EQ(tally.d_created, share.d_created);
        EXPECT_EQ(tally.d_applied, share.d_applied);
        EXPECT_EQ(tally.d_suppressed, share.d_suppressed);
        EXPECT_EQ(tally.high_water, share.high_water);
        EXPECT_EQ(tally.cause_sum, tally.dead);
        EXPECT_EQ(tally.frames, static_cast<std::int64_t>(share.history.size()));
    }

    std::mt19937_64 random_;
    StoreModel model_;
    std::vector<std::unique_ptr<Node>> nodes_;
    std::optional<retry::LeaseToken> holder_;
    bool lapsed_ = false;
    bool compares_all_ = false;
    std::uint64_t events_ = 0;
};

}  // namespace headgate::test
