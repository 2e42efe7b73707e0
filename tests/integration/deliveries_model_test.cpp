#include <algorithm>
#include <cstdlib>

#include "store_model_fixture.hpp"

namespace headgate::test {

using retry::Decision;
using retry::DeliveryState;
using retry::Outcome;

/// As StoreModelTest, with the slow path; and after each call every key of Redis is compared, whole.
class DeliveriesModelTest : public StoreModelTest {
protected:
    using Name = StoreModel::Name;
    using Dump = std::map<std::string, std::map<std::string, std::string>>;

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
    static std::string what_of(std::uint64_t missing) { return "sku/" + std::to_string(missing); }
    static retry::DeliveryId id(const Name& name) { return id_of(name.event, name.slot, name.system); }
    static Hash16 lane(const Name& name, const std::string& entity) { return lane_of(entity, name.system); }

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

    /// All of Redis: key -> field or member -> value or score. Numbers that are 0 may as well not be there.
    Dump dump()
    {
        static const auto script = net::make_script("dump", R"(
            local kinds = {b = 'string', g = 'string', blk = 'string', seq = 'string', pk = 'set', rest = 'set',
                           sys = 'set', ready = 'zset', due = 'zset', busy = 'zset', lane = 'zset', park = 'zset',
                           hold = 'zset', dead = 'zset', ['in'] = 'stream', hist = 'stream'}
            local out = {}
            for _, key in ipairs(redis.call('KEYS', 'hg:*')) do
                local kind = kinds[string.match(key, '^hg:(%a+)')]
                local flat = {}
                if string.sub(key, 1, 5) == 'hg:i:' then
                    kind = nil
                elseif kind == nil then
                    flat = redis.call('HGETALL', key)
                elseif kind == 'zset' then
                    flat = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')
                elseif kind == 'set' then
                    for _, member in ipairs(redis.call('SMEMBERS', key)) do
                        flat[#flat + 1] = member
                        flat[#flat + 1] = ''
                    end
                elseif kind == 'string' then
                    flat = {'', redis.call('GET', key)}
                else
                    for i, entry in ipairs(redis.call('XRANGE', key, '-', '+')) do
                        local words = {}
                        for j = 1, #entry[2], 2 do
                            if entry[2][j] ~= 'f' then
                                words[#words + 1] = entry[2][j] .. '=' .. entry[2][j + 1]
                            end
                        end
                        flat[#flat + 1] = string.sub(key, 1, 6) == 'hg:in:' and entry[1] or string.format('%d', i)
                        flat[#flat + 1] = table.concat(words, ' ')
                    end
                end
                out[#out + 1] = key
                out[#out + 1] = flat
            end
            return out)");
        auto reply = loop_.await(redis_->eval(script, {}, {})).value();
        Dump found;
        for (std::size_t i = 0; i + 1 < reply.list.size(); i += 2) {
            const auto& key = reply.list[i].text;
            const auto& flat = reply.list[i + 1].list;
            for (std::size_t j = 0; j + 1 < flat.size(); j += 2)
                put(found, key, flat[j].text, flat[j + 1].text);
        }
        for (auto& [key, fields] : found) {
            if (key.starts_with("hg:P:"))
                for (const char* field : {"token", "owner", "until"})
                    fields.erase(field);
            if (key.starts_with("hg:dead:"))
                for (auto& [member, score] : fields)
                    score = "some time";
            if (key.starts_with("hg:blk:"))
                look_at_marks(key, fields[""]);
        }
        std::erase_if(found, [](const auto& each) { return each.second.empty(); });
        return found;
    }

    static void put(Dump& dump, const std::string& key, const std::string& field, const std::string& value)
    {
        bool counts = key.starts_with("hg:e:") || key.starts_with("hg:P:");
        if (!value.empty() || key.starts_with("hg:pk:") || key.starts_with("hg:rest:") || key.starts_with("hg:sys:"))
            if (!counts || value != "0" || field == "p")
                dump[key][field] = value;
    }

    /// Of a lane: in which partitions others wait. There may be more than there are, never fewer.
    void look_at_marks(const std::string& key, std::string& held)
    {
        auto marks = held.substr(std::min<std::size_t>(32, held.size()));
        held.resize(std::min<std::size_t>(32, held.size()));
        for (const auto& [name, delivery] : model_.deliveries)
            if (delivery.state == DeliveryState::lane &&
                key == "hg:blk:" + std::string(view(lane(name, delivery.entity)))) {
                EXPECT_NE(marks.find(static_cast<char>(model_.home(name))), std::string::npos);
            }
    }

    /// What the model says all of it is.
    Dump expected()
    {
        Dump all;
        put(all, "hg:seq", "", model_.seq == 0 ? "" : std::to_string(model_.seq));
        for (auto event : model_.bodies)
            put(all, retry::event_key("b", event_of(event)), "", "envelope");
        for (const auto& [fact, held] : model_.facts)
            put(all, "hg:g:" + std::string(view(fact_key(fact))), "", retry::encode(guard_of(held)));
        for (const auto& [ours, theirs] : model_.references)
            put(all, std::string("hg:x:erp\0order", 14), ours, theirs);
        for (const auto& system : model_.paused)
            put(all, "hg:paused", "system:" + system, "{}");
        for (const auto& [partition, names] : model_.systems)
            for (const auto& system : names)
                put(all, retry::partition_key("sys", partition), system, "");
        for (const auto& [partition, share] : model_.shares)
            expect_share(all, partition, share);
        for (const auto& [event, record] : model_.records)
            expect_record(all, event, record);
        for (const auto& [event, letter] : model_.letters) {
            auto partition = model_.records[event].partition;
            put(all, retry::partition_key("dead", partition), raw(event_of(event)), "some time");
            expect_letter(all, retry::event_key("l", event_of(event)), burial_of(event, 0).letter, "permanent", letter,
                          2);
        }
        for (const auto& [name, delivery] : model_.deliveries)
            expect_delivery(all, name, delivery);
        return all;
    }

    void expect_share(Dump& all, Partition partition, const StoreModel::Share& share)
    {
        auto key = [&](std::string_view kind) { return retry::partition_key(kind, partition); };
        for (const auto& [seq, entry] : share.in) {
            auto text = "e=" + raw(event_of(entry.first));
            if (entry.second != seq)
                text += " o=" + std::to_string(entry.second);
            put(all, key("in"), std::to_string(seq) + "-0", text);
        }
        for (const auto& [event, origin] : share.open) {
            put(all, key("open"), raw(event_of(event)), std::to_string(origin));
            if (model_.left_of(event) == 0)
                put(all, key("rest"), raw(event_of(event)), "");
        }
        int n = 0;
        for (const auto& outcome : share.history) {
            auto text =
                "e=" + raw(event_of(outcome.event)) + " s=" + outcome.state + " r=" + std::to_string(outcome.round);
            if (outcome.delivery)
                text += " d=" + id(*outcome.delivery).raw().substr(16);
            if (outcome.ended)
                text += std::string(" end=") + static_cast<char>(*outcome.ended);
            put(all, key("hist"), std::to_string(++n), text);
        }
        auto of_state = [&](DeliveryState state) {
            return model_.count(
                [&](const Name& name, const auto& d) { return d.state == state && model_.home(name) == partition; });
        };
        const std::pair<const char*, std::int64_t> counters[]{{"accepted", share.accepted},
                                                              {"applied", share.applied},
                                                              {"suppressed", share.suppressed},
                                                              {"discarded", share.discarded},
                                                              {"d_created", share.d_created},
                                                              {"d_applied", share.d_applied},
                                                              {"d_suppressed", share.d_suppressed},
                                                              {"d_discarded", share.d_discarded},
                                                              {"d_dead", of_state(DeliveryState::dead)},
                                                              {"d_again", of_state(DeliveryState::again)},
                                                              {"hw", static_cast<std::int64_t>(share.high_water)}};
        for (const auto& [name, value] : counters)
            put(all, key("P"), name, std::to_string(value));
    }

    void expect_record(Dump& all, std::uint64_t event, const StoreModel::Record& record)
    {
        auto key = retry::event_key("e", event_of(event));
        std::string halves;
        for (const auto& name : record.placed)
            halves += id(name).raw().substr(16);
        put(all, key, "p", std::to_string(record.partition));
        put(all, key, "seq", std::to_string(record.seq));
        put(all, key, "round", std::to_string(record.round));
        put(all, key, "body", record.body_in_history ? "history" : "redis");
        put(all, key, "config", "7");
        put(all, key, "worst", record.worst);
        put(all, key, "d", halves);
        put(all, key, "left", std::to_string(model_.left_of(event)));
        for (auto state : {DeliveryState::dead, DeliveryState::again, DeliveryState::applied, DeliveryState::discarded})
            put(all, key, std::string(name_of(state)), std::to_string(model_.count_of(event, state)));
    }

    void expect_letter(Dump& all, const std::string& key, const retry::Letter& letter, const std::string& failure_class,
                       const StoreModel::Letter& kept, std::uint32_t attempts)
    {
        put(all, key, "stage", letter.stage);
        put(all, key, "class", failure_class);
        put(all, key, "code", letter.code);
        put(all, key, "where", letter.where.document + "\n" + letter.where.config);
        put(all, key, "cause", kept.cause);
        put(all, key, "queue", letter.queue);
        put(all, key, "due", std::to_string(letter.due.time_since_epoch().count()));
        put(all, key, "config", "7");
        put(all, key, "attempts", std::to_string(attempts));
        put(all, key, "excerpt", letter.excerpt);
        put(all, key, "round", std::to_string(kept.round));
        auto partition = model_.records[event_number(key)].partition;
        auto& causes = all[retry::partition_key("causes", partition)][kept.cause];
        causes = std::to_string((causes.empty() ? 0 : std::stoi(causes)) + 1);
    }
    static std::uint64_t event_number(const std::string& letter_key)
    {
        std::uint64_t number = 0;
        for (char byte : letter_key.substr(5 + 8, 8))
            number = number << 8U | static_cast<unsigned char>(byte);
        return number;
    }

    void expect_delivery(Dump& all, const Name& name, const StoreModel::Delivery& d)
    {
        auto partition = model_.home(name);
        auto of_share = [&](std::string_view kind) { return retry::partition_key(kind, partition); };
        const auto& told = d.told;
        auto member = id(name).raw();
        auto at = std::to_string(told.at);
        auto key = "hg:d:" + member;
        auto own = delivery_as(d.state, d.entity, name.slot, name.system);
        const char* orders[]{"latest", "sequence", "free"};
        put(all, key, "p", std::to_string(partition));
        put(all, key, "slot", own.slot.text());
        put(all, key, "system", name.system);
        put(all, key, "lane", std::string(view(own.lane)));
        put(all, key, "type", own.type);
        put(all, key, "order", orders[static_cast<std::size_t>(d.order)]);
        put(all, key, "n", std::to_string(d.place));
        put(all, key, "first", std::to_string(d.first));
        put(all, key, "seq", std::to_string(d.seq));
        put(all, key, "effect", std::string(view(own.effect)));
        put(all, key, "state", std::string(name_of(d.state)));
        put(all, key, "attempts", std::to_string(d.attempts));
        put(all, key, "maybe", d.maybe ? "1" : "0");
        put(all, key, "reason", told.reason);
        put(all, key, "class", told.failure_class);
        auto has_lane = [&] { put(all, "hg:blk:" + std::string(view(own.lane)), "", member); };
        switch (d.state) {
        case DeliveryState::ready:
            put(all, of_share("ready") + ":" + name.system, member, std::to_string(d.seq));
            break;
        case DeliveryState::due:
            put(all, of_share("due") + ":" + name.system, member, at);
            put(all, key, "next", at);
            break;
        case DeliveryState::busy: put(all, of_share("busy") + ":" + name.system, member, at); break;
        case DeliveryState::lane: {
            std::string place(view(own.lane));
            for (int shift = 56; shift >= 0; shift -= 8)
                place.push_back(static_cast<char>(d.seq >> static_cast<unsigned>(shift) & 0xffU));
            place.push_back(static_cast<char>(d.place >> 8U));
            place.push_back(static_cast<char>(d.place & 0xffU));
            put(all, of_share("lane"), place + member, "0");
            if (!model_.owner(name.system, d.entity))
                put(all, "hg:blk:" + std::string(view(own.lane)), "", std::string(32, '\0'));
            break;
        }
        case DeliveryState::park:
            put(all, of_share("park"), member, at);
            put(all, key, "pk", std::string(view(missing_of(what_of(told.missing)))));
            put(all, key, "what", what_of(told.missing));
            put(all, "hg:pk:" + std::string(view(missing_of(what_of(told.missing)))), member, "");
            break;
        case DeliveryState::hold:
            put(all, of_share("hold"), member, at);
            put(all, key, "due", at);
            put(all, key, "what", what_of(told.missing));
            break;
        case DeliveryState::dead: {
            put(all, of_share("dead"), member, "some time");
            auto letter_key = "hg:l:" + member;
            auto letter = telling_of().letter.value();
            expect_letter(all, letter_key, letter, told.failure_class, d.letter, d.attempts);
            put(all, letter_key, "slot", own.slot.text());
            put(all, letter_key, "system", name.system);
            put(all, letter_key, "type", own.type);
            break;
        }
        case DeliveryState::again: break;
        default: put(all, key, "target", told.target);
        }
        if (StoreModel::has_lane(d))
            has_lane();
    }

    static std::string shown(const std::string& raw)
    {
        std::string text;
        for (char c : raw) {
            auto byte = static_cast<unsigned char>(c);
            if (byte >= 32 && byte < 127)
                text.push_back(c);
            else
                text += "\\" + to_hex(std::span(&byte, 1));
        }
        return text;
    }

    void compare_all()
    {
        auto found = dump();
        auto should = expected();
        for (auto& [key, fields] : found)
            if (key.starts_with("hg:b:"))
                fields[""] = "envelope";
        if (found == should)
            return;
        for (const auto& [key, fields] : should)
            for (const auto& [field, value] : fields)
                if (!found[key].contains(field) || found[key][field] != value)
                    ADD_FAILURE() << shown(key) << " " << shown(field) << " should be " << shown(value) << " and is "
                                  << (found[key].contains(field) ? shown(found[key][field]) : "not there");
        for (const auto& [key, fields] : found)
            for (const auto& [field, value] : fields)
                if (!should[key].contains(field))
                    ADD_FAILURE() << shown(key) << " " << shown(field) << " is there: " << shown(value);
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
        for (int i = 0; i < 2'500; ++i) {
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
