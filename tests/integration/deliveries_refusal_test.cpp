#include "slow_path.hpp"

namespace headgate::test {

using retry::DeliveryState;

/// A script of the slow path, arguments that make it write, and every key it reads or writes then.
struct SlowUse {
    std::string name;
    const net::Script* script;
    std::vector<std::string> args;
    std::vector<std::string> keys;
    bool writes = true;
};

/// In partition 0: event 1 in the backlog, 2 busy with 3 behind it, 4 and 12 parked, 5 held, 21 by a rule, 22 parked, 6
/// dead, 7 and 13 ready. Older than all: 9 with the lane of order/11, and behind it 10 and 11 of partition 3, of which
/// 11 was tried.
class DeliveriesRefusalTest : public SlowPathTest {
protected:
    using Texts = std::vector<std::string>;

    void SetUp() override
    {
        SlowPathTest::SetUp();
        auto tried = delivery_as(DeliveryState::ready, "order/11");
        tried.attempts = 1;
        placed(9, {delivery_as(DeliveryState::ready, "order/11")});
        placed(10, {delivery_as(DeliveryState::ready, "order/11")}, 3);
        placed(11, {tried}, 3);
        seq_ = accept(item_of(1, 1))->seq;
        placed(2, {delivery_as(DeliveryState::ready, "order/2")});
        placed(3, {delivery_as(DeliveryState::ready, "order/2")});
        placed(4, {delivery_as(DeliveryState::park, "order/4")});
        placed(5, {delivery_as(DeliveryState::hold, "order/5")});
        auto asked = delivery_as(DeliveryState::hold, "order/21");
        asked.telling.rule = "big";
        asked.telling.content.fill('c');
        placed(21, {asked});
        auto by_a_person = delivery_as(DeliveryState::park, "order/22");
        by_a_person.telling = telling_of("sku/4");
        placed(22, {by_a_person});
        placed(6, {delivery_as(DeliveryState::dead, "order/6")});
        auto of_a_fact = delivery_as(DeliveryState::dead, "order/23");
        of_a_fact.fact.emplace().fill('f');
        placed(23, {of_a_fact});
        retry::Guard later;
        later.seq = 1'000;
        command({"SET", "hg:g:" + guard_of_fact(), retry::encode(later)});
        placed(7, {delivery_as(DeliveryState::ready, "order/7")});
        placed(8, {delivery_as(DeliveryState::applied, "order/8")});
        auto elsewhere = delivery_as(DeliveryState::park, "order/13");
        elsewhere.telling = telling_of("sku/2");
        placed(12, {elsewhere});
        placed(13, {delivery_as(DeliveryState::ready, "order/14")});
        command({"SADD", "hg:pk:" + pk("sku/3"), "stranger"});
        last_frame_ = frames().back().id;
        take(id_of(2));
        for (const auto& use : uses())
            ASSERT_TRUE(command({"SCRIPT", "LOAD", use.script->source}));
    }

    static std::string d(std::uint64_t event, std::uint64_t slot = 0) { return id_of(event, slot).raw(); }
    static std::string lane(const std::string& entity) { return std::string(view(lane_of(entity))); }
    static std::string pk(const std::string& missing = "sku/1") { return std::string(view(missing_of(missing))); }
    static std::string guard_name() { return std::string(16, 'g'); }
    static std::string guard_of_parent() { return std::string(16, 'p'); }
    static std::string guard_of_fact() { return std::string(16, 'f'); }
    [[nodiscard]] std::string token() const { return std::string(view(lease_->token())); }

    static Texts joined(Texts left, const Texts& right)
    {
        left.insert(left.end(), right.begin(), right.end());
        return left;
    }

    /// See telling.lua.
    static Texts applied()
    {
        retry::Guard guard;
        guard.seq = 1;
        return {"applied", "0",   "0",        "r",       "transient",  "",
                "",        "T",   "step 2",   "1",       guard_name(), retry::encode(guard),
                "1",       "erp", "customer", "shop/77", "C-77"};
    }
    static Texts parked()
    {
        return {"park",
                "",
                "99",
                "r",
                "dependency",
                pk(),
                "sku",
                "",
                "",
                "0",
                "0",
                "1",
                "2",
                "nowhere",
                "",
                "1",
                std::string("hg:x:erp\0sku", 12),
                "sku/1",
                "1"};
    }
    static Texts dead()
    {
        return {"dead", "",        "0",    "r",     "permanent", "",      "",  "",  "",       "0",
                "0",    "deliver", "code", "where", "c",         "queue", "0", "7", "excerpt"};
    }
    static Texts new_delivery(std::uint64_t slot, const std::string& entity, const Texts& telling,
                              const std::string& attempts = "1", const Texts& replaces = {"", "", "", "", "0"})
    {
        Texts args{
            d(1, slot).substr(16), slot_of(slot).text(), "erp", lane(entity), "order", "latest", "0", attempts, "5",
            std::string(32, 'e')};
        return joined(joined(std::move(args), replaces), telling);
    }
    [[nodiscard]] Texts place_head(const std::string& deliveries) const
    {
        return {token(),     "0",     std::to_string(seq_), raw(event_of(1)), "7",
                "transient", "frame", "frame of replaced",  channel_of(1),    deliveries};
    }
    [[nodiscard]] Texts place_args() const
    {
        auto args = joined(place_head("3"), new_delivery(0, "order/10", applied()));
        args = joined(
            args, new_delivery(1, "order/11", parked(), "0", {"all", "", "", "", "1", "parent", guard_of_parent()}));
        return joined(args, new_delivery(2, "order/12", dead()));
    }
    [[nodiscard]] Texts resolve_args(const Texts& telling) const
    {
        return joined({token(), "0", d(2), "1", "busy", "frame"}, telling);
    }
    static Texts decide_args(std::uint64_t event, const std::string& state, const std::string& verdict,
                             const Texts& asked = {"", "", "0", ""})
    {
        return joined({d(event), state, "0", verdict, "r", "", "0", "frame", "ann"}, asked);
    }
    [[nodiscard]] Texts park_args() const { return joined({token(), "0", d(13), "0", "ready", "frame"}, parked()); }

    [[nodiscard]] std::vector<SlowUse> uses() const
    {
        const std::string share[]{"hg:P:0",    "hg:open:0", "hg:causes:0", "hg:lane:0", "hg:park:0",
                                  "hg:hold:0", "hg:dead:0", "hg:rest:0",   "hg:hist:0"};
        // What is asked for whatever may move between the sets of a system.
        const std::string queues[]{"hg:ready:0:erp", "hg:due:0:erp", "hg:busy:0:erp", "hg:lanes"};
        const std::string channels[]{"hg:waiting"};
        // What is asked for to replace 9 and 10, after whom it is the turn of 11.
        const std::string replaced[]{"hg:P:3",
                                     "hg:open:3",
                                     "hg:causes:3",
                                     "hg:lane:3",
                                     "hg:park:3",
                                     "hg:hold:3",
                                     "hg:dead:3",
                                     "hg:rest:3",
                                     "hg:hist:3",
                                     "hg:ready:3:erp",
                                     "hg:due:3:erp",
                                     "hg:busy:3:erp",
                                     "hg:d:" + d(9),
                                     "hg:d:" + d(10),
                                     "hg:d:" + d(11),
                                     "hg:l:" + d(9),
                                     "hg:l:" + d(10),
                                     "hg:e:" + raw(event_of(9)),
                                     "hg:e:" + raw(event_of(10)),
                                     "hg:l:" + raw(event_of(9)),
                                     "hg:l:" + raw(event_of(10)),
                                     "hg:g:" + guard_of_parent()};
        const std::string parking[]{"hg:pk:" + pk(), "hg:work", std::string("hg:x:erp\0sku", 12)};
        auto with = [](Texts keys, std::initializer_list<std::span<const std::string>> more) {
            for (auto each : more)
                keys.insert(keys.end(), each.begin(), each.end());
            return keys;
        };
        std::vector<SlowUse> all;
        all.push_back({"place", &scripts_.place, place_args(),
                       with({"hg:in:0", "hg:sys:0", "hg:e:" + raw(event_of(1)), "hg:l:" + raw(event_of(1)),
                             "hg:b:" + raw(event_of(1)), "hg:d:" + d(1, 0), "hg:d:" + d(1, 1), "hg:l:" + d(1, 2),
                             "hg:blk:" + lane("order/10"), "hg:blk:" + lane("order/11"), "hg:g:" + guard_name(),
                             std::string("hg:x:erp\0customer", 17)},
                            {share, queues, channels, replaced, parking})});
        all.push_back({"take",
                       &scripts_.take,
                       {token(), "0", d(7), "0", "99"},
                       with({"hg:d:" + d(7), "hg:blk:" + lane("order/7"), "hg:paused"}, {share, queues})});
        all.push_back(
            {"resolve", &scripts_.resolve, resolve_args(applied()),
             with({"hg:d:" + d(2), "hg:d:" + d(3), "hg:e:" + raw(event_of(2)), "hg:l:" + raw(event_of(2)),
                   "hg:blk:" + lane("order/2"), "hg:g:" + guard_name(), std::string("hg:x:erp\0customer", 17)},
                  {share, queues, channels})});
        all.push_back({"resolve, to park", &scripts_.resolve, park_args(),
                       with({"hg:d:" + d(13), "hg:e:" + raw(event_of(13)), "hg:blk:" + lane("order/14")},
                            {share, queues, channels, parking})});
        all.push_back(
            {"release",
             &scripts_.release,
             {pk(), ""},
             with({"hg:pk:" + pk(), "hg:work", "hg:d:" + d(4), "hg:park:0", "hg:lane:0", "hg:blk:" + lane("order/4")},
                  {queues})});
        all.push_back(
            {"release, of a stranger", &scripts_.release, {pk("sku/3"), ""}, {"hg:pk:" + pk("sku/3"), "hg:work"}});
        all.push_back(
            {"release, by a person",
             &scripts_.release,
             {pk("sku/4"), "ann"},
             {"hg:pk:" + pk("sku/4"), "hg:e:" + raw(event_of(22)), "hg:l:" + raw(event_of(22)), "hg:waiting"}});
        all.push_back(
            {"decide", &scripts_.decide, decide_args(5, "hold", "discard"),
             with({"hg:d:" + d(5), "hg:e:" + raw(event_of(5)), "hg:l:" + raw(event_of(5)), "hg:blk:" + lane("order/5")},
                  {share, queues, channels})});
        all.push_back({"decide, of a parked one", &scripts_.decide, decide_args(12, "park", "discard"),
                       with({"hg:d:" + d(12), "hg:pk:" + pk("sku/2"), "hg:work", "hg:blk:" + lane("order/13")},
                            {share, queues, channels})});
        all.push_back({"decide, of a rule's", &scripts_.decide,
                       decide_args(21, "hold", "escalate", {"big", std::string(32, 'c'), "0", ""}),
                       with({"hg:d:" + d(21), "hg:e:" + raw(event_of(21)), "hg:escalated"}, {share, channels})});
        all.push_back(
            {"behind", &scripts_.behind, {"2", lane("order/2")}, {"hg:blk:" + lane("order/2"), "hg:lane:0"}, false});
        all.push_back({"readmit",
                       &scripts_.readmit,
                       {d(6), "0", "frame", "", "ann", "", ""},
                       with({"hg:seq", "hg:in:0", "hg:d:" + d(6), "hg:l:" + d(6), "hg:e:" + raw(event_of(6)),
                             "hg:l:" + raw(event_of(6)), "hg:b:" + raw(event_of(6))},
                            {share, queues, channels})});
        all.push_back({"spill",
                       &scripts_.spill,
                       {token(), "waiting", "0", raw(event_of(3))},
                       {"hg:P:0", "hg:open:0", "hg:rest:0", "hg:e:" + raw(event_of(3)), "hg:b:" + raw(event_of(3))}});
        all.push_back({"supersede",
                       &scripts_.supersede,
                       {"frame", d(23)},
                       with({"hg:d:" + d(23), "hg:l:" + d(23), "hg:e:" + raw(event_of(23)), "hg:l:" + raw(event_of(23)),
                             "hg:b:" + raw(event_of(23)), "hg:blk:" + lane("order/23"), "hg:g:" + guard_of_fact()},
                            {share, queues, channels})});
        all.push_back({"archive",
                       &scripts_.archive,
                       {token(), "0", last_frame_},
                       {"hg:P:0", "hg:hist:0", "hg:open:0", "hg:b:" + raw(event_of(8)), "hg:e:" + raw(event_of(8)),
                        "hg:d:" + d(8)}});
        all.push_back({"pause", &scripts_.pause, {"system:erp", "{}"}, {"hg:paused"}});
        all.push_back(
            {"xref", &scripts_.xref, {"erp", "customer", "shop/1", "C-1"}, {std::string("hg:x:erp\0customer", 17)}});
        all.push_back(
            {"waiting", &scripts_.waiting, {"0", "hold", "", "", "10"}, {"hg:hold:0", "hg:d:" + d(5)}, false});
        all.push_back({"next",
                       &scripts_.next,
                       {"0", "erp", "9", "10"},
                       {"hg:ready:0:erp", "hg:due:0:erp", "hg:d:" + d(7)},
                       false});
        all.push_back({"verify", &scripts_.verify, {"0", "keys", "", "10"}, {"hg:work", "hg:lanes"}, false});
        all.push_back({"overdue",
                       &scripts_.overdue,
                       {"0", "park", "1800000000000", "10", "0"},
                       {"hg:park:0", "hg:d:" + d(4), "hg:d:" + d(12)},
                       false});
        all.push_back({"overdue, of what is held",
                       &scripts_.overdue,
                       {"0", "hold", "1800000000000", "10", "0"},
                       {"hg:hold:0", "hg:d:" + d(5), "hg:d:" + d(21)},
                       false});
        all.push_back(
            {"known", &scripts_.known, {raw(event_of(2))}, {"hg:e:" + raw(event_of(2)), "hg:d:" + d(2)}, false});
        return all;
    }

    std::string last_frame_;
    std::uint64_t seq_ = 0;  // of event 1
};

TEST_F(DeliveriesRefusalTest, WritesNothingWhenAnyOfItsKeysIsOfAnotherType)
{
    for (const auto& use : uses()) {
        for (const auto& key : use.keys) {
            std::string kept = key + "~";
            bool there = number({"EXISTS", key}) == 1;
            if (there)
                command({"RENAME", key, kept});
            // What no script of ours makes.
            command({"LPUSH", key, "stranger"});
            auto before = digest();

            auto answer = scripted(*use.script, use.args);

            EXPECT_EQ(answer, "redis_error WRONGKEY") << use.name << " on " << key;
            EXPECT_EQ(digest(), before) << use.name << " on " << key;
            command({"DEL", key});
            if (there)
                command({"RENAME", kept, key});
        }
    }
}

TEST_F(DeliveriesRefusalTest, WritesNothingWhenWhatIsStoredMakesNoSense)
{
    const std::vector<std::pair<std::string, Texts>> spoilt{
        {"place", {"HSET", "hg:P:0", "d_again", "x"}},
        {"place", {"HSET", "hg:e:" + raw(event_of(1)), "left", "1.5"}},
        {"place", {"HSET", "hg:e:" + raw(event_of(1)), "d", "no sixteen"}},
        {"place", {"HSET", "hg:causes:0", "c", "x"}},
        {"place", {"SET", "hg:blk:" + lane("order/10"), "short"}},
        {"place", {"SET", "hg:g:" + guard_name(), "short"}},
        {"take", {"HSET", "hg:d:" + d(7), "attempts", "x"}},
        {"take", {"HSET", "hg:d:" + d(7), "p", "64"}},
        {"take", {"HSET", "hg:d:" + d(7), "state", "lost"}},
        {"take", {"HSET", "hg:d:" + d(7), "lane", "short"}},
        {"resolve", {"HSET", "hg:d:" + d(3), "n", "70000"}},
        {"place", {"HSET", "hg:d:" + d(9), "n", "70000"}},
        {"place", {"HSET", "hg:d:" + d(11), "state", "lost"}},
        {"place", {"HSET", "hg:e:" + raw(event_of(10)), "left", "x"}},
        {"place", {"HSET", "hg:P:3", "d_suppressed", "x"}},
        {"place", {"SET", "hg:blk:" + lane("order/11"), "short"}},
        {"release", {"HSET", "hg:d:" + d(4), "pk", "short"}},
        {"release", {"SET", "hg:blk:" + lane("order/4"), "short"}},
        {"resolve, to park", {"HSET", "hg:d:" + d(13), "seq", "x"}},
        {"decide, of a parked one", {"HDEL", "hg:d:" + d(12), "pk"}},
        {"resolve", {"HSET", "hg:e:" + raw(event_of(2)), "dead", "x"}},
        {"release", {"HSET", "hg:d:" + d(4), "seq", "x"}},
        {"decide", {"HSET", "hg:P:0", "d_discarded", "x"}},
        {"readmit", {"HSET", "hg:l:" + d(6), "round", "0.5"}},
        {"readmit", {"HSET", "hg:e:" + raw(event_of(6)), "p", "64"}},
        {"readmit", {"HDEL", "hg:l:" + d(6), "cause"}},
        {"known", {"HSET", "hg:e:" + raw(event_of(2)), "round", "x"}},
        {"known", {"HSET", "hg:d:" + d(2), "attempts", "1e3"}},
        {"known", {"HSET", "hg:e:" + raw(event_of(2)), "d", d(2).substr(16) + "short"}},
        {"known", {"DEL", "hg:d:" + d(2)}},
        {"place", {"HSET", "hg:lanes", "erp", "x"}},
        {"resolve", {"HSET", "hg:lanes", "erp", "1.5"}},
        {"release", {"HSET", "hg:lanes", "erp", "x"}},
        {"decide", {"HSET", "hg:lanes", "erp", "many"}},
        {"place", {"HSET", "hg:waiting", channel_of(1), "x"}},
        {"resolve", {"HSET", "hg:waiting", channel_of(2), "1.5"}},
    };
    for (const auto& [script, spoil] : spoilt) {
        command({"COPY", spoil[1], "kept", "REPLACE"});
        bool there = number({"EXISTS", "kept"}) == 1;
        if (script == "place" && spoil[1].starts_with("hg:e:"))
            command({"HSET", spoil[1], "p", "0"});
        command(spoil);
        auto before = digest();

        for (const auto& use : uses())
            if (use.name == script) {
                EXPECT_EQ(scripted(*use.script, use.args), "redis_error BADVALUE")
                    << script << " with " << spoil.back();
            }
        EXPECT_EQ(digest(), before) << script << " with " << spoil[1];
        command({"DEL", spoil[1]});
        if (there)
            command({"RENAME", "kept", spoil[1]});
        command({"DEL", "kept"});
    }
}

TEST_F(DeliveriesRefusalTest, RefusesArgumentsThatAreNone)
{
    auto before = digest();
    auto refused = [&](const net::Script& script, Texts args) {
        EXPECT_EQ(scripted(script, args), "redis_error BADARG") << script.name << " " << args.size();
    };
    for (std::size_t left_out = 1; left_out < place_args().size(); ++left_out) {
        auto args = place_args();
        args.resize(args.size() - left_out);
        refused(scripts_.place, args);
    }
    refused(scripts_.place, joined(place_args(), {"more"}));
    for (std::size_t left_out = 1; left_out < resolve_args(applied()).size(); ++left_out) {
        auto args = resolve_args(applied());
        args.resize(args.size() - left_out);
        refused(scripts_.resolve, args);
    }
    auto changed = [&](Texts args, std::size_t place, const std::string& with) {
        args[place] = with;
        return args;
    };
    for (std::size_t left_out = 1; left_out < park_args().size(); ++left_out) {
        auto args = park_args();
        args.resize(args.size() - left_out);
        refused(scripts_.resolve, args);
    }
    auto too_many = place_head("10001");
    for (std::uint64_t slot = 0; slot < 10'001; ++slot)
        too_many = joined(std::move(too_many), new_delivery(slot, "order/10", parked()));
    refused(scripts_.place, std::move(too_many));
    refused(scripts_.place, place_head("0"));                          // nothing is known of it, and nothing told
    refused(scripts_.place, changed(place_args(), 15, "whenever"));    // order
    refused(scripts_.place, changed(place_args(), 20, "everything"));  // replaces
    refused(scripts_.place, changed(place_args(), 22, "x"));           // fact
    refused(scripts_.place, changed(place_args(), 24, "x"));           // parents
    refused(scripts_.place, changed(place_args(), 25, "busy"));        // state
    refused(scripts_.place, changed(place_args(), 25, "lane"));        // who waits in a lane is found out in Redis
    refused(scripts_.place, changed(place_args(), 26, "2"));           // maybe
    auto with_a_parent =
        joined(place_head("1"), new_delivery(0, "order/1", dead(), "0", {"all", "", "", "", "1", "parent", "short"}));
    refused(scripts_.place, std::move(with_a_parent));
    refused(scripts_.resolve, changed(park_args(), 18, "x"));  // come
    refused(scripts_.resolve, changed(resolve_args(applied()), 4, "lane"));
    refused(scripts_.resolve, changed(resolve_args(applied()), 6, "ready"));
    refused(scripts_.resolve, changed(changed(resolve_args(parked()), 4, "due"), 6, "unknown"));
    refused(scripts_.resolve, changed(resolve_args(parked()), 11, ""));  // pk
    refused(scripts_.take, {token(), "0", d(7), "0"});
    refused(scripts_.take, {token(), "0", "short", "0", "1"});
    refused(scripts_.release, {"short", ""});
    refused(scripts_.release, {pk()});
    refused(scripts_.release, {pk(), "two\nnames"});
    refused(scripts_.decide, decide_args(5, "hold", "shrug"));
    refused(scripts_.decide, changed(decide_args(5, "hold", "discard"), 6, "2"));
    refused(scripts_.decide, changed(decide_args(5, "hold", "discard"), 8, "two\nnames"));
    refused(scripts_.decide, decide_args(21, "hold", "approve", {"big", std::string(32, 'c'), "2", ""}));
    refused(scripts_.decide, decide_args(21, "hold", "approve", {"big", std::string(32, 'c'), "0"}));
    refused(scripts_.readmit, {"seventeen letters", "0", "frame", "", "", "", ""});
    refused(scripts_.readmit, {d(6), "0", "frame", ""});
    refused(scripts_.resolve, joined(joined({token(), "0", d(13), "0", "ready", "frame"},
                                            {"hold", "", "99", "r", "", "", "", "", "", "0", "0"}),
                                     {"big", "short"}));
    refused(scripts_.behind, {"2"});
    refused(scripts_.behind, {"2", "short"});
    refused(scripts_.behind, {"129", lane("order/2")});
    refused(scripts_.spill, {token(), "waiting", "0"});
    refused(scripts_.spill, {token(), "all", "0", raw(event_of(1))});
    refused(scripts_.supersede, {"frame"});
    refused(scripts_.supersede, {"frame", raw(event_of(6))});
    refused(scripts_.pause, {"everything", "{}"});
    refused(scripts_.xref, {"erp", "customer", "shop/1"});
    refused(scripts_.xref, {std::string("e\0p", 3), "customer", "shop/1", "C-1"});
    refused(scripts_.waiting, {"0", "dead", "", "", "10"});
    refused(scripts_.next, {"0", "erp", "9"});
    refused(scripts_.next, {"0", "erp", "9", "10", "more"});
    refused(scripts_.next, {"64", "erp", "9", "10"});
    refused(scripts_.next, {"0", "", "9", "10"});
    refused(scripts_.next, {"0", "erp", "now", "10"});
    refused(scripts_.next, {"0", "erp", "9", "0"});
    refused(scripts_.next, {"0", "erp", "9", "257"});
    refused(scripts_.overdue, {"0", "park", "9", "10"});
    refused(scripts_.overdue, {"0", "park", "9", "10", "0", "more"});
    refused(scripts_.overdue, {"64", "park", "9", "10", "0"});
    refused(scripts_.overdue, {"0", "lane", "9", "10", "0"});
    refused(scripts_.overdue, {"0", "park", "now", "10", "0"});
    refused(scripts_.overdue, {"0", "park", "9", "0", "0"});
    refused(scripts_.overdue, {"0", "park", "9", "129", "0"});
    refused(scripts_.overdue, {"0", "park", "9", "10", "-1"});
    refused(scripts_.known, {});
    refused(scripts_.known, {"short"});
    refused(scripts_.known, {d(2)});
    refused(scripts_.known, {raw(event_of(2)), "more"});
    EXPECT_EQ(digest(), before);
}

TEST_F(DeliveriesRefusalTest, WritesNothingWhenWhoWaitsInALaneIsNotKnown)
{
    auto refuses = [&](const net::Script& script, const Texts& args, const std::string& unknown) {
        command({"RENAME", "hg:d:" + unknown, "kept"});
        auto before = digest();

        EXPECT_EQ(scripted(script, args), "redis_error BADSTATE") << script.name;
        EXPECT_EQ(digest(), before) << script.name;
        command({"RENAME", "kept", "hg:d:" + unknown});
    };

    refuses(scripts_.resolve, resolve_args(applied()), d(3));
    refuses(scripts_.place, place_args(), d(10));
    refuses(scripts_.place, place_args(), d(11));
}

TEST_F(DeliveriesRefusalTest, TakesWithoutALookAtWhoWaitsBehind)
{
    placed(14, {delivery_as(DeliveryState::ready, "order/7")});
    command({"RENAME", "hg:d:" + d(14), "kept"});

    EXPECT_EQ(scripted(scripts_.take, {token(), "0", d(7), "0", "99"}), "ok");
    EXPECT_EQ(state_of(id_of(7)), "busy");
    EXPECT_EQ(owner_of("order/7"), d(7));
}

TEST_F(DeliveriesRefusalTest, CountsALaneThatIsLeftUnderTheSystemItWasIn)
{
    release("sku/3");  // the stranger goes
    auto patch = delivery_as(DeliveryState::dead, "order/20");
    patch.order = Order::sequence;
    placed(20, {patch});
    auto seq = readmit(id_of(20), 0)->seq;
    EXPECT_EQ(lanes_counted("wms"), "none");
    const auto before = std::stoi(lanes_counted());

    // What comes for it names another system than it came for at first.
    Texts args{token(), "0", std::to_string(seq), raw(event_of(20)), "7", "transient", "frame", "", "shop", "1"};
    Texts told{d(20).substr(16),
               slot_of(0).text(),
               "wms",
               std::string(view(lane_of("order/20", "wms"))),
               "order",
               "latest",
               "0",
               "0",
               "5",
               std::string(32, 'e'),
               "",
               "",
               "",
               "",
               "0"};
    Texts due{"due", "", "99", "r", "transient", "", "", "", "", "0", "0"};
    EXPECT_EQ(scripted(scripts_.place, joined(joined(args, told), due)), "ok");

    EXPECT_EQ(lanes_counted("wms"), "1");
    EXPECT_EQ(lanes_counted(), std::to_string(before - 1));
    EXPECT_EQ(owner_of("order/20"), "");
    EXPECT_EQ(finding_lines(), "");
}

TEST_F(DeliveriesRefusalTest, MovesWorkOnAtMaxmemory)
{
    command({"SCRIPT", "FLUSH"});  // as after a restart: loading them must work there too
    command({"CONFIG", "SET", "maxmemory", "1"});
    for (const auto& use : uses()) {
        auto before = digest();

        EXPECT_EQ(scripted(*use.script, use.args), "ok") << use.name;
        EXPECT_EQ(digest() != before, use.writes) << use.name;
    }
    EXPECT_EQ(finding_lines(), "");
}

}  // namespace headgate::test
