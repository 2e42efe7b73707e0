#include <fstream>

#include "slow_path.hpp"

namespace headgate::test {

using retry::DeliveryState;
using retry::Outcome;
using Verdict = retry::Decision::Verdict;

/// One line of a script broken on purpose, and the invariant that must be seen not to hold.
struct Break {
    const char* name;
    const char* script;
    const char* line;
    const char* instead;
    const char* invariant;
};

void PrintTo(const Break& broken, std::ostream* out)
{
    *out << broken.name;
}

class BrokenScriptsTest : public SlowPathTest, public ::testing::WithParamInterface<Break> {
protected:
    void break_script(const Break& broken)
    {
        std::string text;
        for (std::size_t i = 0; i < retry::embedded::source_count; ++i)
            if (retry::embedded::sources[i].name == std::string_view(broken.script))
                text = retry::embedded::sources[i].body;
        const auto at = text.find(broken.line);
        ASSERT_NE(at, std::string::npos) << broken.script << ".lua no longer holds: " << broken.line;
        text.replace(at, std::string_view(broken.line).size(), broken.instead);
        std::ofstream(folder_.path() / (std::string(broken.script) + ".lua")) << text;
        scripts_ = retry::Scripts::load(folder_.path()).value();
    }

    /// A little of everything; what broke may refuse what comes later.
    void live()
    {
        auto patch = delivery_as(DeliveryState::dead, "order/4", 1);
        patch.order = Order::sequence;
        placed(1, {delivery_as(DeliveryState::ready, "order/1", 0), delivery_as(DeliveryState::ready, "order/1", 1)});
        placed(2, {delivery_as(DeliveryState::due, "order/1", 0), delivery_as(DeliveryState::park, "order/2", 1)});
        placed(3, {delivery_as(DeliveryState::ready, "order/3")});
        placed(4, {delivery_as(DeliveryState::due, "order/5", 0), patch});
        placed(5, {delivery_as(DeliveryState::hold, "order/6")});
        placed(6, {delivery_as(DeliveryState::due, "order/7"), delivery_as(DeliveryState::applied, "order/8", 1)});
        placed(8, {delivery_as(DeliveryState::dead, "order/11")});
        placed(7, {delivery_as(DeliveryState::dead, "order/9"), delivery_as(DeliveryState::hold, "order/10", 1)});
        take(id_of(1));
        take(id_of(3));
        take(id_of(6));
        resolve(id_of(1), Outcome::applied);
        resolve(id_of(3), Outcome::applied);
        resolve(id_of(6), Outcome::retry);
        decide(id_of(5), Verdict::discard, DeliveryState::hold);
        readmit(id_of(7), 0);
        let_others_by();
        replace();
        miss_words();
        spill(retry::Spilling::What::waiting, {2});
        spill(retry::Spilling::What::letters, {8});
        auto written = frames();
        if (!written.empty())
            loop_.await(frames_->archive(0, written.back().id));
    }

    /// Of what waits for something behind it, one is released, one waited too long and others are parked still.
    void let_others_by()
    {
        auto passing = [](const std::string& entity, std::uint64_t slot, const std::string& missing) {
            auto child = delivery_as(DeliveryState::park, entity, slot);
            child.telling = telling_of(missing);
            child.telling.pass = true;
            return child;
        };
        placed(9, {passing("order/12", 0, "sku/2"), passing("order/13", 1, "sku/3"), passing("order/13", 2, "sku/4"),
                   passing("order/17", 3, "sku/4")});
        placed(10, {delivery_as(DeliveryState::ready, "order/12", 0), delivery_as(DeliveryState::ready, "order/13", 1),
                    delivery_as(DeliveryState::ready, "order/13", 2)});
        take(id_of(10, 0));
        resolve(id_of(10, 0), Outcome::applied);
        release("sku/2");
        resolve({0, id_of(9, 1), 0, DeliveryState::park, Outcome::hold, telling_of(), "overdue"});
        take(id_of(10, 1));
        resolve(id_of(10, 1), Outcome::park, 1, passing("order/13", 1, "sku/5").telling);
    }

    /// Two go, and what was behind them; of one event another delivery is left, of the other nothing.
    void replace()
    {
        auto tried = delivery_as(DeliveryState::ready, "order/15");
        tried.attempts = 1;
        placed(11, {delivery_as(DeliveryState::due, "order/14")}, 5);
        placed(12,
               {delivery_as(DeliveryState::ready, "order/14", 0), delivery_as(DeliveryState::ready, "order/16", 1)});
        placed(13, {delivery_as(DeliveryState::park, "order/15")});
        placed(14, {tried});
        std::vector<retry::NewDelivery> newer{delivery_as(DeliveryState::ready, "order/14", 0),
                                              delivery_as(DeliveryState::due, "order/15", 1)};
        for (auto& each : newer)
            each.replaces = retry::Replaces::all;
        placed(15, newer);
    }

    /// Three letters wait for a word, and another for one of its own; one of each is replayed.
    void miss_words()
    {
        for (std::uint64_t event = 16; event <= 19; ++event) {
            const auto accepted = accept(item_of(event, event));
            auto burial = burial_of(event, accepted->seq);
            burial.word = awaited_of(event == 19 ? 2 : 1, "shop");
            bury(burial);
        }
        StoreTest::readmit(16, 0);
        StoreTest::readmit(19, 0);
    }

    TempFolder folder_;
};

TEST_F(BrokenScriptsTest, AreSeenBecauseWholeOnesAreNot)
{
    live();

    EXPECT_EQ(finding_lines(), "");
    EXPECT_EQ(tally().waiting(), 12);
    EXPECT_EQ(tally(5).suppressed, 1);
}

TEST_P(BrokenScriptsTest, AreSeen)
{
    break_script(GetParam());
    live();

    EXPECT_NE(finding_lines().find(GetParam().invariant), std::string::npos) << finding_lines();
}

INSTANTIATE_TEST_SUITE_P(
    Invariants, BrokenScriptsTest,
    ::testing::Values(
        Break{"placed_and_still_in_the_backlog", "place", "redis.call('XDEL', inbox, id)", "", "I1"},
        Break{"placed_and_nowhere", "place", "redis.call('HSET', open, event, text(known.seq))", "", "I1"},
        Break{"finished_and_still_open", "delivery", "redis.call('HDEL', open, known.event)", "", "I1"},
        Break{"readmitted_and_still_open", "readmit", "redis.call('HDEL', open, event)", "", "I1"},
        Break{"not_counted_as_finished", "delivery", "counted(known.p, as, 1)", "", "I1"},
        Break{"in_no_set", "delivery", "redis.call('ZADD', set_of(d, state), text(score), in_set(d, state))", "", "I2"},
        Break{"in_two_sets", "delivery", "redis.call('ZREM', set_of(d, d.state), in_set(d, d.state))", "", "I2"},
        Break{"ended_and_not_counted", "delivery", "counted(d.p, 'd_' .. to, 1)", "", "I2"},
        Break{"not_counted_as_created", "place", "counted(p, 'd_created', 1)", "", "I2"},
        Break{"an_events_own_counts", "delivery", "known[from] = known[from] - 1", "", "I2"},
        Break{"counted_as_waiting", "delivery", "comes_to_rest(known.p, known.event)", "", "I2"},
        Break{"without_a_record", "place", "redis.call('HSET', 'hg:e:' .. event, 'd', known.d)", "", "I2"},
        Break{"causes", "telling", "redis.call('HINCRBY', 'hg:causes:' .. d.p, letter.cause, '1')", "", "I2"},
        Break{"spilled_and_not_marked", "spill", "redis.call('HSET', 'hg:e:' .. event, 'body', 'history')", "", "I3"},
        Break{"kept_and_not_counted", "rest", "redis.call('HSET', 'hg:e:' .. event, 'kept', text(bytes))", "", "I3"},
        Break{"spilled_and_still_counted", "spill", "count_body(p, event, 0)", "", "I3"},
        Break{"archived_and_open", "archive",
              "(of_event or field(frame[2], 'end')) and redis.call('HEXISTS', open, event) == 0", "true", "I3"},
        Break{"owns_and_not_named", "delivery", "redis.call('SET', key, d.id .. waiting)", "", "I5"},
        Break{"passed_on_and_not_named", "delivery", "redis.call('SET', key, head .. still)", "", "I5"},
        Break{"ended_and_still_named", "delivery", "redis.call('DEL', key)", "", "I5"},
        Break{"waits_unseen", "delivery", "redis.call('SET', key, owner .. waiting .. mark)", "", "I5"},
        Break{"over_who_has_the_lane", "telling", "t.as = 'lane'", "", "I5"},
        Break{"placed_over_who_has_the_lane", "place", "wait_for_its_turn(d, one.telling)", "", "I5"},
        Break{"resolved_over_who_has_the_lane", "resolve", "wait_for_its_turn(d, item.telling)", "", "I5"},
        Break{"a_lane_is_not_counted", "delivery", "lanes[d.system] = lanes[d.system] + 1", "", "I5"},
        Break{"a_lane_is_counted_twice", "delivery", "lanes[d.system] + 1", "lanes[d.system] + 2", "I5"},
        Break{"a_lane_is_counted_for_ever", "delivery", "lanes[d.system] = lanes[d.system] - 1", "", "I5"},
        Break{"parked_and_nothing_wakes_it", "telling", "redis.call('SADD', 'hg:pk:' .. t.pk, d.id)", "", "I5"},
        Break{"released_and_still_named", "delivery", "redis.call('SREM', 'hg:pk:' .. d.pk, d.id)", "", "I5"},
        Break{"waited_for_and_not_known", "telling", "redis.call('HSETNX', 'hg:work', t.pk, t.what)", "", "I5"},
        Break{"known_and_not_waited_for", "delivery", "redis.call('HDEL', 'hg:work', d.pk)", "", "I5"},
        Break{"known_no_more_and_waited_for", "delivery", "if redis.call('EXISTS', 'hg:pk:' .. d.pk) == 0 then",
              "if true then", "I5"},
        Break{"lets_others_by_and_has_its_lane", "delivery", "and not (d.state == 'park' and d.pass)", "", "I5"},
        Break{"lets_others_by_and_forgets_it", "telling", "d.pk, d.pass = t.pk, t.pass", "d.pk = t.pk", "I5"},
        Break{"lets_others_by_and_is_not_said_to", "telling", "t.pass and '1' or '0'", "'0'", "I5"},
        Break{"replaced_and_still_has_its_lane", "place", "now_ready(arrange(older))", "", "I5"},
        Break{"replaced_and_its_event_not_told", "place", "settle(records[older.event])", "''", "I2"},
        Break{"dead_without_its_letter", "telling", "redis.call('HSET', 'hg:l:' .. d.id,",
              "redis.call('HSET', 'hg:lost:' .. d.id,", "I8"},
        Break{"waits_for_a_word_and_nothing_wakes_it", "bury",
              "redis.call('ZADD', 'hg:wd:' .. word, origin, event .. channel)", "", "I8"},
        Break{"a_word_that_is_not_known", "bury", "redis.call('HSET', 'hg:words', word, what)", "", "I8"},
        Break{"waits_for_a_word_and_does_not_say", "bury", "redis.call('HSET', letter, 'word', word .. channel)", "",
              "I8"},
        Break{"replayed_and_waits_for_a_word", "delivery",
              "redis.call('ZREM', 'hg:wd:' .. wd, letter .. string.sub(word, 17))", "", "I8"},
        Break{"a_word_that_nobody_waits_for", "delivery", "redis.call('HDEL', 'hg:words', wd)", "", "I8"},
        Break{"a_word_that_is_forgotten_too_early", "delivery", "if redis.call('EXISTS', 'hg:wd:' .. wd) == 0 then",
              "if true then", "I8"}),
    [](const auto& broken) { return std::string(broken.param.name); });

}  // namespace headgate::test
