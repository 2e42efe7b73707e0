#include "tests/unit/connectors/ledger_fixture.hpp"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>

namespace headgate::connectors {
namespace {

constexpr std::uint64_t deliveries = 60;

class LedgerCrashTest : public LedgerTest {
protected:
    static Delivery nth(std::uint64_t seq)
    {
        return order(seq, "order/" + std::to_string(seq), number("1"),
                     R"({"order_number":"n","lines":[{"sku":"a"},{"sku":"b"}]})");
    }

    /// Applies everything in a child that dies by SIGKILL where `prepare` says.
    void apply_in_a_child(const std::function<void(LedgerOptions&)>& prepare, std::uint64_t dies_after)
    {
        const pid_t child = ::fork();
        ASSERT_GE(child, 0);
        if (child == 0) {
            auto dying = options();
            dying.batch = 8;
            prepare(dying);
            SqliteLedger ledger(dying);
            std::uint64_t answered = 0;
            for (std::uint64_t seq = 1; seq <= deliveries; ++seq)
                ledger.apply(nth(seq), [&answered, dies_after](const Result<Applied>&) {
                    if (++answered == dies_after)
                        ::kill(::getpid(), SIGKILL);
                });
            ledger.close();
            ::_exit(0);
        }
        int status = 0;
        ::waitpid(child, &status, 0);
        ASSERT_TRUE(WIFSIGNALED(status));
    }

    void expect_whole(std::uint64_t at_least_adopted)
    {
        SqliteLedger ledger(options());
        std::uint64_t adopted = 0;
        for (std::uint64_t seq = 1; seq <= deliveries; ++seq) {
            const auto said = apply(ledger, nth(seq));
            adopted += said == "adopted" ? 1 : 0;
            EXPECT_TRUE(said == "adopted" || said == "applied") << said;
        }
        EXPECT_GE(adopted, at_least_adopted);
        EXPECT_EQ(rows("SELECT count(*), count(DISTINCT effect_key) FROM effect", 2), "60|60");
        EXPECT_EQ(rows("SELECT count(*), count(DISTINCT effect_key) FROM sales_order", 2), "60|60");
        EXPECT_EQ(rows("SELECT count(*) FROM sales_order_line"), "120");
        EXPECT_EQ(rows("PRAGMA integrity_check"), "ok");
    }
};

TEST_F(LedgerCrashTest, KilledBetweenCommitAndAnswerNothingIsDoubled)
{
    apply_in_a_child([](LedgerOptions&) {}, 20);

    // Everything that was answered is there, and what was committed with it but never answered.
    EXPECT_GE(std::stoi(rows("SELECT count(*) FROM effect")), 20);
    expect_whole(20);
}

TEST_F(LedgerCrashTest, KilledBeforeCommitNothingIsHalfWritten)
{
    int commits = 0;
    apply_in_a_child(
        [&commits](LedgerOptions& dying) {
            dying.may_write = [&commits] {
                if (++commits == 3)
                    ::kill(::getpid(), SIGKILL);
                return true;
            };
        },
        deliveries + 1);

    EXPECT_EQ(rows("SELECT count(*) FROM effect"), rows("SELECT count(*) FROM sales_order"));
    expect_whole(1);
}

TEST_F(LedgerCrashTest, AFullDiskFailsTransientAndWritesNothingHalf)
{
    auto tight = options();
    tight.max_pages = 60;
    const std::string padding(2000, 'x');
    std::vector<Delivery> refused;
    {
        SqliteLedger ledger(tight);
        for (std::uint64_t seq = 1; seq <= 120; ++seq) {
            const Delivery delivery = order(seq, "order/" + std::to_string(seq), number("1"),
                                            R"({"lines":[{"sku":"a"}],"note":")" + padding + "\"}");
            const auto said = apply(ledger, delivery);
            if (said != "applied") {
                EXPECT_EQ(said, "transient sqlite_full");
                refused.push_back(delivery);
            }
        }
    }
    ASSERT_GT(refused.size(), 10U);
    ASSERT_LT(refused.size(), 110U);
    EXPECT_EQ(rows("SELECT count(*) FROM sales_order"), std::to_string(120 - refused.size()));
    EXPECT_EQ(rows("SELECT count(*) FROM sales_order_line"), std::to_string(120 - refused.size()));

    SqliteLedger roomy(options());
    for (const auto& delivery : refused)
        EXPECT_EQ(apply(roomy, delivery), "applied");

    EXPECT_EQ(rows("SELECT count(*), count(DISTINCT external_ref) FROM sales_order", 2), "120|120");
}

TEST_F(LedgerCrashTest, WhatDoesNotFitFailsAloneOrWithAllOfItsBatch)
{
    Gate gate;
    auto tight = options();
    tight.max_pages = 60;
    tight.may_write = [&gate] { return gate.pass(); };
    SqliteLedger ledger(tight);
    auto first = send(ledger, order(1, "order/1", number("1")));
    gate.reached.wait();

    auto before = send(ledger, order(2, "order/2", number("1")));
    auto huge = send(ledger, order(3, "order/3", number("1"), "{\"note\":\"" + std::string(1'000'000, 'x') + "\"}"));
    auto after = send(ledger, order(4, "order/4", number("1")));
    gate.opened.count_down();

    EXPECT_EQ(said(first.get()), "applied");
    EXPECT_EQ(said(huge.get()), "transient sqlite_full");
    const auto neighbours = said(before.get());
    EXPECT_EQ(said(after.get()), neighbours);
    EXPECT_EQ(rows("SELECT count(*) FROM sales_order"), neighbours == "applied" ? "3" : "1");
    EXPECT_EQ(apply(ledger, order(4, "order/4", number("1"))), neighbours == "applied" ? "adopted" : "applied");
}

}  // namespace
}  // namespace headgate::connectors
