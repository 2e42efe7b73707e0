#include <sstream>

#include <gmock/gmock.h>

#include "core/encoding.hpp"
#include "tests/flow/operating.hpp"

namespace headgate::test {

namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

/// What operators do with dead letters: find them, see what they have in common, and let go of them.
class DeskFlow : public OperatingFlow {
protected:
    /// An order whose payment state no vocabulary has.
    std::string unmapped(const std::string& channel, std::uint64_t id, std::uint32_t version = 1)
    {
        auto body = order_body(id, version);
        body.replace(body.find(R"("paid")"), 6, R"("settled")");
        return send(channel, {"orders/updated", std::to_string(id) + "-" + std::to_string(version), body, {}});
    }
    /// Order numbers of the letters that a filter finds.
    std::string found(const std::string& query)
    {
        std::string numbers;
        const auto [status, text] = headgate_->admin("GET", "/api/v1/dlq?" + query);
        if (status != 200)
            return text;
        const auto answer = boost::json::parse(text);
        for (const auto& letter : answer.at("letters").as_array())
            numbers += std::string(numbers.empty() ? "" : " ") + std::string(letter.at("order_number").as_string());
        return numbers;
    }
    bool quiet() { return headgate_->wait_until_quiet(120s); }
};

TEST_F(DeskFlow, LettersAreFoundByWhatPeopleKnowOfThem)
{
    ASSERT_TRUE(begin()) << headgate_->log();
    erp_.next({ErpFault::refuse});
    const auto refused = order("shop", 1, 1);
    ASSERT_TRUE(quiet()) << headgate_->log();
    unmapped("shop", 2);
    ASSERT_TRUE(quiet()) << headgate_->log();
    unmapped("outlet", 3);
    send("outlet", {"orders/updated", "broken", "{", {}});
    ASSERT_TRUE(quiet()) << headgate_->log();

    EXPECT_EQ(found("code=unmapped"), "#3 #2");
    EXPECT_EQ(found("code=unmapped&channel=shop"), "#2");
    EXPECT_EQ(found("order=%233"), "#3");
    EXPECT_EQ(found("entity=order/2"), "#2");
    EXPECT_EQ(found("type=sales_order"), "#3 #2 #1") << "also of what could not be mapped";
    EXPECT_EQ(found("system=erp"), "#1");
    EXPECT_EQ(found("stage=decode"), "");
    EXPECT_EQ(headgate_->admin_json("/api/v1/dlq?stage=decode&count=true").at("count").as_int64(), 1);
    EXPECT_EQ(found("event=" + refused), "#1");
    EXPECT_EQ(found("until=1h"), "");
    EXPECT_EQ(found("since=1h&system=erp"), "#1");
    EXPECT_EQ(found("overdue=true"), "");
    EXPECT_THAT(headgate({"dlq", "list", "--order", "#2"}).out, HasSubstr("unmapped"));
    EXPECT_THAT(headgate_->admin("GET", "/api/v1/dlq?since=soon").second, HasSubstr("bad_filter"));
    EXPECT_THAT(headgate({"dlq", "list", "--since", "soon"}).err, HasSubstr("how long ago"));
}

TEST_F(DeskFlow, LettersAreFoundByWhatTheirDocumentsSay)
{
    ASSERT_TRUE(begin()) << headgate_->log();
    for (std::uint64_t id = 1; id <= 3; ++id)
        unmapped("shop", id);
    const auto other = unmapped("outlet", 4);
    send("outlet", {"orders/updated", "broken", "{", {}});
    ASSERT_TRUE(quiet()) << headgate_->log();
    const auto where = [](const std::string& name) { return "where=.name%20%3D%3D%20%22%23" + name + "%22"; };

    EXPECT_EQ(found(where("2")), "#2");
    EXPECT_EQ(found(where("2") + "&channel=outlet"), "") << "of those that the filter leaves";
    const auto all = headgate_->admin_json("/api/v1/dlq?" + where("4"));
    EXPECT_EQ(all.at("scanned").as_int64(), 5);
    EXPECT_EQ(all.at("unreadable").as_int64(), 1) << "which is no JSON";
    EXPECT_EQ(all.at("next").as_string(), "");

    ASSERT_EQ(headgate({"dlq", "edit", other, "--set", "/name=#5", "--why", "a test"}).code, 0);
    EXPECT_EQ(found(where("4")), "");
    EXPECT_EQ(found(where("5")), "#4") << "as it was told when it died";

    const auto listed = headgate({"dlq", "list", "--where", R"(.name == "#2" or .name == "#3")"});
    EXPECT_THAT(listed.out, AllOf(HasSubstr("#2"), HasSubstr("#3"), Not(HasSubstr("#1"))));
    EXPECT_THAT(listed.err, HasSubstr("5 letters were looked at; 1 of them"));
}

TEST_F(DeskFlow, ALookIntoDocumentsGoesOnWhereItStoppedAndIsAudited)
{
    ASSERT_TRUE(begin()) << headgate_->log();
    for (std::uint64_t id = 1; id <= 4; ++id) {
        unmapped("shop", id);
        ASSERT_TRUE(quiet()) << headgate_->log();
    }

    std::string names, cursor;
    std::int64_t scanned = 0;
    do {
        const auto page = headgate_->admin_json("/api/v1/dlq?limit=1&where=.id%20%21%3D%202&cursor=" + cursor);
        for (const auto& letter : page.at("letters").as_array())
            names += std::string(letter.at("order_number").as_string());
        scanned += page.at("scanned").as_int64();
        cursor = page.at("next").as_string();
    } while (!cursor.empty());

    EXPECT_EQ(names, "#4#3#1");
    EXPECT_EQ(scanned, 4) << "each once";
    const auto audit = headgate_->admin_json("/api/v1/audit").at("audit").as_array();
    EXPECT_GE(audit.size(), 3U);
    EXPECT_EQ(audit.at(0).at("what").as_string(), "GET dlq");
    EXPECT_EQ(boost::json::serialize(audit).find(".id"), std::string::npos) << "it may name a customer";
    for (const auto& [wrong, told] :
         {std::pair{".name%20%3D%3D", "`where`, column "}, std::pair{".a%20%7C%20lookup(%22x%22)", "vocabularies"}}) {
        const auto [status, text] = headgate_->admin("GET", "/api/v1/dlq?where=" + std::string(wrong));
        EXPECT_EQ(status, 400);
        EXPECT_THAT(text, AllOf(HasSubstr("bad_filter"), HasSubstr(told)));
    }
}

TEST_F(DeskFlow, LettersAreExportedWithAllThatCameAndMaskedUnlessRevealed)
{
    ASSERT_TRUE(begin()) << headgate_->log();
    auto body = order_body(1, 1);
    body.replace(body.find(R"("paid")"), 6, R"("settled")");
    body.insert(1, R"("email":"maria@example.com",)");
    const auto event = send("shop", {"orders/updated", "1-1", body, {}});
    ASSERT_TRUE(quiet()) << headgate_->log();
    unmapped("outlet", 2);
    ASSERT_TRUE(quiet()) << headgate_->log();
    const auto lines = [&](std::vector<std::string> more) {
        more.insert(more.begin(), {"dlq", "export"});
        std::vector<boost::json::value> all;
        std::istringstream text(headgate(more).out);
        for (std::string line; std::getline(text, line);)
            all.push_back(boost::json::parse(line));
        return all;
    };
    const auto body_of = [](const boost::json::value& letter) {
        return from_base64(std::string(letter.at("envelope").at("body").as_string())).value();
    };

    const auto masked = lines({});
    ASSERT_EQ(masked.size(), 2U);
    EXPECT_EQ(masked[1].at("event").as_string(), event);
    EXPECT_TRUE(masked[1].at("masked").as_bool());
    EXPECT_THAT(body_of(masked[1]), Not(HasSubstr("maria")));
    EXPECT_EQ(headgate_->admin_json("/api/v1/audit").at("audit").as_array().size(), 0U);

    EXPECT_EQ(headgate_->admin("GET", "/api/v1/dlq/export?reveal=true").first, 400) << "not without a reason";
    const auto revealed = lines({"--channel", "shop", "--reveal", "--why", "they move house"});
    ASSERT_EQ(revealed.size(), 1U);
    EXPECT_FALSE(revealed[0].at("masked").as_bool());
    EXPECT_EQ(body_of(revealed[0]), body);
    EXPECT_EQ(revealed[0].at("envelope").at("idempotency_key").as_string(), "1-1");
    const auto audit = headgate_->admin_json("/api/v1/audit").at("audit").as_array();
    ASSERT_EQ(audit.size(), 1U);
    EXPECT_EQ(audit[0].at("what").as_string(), "GET dlq/export");
    EXPECT_EQ(audit[0].at("why").as_string(), "they move house");
    EXPECT_EQ(audit[0].at("after").at("count").as_int64(), 1);

    const auto first = headgate_->admin_json("/api/v1/dlq/export?limit=1");
    const auto second =
        headgate_->admin_json("/api/v1/dlq/export?limit=1&cursor=" + std::string(first.at("next").as_string()));
    EXPECT_EQ(first.at("letters").at(0).at("order_number").as_string(), "#2");
    EXPECT_EQ(second.at("letters").at(0).at("event").as_string(), event);
    EXPECT_EQ(second.at("next").as_string(), "");
}

TEST_F(DeskFlow, AHistoryThatWasLostKnowsItsLettersAgain)
{
    ASSERT_TRUE(begin()) << headgate_->log();
    erp_.next({ErpFault::refuse});
    order("shop", 1, 1);
    ASSERT_TRUE(quiet()) << headgate_->log();
    const auto gone = unmapped("shop", 2);
    unmapped("outlet", 3);
    ASSERT_TRUE(quiet()) << headgate_->log();
    ASSERT_TRUE(headgate_->terminate());
    fs::copy_file(folder_ / "data/history.db", folder_ / "before.db");
    ASSERT_TRUE(headgate_->start()) << headgate_->log();
    ASSERT_EQ(headgate({"dlq", "discard", gone, "--why", "of no use"}).code, 0);
    ASSERT_TRUE(quiet()) << headgate_->log();
    ASSERT_TRUE(headgate_->terminate());

    // What was put back knows one that has gone since; what is new knows none.
    fs::copy_file(folder_ / "before.db", folder_ / "data/history.db", fs::copy_options::overwrite_existing);
    ASSERT_TRUE(headgate_->start()) << headgate_->log();
    ASSERT_TRUE(headgate_->wait_until_told("/api/v1/dlq?code=unmapped", "#2", 120s, false)) << headgate_->log();
    EXPECT_EQ(found("code=unmapped"), "#3");
    ASSERT_TRUE(headgate_->terminate());
    for (const char* file : {"history.db", "history.db-wal", "history.db-shm"})
        fs::remove(folder_ / "data" / file);
    ASSERT_TRUE(headgate_->start()) << headgate_->log();
    ASSERT_TRUE(wait_for("/api/v1/dlq?channel=outlet", "#3")) << headgate_->log();
    EXPECT_EQ(found("system=erp"), "#1");
    EXPECT_EQ(headgate_->admin_json("/api/v1/verify").at("findings").as_array().size(), 0U);
}

TEST_F(DeskFlow, CausesSayWhatLettersHaveInCommon)
{
    ASSERT_TRUE(begin()) << headgate_->log();
    order("shop", 1, 1);
    for (std::uint64_t id = 2; id <= 4; ++id)
        unmapped("shop", id);
    send("outlet", {"orders/updated", "broken", "{", {}});
    ASSERT_TRUE(quiet()) << headgate_->log();

    const auto causes = headgate_->admin_json("/api/v1/dlq/causes").at("causes");
    ASSERT_EQ(causes.as_array().size(), 2U);
    EXPECT_EQ(causes.at(0).at("cause").as_string(), "map/unmapped/payment_state/shop");
    EXPECT_EQ(causes.at(0).at("letters").as_int64(), 3);
    EXPECT_EQ(causes.at(0).at("seen").as_int64(), 3);
    EXPECT_EQ(causes.at(0).at("events").as_int64(), 4) << "of its channel";
    EXPECT_EQ(causes.at(1).at("code").as_string(), "json_truncated");
    EXPECT_THAT(headgate({"dlq", "causes"}).out, HasSubstr("75.0 %"));
    EXPECT_EQ(headgate_->admin_json("/api/v1/dlq/causes?queue=finance").at("causes").as_array().size(), 0U);
}

TEST_F(DeskFlow, WhatNobodyNeedsIsDiscardedByName)
{
    ASSERT_TRUE(begin()) << headgate_->log();
    erp_.next({ErpFault::refuse});
    const auto refused = order("shop", 1, 1);
    ASSERT_TRUE(quiet()) << headgate_->log();
    const auto odd = unmapped("shop", 2);
    ASSERT_TRUE(quiet()) << headgate_->log();

    EXPECT_EQ(headgate_->admin("POST", "/api/v1/dlq/" + odd + "/discard").first, 400) << "not without a reason";
    EXPECT_EQ(headgate_->admin("POST", "/api/v1/dlq/" + odd + "/discard", R"({"why":" "})").first, 400);
    for (const auto& event : {refused, odd}) {
        const auto done = headgate({"dlq", "discard", event, "--why", "a test order of ours"});
        EXPECT_EQ(done.code, 0) << done.err;
        EXPECT_TRUE(wait_for("/api/v1/events/" + event, R"("state":"discarded")"));
        EXPECT_THAT(headgate({"events", "show", event}).out, HasSubstr("a test order of ours"));
        EXPECT_EQ(headgate({"dlq", "discard", event, "--why", "again"}).code, 1);
    }

    EXPECT_EQ(found(""), "");
    const auto state = headgate_->admin_json("/api/v1/verify");
    EXPECT_EQ(state.at("discarded").as_int64(), 2);
    EXPECT_EQ(state.at("unaccounted").as_int64(), 0);
    EXPECT_EQ(erp_.made().size(), 0U);
    const auto later = order("shop", 1, 2);
    EXPECT_TRUE(wait_until_applied(later)) << "what comes of it later is news";
}

}  // namespace

}  // namespace headgate::test
