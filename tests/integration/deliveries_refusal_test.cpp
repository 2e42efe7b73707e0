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

/// In partition 0: event 1 in the backlog, 2 busy with 3 behind it, 4 parked, 5 held, 6 dead.
class DeliveriesRefusalTest : public SlowPathTest {
protected:
    using Texts = std::vector<std::string>;

    void SetUp() override
    {
        SlowPathTest::SetUp();
        accept(item_of(1, 1));
        placed(2, {delivery_as(DeliveryState::ready, "order/2")});
        placed(3, {delivery_as(DeliveryState::lane, "order/2")});
        placed(4, {delivery_as(DeliveryState::park, "order/4")});
        placed(5, {delivery_as(DeliveryState::hold, "order/5")});
        placed(6, {delivery_as(DeliveryState::dead, "order/6")});
        placed(7, {delivery_as(DeliveryState::ready, "order/7")});
        placed(8, {delivery_as(DeliveryState::applied, "order/8")});
        last_frame_ = frames().back().id;
        take(id_of(2));
        for (const auto& use : uses())
            ASSERT_TRUE(command({"SCRIPT", "LOAD", use.script->source}));
    }

    static std::string d(std::uint64_t event, std::uint64_t slot = 0) { return id_of(event, slot).raw(); }
    static std::string lane(const std::string& entity) { return std::string(view(lane_of(entity))); }
    static std::string pk() { return std::string(view(missing_of("sku/1"))); }
    static std::string guard_name() { return std::string(16, 'g'); }
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
        return {"applied",
                "0",
                "0",
                "r",
                "transient",
                "",
                "",
                "T",
                "1",
                guard_name(),
                retry::encode(guard),
                "1",
                "erp",
                "customer",
                "shop/77",
                "C-77",
                "1",
                pk()};
    }
    static Texts parked() { return {"park", "", "99", "r", "dependency", pk(), "sku", "", "0", "0", "0"}; }
    static Texts dead()
    {
        return {"dead", "",        "0",    "r",     "permanent", "",      "",  "",  "0",      "0",
                "0",    "deliver", "code", "where", "c",         "queue", "0", "7", "excerpt"};
    }
    static Texts new_delivery(std::uint64_t slot, const std::string& entity, const Texts& telling)
    {
        return joined({d(1, slot).substr(16), slot_of(slot).text(), "erp", lane(entity), "order", "latest", "0", "1",
                       "5", std::string(32, 'e')},
                      telling);
    }
    [[nodiscard]] Texts place_args() const
    {
        Texts args{token(), "0", "1", raw(event_of(1)), "7", "transient", "frame", "3"};
        args = joined(args, new_delivery(0, "order/10", applied()));
        args = joined(args, new_delivery(1, "order/11", parked()));
        return joined(args, new_delivery(2, "order/12", dead()));
    }
    [[nodiscard]] Texts resolve_args(const Texts& telling) const
    {
        return joined({token(), "0", d(2), "1", "busy", "frame"}, telling);
    }

    [[nodiscard]] std::vector<SlowUse> uses() const
    {
        const std::string share[]{"hg:P:0",    "hg:open:0", "hg:causes:0", "hg:lane:0", "hg:park:0",
                                  "hg:hold:0", "hg:dead:0", "hg:rest:0",   "hg:hist:0"};
        const std::string queues[]{"hg:ready:0:erp", "hg:due:0:erp", "hg:busy:0:erp"};
        auto with = [](Texts keys, std::initializer_list<std::span<const std::string>> more) {
            for (auto each : more)
                keys.insert(keys.end(), each.begin(), each.end());
            return keys;
        };
        std::vector<SlowUse> all;
        all.push_back({"place", &scripts_.place, place_args(),
                       with({"hg:in:0", "hg:sys:0", "hg:e:" + raw(event_of(1)), "hg:l:" + raw(event_of(1)),
                             "hg:b:" + raw(event_of(1)), "hg:d:" + d(1, 0), "hg:d:" + d(1, 1), "hg:l:" + d(1, 2),
                             "hg:blk:" + lane("order/10"), "hg:blk:" + lane("order/11"), "hg:pk:" + pk(),
                             "hg:g:" + guard_name(), std::string("hg:x:erp\0customer", 17), "hg:d:" + d(4)},
                            {share, queues})});
        all.push_back({"take",
                       &scripts_.take,
                       {token(), "0", d(7), "0", "99"},
                       with({"hg:d:" + d(7), "hg:blk:" + lane("order/7"), "hg:paused"}, {share, queues})});
        all.push_back({"resolve", &scripts_.resolve, resolve_args(applied()),
                       with({"hg:d:" + d(2), "hg:d:" + d(3), "hg:d:" + d(4), "hg:e:" + raw(event_of(2)),
                             "hg:l:" + raw(event_of(2)), "hg:blk:" + lane("order/2"), "hg:blk:" + lane("order/4"),
                             "hg:pk:" + pk(), "hg:g:" + guard_name(), std::string("hg:x:erp\0customer", 17)},
                            {share, queues})});
        all.push_back(
            {"release",
             &scripts_.release,
             {pk()},
             with({"hg:pk:" + pk(), "hg:d:" + d(4), "hg:park:0", "hg:lane:0", "hg:blk:" + lane("order/4")}, {queues})});
        all.push_back(
            {"decide",
             &scripts_.decide,
             {d(5), "hold", "0", "discard", "r", "", "frame"},
             with({"hg:d:" + d(5), "hg:e:" + raw(event_of(5)), "hg:l:" + raw(event_of(5)), "hg:blk:" + lane("order/5")},
                  {share, queues})});
        all.push_back({"readmit",
                       &scripts_.readmit,
                       {d(6), "0", "frame", ""},
                       with({"hg:seq", "hg:in:0", "hg:d:" + d(6), "hg:l:" + d(6), "hg:e:" + raw(event_of(6)),
                             "hg:l:" + raw(event_of(6)), "hg:b:" + raw(event_of(6))},
                            {share, queues})});
        all.push_back({"spill",
                       &scripts_.spill,
                       {token(), "0", raw(event_of(3))},
                       {"hg:P:0", "hg:open:0", "hg:e:" + raw(event_of(3)), "hg:b:" + raw(event_of(3))}});
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
        return all;
    }

    std::string last_frame_;
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
        {"resolve", {"HSET", "hg:d:" + d(4), "pk", "short"}},
        {"resolve", {"SET", "hg:blk:" + lane("order/4"), "short"}},
        {"resolve", {"HSET", "hg:e:" + raw(event_of(2)), "dead", "x"}},
        {"release", {"HSET", "hg:d:" + d(4), "seq", "x"}},
        {"decide", {"HSET", "hg:P:0", "d_discarded", "x"}},
        {"readmit", {"HSET", "hg:l:" + d(6), "round", "0.5"}},
        {"readmit", {"HSET", "hg:e:" + raw(event_of(6)), "p", "64"}},
        {"readmit", {"HDEL", "hg:l:" + d(6), "cause"}},
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
                EXPECT_EQ(scripted(*use.script, use.args), "redis_error BADVALUE") << script << " with " << spoil[2];
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
    refused(scripts_.place, changed(place_args(), 7, "1001"));
    refused(scripts_.place, changed(place_args(), 13, "whenever"));  // order
    refused(scripts_.place, changed(place_args(), 18, "busy"));      // state
    refused(scripts_.place, changed(place_args(), 19, "2"));         // maybe
    refused(scripts_.resolve, changed(resolve_args(applied()), 4, "lane"));
    refused(scripts_.resolve, changed(resolve_args(applied()), 6, "ready"));
    refused(scripts_.resolve, changed(changed(resolve_args(parked()), 4, "due"), 6, "unknown"));
    refused(scripts_.resolve, changed(resolve_args(parked()), 11, ""));  // pk
    refused(scripts_.take, {token(), "0", d(7), "0"});
    refused(scripts_.take, {token(), "0", "short", "0", "1"});
    refused(scripts_.release, {"short"});
    refused(scripts_.decide, {d(5), "hold", "0", "shrug", "r", "", "frame"});
    refused(scripts_.readmit, {"seventeen letters", "0", "frame", ""});
    refused(scripts_.spill, {token(), "0"});
    refused(scripts_.pause, {"everything", "{}"});
    refused(scripts_.xref, {"erp", "customer", "shop/1"});
    refused(scripts_.xref, {std::string("e\0p", 3), "customer", "shop/1", "C-1"});
    refused(scripts_.waiting, {"0", "dead", "", "", "10"});
    EXPECT_EQ(digest(), before);
}

TEST_F(DeliveriesRefusalTest, MovesWorkOnAtMaxmemory)
{
    command({"SCRIPT", "FLUSH"});  // as after a restart: loading them must work there too
    command({"CONFIG", "SET", "maxmemory", "1"});
    for (const auto& use : uses()) {
        auto before = digest();

        EXPECT_EQ(scripted(*use.script, use.args), "ok") << use.name;
        // What was parked was woken by then.
        EXPECT_EQ(digest() != before, use.writes && use.name != "release") << use.name;
    }
    EXPECT_EQ(finding_lines(), "");
}

}  // namespace headgate::test
