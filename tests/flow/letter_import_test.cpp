#include <gmock/gmock.h>

#include <ranges>

#include "core/encoding.hpp"
#include "tests/flow/replaying.hpp"

namespace headgate::test {

namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* two_systems = R"(  books: { preset: sqlite }
routes:
  - { id: orders, types: [sales_order], to: [erp, books] }
)";

/// Letters that leave one Headgate and come to another, which has the same configuration and the same ERP.
class LetterImportFlow : public ReplayFlow {
protected:
    bool begin_other(const std::map<std::string, std::string>& environment = {})
    {
        auto all = environment;
        all["ERP_PORT"] = std::to_string(erp_.port());
        other_ = std::make_unique<HeadgateProcess>(
            HeadgateProcess::Options{folder_ / "config", folder_ / "other", all, "127.0.0.1:0"});
        return other_->start();
    }
    CommandResult at_other(std::vector<std::string> arguments, const std::string& input = {})
    {
        arguments.insert(arguments.end(), {"--data", (folder_ / "other").string()});
        return run_headgate(arguments, {}, input);
    }
    CommandResult import(const std::string& lines)
    {
        return at_other({"dlq", "import", "-", "--why", "they move"}, lines);
    }
    std::string exported()
    {
        const auto result = headgate({"dlq", "export", "--reveal", "--why", "they move"});
        EXPECT_EQ(result.code, 0) << result.err;
        return result.out;
    }
    /// An order of a state that no vocabulary has, and one that the ERP refuses.
    void letters_of_both_kinds()
    {
        strange_ = order(1, 2, false, true);
        ASSERT_TRUE(quiet()) << headgate_->log();
        erp_.next({ErpFault::refuse});
        refused_ = order(2, 3, false);
        ASSERT_TRUE(quiet()) << headgate_->log();
        ASSERT_EQ(letters(), 2);
    }
    boost::json::value other_letter(const std::string& event)
    {
        EXPECT_TRUE(other_->wait_until_told("/api/v1/dlq?event=" + event, event, 60s)) << other_->log();
        return other_->admin_json("/api/v1/dlq?event=" + event).at("letters").at(0);
    }
    std::int64_t other_letters() { return other_->admin_json("/api/v1/dlq?limit=1&count=true").at("count").as_int64(); }
    bool other_is(const std::string& event, const std::string& state)
    {
        return other_->wait_until_told("/api/v1/events/" + event, R"("state":")" + state + "\"", 60s);
    }
    void expect_sound()
    {
        const auto verified = at_other({"verify"});
        EXPECT_EQ(verified.code, 0) << verified.out << verified.err;
    }
    /// A line with another value of one member, which is of the letter or of its envelope.
    static std::string with(const std::string& line, std::string name, boost::json::value value)
    {
        auto changed = boost::json::parse(line);
        auto* of = &changed.as_object();
        if (name.starts_with("envelope/")) {
            of = &of->at("envelope").as_object();
            name = name.substr(name.find('/') + 1);
        }
        (*of)[name] = std::move(value);
        return boost::json::serialize(changed) + "\n";
    }

    std::unique_ptr<HeadgateProcess> other_;
    std::string strange_, refused_;
};

TEST_F(LetterImportFlow, LettersAreAtTheOtherWhatTheyWereAndAreReplayedThere)
{
    ASSERT_TRUE(begin() && mend()) << headgate_->log();
    letters_of_both_kinds();
    const auto lines = exported();
    const auto before = headgate_->admin_json("/api/v1/dlq");
    headgate_->kill_hard();
    ASSERT_TRUE(begin_other()) << other_->log();

    const auto checked = at_other({"dlq", "import", "-", "--check", "--why", "they move"}, lines);
    EXPECT_EQ(checked.out, "nothing is wrong with 2 lines; 0 events are here already\n") << checked.err;
    EXPECT_EQ(other_letters(), 0);
    const auto imported = import(lines);
    ASSERT_EQ(imported.code, 0) << imported.err;
    EXPECT_EQ(imported.out, "imported 2 letters of 2 events; 0 events are here already\n");
    for (const auto& letter : before.at("letters").as_array()) {
        const auto there = other_letter(std::string(letter.at("event").as_string()));
        for (const auto* same : {"event", "stage", "class", "code", "detail", "where", "cause", "queue", "channel",
                                 "source", "topic", "type", "entity", "order_number", "attempts"})
            EXPECT_EQ(there.at(same), letter.at(same)) << same;
    }
    expect_sound();
    const auto told = other_->admin_json("/api/v1/dlq/" + refused_);
    EXPECT_EQ(told.at("envelope").at("imported").at("why").as_string(), "they move");
    EXPECT_EQ(told.at("envelope").at("imported").at("system").as_string(), "erp");
    EXPECT_EQ(erp_.calls().size(), 1U) << "the one that was refused; an import sends nothing";

    const auto again = import(lines);
    EXPECT_EQ(again.code, 0) << again.err;
    EXPECT_EQ(again.out, "imported 0 letters of 0 events; 2 events are here already\n");
    EXPECT_EQ(other_letters(), 2);

    EXPECT_EQ(at_other({"dlq", "replay", refused_}).code, 0);
    ASSERT_TRUE(other_is(refused_, "applied")) << other_->log();
    EXPECT_THAT(versions()["%232"], ElementsAre(3));
    EXPECT_EQ(at_other({"dlq", "replay", strange_}).code, 0);
    ASSERT_TRUE(other_->wait_until_told("/api/v1/dlq/" + strange_, R"("round":1)", 60s)) << "as strange as before";
    EXPECT_EQ(import(lines).out, "imported 0 letters of 0 events; 2 events are here already\n");
    EXPECT_THAT(versions()["%232"], ElementsAre(3));
    // The shop sends them once more, and now it finds this Headgate.
    Sender sender("/hooks/shop", other_->secret("shop"));
    const auto body = order_body(2, 3, 3);
    EXPECT_EQ(event_of(sender.post(other_->port(), {"orders/updated", key_of(2, 3), body, {}}, 60).body), refused_);
    expect_sound();
}

TEST_F(LetterImportFlow, OfAnEventThatHasPartlyGoneOnlyWhatDiedIsMadeAgain)
{
    ASSERT_TRUE(begin(two_systems) && mend()) << headgate_->log();
    erp_.next({ErpFault::refuse});
    const auto event = order(1, 2, false);
    ASSERT_TRUE(quiet()) << headgate_->log();
    ASSERT_EQ(letters(), 1);
    const auto lines = exported();
    headgate_->kill_hard();
    ASSERT_TRUE(begin_other()) << other_->log();
    ASSERT_EQ(import(lines).code, 0);
    other_letter(event);
    const auto plan = other_->admin_json("/api/v1/dlq/" + event + "/plan");
    ASSERT_EQ(plan.at("deliveries").as_array().size(), 1U) << plan;
    EXPECT_EQ(plan.at("deliveries").at(0).at("system").as_string(), "erp");

    // It moves on once more before anybody has replayed it.
    const auto moved = at_other({"dlq", "export", "--reveal", "--why", "again"});
    ASSERT_TRUE(other_->terminate());
    std::filesystem::remove_all(folder_ / "other");
    ASSERT_TRUE(begin_other()) << other_->log();
    ASSERT_EQ(import(moved.out).out, "imported 1 letter of 1 event; 0 events are here already\n");
    other_letter(event);
    ASSERT_EQ(at_other({"dlq", "replay", event}).code, 0);
    ASSERT_TRUE(other_is(event, "applied")) << other_->log();
    EXPECT_THAT(versions()["%231"], ElementsAre(2));
    const auto timeline = other_->admin_json("/api/v1/events/" + event);
    EXPECT_THAT(boost::json::serialize(timeline), ::testing::Not(HasSubstr(R"("system":"books")")));
    expect_sound();
}

TEST_F(LetterImportFlow, ADeliveryWhoseEventCameWithoutItIsNotSaidToBeHere)
{
    ASSERT_TRUE(begin("  crm:\n    preset: http\n    url: http://127.0.0.1:${ERP_PORT}\n    requests: requests\n"
                      "    allow: [127.0.0.0/8]\n    idempotency_header: Idempotency-Key\n"
                      "routes:\n  - { id: orders, types: [sales_order], to: [erp, crm] }\n") &&
                mend())
        << headgate_->log();
    erp_.next({ErpFault::refuse, ErpFault::refuse});
    const auto event = order(1, 2, false);
    ASSERT_TRUE(quiet()) << headgate_->log();
    ASSERT_EQ(letters(), 2);
    const auto of = [&](const std::string& system) {
        return headgate({"dlq", "export", "--system", system, "--reveal", "--why", "they move"}).out;
    };
    ASSERT_TRUE(begin_other()) << other_->log();
    ASSERT_EQ(import(of("erp")).code, 0);
    const auto second = import(of("crm"));
    EXPECT_EQ(second.code, 1);
    EXPECT_THAT(second.err,
                HasSubstr("its event was imported without it, so it is not made here: replay it where it is"));
    EXPECT_EQ(import(of("erp")).code, 0) << "this one is here";
    other_letter(event);
    ASSERT_EQ(at_other({"dlq", "replay", event}).code, 0);
    ASSERT_TRUE(other_is(event, "applied")) << other_->log();
    EXPECT_EQ(import(of("crm")).code, 1) << "also when the event has ended";
    expect_sound();

    ASSERT_TRUE(other_->terminate());
    std::filesystem::remove_all(folder_ / "other");
    ASSERT_TRUE(begin_other()) << other_->log();
    EXPECT_EQ(import(of("crm") + of("erp")).out, "imported 2 letters of 1 event; 0 events are here already\n");
    EXPECT_EQ(import(of("crm")).code, 0);
    EXPECT_EQ(import(of("erp")).code, 0);
    other_letter(event);
    ASSERT_EQ(at_other({"dlq", "replay", event}).code, 0);
    ASSERT_TRUE(other_is(event, "applied")) << other_->log();
    EXPECT_THAT(boost::json::serialize(other_->admin_json("/api/v1/events/" + event)),
                ::testing::AllOf(HasSubstr(R"("system":"erp")"), HasSubstr(R"("system":"crm")")));
}

TEST_F(LetterImportFlow, WhatMayHaveArrivedIsDoubtedHereToo)
{
    ASSERT_TRUE(begin() && mend()) << headgate_->log();
    letters_of_both_kinds();
    const auto lines = exported();
    const auto second = lines.find('\n') + 1;
    const auto refused = lines.substr(0, second), strange = lines.substr(second);
    ASSERT_TRUE(begin_other()) << other_->log();
    std::uint64_t n = 0;
    const auto doubted = [&](const std::string& line) {
        const auto event = "01a21452-f5ad-743d-9f1a-10e517c881a" + std::to_string(n++);
        auto letter = boost::json::parse(line).as_object();
        const auto name = std::string(letter.at("letter").as_string());
        letter["letter"] = event + name.substr(event.size());
        letter["event"] = letter["envelope"].as_object()["event"] = event;
        letter["envelope"].as_object()["idempotency_key"] = event;
        EXPECT_EQ(import(boost::json::serialize(letter)).code, 0);
        EXPECT_EQ(other_letter(event).at("code"), letter.at("code"));
        return other_->admin_json("/api/v1/dlq/export?reveal=true&why=look&event=" + event)
            .at("letters")
            .at(0)
            .at("maybe_sent")
            .as_bool();
    };
    EXPECT_FALSE(doubted(refused)) << "the ERP has said so";
    EXPECT_FALSE(doubted(strange));
    EXPECT_TRUE(doubted(with(refused, "maybe_sent", true)));
    EXPECT_TRUE(doubted(with(refused, "maybe_sent", nullptr))) << "nobody says";
    EXPECT_TRUE(doubted(with(strange, "round", 1))) << "some of it may have gone in the round before";
    EXPECT_FALSE(doubted(with(refused, "round", 1)));
    EXPECT_FALSE(doubted(with(strange, "detail", boost::json::string(std::string(4095, 'x') + "\u00e9"))))
        << "cut before the letter that is too much";
}

TEST_F(LetterImportFlow, ALimitedTokenImportsWhatIsItsOwn)
{
    write(folder_ / "config/headgate.yaml", replay_deployment);
    const auto made = run_headgate(
        {"token", "add", "kim", "--role", "operator", "--types", "refund", "--config", (folder_ / "config").string()});
    ASSERT_EQ(made.code, 0) << made.err;
    const auto token = made.out.substr(0, made.out.size() - 1);
    ASSERT_TRUE(begin("access:\n  tokens:\n" + made.err.substr(made.err.find("    - {"))) && mend())
        << headgate_->log();
    strange_ = order(1, 2, false, true);
    ASSERT_TRUE(quiet()) << headgate_->log();
    const auto lines = exported();
    const auto [status, text] = headgate_->admin_as(token, "POST", "/api/v1/dlq/import?why=mine", lines);
    EXPECT_EQ(status, 404) << text;
    EXPECT_THAT(text, HasSubstr("no channel is called `shop` here"));
    EXPECT_EQ(headgate_->admin("POST", "/api/v1/dlq/import?why=mine", lines).first, 200);
}

TEST_F(LetterImportFlow, WhateverMomentItDiesAtEachIsOneLetter)
{
    ASSERT_TRUE(begin() && mend()) << headgate_->log();
    letters_of_both_kinds();
    const auto lines = exported();
    headgate_->kill_hard();
    for (const auto* fault : {"accept_answered:1", "accept_answered:2", "after_bury:1", "after_bury:2"}) {
        SCOPED_TRACE(fault);
        ASSERT_TRUE(begin_other({{"HEADGATE_FAULT", fault}})) << other_->log();
        import(lines);
        ASSERT_TRUE(other_->wait_until_ended(60s));
        other_->unset("HEADGATE_FAULT");
        ASSERT_TRUE(other_->start()) << other_->log();
        const auto again = import(lines);
        EXPECT_EQ(again.code, 0) << again.err;
        EXPECT_THAT(again.out, HasSubstr("; 2 events are here already"));
        other_letter(strange_);
        other_letter(refused_);
        EXPECT_EQ(other_letters(), 2);
        expect_sound();
        ASSERT_TRUE(other_->terminate());
        std::filesystem::remove_all(folder_ / "other");
    }
    EXPECT_EQ(erp_.calls().size(), 1U);
}

TEST_F(LetterImportFlow, WhatCameHereByItselfIsNotOverwritten)
{
    ASSERT_TRUE(begin() && mend()) << headgate_->log();
    letters_of_both_kinds();
    const auto lines = exported();
    ASSERT_TRUE(begin_other()) << other_->log();
    Sender sender("/hooks/shop", other_->secret("shop"));
    const auto same =
        event_of(sender.post(other_->port(), {"orders/updated", key_of(2, 3), order_body(2, 3, 3), {}}, 60).body);
    const auto another =
        event_of(sender.post(other_->port(), {"orders/updated", key_of(1, 2), order_body(1, 2, 2), {}}, 60).body);
    ASSERT_TRUE(other_is(same, "applied") && other_is(another, "applied")) << other_->log();

    const auto imported = import(lines);
    EXPECT_EQ(imported.code, 1) << "one of them is not what came here";
    EXPECT_EQ(imported.out, "imported 0 letters of 0 events; 2 events are here already\n");
    EXPECT_THAT(imported.err, HasSubstr(strange_ + " is not imported, for " + another + " is here: another body"));
    const auto told = boost::json::parse(other_->admin("POST", "/api/v1/dlq/import?why=again", lines).second);
    EXPECT_EQ(told.at("others").as_int64(), 1) << told;
    EXPECT_EQ(told.at("known").at(0).at("event").as_string(), another) << told;
    EXPECT_EQ(other_letters(), 0);
    expect_sound();
}

TEST_F(LetterImportFlow, AnotherBodyUnderAnEventThatIsHereIsToldApart)
{
    ASSERT_TRUE(begin() && mend()) << headgate_->log();
    letters_of_both_kinds();
    const auto lines = exported();
    ASSERT_TRUE(begin_other()) << other_->log();
    ASSERT_EQ(import(lines).code, 0);

    const auto first = lines.substr(0, lines.find('\n'));
    const auto again = import(with(first, "envelope/body", boost::json::string(to_base64("{\"id\":1}"))));
    EXPECT_EQ(again.code, 1);
    EXPECT_THAT(again.err, HasSubstr("another body"));
    other_letter(strange_);
    other_letter(refused_);
    EXPECT_EQ(other_letters(), 2);
    expect_sound();
}

TEST_F(LetterImportFlow, ALineThatIsNoLetterIsNamedAndNothingIsImported)
{
    ASSERT_TRUE(begin() && mend()) << headgate_->log();
    letters_of_both_kinds();
    const auto lines = exported();
    const auto second = lines.find('\n') + 1;
    const auto one = lines.substr(0, second), two = lines.substr(second);
    ASSERT_TRUE(begin_other()) << other_->log();
    const auto masked = headgate({"dlq", "export"}).out;
    EXPECT_THAT(import(masked).err, HasSubstr(": what is personal is masked"));

    const auto refused = [&](const std::string& wrong, const std::string& says) {
        const auto result = import("\n" + one + wrong);
        EXPECT_EQ(result.code, 1) << wrong.substr(0, 200);
        EXPECT_THAT(result.err, HasSubstr("line 3: ")) << wrong.substr(0, 200);
        EXPECT_THAT(result.err, HasSubstr(says)) << wrong.substr(0, 200);
    };
    refused("{\n", "no JSON object");
    refused("[]\n", "no JSON object");
    refused(with(two, "letter", "nobody"), "`letter` is no name");
    refused(with(two, "code", "No Code"), "`class`, `stage` or `code`");
    refused(with(two, "class", "fatal"), "`class`, `stage` or `code`");
    refused(with(two, "where", "/a\n/b"), "`where` is no JSON pointer");
    refused(with(two, "cause", boost::json::string(5000, 'c')), "`cause` is longer than 4096 bytes");
    refused(with(two, "envelope", 1), "`envelope` is missing");
    refused(with(two, "envelope/event", boost::json::string(refused_)), "`envelope.event` is another event");
    refused(with(two, "envelope/body", "%%%"), "`envelope.body` is missing, or no base64");
    refused(with(two, "envelope/received_at", "yesterday"), "`envelope.received_at` is no time");
    refused(with(two, "envelope/conflict_of", "x"), "`envelope.conflict_of`");
    refused(with(two, "envelope/headers", 3), "`envelope.headers`");
    refused(with(two, "envelope/edits", boost::json::array{boost::json::object{{"op", "burn"}, {"path", "/a"}}}),
            "`envelope.edits`");
    refused(with(two, "envelope/channel", "nowhere"), "no channel is called `nowhere` here");
    refused(with(two, "envelope/source", "another"), "the source of the channel `shop` is `shop` here");
    refused(with(one, "envelope/body", "e30="), "another thing than a line before");
    EXPECT_EQ(other_->admin("POST", "/api/v1/dlq/import", lines).first, 400) << "not without a reason";
    EXPECT_EQ(other_letters(), 0);
    ASSERT_EQ(import(lines).code, 0) << "as it was nothing was wrong with it";
}

TEST_F(LetterImportFlow, AnEditMovesWithItsLetterAndWhoImportsItIsKnown)
{
    ASSERT_TRUE(begin() && mend()) << headgate_->log();
    strange_ = order(1, 2, false, true);
    ASSERT_TRUE(quiet()) << headgate_->log();
    const auto edited = headgate({"dlq", "edit", strange_, "--set", "/financial_status=paid", "--set",
                                  "/subtotal_price=1.00", "--set", "/note=7.50", "--why", "they meant paid"});
    ASSERT_EQ(edited.code, 0) << edited.err;
    const auto undone = headgate({"dlq", "edit", strange_, "--delete", "/subtotal_price", "--why", "not that"});
    ASSERT_EQ(undone.code, 0) << undone.err;
    const auto here = headgate_->admin_json("/api/v1/dlq/" + strange_ + "?reveal=true&why=look");
    const auto lines = exported();
    ASSERT_TRUE(begin_other()) << other_->log();
    ASSERT_EQ(import(lines).code, 0);
    other_letter(strange_);
    const auto there = other_->admin_json("/api/v1/dlq/" + strange_ + "?reveal=true&why=look");
    EXPECT_EQ(there.at("envelope").at("edits"), here.at("envelope").at("edits"));
    EXPECT_EQ(there.at("envelope").at("headers"), here.at("envelope").at("headers"));
    EXPECT_EQ(there.at("envelope").at("received_at"), here.at("envelope").at("received_at"));
    const auto audit = other_->admin_json("/api/v1/audit").at("audit").as_array();
    const auto line = std::ranges::find(audit, "POST dlq/import", [](const boost::json::value& one) {
        return std::string(one.at("what").as_string());
    });
    ASSERT_NE(line, audit.end());
    EXPECT_EQ(line->at("why").as_string(), "they move");
}

}  // namespace

}  // namespace headgate::test
