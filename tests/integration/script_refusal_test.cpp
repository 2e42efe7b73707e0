#include "store.hpp"

namespace headgate::test {

/// A script, arguments that make it write, and every key it reads or writes then.
struct Use {
    std::string script;
    bool at_maxmemory;  // moves work out: must run there
    std::vector<std::string> keys;
};

class ScriptRefusalTest : public StoreTest {
protected:
    static constexpr std::uint64_t backlog_seq = 1, dead_seq = 2, done_seq = 3;

    /// One event in the backlog, one dead and one finished, all in partition 0.
    void SetUp() override
    {
        StoreTest::SetUp();
        for (std::uint64_t i = 1; i <= 3; ++i)
            accept(item_of(i, i));
        auto dead = burial_of(2, dead_seq);
        dead.word = awaited_of(1, "shop");
        bury(dead);
        finish(finished_of(3, done_seq));
        last_frame_ = frames().back().id;
        for (const auto& script :
             {scripts_.accept, scripts_.lease, scripts_.reserve, scripts_.finish, scripts_.bury, scripts_.readmit,
              scripts_.archive, scripts_.tally, scripts_.verify, scripts_.letters})
            ASSERT_TRUE(command({"SCRIPT", "LOAD", script.source}));
    }

    [[nodiscard]] static std::vector<Use> uses()
    {
        auto e1 = raw(event_of(1));
        auto e2 = raw(event_of(2));
        auto e3 = raw(event_of(3));
        auto e9 = raw(event_of(9));
        return {
            {"accept", false, {"hg:seq", "hg:i:" + new_key(), "hg:b:" + e9, "hg:e:" + e9, "hg:in:0", "hg:P:0"}},
            {"lease", true, {"hg:P:0"}},
            {"reserve", true, {"hg:P:0"}},
            {"finish", true, {"hg:P:0", "hg:in:0", "hg:open:0", "hg:e:" + e1, "hg:g:" + guard_key(), "hg:hist:0"}},
            {"bury",
             true,
             {"hg:P:0", "hg:in:0", "hg:open:0", "hg:e:" + e1, "hg:l:" + e1, "hg:dead:0", "hg:causes:0", "hg:hist:0",
              wd(), "hg:words"}},
            {"readmit",
             true,
             {"hg:seq", "hg:e:" + e2, "hg:l:" + e2, "hg:b:" + e2, "hg:in:0", "hg:open:0", "hg:dead:0", "hg:causes:0",
              "hg:hist:0", wd(), "hg:words"}},
            {"archive", true, {"hg:P:0", "hg:hist:0", "hg:open:0", "hg:b:" + e3, "hg:e:" + e3}},
            {"tally", true, {"hg:P:0", "hg:in:0", "hg:open:0", "hg:dead:0", "hg:hist:0", "hg:causes:0"}},
            {"verify", true, {"hg:in:0", "hg:open:0", "hg:dead:0", "hg:hist:0", "hg:b:" + e1}},
            {"letters", true, {"hg:dead:0", "hg:e:" + e2, "hg:l:" + e2}},
        };
    }

    std::string run(const std::string& script)
    {
        auto token = std::string(view(lease_->token()));
        auto e1 = raw(event_of(1));
        auto e2 = raw(event_of(2));
        if (script == "accept")
            return scripted(scripts_.accept, {new_key(), raw(event_of(9)), std::string(32, 'd'), "0", "60", "body"});
        if (script == "lease")
            return scripted(scripts_.lease, {"renew", token, "3600000", "me", "0"});
        if (script == "reserve")
            return scripted(scripts_.reserve, {token, "0", "99"});
        if (script == "finish") {
            retry::Guard guard;
            guard.seq = 1;
            return scripted(scripts_.finish,
                            {token, "0", "1", e1, "a", "1", "0", "frame", "1", guard_key(), retry::encode(guard)});
        }
        if (script == "bury")
            return scripted(scripts_.bury, bury_args());
        if (script == "readmit")
            return scripted(scripts_.readmit, {e2, "0", "frame", "", "", "", ""});
        if (script == "archive")
            return scripted(scripts_.archive, {token, "0", last_frame_});
        if (script == "tally")
            return scripted(scripts_.tally, {"0"});
        if (script == "verify")
            return scripted(scripts_.verify, {"0", "in", "", "10"});
        return scripted(scripts_.letters, {"list", "0", "", "0", "10"});
    }

    [[nodiscard]] std::vector<std::string> bury_args() const
    {
        return {std::string(view(lease_->token())),
                "0",
                "1",
                raw(event_of(1)),
                "map",
                "permanent",
                "code",
                "where",
                "c",
                "queue",
                "0",
                "1",
                "0",
                "excerpt",
                "frame",
                "1",
                "kim",
                std::string(view(awaited_of(1, "shop").key)),
                "shop",
                "word 1"};
    }
    static std::string wd() { return "hg:wd:" + std::string(view(awaited_of(1, "shop").key)); }

    std::string last_frame_;

    static bool reads_only(const std::string& script)
    {
        return script == "tally" || script == "verify" || script == "letters";
    }
    static std::string new_key() { return std::string("\0\r\nnew key 12345", 16); }
    static std::string guard_key() { return std::string(16, 'g'); }
};

TEST_F(ScriptRefusalTest, WritesNothingWhenAnyOfItsKeysIsOfAnotherType)
{
    for (const auto& use : uses()) {
        for (const auto& key : use.keys) {
            std::string kept = key + "~";
            bool there = number({"EXISTS", key}) == 1;
            if (there)
                command({"RENAME", key, kept});
            // A set is no script's.
            command({"SADD", key, "stranger"});
            auto before = digest();

            auto answer = run(use.script);

            EXPECT_EQ(answer, "redis_error WRONGKEY") << use.script << " on " << key;
            EXPECT_EQ(digest(), before) << use.script << " on " << key;
            command({"DEL", key});
            if (there)
                command({"RENAME", kept, key});
        }
    }
}

TEST_F(ScriptRefusalTest, WritesNothingWhenWhatWaitsForAWordIsNoSet)
{
    command({"SET", wd(), "x"});
    const auto before = digest();

    EXPECT_EQ(run("bury"), "redis_error WRONGKEY");
    EXPECT_EQ(run("readmit"), "redis_error WRONGKEY");
    EXPECT_EQ(digest(), before);
}

TEST_F(ScriptRefusalTest, WritesNothingWhenAStoredNumberIsNone)
{
    const std::vector<std::pair<std::string, std::vector<std::string>>> numbers{
        {"accept", {"HSET", "hg:P:0", "accepted", "many"}},
        {"reserve", {"HSET", "hg:P:0", "hw", "1e3"}},
        {"finish", {"HSET", "hg:P:0", "d_created", "99999999999999999999"}},
        {"finish", {"HSET", "hg:e:" + raw(event_of(1)), "round", "x"}},
        {"bury", {"HSET", "hg:causes:0", "c", "x"}},
        {"readmit", {"HSET", "hg:l:" + raw(event_of(2)), "round", "0.5"}},
        {"readmit", {"HSET", "hg:e:" + raw(event_of(2)), "seq", "-"}},
        {"tally", {"HSET", "hg:causes:0", "c", "x"}},
        {"finish", {"SET", "hg:g:" + guard_key(), "short"}},
        {"accept", {"SET", "hg:i:" + new_key(), "short"}},
        {"accept", {"SET", "hg:seq", "1.5"}},
        {"readmit", {"SET", "hg:seq", "a"}},
    };
    for (const auto& [script, spoil] : numbers) {
        command({"COPY", spoil[1], "kept", "REPLACE"});
        bool there = number({"EXISTS", "kept"}) == 1;
        command(spoil);
        auto before = digest();

        EXPECT_EQ(run(script), "redis_error BADVALUE") << script << " with " << spoil[1];
        EXPECT_EQ(digest(), before) << script << " with " << spoil[1];
        command({"DEL", spoil[1]});
        if (there)
            command({"RENAME", "kept", spoil[1]});
    }
}

TEST_F(ScriptRefusalTest, NamesTheKeyAndBothTypes)
{
    command({"DEL", "hg:in:0"});
    command({"SET", "hg:in:0", "x"});

    command({"MULTI"});
    std::vector<std::string> call{"EVALSHA", scripts_.bury.sha1, "0"};
    for (auto& arg : bury_args())
        call.push_back(std::move(arg));
    command(std::move(call));
    auto answer = command({"EXEC"});  // a list keeps its errors whole

    ASSERT_TRUE(answer && answer->is_list(1));
    EXPECT_TRUE(answer->list[0].text.starts_with("WRONGKEY hg:in:0 is string, not stream")) << answer->list[0].text;
}

TEST_F(ScriptRefusalTest, RefusesArgumentsThatAreNone)
{
    auto token = std::string(view(lease_->token()));
    auto before = digest();

    EXPECT_EQ(scripted(scripts_.accept, {"short", raw(event_of(9)), std::string(32, 'd'), "0", "60", "b"}),
              "redis_error BADARG");
    EXPECT_EQ(scripted(scripts_.accept, {new_key(), raw(event_of(9)), std::string(32, 'd'), "64", "60", "b"}),
              "redis_error BADARG");
    EXPECT_EQ(scripted(scripts_.accept, {new_key(), raw(event_of(9)), std::string(32, 'd'), "0", "0", "b"}),
              "redis_error BADARG");
    EXPECT_EQ(scripted(scripts_.accept, {}), "redis_error BADARG");
    EXPECT_EQ(scripted(scripts_.lease, {"steal", token, "1", "me", "0"}), "redis_error BADARG");
    EXPECT_EQ(scripted(scripts_.reserve, {token, "0"}), "redis_error BADARG");
    EXPECT_EQ(scripted(scripts_.finish, {token, "0", "1"}), "redis_error BADARG");
    EXPECT_EQ(scripted(scripts_.bury, {token, "0", "1"}), "redis_error BADARG");
    for (const auto* maybe : {"", "2", "yes"}) {
        auto args = bury_args();
        args[15] = maybe;
        EXPECT_EQ(scripted(scripts_.bury, args), "redis_error BADARG") << maybe;
    }
    auto without_maybe = bury_args();
    without_maybe.resize(15);
    EXPECT_EQ(scripted(scripts_.bury, without_maybe), "redis_error BADARG");
    auto two_names = bury_args();
    two_names[16] = "kim\nlee";
    EXPECT_EQ(scripted(scripts_.bury, two_names), "redis_error BADARG");
    auto half_a_word = bury_args();
    half_a_word.pop_back();
    EXPECT_EQ(scripted(scripts_.bury, half_a_word), "redis_error BADARG");
    auto short_word = bury_args();
    short_word[17] = "short";
    EXPECT_EQ(scripted(scripts_.bury, short_word), "redis_error BADARG");
    EXPECT_EQ(scripted(scripts_.archive, {token, "0", "+"}), "redis_error BADARG");
    EXPECT_EQ(scripted(scripts_.readmit, {"x", "0"}), "redis_error BADARG");
    EXPECT_EQ(digest(), before);
}

TEST_F(ScriptRefusalTest, MovesWorkOutAtMaxmemoryAndTakesNoneIn)
{
    command({"SCRIPT", "FLUSH"});  // as after a restart: loading them must work there too
    command({"CONFIG", "SET", "maxmemory", "1"});
    for (const auto& use : uses()) {
        if (use.script == "finish")  // bury comes for the same event
            continue;
        auto before = digest();

        auto answer = run(use.script);

        EXPECT_EQ(answer, use.at_maxmemory ? "ok" : "redis_full Redis is at maxmemory") << use.script;
        EXPECT_EQ(digest() == before, !use.at_maxmemory || reads_only(use.script)) << use.script;
    }
    auto readmitted = loop_.await(backlog_->load(0, 0)).value();
    ASSERT_EQ(readmitted.size(), 1U);
    EXPECT_EQ(finish(finished_of(2, readmitted[0].seq)), retry::FinishAnswer::finished);
    EXPECT_EQ(tally().unaccounted(), 0);
}

}  // namespace headgate::test
