#include <gmock/gmock.h>

#include <ranges>
#include <set>

#include "tests/flow/replaying.hpp"

namespace headgate::test {

namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

/// Replays that are other than usual: of what died, as something new, to a system that was added later.
class ReplayTermsFlow : public ReplayFlow {
protected:
    bool begin_right(const std::string& more = {}) { return begin(more) && mend(); }
    bool change(const std::string& more)
    {
        mapping_is(std::string(right_mapping) + more);
        return headgate_->terminate() && headgate_->start();
    }
    std::string letter_of(const std::string& event)
    {
        const auto found = headgate_->admin_json("/api/v1/dlq?event=" + event);
        return std::string(found.at("letters").at(0).at("letter").as_string());
    }
    std::int64_t lines_of_the_last_call()
    {
        for (const auto& call : std::views::reverse(erp_.calls()))
            if (call.method == "POST")
                return boost::json::parse(call.body).at("lines").as_int64();
        return -1;
    }
    std::size_t posts() const
    {
        return static_cast<std::size_t>(
            std::ranges::count_if(erp_.calls(), [](const auto& call) { return call.method == "POST"; }));
    }
    bool is(const std::string& event, const std::string& state)
    {
        return headgate_->wait_until_told("/api/v1/events/" + event, R"("state":")" + state + "\"", 60s);
    }
};

TEST_F(ReplayTermsFlow, WhatDiedIsSentAsItDiedWhateverTheMappingSaysToday)
{
    ASSERT_TRUE(begin_right()) << headgate_->log();
    erp_.next({ErpFault::refuse, ErpFault::refuse});
    const auto one = order(1, 3, true), two = order(2, 3, true);
    ASSERT_TRUE(quiet()) << headgate_->log();
    ASSERT_EQ(letters(), 2);
    // From now on the mapping fails on all of them.
    ASSERT_TRUE(change(wrong_notes)) << headgate_->log();
    EXPECT_EQ(headgate_->admin_json("/api/v1/dlq/" + one + "/plan").at("verdict").as_string(), "fails");

    const auto replayed = headgate({"dlq", "replay", letter_of(one), "--stored"});
    ASSERT_EQ(replayed.code, 0) << replayed.err;
    ASSERT_TRUE(is(one, "applied")) << headgate_->log();
    EXPECT_EQ(lines_of_the_last_call(), 3);
    EXPECT_EQ(erp_.made().size(), 1U);

    // The ERP is away at first: it waits with what died, also behind a crash.
    erp_.go_away();
    const std::string id(start(R"({"filter":{},"rate":1000,"stored":true,"why":"as it was"})").at("job").as_string());
    ASSERT_TRUE(job_is(id, "done")) << headgate_->log();
    ASSERT_TRUE(headgate_->wait_until_told("/api/v1/systems", R"("due":1)", 60s)) << headgate_->log();
    ASSERT_TRUE(begin_again()) << headgate_->log();
    erp_.come_back();
    ASSERT_TRUE(is(two, "applied")) << headgate_->log();
    EXPECT_EQ(erp_.made().size(), 2U);
    EXPECT_EQ(letters(), 0);
}

TEST_F(ReplayTermsFlow, ALetterOfTheMappingHasNothingStored)
{
    ASSERT_TRUE(begin()) << headgate_->log();
    const auto one = order(1, 1, true);
    ASSERT_TRUE(quiet()) << headgate_->log();
    const auto replayed = headgate({"dlq", "replay", one, "--stored"});
    EXPECT_EQ(replayed.code, 1);
    EXPECT_THAT(replayed.err, HasSubstr("no_stored_transaction"));
    const std::string id(start(R"({"filter":{},"rate":1000,"stored":true})").at("job").as_string());
    ASSERT_TRUE(job_is(id, "done")) << headgate_->log();
    EXPECT_EQ(number(job(id), "left"), 1);
    EXPECT_EQ(letters(), 1);
}

TEST_F(ReplayTermsFlow, WhatWasAppliedIsAppliedOnceMoreAsNewWithAReason)
{
    ASSERT_TRUE(begin_right()) << headgate_->log();
    const auto one = order(1, 1, false);
    ASSERT_TRUE(is(one, "applied")) << headgate_->log();
    ASSERT_TRUE(quiet()) << headgate_->log();
    ASSERT_EQ(posts(), 1U);

    EXPECT_THAT(headgate({"replay", "start", "--finished", "--event", one}).err, HasSubstr("is not applied again"));
    EXPECT_THAT(headgate({"replay", "start", "--finished", "--event", one, "--as-new"}).err, HasSubstr("why_missing"));
    EXPECT_EQ(posts(), 1U);
    const auto started = headgate(
        {"replay", "start", "--finished", "--event", one, "--as-new", "--why", "the ERP lost its day", "--wait"});
    ASSERT_EQ(started.code, 0) << started.err;
    ASSERT_TRUE(headgate_->wait_until_told("/api/v1/events/" + one, "the ERP lost its day", 60s)) << headgate_->log();
    ASSERT_TRUE(is(one, "applied")) << headgate_->log();
    ASSERT_TRUE(quiet()) << headgate_->log();
    EXPECT_EQ(posts(), 2U);
    std::set<std::string> keys;
    for (const auto& call : erp_.calls())
        if (call.method == "POST")
            keys.insert(call.headers.at("idempotency-key"));
    EXPECT_EQ(keys.size(), 2U) << "a new thing to the ERP";
    const auto verified = headgate({"verify"});
    EXPECT_EQ(verified.code, 0) << verified.out << verified.err;
}

TEST_F(ReplayTermsFlow, AsNewIsOneDeliveryAndStaysSoUntilItIsApplied)
{
    Erp other(Erp::Options{.upserts = true, .knows_keys = true});
    ASSERT_TRUE(begin_right("  other: { preset: http, url: 'http://127.0.0.1:" + std::to_string(other.port()) +
                            "', requests: requests, allow: [127.0.0.0/8], idempotency_header: Idempotency-Key }\n"
                            "routes:\n  - { id: all, to: [erp, other] }\n"))
        << headgate_->log();
    erp_.next({ErpFault::refuse, ErpFault::refuse});
    other.next({ErpFault::refuse});
    const auto event = order(1, 1, false);
    ASSERT_TRUE(quiet()) << headgate_->log();
    const auto letter_at = [&](const std::string& system) {
        const auto found = headgate_->admin_json("/api/v1/dlq?system=" + system);
        const auto& all = found.at("letters").as_array();
        return all.empty() ? std::string() : std::string(all[0].at("letter").as_string());
    };
    const auto first = letter_at("erp"), second = letter_at("other");

    ASSERT_EQ(headgate({"dlq", "replay", first, "--as-new", "--why", "the ERP keeps its refusal"}).code, 0);
    ASSERT_TRUE(headgate_->wait_until_told("/api/v1/dlq/" + first, R"("round":1)", 60s)) << "refused again";
    ASSERT_TRUE(quiet()) << headgate_->log();
    ASSERT_EQ(headgate({"dlq", "replay", second}).code, 0);
    ASSERT_TRUE(quiet()) << headgate_->log();
    ASSERT_EQ(headgate({"dlq", "replay", first}).code, 0);
    ASSERT_TRUE(is(event, "applied")) << headgate_->log();

    const auto keys_of = [](Erp& erp) {
        std::vector<std::string> keys;
        for (const auto& call : erp.calls())
            if (call.method == "POST")
                keys.push_back(call.headers.at("idempotency-key"));
        return keys;
    };
    const auto here = keys_of(erp_), there = keys_of(other);
    ASSERT_EQ(here.size(), 3U);
    EXPECT_NE(here[1], here[0]) << "as new";
    EXPECT_EQ(here[2], here[1]) << "the new thing may have arrived: it is the same one that is tried again";
    ASSERT_EQ(there.size(), 2U);
    EXPECT_EQ(there[1], there[0]) << "nobody asked for this one as new";
}

TEST_F(ReplayTermsFlow, ASystemThatIsAddedLaterGetsWhatWasAppliedBefore)
{
    ASSERT_TRUE(begin_right()) << headgate_->log();
    for (std::uint64_t id = 1; id <= 10; ++id)
        order(id, 1, false);
    order(1, 2, false);
    order(11, 1, false, true);  // a letter: not finished
    ASSERT_TRUE(quiet()) << headgate_->log();
    const auto before = posts();

    Erp other(Erp::Options{.upserts = true, .knows_keys = true});
    write(folder_ / "config/headgate.yaml",
          std::string(replay_deployment) +
              "  other: { preset: http, url: 'http://127.0.0.1:" + std::to_string(other.port()) +
              "', requests: requests, allow: [127.0.0.0/8], idempotency_header: Idempotency-Key }\n"
              "routes:\n  - { id: all, to: [erp, other] }\n");
    headgate_->environment("HEADGATE_FAULT", "replay_put_back:3");
    ASSERT_TRUE(headgate_->terminate() && headgate_->start()) << headgate_->log();
    EXPECT_THAT(headgate({"replay", "start", "--to", "nowhere", "--since", "1h"}).err, HasSubstr("no route leads"));
    const std::string id(start(R"({"finished":{"since":"1h"},"to":"other","rate":1000})").at("job").as_string());
    ASSERT_TRUE(headgate_->wait_until_ended(60s)) << "it dies in the midst of it";
    headgate_->unset("HEADGATE_FAULT");
    ASSERT_TRUE(headgate_->start()) << headgate_->log();

    ASSERT_TRUE(job_is(id, "done")) << headgate_->log();
    ASSERT_TRUE(quiet()) << headgate_->log();
    EXPECT_EQ(number(job(id), "replayed"), 11) << boost::json::serialize(job(id));
    EXPECT_EQ(other.made().size(), 10U);
    EXPECT_EQ(posts(), before) << "the first system hears nothing of it";
    std::int64_t last = 0;
    for (const auto& call : other.calls())
        if (call.method == "POST" && boost::json::parse(call.body).at("ref").as_string() == "%231")
            last = boost::json::parse(call.body).at("lines").as_int64();
    EXPECT_EQ(last, 2) << "the later version came last";
    EXPECT_EQ(letters(), 1);
    const auto verified = headgate({"verify"});
    EXPECT_EQ(verified.code, 0) << verified.out << verified.err;
}

}  // namespace

}  // namespace headgate::test
