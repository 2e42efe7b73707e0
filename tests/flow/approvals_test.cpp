#include <fstream>
#include <iterator>
#include <map>
#include <thread>

#include <gmock/gmock.h>

#include "tests/flow/operating.hpp"

namespace headgate::test {

namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// A shop whose refunds somebody has to approve (tests/flow/approvals).
class Approvals : public OperatingFlow {
protected:
    bool begin_shop(const Environment& environment = {})
    {
        fs::copy(source_folder() / "tests/flow/approvals", config(), fs::copy_options::recursive);
        for (const auto& [name, role] : {std::pair{"olga", "operator"}, std::pair{"ann", "approver"},
                                         std::pair{"bob", "approver"}, std::pair{"olga-too", "approver"}})
            add(name, role);
        return begin(environment, config());
    }
    /// A person with a token of their own.
    void add(const std::string& name, const std::string& role)
    {
        const auto made = run_headgate({"token", "add", name, "--role", role, "--config", config().string()});
        ASSERT_EQ(made.code, 0) << made.err;
        std::ofstream(config() / "headgate.yaml", std::ios::app)
            << (tokens_.empty() ? "access:\n  tokens:\n" : "") << made.err.substr(made.err.find("    - {"));
        tokens_[name] = made.out.substr(0, made.out.size() - 1);
    }
    [[nodiscard]] fs::path config() const { return folder_ / "config"; }

    std::string refund(int number, const std::string& amount, const std::string& currency = "EUR",
                       const std::string& more = {}, int order = 1)
    {
        return send("shop",
                    {"refunds/create",
                     "refund-" + std::to_string(number),
                     R"({"order":)" + std::to_string(order) + R"(,"refund":)" + std::to_string(number) +
                         R"(,"stage":"open","currency":")" + currency + R"(","amount":")" + amount + "\"" + more + "}",
                     {}});
    }

    boost::json::array holds(const std::string& query = {})
    {
        return headgate_->admin_json("/api/v1/holds" + query).at("holds").as_array();
    }
    [[nodiscard]] bool held(const std::string& event, const std::string& rule = "big-refund")
    {
        return wait_for("/api/v1/holds", event) &&
               wait_for("/api/v1/holds/" + hold_of(event), R"("rule":")" + rule + '"');
    }
    std::string hold_of(const std::string& event)
    {
        for (const auto& hold : holds())
            if (hold.at("event").as_string() == event)
                return std::string(hold.at("hold").as_string());
        return "none";
    }
    std::pair<int, boost::json::value> say(const std::string& event, const std::string& verdict,
                                           const std::string& body = R"({"why":"seen"})")
    {
        const auto [status, text] = headgate_->admin("POST", "/api/v1/holds/" + hold_of(event) + "/" + verdict, body);
        return {status, boost::json::parse(text)};
    }
    /// Another than the admin says it.
    std::pair<int, boost::json::value> say_as(const std::string& who, const std::string& verdict,
                                              const std::string& name, const std::string& body = R"({"why":"seen"})")
    {
        const auto [status, text] = headgate_->admin_as(
            tokens_.at(who), "POST",
            "/api/v1/" + (verdict == "replay" ? "dlq/" + name + "/replay" : "holds/" + name + "/" + verdict), body);
        boost::system::error_code error;
        return {status, boost::json::parse(text, error)};
    }

    bool quiet() { return headgate_->wait_until_quiet(120s); }
    std::string reason(const std::string& id) { return std::string(event(id).at("reason").as_string()); }
    /// The line of an event's timeline with this reason.
    boost::json::object told(const std::string& id, std::string_view reason)
    {
        const auto known = event(id);
        for (const auto& line : known.at("timeline").as_array())
            if (const auto* text = line.as_object().if_contains("reason");
                text != nullptr && text->as_string() == reason)
                return line.as_object();
        return {};
    }
    std::map<std::string, std::string> tokens_;

    /// What the ERP was sent.
    std::vector<std::string> sent()
    {
        std::vector<std::string> all;
        for (const auto& call : erp_.calls())
            if (call.method == "POST")
                all.emplace_back(boost::json::parse(call.body).at("total").as_string());
        return all;
    }
};

TEST_F(Approvals, ASmallRefundGoesAndABigOneIsNotSentBeforeSomebodyHasApprovedIt)
{
    ASSERT_TRUE(begin_shop()) << headgate_->log();
    const auto small = refund(1, "20.00", "EUR", "", 1);
    const auto big = refund(2, "900.00", "EUR", "", 2);
    const auto foreign = refund(3, "1.00", "USD", "", 3);
    ASSERT_TRUE(wait_until_applied(small)) << headgate_->log();
    ASSERT_TRUE(held(big)) << headgate_->log();
    ASSERT_TRUE(held(foreign)) << headgate_->log();
    EXPECT_THAT(sent(), ElementsAre("20.00"));

    const auto [status, answer] = say(big, "approve", R"({"why":"called the customer"})");

    EXPECT_EQ(status, 200) << answer;
    EXPECT_EQ(answer.at("verdict").as_string(), "approved");
    EXPECT_EQ(answer.at("state").as_string(), "ready");
    ASSERT_TRUE(wait_until_applied(big)) << headgate_->log();
    EXPECT_THAT(sent(), ElementsAre("20.00", "900.00"));
    const auto line = told(big, "approved");
    EXPECT_EQ(line.at("who").as_string(), "admin");
    EXPECT_EQ(line.at("why").as_string(), "called the customer");
    EXPECT_EQ(line.at("delivery").at("rule").as_string(), "big-refund");
    EXPECT_EQ(state(foreign), "waiting");
    EXPECT_THAT(headgate_->admin_json("/api/v1/verify").at("findings").as_array(), ElementsAre());
}

TEST_F(Approvals, WhatIsHeldIsListedAndShownWithWhatWouldBeSent)
{
    ASSERT_TRUE(begin_shop()) << headgate_->log();
    const auto big = refund(1, "900.00");
    ASSERT_TRUE(held(big)) << headgate_->log();
    const auto next = refund(2, "20.00");
    ASSERT_TRUE(wait_for("/api/v1/verify", R"("lane":1,"parked":0,"held":1)")) << headgate_->log();

    const auto hold = holds().at(0);

    EXPECT_EQ(hold.at("reason").as_string(), "approval_wanted");
    EXPECT_EQ(hold.at("rule").as_string(), "big-refund");
    EXPECT_THAT(std::string(hold.at("detail").as_string()),
                HasSubstr("`big-refund` wants it approved: .total.currency"));
    EXPECT_EQ(hold.at("queue").as_string(), "finance");
    EXPECT_EQ(hold.at("owner").as_string(), "finance@example.com");
    EXPECT_EQ(hold.at("role").as_string(), "approver");
    EXPECT_TRUE(hold.at("four_eyes").as_bool());
    EXPECT_FALSE(hold.at("escalated").as_bool());
    EXPECT_EQ(hold.at("attempts").as_int64(), 0);
    EXPECT_FALSE(hold.at("maybe").as_bool());
    EXPECT_EQ(hold.at("behind").at("count").as_int64(), 1);
    EXPECT_EQ(hold.at("behind").at("events").at(0).as_string(), next);
    EXPECT_EQ(holds("?queue=finance").size(), 1U);
    EXPECT_EQ(holds("?queue=returns").size(), 0U);
    const auto shown = headgate_->admin_json("/api/v1/holds/" + hold_of(big));
    EXPECT_EQ(shown.at("transaction").at("total").at("amount").as_string(), "900.00");
    EXPECT_FALSE(shown.at("changed").as_bool());
    EXPECT_EQ(shown.at("put_back_by").as_array().size(), 0U);
    EXPECT_EQ(shown.at("behind").at("count").as_int64(), 1);
    EXPECT_EQ(headgate_->admin("GET", "/api/v1/holds/" + next).first, 400);
}

/// An operator corrected what it lacked and replayed it; the approver is another.
TEST_F(Approvals, A900EuroRefundNeedsASecondPerson)
{
    ASSERT_TRUE(begin_shop()) << headgate_->log();
    const auto big = send("shop", {"refunds/create",
                                   "refund-1",
                                   R"({"order":1,"refund":1,"stage":"agreed","currency":"EUR","amount":"900.00"})",
                                   {}});
    ASSERT_TRUE(wait_for("/api/v1/dlq", "unmapped")) << headgate_->log();
    ASSERT_EQ(headgate_
                  ->admin("PUT", "/api/v1/vocabularies/entries",
                          R"({"vocabulary":"refund_stage.store","word":"agreed","value":"granted"})")
                  .first,
              200);
    ASSERT_EQ(say_as("ann", "replay", big, "").first, 200);
    ASSERT_TRUE(held(big)) << headgate_->log();
    const auto name = hold_of(big);
    EXPECT_THAT(boost::json::serialize(headgate_->admin_json("/api/v1/holds/" + name).at("put_back_by")),
                HasSubstr("ann"));

    const auto operator_alone = say_as("olga", "approve", name);
    const auto herself = say_as("ann", "approve", name);
    EXPECT_EQ(operator_alone.first, 403);
    EXPECT_EQ(operator_alone.second.at("error").as_string(), "role_wanted");
    EXPECT_EQ(herself.first, 403);
    EXPECT_EQ(herself.second.at("error").as_string(), "four_eyes_wanted");
    EXPECT_TRUE(sent().empty());
    EXPECT_EQ(say_as("bob", "approve", name).first, 200);

    ASSERT_TRUE(wait_until_applied(big)) << headgate_->log();
    EXPECT_THAT(sent(), ElementsAre("900.00"));
    EXPECT_EQ(told(big, "replayed").at("who").as_string(), "ann");
    EXPECT_EQ(told(big, "approved").at("who").as_string(), "bob");
}

TEST_F(Approvals, AnApprovalLastsThroughAReplay)
{
    ASSERT_TRUE(begin_shop()) << headgate_->log();
    const auto big = refund(1, "900.00");
    ASSERT_TRUE(held(big)) << headgate_->log();
    erp_.next({ErpFault::refuse});
    ASSERT_EQ(say(big, "approve").first, 200);
    ASSERT_TRUE(wait_for("/api/v1/dlq", "http_422")) << headgate_->log();

    ASSERT_EQ(headgate_->admin("POST", "/api/v1/dlq/" + big + "/replay").first, 200);

    ASSERT_TRUE(wait_until_applied(big)) << "it was approved, and is the same still\n" << headgate_->log();
    EXPECT_THAT(erp_.made().size(), 1U);
}

TEST_F(Approvals, ADecisionNeedsAReasonTheRightRoleAndIsMadeOnce)
{
    ASSERT_TRUE(begin_shop()) << headgate_->log();
    const auto big = refund(1, "900.00");
    ASSERT_TRUE(held(big)) << headgate_->log();
    const auto name = hold_of(big);

    EXPECT_EQ(say(big, "approve", "{}").second.at("error").as_string(), "why_missing");
    EXPECT_EQ(say(big, "approve", R"({"why":" "})").second.at("error").as_string(), "why_missing");
    EXPECT_EQ(say(big, "approve", R"({"why":"x","content":"ab"})").second.at("error").as_string(), "hold_changed");
    EXPECT_EQ(say(big, "arrived").second.at("error").as_string(), "hold_refused");
    EXPECT_EQ(say(big, "approve", R"({"why":"x","because":"y"})").first, 400);
    EXPECT_EQ(headgate_->admin("POST", "/api/v1/holds/nonsense/approve", R"({"why":"x"})").first, 400);
    const auto content = std::string(holds().at(0).at("content").as_string());
    EXPECT_EQ(say_as("ann", "approve", name, R"({"why":"x","content":")" + content + "\"}").first, 200);
    ASSERT_TRUE(wait_until_applied(big)) << headgate_->log();
    const auto second = say_as("bob", "reject", name);
    EXPECT_EQ(second.first, 409) << "nothing of it is held any more";

    ASSERT_TRUE(wait_until_applied(big)) << headgate_->log();
    EXPECT_EQ(headgate_->admin("POST", "/api/v1/holds/" + name + "/reject", R"({"why":"x"})").first, 409);
    EXPECT_THAT(sent(), ElementsAre("900.00"));
}

TEST_F(Approvals, ARejectedOneIsDiscardedByAPersonAndItsLaneGoesOn)
{
    ASSERT_TRUE(begin_shop()) << headgate_->log();
    const auto big = refund(1, "900.00");
    ASSERT_TRUE(held(big)) << headgate_->log();
    const auto next = refund(2, "20.00");
    ASSERT_TRUE(wait_for("/api/v1/verify", R"("lane":1,"parked":0,"held":1)")) << headgate_->log();

    const auto [status, answer] = say(big, "reject", R"({"why":"paid already"})");

    EXPECT_EQ(status, 200) << answer;
    EXPECT_EQ(answer.at("state").as_string(), "discarded");
    ASSERT_TRUE(wait_until_applied(next)) << headgate_->log();
    ASSERT_TRUE(quiet());
    EXPECT_EQ(state(big), "discarded");
    EXPECT_EQ(reason(big), "rejected");
    EXPECT_EQ(told(big, "rejected").at("why").as_string(), "paid already");
    EXPECT_EQ(told(big, "rejected").at("who").as_string(), "admin");
    EXPECT_THAT(sent(), ElementsAre("20.00"));
}

TEST_F(Approvals, OrderIsKeptBehindIt)
{
    ASSERT_TRUE(begin_shop()) << headgate_->log();
    const auto first = refund(1, "900.00");
    ASSERT_TRUE(held(first)) << headgate_->log();
    refund(2, "20.00");
    const auto third = refund(3, "901.00");
    const auto other = refund(4, "21.00", "EUR", "", 9);
    ASSERT_TRUE(wait_until_applied(other)) << headgate_->log();
    ASSERT_TRUE(wait_for("/api/v1/verify", R"("lane":2,"parked":0,"held":1)")) << headgate_->log();

    ASSERT_EQ(say(first, "approve").first, 200);
    ASSERT_TRUE(held(third)) << headgate_->log();
    ASSERT_EQ(say(third, "approve").first, 200);

    ASSERT_TRUE(quiet()) << headgate_->log();
    EXPECT_THAT(sent(), ElementsAre("21.00", "900.00", "20.00", "901.00"));
}

TEST_F(Approvals, EachRuleThatWantsItIsAsked)
{
    ASSERT_TRUE(begin_shop()) << headgate_->log();
    const auto big = refund(1, "900.00", "EUR", R"(,"return":"return/R-1")");
    ASSERT_TRUE(held(big)) << headgate_->log();

    ASSERT_EQ(say(big, "approve").first, 200);
    ASSERT_TRUE(held(big, "refund-before-inspection")) << headgate_->log();
    EXPECT_EQ(holds().at(0).at("queue").as_string(), "returns");
    EXPECT_TRUE(sent().empty());
    ASSERT_EQ(say(big, "approve").first, 200);

    ASSERT_TRUE(wait_until_applied(big)) << headgate_->log();
    EXPECT_THAT(sent(), ElementsAre("900.00"));
}

TEST_F(Approvals, ARuleThatCannotBeToldHolds)
{
    ASSERT_TRUE(begin_shop()) << headgate_->log();
    const auto odd = send("shop", {"refunds/create",
                                   "refund-x",
                                   R"({"order":1,"refund":"RF-1","stage":"open","currency":"EUR","amount":"1.00"})",
                                   {}});

    ASSERT_TRUE(held(odd, "numbered")) << headgate_->log();

    const auto hold = holds().at(0);
    EXPECT_EQ(hold.at("reason").as_string(), "rule_unsure");
    EXPECT_THAT(std::string(hold.at("detail").as_string()), HasSubstr("cannot be told: "));
    EXPECT_THAT(headgate_->log(), HasSubstr("nobody can tell whether its rule wants one"));
    ASSERT_EQ(say(odd, "approve").first, 200);
    ASSERT_TRUE(wait_until_applied(odd)) << headgate_->log();
}

TEST_F(Approvals, WhatIsNotDecidedInTimeIsEscalatedAndListedFirst)
{
    ASSERT_TRUE(begin_shop({{"WITHIN", "1s"}})) << headgate_->log();
    const auto before = refund(1, "9.00", "EUR", R"(,"return":"return/R-1")", 7);
    ASSERT_TRUE(held(before, "refund-before-inspection")) << headgate_->log();
    const auto big = refund(2, "900.00");
    ASSERT_TRUE(held(big)) << headgate_->log();

    ASSERT_TRUE(wait_for("/api/v1/holds", R"("escalated":true)")) << headgate_->log();

    EXPECT_EQ(holds().size(), 2U);
    EXPECT_EQ(holds().at(0).at("event").as_string(), big) << "first, whatever its partition";
    EXPECT_TRUE(wait_for("/readyz", "holds_escalated"));
    EXPECT_EQ(headgate_->metric("headgate_holds_escalated"), 1);
    EXPECT_THAT(headgate_->log(), HasSubstr("a held delivery was not decided in time, and waits on"));
    EXPECT_TRUE(wait_for("/api/v1/events/" + big, "\"reason\":\"escalated\""));
    EXPECT_EQ(told(big, "escalated").at("who").as_string(), "rule big-refund");
    ASSERT_TRUE(begin_again()) << headgate_->log();
    EXPECT_TRUE(sent().empty());
    ASSERT_EQ(say(big, "approve").first, 200);
    ASSERT_TRUE(wait_until_applied(big)) << headgate_->log();
    EXPECT_TRUE(headgate_->wait_until_told("/readyz", "holds_escalated", 30s, false));
    const auto log = headgate_->log();
    const std::string_view once = "was not decided in time, and waits on";
    EXPECT_EQ(log.find(once), log.rfind(once));
}

TEST_F(Approvals, TheDeadlineOutlivesACrashAndTheRuleMayReject)
{
    ASSERT_TRUE(begin_shop({{"WITHIN", "3s"}, {"ELSE", "reject"}})) << headgate_->log();
    const auto big = refund(1, "900.00");
    ASSERT_TRUE(held(big)) << headgate_->log();
    const auto next = refund(2, "20.00");
    ASSERT_TRUE(wait_for("/api/v1/verify", R"("lane":1)")) << headgate_->log();

    ASSERT_TRUE(begin_again()) << headgate_->log();

    ASSERT_TRUE(wait_until_applied(next)) << headgate_->log();
    ASSERT_TRUE(quiet());
    EXPECT_EQ(state(big), "discarded");
    EXPECT_EQ(told(big, "rejected").at("who").as_string(), "rule big-refund");
    EXPECT_EQ(told(big, "rejected").at("why").as_string(), "nobody decided in time");
    EXPECT_THAT(sent(), ElementsAre("20.00"));
}

TEST_F(Approvals, WhatWasApprovedIsSentOnceAfterACrashBetween)
{
    ASSERT_TRUE(begin_shop({{"HEADGATE_FAULT", "after_take:1"}})) << headgate_->log();
    const auto big = refund(1, "900.00");
    ASSERT_TRUE(held(big)) << headgate_->log();
    const auto name = hold_of(big);
    std::thread approving([&] { say_as("ann", "approve", name); });  // it may die before it has answered
    ASSERT_TRUE(headgate_->wait_until_ended(60s));
    approving.join();
    EXPECT_TRUE(sent().empty());
    headgate_->unset("HEADGATE_FAULT");

    ASSERT_TRUE(headgate_->start()) << headgate_->log();

    ASSERT_TRUE(wait_until_applied(big)) << headgate_->log();
    ASSERT_TRUE(quiet());
    EXPECT_THAT(sent(), ElementsAre("900.00"));
    EXPECT_EQ(told(big, "approved").at("who").as_string(), "ann");
    EXPECT_THAT(headgate_->admin_json("/api/v1/verify").at("findings").as_array(), ElementsAre());
}

TEST_F(Approvals, WhatAMendedMappingMakesIsAskedAgain)
{
    ASSERT_TRUE(begin_shop()) << headgate_->log();
    const auto big = refund(1, "900.00");
    ASSERT_TRUE(held(big)) << headgate_->log();
    ASSERT_EQ(headgate_->admin("POST", "/api/v1/systems/erp/pause", R"({"why":"update"})").first, 200);
    ASSERT_EQ(say(big, "approve").first, 200);
    headgate_->kill_hard();
    const auto mapping = config() / "connectors/store/mappings/refund.yaml";
    std::ofstream(mapping, std::ios::app) << "  invoice: invoice/{.refund}\n";

    ASSERT_TRUE(headgate_->start()) << headgate_->log();
    ASSERT_EQ(headgate_->admin("POST", "/api/v1/systems/erp/resume").first, 200);

    ASSERT_TRUE(held(big)) << headgate_->log();
    EXPECT_TRUE(sent().empty());
    ASSERT_EQ(say(big, "approve").first, 200);
    ASSERT_TRUE(wait_until_applied(big)) << headgate_->log();
    EXPECT_THAT(sent(), ElementsAre("900.00"));
}

TEST_F(Approvals, TheCommandLineListsShowsAndDecides)
{
    ASSERT_TRUE(begin_shop()) << headgate_->log();
    const auto big = refund(1, "900.00");
    const auto other = refund(2, "901.00", "EUR", "", 2);
    ASSERT_TRUE(held(big)) << headgate_->log();
    ASSERT_TRUE(held(other)) << headgate_->log();
    const auto name = hold_of(big);

    EXPECT_THAT(headgate({"holds", "list"}).out, HasSubstr("  finance  0       `big-refund` wants it approved"));
    EXPECT_THAT(headgate({"holds", "list", "--queue", "returns"}).out, ::testing::Not(HasSubstr(big)));
    EXPECT_THAT(headgate({"holds", "show", name}).out, HasSubstr("amount           900.00"));
    EXPECT_THAT(headgate({"holds", "show", name, "--json"}).out, HasSubstr(R"("rule":"big-refund")"));
    EXPECT_EQ(headgate({"holds", "approve", name}).code, 2) << "a reason is asked for";
    const auto approved = headgate({"holds", "approve", name, "--why", "called"});
    EXPECT_EQ(approved.code, 0) << approved.err;
    EXPECT_THAT(approved.out, HasSubstr(" is approved and goes on; `headgate events show " + big + "`"));
    const auto rejected = headgate({"holds", "reject", hold_of(other), "--why", "no", "--json"});
    EXPECT_THAT(rejected.out, HasSubstr(R"("verdict":"rejected","state":"discarded"})"));
    ASSERT_TRUE(wait_until_applied(big)) << headgate_->log();
    EXPECT_THAT(headgate({"holds", "approve", name, "--why", "again"}).err, HasSubstr("headgate: hold_changed: "));
}

}  // namespace

}  // namespace headgate::test
