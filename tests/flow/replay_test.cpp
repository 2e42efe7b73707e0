#include <gmock/gmock.h>

#include <poll.h>
#include <sqlite3.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <set>
#include <thread>

#include "tests/flow/replaying.hpp"

namespace headgate::test {

namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

TEST_F(ReplayFlow, WhatIsMendedGoesBackAndWhatIsNotStaysALetter)
{
    ASSERT_TRUE(begin()) << headgate_->log();
    for (std::uint64_t id = 1; id <= 20; ++id)
        order(id, 1, id % 2 == 0, id == 20);
    ASSERT_TRUE(quiet()) << headgate_->log();
    ASSERT_EQ(letters(), 10);
    ASSERT_TRUE(mend()) << headgate_->log();

    const auto begun = start(R"({"filter":{},"rate":1000,"why":"the note is a text"})");
    const std::string id(begun.at("job").as_string());
    ASSERT_TRUE(job_is(id, "done")) << headgate_->log();
    ASSERT_TRUE(quiet()) << headgate_->log();

    const auto ended = job(id);
    EXPECT_EQ(number(ended, "letters"), 10);
    EXPECT_EQ(number(ended, "replayed"), 10);
    EXPECT_EQ(ended.at("who").as_string(), "admin");
    EXPECT_EQ(ended.at("why").as_string(), "the note is a text");
    EXPECT_EQ(boost::json::serialize(ended.at("events")), R"({"applied":9,"dead":1})");
    EXPECT_EQ(letters(), 1);
    EXPECT_EQ(versions().size(), 19U);
    EXPECT_THAT(headgate({"replay", "status", id}).out, HasSubstr("10 of 10 letters"));
    EXPECT_THAT(headgate({"replay", "status"}).out, HasSubstr("applied 9, dead 1"));
    const auto letter = headgate_->admin_json("/api/v1/dlq").at("letters").at(0);
    EXPECT_EQ(letter.at("round").as_int64(), 1);
    EXPECT_THAT(headgate({"events", "show", std::string(letter.at("event").as_string())}).out,
                HasSubstr("the note is a text"));
}

TEST_F(ReplayFlow, AJobIsPausedResumedAndCancelledAndItsListIsFrozen)
{
    ASSERT_TRUE(begin()) << headgate_->log();
    for (std::uint64_t id = 1; id <= 30; ++id)
        order(id, 1, true);
    ASSERT_TRUE(quiet()) << headgate_->log();
    const std::string id(start(R"({"filter":{},"rate":1})").at("job").as_string());
    ASSERT_TRUE(headgate_->wait_until_told("/api/v1/replay/" + id, R"("replayed":0)", 60s, false));

    ASSERT_EQ(headgate({"replay", "pause", id}).code, 0);
    const auto late = order(31, 1, true);
    ASSERT_TRUE(begin_again()) << headgate_->log();
    EXPECT_EQ(job(id).at("state").as_string(), "paused") << "a restart resumes nothing";
    EXPECT_EQ(headgate({"replay", "resume", id, "--rate", "1000"}).code, 0);
    ASSERT_TRUE(job_is(id, "done")) << headgate_->log();
    EXPECT_EQ(number(job(id), "replayed"), 30);
    ASSERT_TRUE(quiet()) << headgate_->log();
    EXPECT_EQ(headgate_->admin_json("/api/v1/dlq/" + late).at("round").as_int64(), 0) << "it came later";
    EXPECT_EQ(headgate_->admin("POST", "/api/v1/replay/" + id + "/pause").first, 409);

    const std::string other(start(R"({"filter":{"since":"1h"},"rate":1})").at("job").as_string());
    EXPECT_EQ(headgate({"replay", "cancel", other}).code, 0);
    EXPECT_EQ(job(other).at("state").as_string(), "cancelled");
    EXPECT_EQ(headgate({"replay", "resume", other}).code, 1);
    EXPECT_EQ(letters(), 31);
}

TEST_F(ReplayFlow, WhatASecondPersonDidMeanwhileIsLeftAlone)
{
    ASSERT_TRUE(begin()) << headgate_->log();
    const auto first = order(1, 1, true), second = order(2, 1, true), third = order(3, 1, true);
    ASSERT_TRUE(quiet()) << headgate_->log();
    const std::string id(start(R"({"letters":[")" + first + R"(",")" + second + R"(",")" + third + R"("],"rate":1})")
                             .at("job")
                             .as_string());
    ASSERT_EQ(headgate({"replay", "pause", id}).code, 0);
    ASSERT_EQ(headgate({"dlq", "discard", second, "--why", "a test order"}).code, 0);
    ASSERT_EQ(headgate({"dlq", "replay", third}).code, 0);
    ASSERT_TRUE(headgate_->wait_until_told("/api/v1/dlq/" + third, R"("round":1)", 60s)) << headgate_->log();
    const auto before = number(job(id), "replayed");

    ASSERT_EQ(headgate({"replay", "resume", id, "--rate", "100"}).code, 0);
    ASSERT_TRUE(job_is(id, "done")) << headgate_->log();
    EXPECT_EQ(number(job(id), "replayed") + number(job(id), "gone") + number(job(id), "changed"), 3);
    EXPECT_EQ(number(job(id), "replayed"), 1) << before;
    EXPECT_EQ(number(job(id), "gone"), 1);
    EXPECT_EQ(number(job(id), "changed"), 1) << "it died again";
}

TEST_F(ReplayFlow, AJobGoesOnBehindACrashInTheMidstOfIt)
{
    ASSERT_TRUE(begin()) << headgate_->log();
    for (std::uint64_t id = 1; id <= 20; ++id)
        order(id, 1, true);
    ASSERT_TRUE(quiet()) << headgate_->log();
    headgate_->environment("HEADGATE_FAULT", "replay_put_back:2");  // back at work, and nobody has heard of it
    ASSERT_TRUE(mend()) << headgate_->log();

    const std::string id(start(R"({"filter":{},"rate":200})").at("job").as_string());
    ASSERT_TRUE(headgate_->wait_until_ended(60s)) << headgate_->log();
    headgate_->unset("HEADGATE_FAULT");
    ASSERT_TRUE(headgate_->start()) << headgate_->log();

    ASSERT_TRUE(job_is(id, "done")) << headgate_->log();
    ASSERT_TRUE(quiet()) << headgate_->log();
    EXPECT_EQ(number(job(id), "replayed"), 20) << boost::json::serialize(job(id));
    EXPECT_EQ(letters(), 0);
    EXPECT_EQ(versions().size(), 20U);
    EXPECT_EQ(erp_.made().size(), 20U);
}

TEST_F(ReplayFlow, BothDeliveriesOfAnEventGoBack)
{
    Erp other;
    ASSERT_TRUE(begin("  other: { preset: http, url: 'http://127.0.0.1:" + std::to_string(other.port()) +
                      "', requests: requests, allow: [127.0.0.0/8] }\n"
                      "routes:\n  - { id: all, to: [erp, other] }\n"))
        << headgate_->log();
    erp_.next({ErpFault::refuse, ErpFault::refuse});
    other.next({ErpFault::refuse, ErpFault::refuse});
    order(1, 1, false);
    order(2, 1, false);
    ASSERT_TRUE(quiet()) << headgate_->log();
    ASSERT_EQ(letters(), 4);
    const auto edited = headgate({"dlq", "edit", "--code", "http_422", "--set", "/note=7", "--why", "both are of it"});
    EXPECT_EQ(edited.out, "edited 4 letters\n") << edited.err;
    const auto all = headgate_->admin_json("/api/v1/dlq");
    for (const auto& letter : all.at("letters").as_array()) {
        const auto shown = headgate_->admin_json("/api/v1/dlq/" + std::string(letter.at("letter").as_string()));
        EXPECT_EQ(shown.at("envelope").at("edits").as_array().size(), 1U) << "an event's document is edited once";
    }

    const std::string id(start(R"({"filter":{"code":"http_422"},"rate":1000})").at("job").as_string());
    ASSERT_TRUE(job_is(id, "done")) << headgate_->log();
    ASSERT_TRUE(quiet()) << headgate_->log();

    EXPECT_EQ(number(job(id), "replayed"), 4) << boost::json::serialize(job(id));
    EXPECT_EQ(letters(), 0);
    EXPECT_EQ(erp_.made().size(), 2U);
    EXPECT_EQ(other.made().size(), 2U);
}

TEST_F(ReplayFlow, WhatIsWrongInALetterIsEditedBesideWhatArrived)
{
    ASSERT_TRUE(begin()) << headgate_->log();
    const auto one = order(1, 1, true);
    order(2, 1, true);
    order(3, 1, true, true);
    ASSERT_TRUE(quiet()) << headgate_->log();
    const auto raw = headgate_->admin("GET", "/api/v1/events/" + one + "/raw").second;

    EXPECT_THAT(headgate({"dlq", "edit", one, "--set", "/line_items/7/sku=X", "--why", "typo"}).err,
                HasSubstr("there is no item `7` in `/line_items`"));
    EXPECT_THAT(headgate({"dlq", "edit", one, "--replace", "/nothing=1", "--why", "typo"}).err,
                HasSubstr("there is no member `nothing` in the top"));
    EXPECT_EQ(headgate({"dlq", "edit", one, "--why", "typo"}).code, 2);
    const auto done = headgate({"dlq", "edit", one, "--replace", "/note=42", "--set", "/line_items/0/price=19.990",
                                "--set", "/email=ann@example.com", "--why", "the customer said so"});
    EXPECT_EQ(done.code, 0) << done.err;
    EXPECT_EQ(headgate_->admin("GET", "/api/v1/events/" + one + "/raw").second, raw) << "what arrived stays";
    const auto [status, text] = headgate_->admin("GET", "/api/v1/dlq/" + one);
    ASSERT_EQ(status, 200) << text << headgate_->log();
    const auto shown = boost::json::serialize(boost::json::parse(text).at("envelope").at("edits"));
    EXPECT_THAT(shown, HasSubstr(R"("path":"/line_items/0/price","value":"19.990")")) << "digit by digit";
    EXPECT_THAT(shown, HasSubstr(R"("why":"the customer said so")"));
    EXPECT_THAT(shown, ::testing::Not(HasSubstr("ann@example.com"))) << "masked as what arrived is";
    EXPECT_THAT(headgate({"dlq", "show", one, "--reveal", "--why", "a test"}).out, HasSubstr("ann@example.com"));

    ASSERT_TRUE(begin_again()) << headgate_->log();
    ASSERT_EQ(headgate({"dlq", "replay", one}).code, 0);
    ASSERT_TRUE(headgate_->wait_until_told("/api/v1/events/" + one, R"("state":"applied")", 60s)) << headgate_->log();
    EXPECT_THAT(headgate({"events", "show", one}).out, HasSubstr("the customer said so"));
    EXPECT_EQ(versions().size(), 1U);

    const auto many = headgate({"dlq", "edit", "--code", "wrong_kind", "--delete", "/note", "--why", "of no use"});
    EXPECT_EQ(many.code, 0) << many.err;
    EXPECT_EQ(many.out, "edited 1 letters\n");
    const std::string id(start(R"({"filter":{},"rate":1000})").at("job").as_string());
    ASSERT_TRUE(job_is(id, "done")) << headgate_->log();
    ASSERT_TRUE(quiet()) << headgate_->log();
    EXPECT_EQ(versions().size(), 2U);
    EXPECT_EQ(letters(), 1) << "its state is strange";
    const auto strange = headgate({"dlq", "edit", "--all", "--delete", "/nothing", "--why", "of no use"});
    EXPECT_EQ(strange.code, 1);
    EXPECT_THAT(strange.out, HasSubstr("edit_impossible"));
}

/// What died and its edit come to history together: it must not keep the document as it remembers it.
TEST_F(ReplayFlow, HistoryKeepsAnEditThatCameRightBehindTheDeath)
{
    ASSERT_TRUE(begin()) << headgate_->log();
    sqlite3* database = nullptr;
    ASSERT_EQ(sqlite3_open((folder_ / "data/history.db").c_str(), &database), SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(database, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
    const auto one = order(1, 1, true);
    ASSERT_TRUE(headgate_->wait_until_told("/api/v1/dlq/" + one, "wrong_kind", 60s)) << headgate_->log();
    ASSERT_EQ(headgate({"dlq", "edit", one, "--replace", "/note=42", "--why", "a number"}).code, 0);
    sqlite3_exec(database, "ROLLBACK", nullptr, nullptr, nullptr);
    sqlite3_close(database);
    ASSERT_TRUE(quiet()) << headgate_->log();

    ASSERT_EQ(headgate({"dlq", "replay", one}).code, 0);
    ASSERT_TRUE(headgate_->wait_until_told("/api/v1/events/" + one, R"("state":"applied")", 60s)) << headgate_->log();
    ASSERT_TRUE(quiet()) << headgate_->log();  // Redis has nothing of it any more
    EXPECT_EQ(event_edits(one), 1U);
}

TEST_F(ReplayFlow, BadRequestsSayWhatIsWrong)
{
    ASSERT_TRUE(begin()) << headgate_->log();
    const auto told = [this](const std::string& body) {
        return headgate_->admin("POST", "/api/v1/replay", body).second;
    };
    EXPECT_THAT(told(""), HasSubstr("say which letters"));
    EXPECT_THAT(told(R"({"filter":{},"letters":[]})"), HasSubstr("say which letters"));
    EXPECT_THAT(told(R"({"filter":{"colour":"red"}})"), HasSubstr("not filtered by `colour`"));
    EXPECT_THAT(told(R"({"filter":{},"rate":0})"), HasSubstr("1 to 10000"));
    EXPECT_THAT(told(R"({"letters":["x"]})"), HasSubstr("EVENT.HALF"));
    EXPECT_EQ(headgate_->admin("GET", "/api/v1/replay/abcdefgh").first, 404);
    EXPECT_EQ(headgate_->admin("POST", "/api/v1/replay/x/pause").first, 404);
    EXPECT_EQ(headgate({"replay", "start"}).code, 2);
    EXPECT_EQ(headgate({"replay", "start", "--all", "--code", "x"}).code, 2);
}

/// A mapping that is wrong kills a quarter of the orders. It is mended, and they go back at 200 a second while more
/// orders come in and Headgate is killed twenty times.
TEST_F(ReplayFlow, AMappingBugIsMendedWhileTrafficGoesOn)
{
    const bool full = std::getenv("HEADGATE_STORY_FULL") != nullptr;
    const std::uint64_t orders = full ? 20'000 : 2'000;
    const std::int64_t dead = static_cast<std::int64_t>(orders / 4);
    ASSERT_TRUE(begin()) << headgate_->log();
    for (std::uint64_t id = 1; id <= orders; ++id)
        ASSERT_FALSE(order(id, 1, id % 4 == 0, id == 4 || id == 8).empty()) << headgate_->log();
    ASSERT_TRUE(quiet()) << headgate_->log();
    const auto causes = headgate_->admin_json("/api/v1/dlq/causes").at("causes");
    ASSERT_EQ(causes.as_array().size(), 2U) << "state comes before notes";
    EXPECT_EQ(causes.at(0).at("letters").as_int64(), dead - 2);
    ASSERT_TRUE(mend()) << headgate_->log();
    const auto plan = headgate({"replay", "plan", "--all"});
    EXPECT_THAT(plan.out, HasSubstr(std::to_string(dead - 2) + " would go on to their system\n  2 would be letters"));

    const std::string id(
        start(R"({"filter":{"type":"sales_order"},"rate":200,"why":"notes are texts"})").at("job").as_string());
    std::uint64_t next = 1;
    const auto traffic = [&](int count) {  // newer versions, of orders that died too
        for (int i = 0; i < count; ++i, ++next)
            ASSERT_FALSE(order(next, 2, next % 4 == 0, next == 4 || next == 8).empty()) << headgate_->log();
    };
    for (int kill = 1; kill <= 20; ++kill) {
        traffic(5);
        const auto wanted = dead * kill / 21;
        for (int i = 0; i < 12'000 && number(job(id), "done") < wanted; ++i)
            ::poll(nullptr, 0, 5);
        ASSERT_GE(number(job(id), "done"), wanted) << headgate_->log();
        ASSERT_TRUE(begin_again()) << headgate_->log();
    }
    ASSERT_TRUE(job_is(id, "done")) << headgate_->log();
    ASSERT_TRUE(quiet()) << headgate_->log();

    const auto ended = job(id);
    EXPECT_EQ(number(ended, "replayed"), dead) << boost::json::serialize(ended);
    EXPECT_EQ(letters(), 4) << "two orders, two versions of each";
    EXPECT_EQ(headgate_->admin_json("/api/v1/dlq/causes").at("causes").as_array().size(), 1U);
    const auto made = versions();
    EXPECT_EQ(made.size(), orders - 2);
    std::size_t both = 0;
    for (const auto& [order, of_order] : made) {
        EXPECT_TRUE(std::ranges::is_sorted(of_order)) << order << ": a stale version overwrote a newer one";
        EXPECT_EQ(std::set(of_order.begin(), of_order.end()).size(), of_order.size()) << order << " was applied twice";
        both += of_order.back() == 2 ? 1 : 0;
    }
    EXPECT_EQ(both, 98U) << "every newer version, but for the two that nothing mends";
    const auto state = headgate_->admin_json("/api/v1/verify");
    EXPECT_EQ(state.at("findings").as_array().size(), 0U) << boost::json::serialize(state);
    EXPECT_EQ(state.at("unaccounted").as_int64(), 0);
}

}  // namespace

}  // namespace headgate::test
