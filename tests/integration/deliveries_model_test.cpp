#include <algorithm>
#include <cstdlib>

#include "store_model_drawn.hpp"

namespace headgate::test {

using retry::Decision;
using retry::DeliveryState;
using retry::Outcome;

/// As StoreModelTest, with the slow path; and after each call every key of Redis is compared, whole.
class DeliveriesModelTest : public DrawnModelTest {
protected:
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
        switch (pick(40)) {
        case 0:
        case 1: return release_step();
        case 2: return spill_step();
        case 3: return pause_step();
        case 4:
        case 5:
        case 6: return decide_step();
        case 7:
        case 8: return readmit_delivery_step();
        case 9:
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
        case 22: return new_events_step();
        case 23: return model_.forget_key(forget());
        case 24:
        case 25: return finish_step();
        case 26:
        case 27:
        case 28: return archive_step();
        case 29: return bury_step();
        case 30: return readmit_step();
        case 31: return reserve_step();
        case 32: return lapse_step();
        default: return place_step();
        }
    }

    // What is done. -----------------------------------------------------------------------------------------------

    void place_step()
    {
        auto& node = any_node();
        auto entry = some_entry();
        for (int again = 0; again < 4 && !model_.shares[entry.partition].in.contains(entry.seq); ++again)
            entry = some_entry();
        auto drawn = some_deliveries(entry.event);
        retry::Placement placement = placement_of(entry.event, entry.seq, {}, entry.partition);
        for (const auto& one : drawn)
            placement.deliveries.push_back(delivery_from(one));
        if (fenced_out(node)) {
            auto answer = loop_.await(node.deliveries.place(placement));
            expect_fence(node, answer, "");
            return;
        }
        auto should =
            model_.place(entry.partition, entry.seq, entry.event, std::string(name_of(*placement.worst)), drawn);
        auto answer = loop_.await(node.deliveries.place(placement));
        ASSERT_TRUE(answer) << answer.error().code << " " << answer.error().detail;

        EXPECT_EQ(answer->answer, should.first);
        EXPECT_EQ(as_set(answer->ready), named_all(should.second.ready));
        EXPECT_EQ(answer->ended, should.second.ended);
        EXPECT_EQ(answer->others_ended, should.second.others_ended);
    }

    void take_step()
    {
        auto& node = any_node();
        const std::string before;  // all is compared afterwards
        std::vector<Task<retry::Taken>> tasks;
        std::vector<retry::Take> takes;
        std::vector<Name> names;
        for (auto n = 1 + pick(4); n > 0; --n) {
            auto name = some_name([this](const auto& d) {
                return d.state == DeliveryState::ready || d.state == DeliveryState::due ||
                       (d.state == DeliveryState::lane && pick(4) == 0);
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
            if (!should[i]) {
                EXPECT_FALSE(answers[i]->state);
                continue;
            }

            EXPECT_EQ(as_set(answers[i]->next), named_all(should[i]->ready));
            EXPECT_EQ(answers[i]->state, should[i]->state);
            EXPECT_EQ(answers[i]->ended, should[i]->ended);
        }
    }

    /// Or nobody.
    std::string somebody()
    {
        const char* names[]{"", "ann", "bob"};
        return names[pick(3)];
    }

    void release_step()
    {
        auto missing = pick(missing_count);
        auto who = somebody();
        auto answer = loop_.await(decisions_->release(missing_of(what_of(missing)), who)).value();
        auto should = model_.release(missing, who);

        EXPECT_EQ(answer.count, should.count);
        EXPECT_FALSE(answer.more);
        EXPECT_EQ(as_set(answer.ready), named_all(should.ready));
    }

    /// What is known at a system is not known for ever.
    void lapse_step()
    {
        if (pick(2) == 0) {
            auto fact = pick(fact_count);
            command({"DEL", "hg:g:" + std::string(view(fact_key(fact)))});
            model_.facts.erase(fact);
        } else {
            auto reference = some_reference();
            loop_.await(references_->put({{"erp", "order", reference, ""}}));
            model_.references.erase(reference);
        }
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
        auto verdict = static_cast<Decision::Verdict>(pick(6));
        auto told = some_told();
        told.references.clear();
        told.facts.clear();
        told.target.clear();
        Decision decision{id(name), seen, attempts, verdict, told.reason, "who", told.progress};
        decision.maybe = told.maybe.value_or(false);
        decision.who = somebody();
        const auto who = decision.who;
        const auto asked = some_question(name);
        if (asked) {
            decision.asked = Decision::Asked{asked->rule, {}, asked->apart, "note"};
            decision.asked->content.fill(static_cast<std::uint8_t>(asked->content));
        }
        auto answer = loop_.await(decisions_->decide(std::move(decision)));
        auto [should, effects] = model_.decide(name, seen, attempts, verdict, told, who, asked);
        ASSERT_TRUE(answer) << answer.error().code << " " << answer.error().detail;

        EXPECT_EQ(answer->answer, should);
        EXPECT_EQ(as_set(answer->next), named_all(effects.ready));
        EXPECT_EQ(answer->ended, effects.ended);
        if (should != retry::Decided::Answer::gone) {
            EXPECT_EQ(answer->state, model_.deliveries[name].state);
        }
    }

    /// What somebody saw of it: mostly as it is.
    std::optional<StoreModel::Asked> some_question(const Name& name)
    {
        auto known = model_.deliveries.find(name);
        if (known == model_.deliveries.end() || known->second.state != DeliveryState::hold ||
            known->second.told.rule.empty() || pick(10) == 0)
            return pick(20) == 0 ? std::optional(StoreModel::Asked{"big", 'c', false}) : std::nullopt;
        return StoreModel::Asked{known->second.told.rule, pick(10) == 0 ? 'x' : known->second.told.content,
                                 pick(2) == 0};
    }

    void readmit_delivery_step()
    {
        auto name = some_name([](const auto& d) { return d.state == DeliveryState::dead; });
        auto known = model_.deliveries.find(name);
        auto round = known == model_.deliveries.end() ? 0 : known->second.letter.round + (pick(8) == 0 ? 1 : 0);
        bool with_body = pick(2) == 0;
        auto who = somebody();
        auto answer = loop_.await(letters_->readmit(
            {event_of(name.event), round, "who", with_body ? envelope_of(name.event) : "", id(name).half, who}));
        auto [should, seq] = model_.readmit(name, round, with_body, who);
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
        const auto what = pick(2) == 0 ? retry::Spilling::What::waiting : retry::Spilling::What::letters;
        auto answer = loop_.await(node.deliveries.spill({what, {{partition, event_of(event)}}}));
        if (expect_fence(node, answer, before)) {
            EXPECT_EQ(*answer, model_.spill(partition, event, what) * envelope_of(event).size());
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

    using Named = std::set<retry::DeliveryAt>;

    static Named as_set(const std::vector<retry::DeliveryAt>& list) { return {list.begin(), list.end()}; }
    static Named as_set(const std::optional<retry::DeliveryAt>& one) { return one ? Named{*one} : Named(); }
    Named named_all(const std::set<Name>& names) const
    {
        Named all;
        for (const auto& name : names)
            all.insert({model_.home(name), id(name)});
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

    void compare_next()
    {
        auto partition = static_cast<Partition>(pick(shares));
        std::string system = pick(2) == 0 ? "erp" : "wms";
        auto half = 1 + pick(3);
        // Now and then the very instant at which one is due.
        auto now = static_cast<std::int64_t>(pick(1'000'000));
        if (auto name = some_name([](const auto& d) { return d.state == DeliveryState::due; });
            model_.deliveries.contains(name) && pick(2) == 0) {
            partition = model_.home(name);
            system = name.system;
            now = model_.deliveries[name].told.at;
        }
        // By what they come in, and what is told of them: which of two that share it comes first does not matter.
        std::vector<std::int64_t> due, ready;
        std::optional<retry::Millis> next_due;
        for (const auto& [name, delivery] : model_.deliveries) {
            if (model_.home(name) != partition || name.system != system)
                continue;
            auto at = delivery.told.at;
            if (delivery.state == DeliveryState::ready)
                ready.push_back(static_cast<std::int64_t>(delivery.seq));
            if (delivery.state == DeliveryState::due && at <= now)
                due.push_back(at);
            if (delivery.state == DeliveryState::due && at > now && (!next_due || at_ms(at) < *next_due))
                next_due = at_ms(at);
        }
        std::ranges::sort(due);
        std::ranges::sort(ready);

        auto next =
            loop_.await(retry::next_deliveries(*redis_, scripts_, partition, system, at_ms(now), 2 * half)).value();

        EXPECT_EQ(next.ready, ready.size());
        EXPECT_EQ(next.due, due.size());
        EXPECT_EQ(next.next_due, next_due);
        auto left_over = [half](std::size_t of) { return half - std::min<std::size_t>(half, of); };
        const auto due_size = due.size();
        due.resize(std::min(due.size(), half + left_over(ready.size())));
        ready.resize(std::min(ready.size(), half + left_over(due_size)));
        std::vector<std::int64_t> told_due, told_ready;
        std::set<retry::DeliveryId> told;
        for (const auto& delivery : next.deliveries) {
            told.insert(delivery.id);
            if (delivery.state == DeliveryState::due) {
                EXPECT_TRUE(told_ready.empty()) << "what is due comes first";
                told_due.push_back(delivery.at.time_since_epoch().count());
            } else {
                told_ready.push_back(static_cast<std::int64_t>(delivery.seq));
            }
        }
        EXPECT_EQ(told.size(), next.deliveries.size());
        EXPECT_EQ(told_due, due);
        EXPECT_EQ(told_ready, ready);
    }

    void compare_overdue()
    {
        auto partition = static_cast<Partition>(pick(shares));
        auto most = 1 + pick(4);
        auto now = static_cast<std::int64_t>(pick(1'000'000));
        // Now and then the very instant at which one is overdue.
        if (auto name = some_name([](const auto& d) { return d.state == DeliveryState::park; });
            model_.deliveries.contains(name) && pick(2) == 0) {
            partition = model_.home(name);
            now = model_.deliveries[name].told.at;
        }
        std::vector<std::int64_t> late;
        std::optional<retry::Millis> next;
        for (const auto& [name, delivery] : model_.deliveries) {
            if (model_.home(name) != partition || delivery.state != DeliveryState::park)
                continue;
            auto at = delivery.told.at;
            if (at <= now)
                late.push_back(at);
            else if (!next || at_ms(at) < *next)
                next = at_ms(at);
        }
        std::ranges::sort(late);
        late.resize(std::min<std::size_t>(late.size(), most));

        auto overdue = loop_.await(retry::overdue_deliveries(*redis_, scripts_, partition, at_ms(now), most)).value();

        EXPECT_EQ(overdue.next, next);
        std::vector<std::int64_t> told;
        for (const auto& delivery : overdue.deliveries)
            told.push_back(delivery.at.time_since_epoch().count());
        EXPECT_EQ(told, late);
    }

    void compare_missing()
    {
        std::map<Hash16, std::pair<std::string, std::uint64_t>> should, told;
        for (const auto& [missing, what] : model_.waited_for) {
            auto waits = [&, missing = missing](const Name&, const auto& d) {
                return d.state == DeliveryState::park && d.told.missing == missing;
            };
            should[missing_of(what_of(missing))] = {what, static_cast<std::uint64_t>(model_.count(waits))};
        }
        auto things = loop_.await(retry::missing_things(*redis_)).value();
        for (const auto& thing : things)
            told[thing.key] = {thing.what, thing.waiting};
        EXPECT_EQ(told, should);

        std::vector<retry::Come> asked;
        std::vector<bool> so;
        for (auto n = pick(6); n > 0; --n) {
            auto come = some_come();
            asked.push_back(come_from(come));
            so.push_back(model_.has_come(come));
        }
        EXPECT_EQ(loop_.await(retry::have_come(*redis_, asked)).value(), so);
    }

    void compare_known()
    {
        auto event = 1 + pick(events_ + 1);
        if (!model_.records.empty() && pick(4) != 0)
            event = std::next(model_.records.begin(), static_cast<std::ptrdiff_t>(pick(model_.records.size())))->first;
        StoreModel::Record record;
        if (auto found = model_.records.find(event); found != model_.records.end())
            record = found->second;

        auto known = loop_.await(retry::known_event(*redis_, scripts_, event_of(event))).value();

        EXPECT_EQ(known.round, record.round);
        EXPECT_EQ(known.maybe_sent, record.maybe_sent);
        ASSERT_EQ(known.deliveries.size(), record.placed.size());
        for (const auto& name : record.placed) {
            auto told = std::ranges::find(known.deliveries, id(name).half, &retry::KnownEvent::Known::half);
            ASSERT_NE(told, known.deliveries.end());
            const auto& delivery = model_.deliveries[name];
            EXPECT_EQ(told->state, delivery.state);
            EXPECT_EQ(told->attempts, delivery.attempts);
            EXPECT_EQ(told->maybe, delivery.maybe);
        }
    }

    void compare_lanes()
    {
        std::set<std::string> systems;
        for (const auto& [system, lanes] : model_.lanes())
            systems.insert(system);
        auto told = loop_.await(retry::systems_with_lanes(*redis_)).value();
        EXPECT_EQ(std::set(told.begin(), told.end()), systems);
        EXPECT_EQ(told.size(), systems.size());

        const std::string system = pick(2) == 0 ? "erp" : "wms";
        auto entity = "order/" + std::to_string(pick(entity_count));
        EXPECT_EQ(loop_.await(retry::lane_is_taken(*redis_, lane_of(entity, system))),
                  model_.owner(system, entity).has_value());
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
            compare_next();
            compare_overdue();
            if (i % 10 == 9) {
                compare_missing();
                compare_known();
                compare_lanes();
            }
            if (i % 100 == 99)
                compare_tallies();
            if (HasFailure())
                return;
        }
    }
}

}  // namespace headgate::test
