#include <algorithm>
#include <cstdlib>

#include "store_model_dump.hpp"

namespace headgate::test {

using retry::Decision;
using retry::DeliveryState;
using retry::Outcome;

/// As StoreModelTest, with the slow path; and after each call every key of Redis is compared, whole.
class DeliveriesModelTest : public DumpedModelTest {
protected:
    static constexpr std::uint64_t slot_count = 3, entity_count = 10, missing_count = 3;
    static constexpr std::string_view classes[]{"transient", "dependency", "permanent"};

    /// Keys are few: they are forgotten so that there are new ones.
    void new_events_step()
    {
        for (int i = 0; i < 6; ++i)
            model_.forget_key(forget());
        accept_step();
    }

    bool somebody_may_write()
    {
        return !lapsed_ &&
               std::ranges::any_of(nodes_, [this](const auto& node) { return holder_ == node->lease.token(); });
    }

    void slow_step()
    {
        if (!somebody_may_write() && pick(2) == 0)
            return lease_step();
        // Neither too little under way nor too much.
        if (model_.deliveries.size() < 60 && pick(3) == 0)
            return pick(2) == 0 ? new_events_step() : place_step();
        switch (pick(32)) {
        case 0: return release_step();
        case 1: return spill_step();
        case 2: return pause_step();
        case 3:
        case 4: return decide_step();
        case 5:
        case 6: return readmit_delivery_step();
        case 7:
        case 8:
        case 9: return place_step();
        case 10:
        case 11:
        case 12:
        case 13: return take_step();
        case 14:
        case 15:
        case 16:
        case 17:
        case 18:
        case 19: return resolve_step();
        case 20: return step();
        case 21: return accept_step();
        case 22: return decide_step();
        case 23: return model_.forget_key(forget());
        case 24: return finish_step();
        case 25: return archive_step();
        case 26: return finish_step();
        case 27: return bury_step();
        case 28: return readmit_step();
        case 29: return reserve_step();
        case 30: return take_step();
        default: return place_step();
        }
    }

    // What is drawn. ----------------------------------------------------------------------------------------------

    Name any_name() { return {1 + pick(events_ + 1), pick(slot_count), pick(2) == 0 ? "erp" : "wms"}; }

    /// One that is, or now and then one that is not.
    Name some_name(const std::function<bool(const StoreModel::Delivery&)>& wanted)
    {
        std::vector<Name> fitting;
        for (const auto& [name, delivery] : model_.deliveries)
            if (wanted(delivery))
                fitting.push_back(name);
        if (fitting.empty() || pick(10) == 0)
            return model_.deliveries.empty() || pick(2) == 0
                       ? any_name()
                       : std::next(model_.deliveries.begin(),
                                   static_cast<std::ptrdiff_t>(pick(model_.deliveries.size())))
                             ->first;
        return fitting[pick(fitting.size())];
    }

    Partition home(const Name& name)
    {
        if (model_.records.contains(name.event) && pick(20) != 0)
            return model_.home(name);
        return static_cast<Partition>(pick(shares));
    }

    StoreModel::Told some_told()
    {
        StoreModel::Told told;
        if (pick(4) == 0)
            told.maybe = pick(2) == 0;
        told.at = static_cast<std::int64_t>(1 + pick(1'000'000));
        told.reason = "reason_" + std::to_string(pick(5));
        told.failure_class = classes[pick(std::size(classes))];
        told.missing = pick(missing_count);
        told.target = "T" + std::to_string(pick(1'000));
        if (pick(3) == 0)
            told.facts.emplace_back(pick(fact_count), random_fact(1 + pick(model_.seq + 1)));
        if (pick(3) == 0)
            told.references["order/" + std::to_string(pick(3))] = "SO-" + std::to_string(pick(1'000));
        if (pick(3) != 0)
            told.wakes.push_back(pick(missing_count));
        told.cause = "cause " + std::to_string(pick(3));
        return told;
    }

    static retry::Telling telling_from(const StoreModel::Told& told)
    {
        retry::Telling telling = telling_of(what_of(told.missing));
        telling.maybe = told.maybe;
        telling.at = at_ms(told.at);
        telling.reason = told.reason;
        telling.failure_class = told.failure_class == "transient"    ? FailureClass::transient
                                : told.failure_class == "dependency" ? FailureClass::dependency
                                                                     : FailureClass::permanent;
        telling.target_id = told.target;
        for (const auto& [fact, next] : told.facts)
            telling.guards.push_back({fact_key(fact), guard_of(next)});
        for (const auto& [id, theirs] : told.references)
            telling.references.push_back({"erp", "order", id, theirs});
        for (auto missing : told.wakes)
            telling.wakes.push_back(missing_of(what_of(missing)));
        telling.letter->cause = told.cause;
        return telling;
    }

    // What is done. -----------------------------------------------------------------------------------------------

    void place_step()
    {
        auto& node = any_node();
        auto entry = some_entry();
        std::map<Name, StoreModel::Delivery> drawn;
        if (auto known = model_.records.find(entry.event); known != model_.records.end())
            for (const auto& name : known->second.placed)
                if (pick(3) != 0)
                    drawn[name] = {};
        for (auto n = drawn.empty() ? 1 + pick(3) : pick(3); n > 0; --n)
            drawn[{entry.event, pick(slot_count), pick(2) == 0 ? "erp" : "wms"}] = {};

        retry::Placement placement = placement_of(entry.event, entry.seq, {}, entry.partition);
        std::vector<StoreModel::New> expected;
        for (auto& [name, delivery] : drawn) {
            auto known = model_.deliveries.find(name);
            delivery.entity = known != model_.deliveries.end() && pick(4) != 0
                                  ? known->second.entity
                                  : "order/" + std::to_string(pick(entity_count));
            delivery.order = static_cast<Order>(pick(3));
            delivery.place = static_cast<std::uint16_t>(pick(3));
            while (std::ranges::any_of(expected, [&](const auto& one) { return one.second.place == delivery.place; }))
                ++delivery.place;
            const DeliveryState states[]{DeliveryState::ready,   DeliveryState::due,       DeliveryState::lane,
                                         DeliveryState::park,    DeliveryState::hold,      DeliveryState::dead,
                                         DeliveryState::applied, DeliveryState::suppressed};
            delivery.state = states[pick(std::size(states))];
            delivery.attempts = static_cast<std::uint32_t>(pick(2));
            delivery.first = static_cast<std::int64_t>(1 + pick(1'000));
            delivery.told = some_told();
            // Most of the time as an owner would say it, who knows its lanes.
            auto owner = model_.owner(name.system, delivery.entity);
            if (pick(4) != 0 && owner && *owner != name && StoreModel::has_lane(delivery))
                delivery.state = DeliveryState::lane;
            delivery.letter = {delivery.told.cause, 0};
            delivery.maybe = delivery.told.maybe.value_or(false);

            auto given = delivery_as(delivery.state, delivery.entity, name.slot, name.system);
            given.order = delivery.order;
            given.place = delivery.place;
            given.attempts = delivery.attempts;
            given.first = at_ms(delivery.first);
            given.telling = telling_from(delivery.told);
            placement.deliveries.push_back(std::move(given));
            expected.emplace_back(name, delivery);
        }
        if (fenced_out(node)) {
            auto answer = loop_.await(node.deliveries.place(placement));
            expect_fence(node, answer, "");
            return;
        }
        auto should =
            model_.place(entry.partition, entry.seq, entry.event, std::string(name_of(*placement.worst)), expected);
        auto answer = loop_.await(node.deliveries.place(placement));
        if (!should) {
            ASSERT_FALSE(answer);
            EXPECT_EQ(answer.error().detail, "BADSTATE");
            return;
        }
        ASSERT_TRUE(answer) << answer.error().code << " " << answer.error().detail;

        EXPECT_EQ(answer->answer, should->first);
        EXPECT_EQ(as_set(answer->ready), ids(should->second.ready));
        EXPECT_EQ(answer->still_parked, should->second.still_parked);
        EXPECT_EQ(answer->ended, should->second.ended);
    }

    void take_step()
    {
        auto& node = any_node();
        const std::string before;  // all is compared afterwards
        std::vector<Task<retry::Taken>> tasks;
        std::vector<retry::Take> takes;
        std::vector<Name> names;
        for (auto n = 1 + pick(4); n > 0; --n) {
            auto name = some_name([](const auto& d) {
                return d.state == DeliveryState::ready || d.state == DeliveryState::due ||
                       d.state == DeliveryState::lane;
            });
            auto known = model_.deliveries.find(name);
            auto attempts = known == model_.deliveries.end() ? 0 : known->second.attempts;
            if (pick(8) == 0 && attempts > 0)
                --attempts;
            takes.push_back({home(name), id(name), attempts, at_ms(static_cast<std::int64_t>(1 + pick(1'000)))});
            names.push_back(name);
            tasks.push_back(node.deliveries.take(takes.back()));
        }
        auto answers = loop_.await_all(std::move(tasks));
        for (std::size_t i = 0; i < answers.size(); ++i) {
            if (!expect_fence(node, answers[i], before))
                continue;
            auto should = model_.take(takes[i].partition, names[i], takes[i].attempts,
                                      takes[i].deadline.time_since_epoch().count());

            EXPECT_EQ(answers[i]->answer, should.answer);
            EXPECT_EQ(answers[i]->attempts, should.attempts);
        }
    }

    StoreModel::Resolving some_resolving()
    {
        StoreModel::Resolving item;
        item.name = some_name([this](const auto& d) {
            return d.state == DeliveryState::busy ||
                   (StoreModel::is_left(d.state) && d.state != DeliveryState::lane && pick(3) == 0);
        });
        item.partition = home(item.name);
        if (auto known = model_.deliveries.find(item.name); known != model_.deliveries.end()) {
            item.attempts = known->second.attempts + (pick(12) == 0 ? 1 : 0);
            auto state = known->second.state;
            if (StoreModel::is_left(state) && state != DeliveryState::lane && pick(8) != 0)
                item.from = state;
        }
        item.outcome = pick(3) == 0 ? Outcome::applied : static_cast<Outcome>(pick(8));
        if (item.from != DeliveryState::busy &&
            (item.outcome == Outcome::throttled || item.outcome == Outcome::unknown))
            item.outcome = Outcome::applied;
        item.told = some_told();
        return item;
    }

    void resolve_step()
    {
        auto& node = any_node();
        const std::string before;  // all is compared afterwards
        std::vector<Task<retry::Resolved>> tasks;
        std::vector<StoreModel::Resolving> items;
        for (auto n = 1 + pick(4); n > 0; --n) {
            auto item = !items.empty() && pick(10) == 0 ? items.back() : some_resolving();
            retry::Resolution resolution{item.partition, id(item.name),           item.attempts, item.from,
                                         item.outcome,   telling_from(item.told), "frame"};
            tasks.push_back(node.deliveries.resolve(std::move(resolution)));
            items.push_back(std::move(item));
        }
        auto answers = loop_.await_all(std::move(tasks));
        if (fenced_out(node)) {
            for (const auto& answer : answers)
                expect_fence(node, answer, before);
            return;
        }
        auto should = model_.resolve(items);
        for (std::size_t i = 0; i < answers.size(); ++i) {
            ASSERT_TRUE(answers[i]) << answers[i].error().code << " " << answers[i].error().detail;
            ASSERT_EQ(answers[i]->answer == retry::Resolved::Answer::done, should[i].has_value());
            if (!should[i])
                continue;

            std::set<retry::DeliveryId> next;
            if (answers[i]->next)
                next.insert(*answers[i]->next);
            EXPECT_EQ(next, ids(should[i]->ready));
            EXPECT_EQ(as_set(answers[i]->woken), ids(should[i]->woken));
            EXPECT_EQ(answers[i]->still_parked, should[i]->still_parked);
            EXPECT_EQ(answers[i]->ended, should[i]->ended);
        }
    }

    void release_step()
    {
        auto missing = pick(missing_count);
        auto answer = loop_.await(decisions_->release(missing_of(what_of(missing)))).value();
        auto should = model_.release(missing);

        EXPECT_EQ(answer.count, should.still_parked);
        EXPECT_FALSE(answer.more);
        std::set<retry::DeliveryId> ready;
        for (const auto& [partition, released] : answer.ready)
            ready.insert(released);
        EXPECT_EQ(ready, ids(should.woken));
    }

    void decide_step()
    {
        auto name = some_name([](const auto& d) {
            return d.state == DeliveryState::hold || d.state == DeliveryState::park || d.state == DeliveryState::dead ||
                   (d.state == DeliveryState::due && d.maybe);
        });
        auto seen = DeliveryState::hold;
        std::uint32_t attempts = 0;
        if (auto known = model_.deliveries.find(name); known != model_.deliveries.end()) {
            seen = pick(12) == 0 ? DeliveryState::park : known->second.state;
            attempts = known->second.attempts + (pick(12) == 0 ? 1 : 0);
        }
        auto verdict = static_cast<Decision::Verdict>(pick(5));
        auto told = some_told();
        told.maybe.reset();
        told.facts.clear();
        told.references.clear();
        auto answer =
            loop_.await(decisions_->decide({id(name), seen, attempts, verdict, told.reason, told.target, "who"}));
        auto [should, effects] = model_.decide(name, seen, attempts, verdict, told);
        ASSERT_TRUE(answer) << answer.error().code << " " << answer.error().detail;

        EXPECT_EQ(answer->answer, should);
        std::set<retry::DeliveryId> next;
        if (answer->next)
            next.insert(*answer->next);
        EXPECT_EQ(next, ids(effects.ready));
        EXPECT_EQ(answer->ended, effects.ended);
        if (should != retry::Decided::Answer::gone) {
            EXPECT_EQ(answer->state, model_.deliveries[name].state);
        }
    }

    void readmit_delivery_step()
    {
        auto name = some_name([](const auto& d) { return d.state == DeliveryState::dead; });
        auto known = model_.deliveries.find(name);
        auto round = known == model_.deliveries.end() ? 0 : known->second.letter.round + (pick(8) == 0 ? 1 : 0);
        bool with_body = pick(2) == 0;
        auto answer = loop_.await(
            letters_->readmit({event_of(name.event), round, "who", with_body ? "envelope" : "", id(name).half}));
        auto [should, seq] = model_.readmit(name, round, with_body);
        ASSERT_TRUE(answer) << answer.error().code << " " << answer.error().detail;

        EXPECT_EQ(answer->answer, should);
        EXPECT_EQ(answer->seq, seq);
    }

    void spill_step()
    {
        auto& node = any_node();
        auto partition = static_cast<Partition>(pick(shares));
        const auto& open = model_.shares[partition].open;
        auto event = 1 + pick(events_ + 1);
        if (!open.empty() && pick(6) != 0)
            event = std::next(open.begin(), static_cast<std::ptrdiff_t>(pick(open.size())))->first;
        const std::string before;  // all is compared afterwards
        auto answer = loop_.await(node.deliveries.spill(partition, event_of(event)));
        if (expect_fence(node, answer, before)) {
            EXPECT_EQ(*answer, model_.spill(partition, event));
        }
    }

    void pause_step()
    {
        const std::string system = pick(2) == 0 ? "erp" : "wms";
        if (pick(3) == 0) {
            loop_.await(decisions_->pause("system:" + system, "{}"));
            model_.paused.insert(system);
        } else {
            loop_.await(decisions_->go_on("system:" + system));
            model_.paused.erase(system);
        }
    }

    // What is compared. -------------------------------------------------------------------------------------------

    static std::set<retry::DeliveryId> as_set(const std::vector<retry::DeliveryId>& list)
    {
        return {list.begin(), list.end()};
    }
    static std::set<retry::DeliveryId> ids(const std::set<Name>& names)
    {
        std::set<retry::DeliveryId> all;
        for (const auto& name : names)
            all.insert(id(name));
        return all;
    }

    void compare_tallies()
    {
        auto tallies = loop_.await(retry::tally_all(*redis_, scripts_)).value();
        EXPECT_EQ(retry::unaccounted(tallies), 0) << "I1";
        for (Partition p = 0; p < shares; ++p) {
            EXPECT_EQ(tallies[p].deliveries_unaccounted(), 0) << "I2";
            const auto& share = model_.shares[p];
            auto waiting = static_cast<std::int64_t>(share.in.size());
            for (const auto& [event, origin] : share.open)
                waiting += model_.left_of(event) > 0 ? 1 : 0;
            EXPECT_EQ(tallies[p].waiting(), waiting);
            EXPECT_EQ(tallies[p].cause_sum, tallies[p].dead);
        }
        EXPECT_EQ(finding_lines(), "");
    }
};

TEST_F(DeliveriesModelTest, DoesWhatTheModelDoesWhateverTheOrder)
{
    const char* wanted = std::getenv("HEADGATE_MODEL_SEEDS");
    auto seeds = wanted != nullptr ? std::strtoull(wanted, nullptr, 10) : 2ULL;
    const char* first = std::getenv("HEADGATE_MODEL_FIRST_SEED");
    auto from = first != nullptr ? std::strtoull(first, nullptr, 10) : 1ULL;
    for (auto seed = from; seed < from + seeds; ++seed) {
        begin(seed);
        compares_all_ = true;
        for (int i = 0; i < 2'000; ++i) {
            SCOPED_TRACE("HEADGATE_MODEL_FIRST_SEED=" + std::to_string(seed) + " step " + std::to_string(i));
            slow_step();
            compare_all();
            if (i % 100 == 99)
                compare_tallies();
            if (HasFailure())
                return;
        }
    }
}

}  // namespace headgate::test
