#include "tests/unit/connectors/ledger_fixture.hpp"

#include <algorithm>

namespace headgate::connectors {
namespace {

constexpr const char* order_json =
    R"({"order_number":"#1001","totals":{"grand_total":{"amount":"19.990","currency":"EUR"}},
    "customer":{"id":9007199254740993},"gift":false,
    "lines":[{"sku":"0012","qty":{"value":"1.50","uom":"EA"},"unit_price":{"amount":"0.10","currency":"EUR"}},{"sku":"B","qty":2}]})";

TEST_F(LedgerTest, ATransactionIsARowAndItsLines)
{
    SqliteLedger ledger(options());

    auto applied = send(ledger, order(1, "order/1", number("5"), order_json)).get();

    ASSERT_TRUE(applied) << applied.error().detail;
    EXPECT_EQ(applied->target_id, "shop/order/1");
    EXPECT_EQ(
        rows("SELECT external_ref, source, channel, entity, version, seq, order_number, gift FROM sales_order", 8),
        "shop/order/1|shop|shop-hooks|order/1|5|1|#1001|0");
    EXPECT_EQ(rows("SELECT position, sku, qty, uom, unit_price FROM sales_order_line ORDER BY position", 5),
              "1|0012|1.50|EA|0.10;2|B|-|-|-");
    EXPECT_EQ(rows("SELECT json FROM sales_order"), order_json);
    EXPECT_EQ(rows("SELECT position, outcome, external_ref, type FROM effect", 4),
              "1|applied|shop/order/1|sales_order");
}

TEST_F(LedgerTest, MoneyAndIdsAreExactAndNeverFloatingPoint)
{
    SqliteLedger ledger(options());
    const auto json = [](const std::string& amount, const std::string& id) {
        return R"({"totals":{"grand_total":{"amount":)" + amount + R"(}},"customer":{"id":)" + id + "}}";
    };

    apply(ledger, order(1, "order/1", number("1"), json("\"19.990\"", "9223372036854775807")));
    apply(ledger, order(2, "order/2", number("1"), json("123456789012345678901234567890.10", "9223372036854775808")));
    apply(ledger, order(3, "order/3", number("1"), json("1e400", "\"007\"")));
    apply(ledger, order(4, "order/4", number("1"), json("100", "-12")));
    apply(ledger, order(5, "order/5", number("1"), json("null", "1.0")));

    EXPECT_EQ(
        rows("SELECT grand_total, typeof(grand_total), placed_by, typeof(placed_by) FROM sales_order ORDER BY seq", 4),
        "19.990|text|9223372036854775807|integer;123456789012345678901234567890.10|text|9223372036854775808|text;"
        "1e400|text|007|text;100|text|-12|integer;-|null|1.0|text");
}

TEST_F(LedgerTest, LinesAreReplacedWhenTheirOrderIs)
{
    SqliteLedger ledger(options());
    apply(ledger, order(1, "order/1", number("1"), order_json));

    EXPECT_EQ(apply(ledger, order(2, "order/1", number("2"), R"({"lines":[{"sku":"C"}]})")), "applied");

    EXPECT_EQ(rows("SELECT count(*), max(version), max(order_number) FROM sales_order", 3), "1|2|-");
    EXPECT_EQ(rows("SELECT position, sku, qty FROM sales_order_line", 3), "1|C|-");
}

TEST_F(LedgerTest, TheSameEffectKeyIsAppliedOnce)
{
    SqliteLedger ledger(options());
    const Delivery delivery = order(1, "order/1", number("1"), order_json);
    EXPECT_EQ(apply(ledger, delivery), "applied");

    Delivery mended = delivery;
    mended.transaction.json = R"({"order_number":"mended"})";

    EXPECT_EQ(apply(ledger, delivery), "adopted");
    EXPECT_EQ(apply(ledger, mended), "adopted");
    EXPECT_EQ(rows("SELECT order_number FROM sales_order"), "#1001");
    EXPECT_EQ(rows("SELECT count(*) FROM effect"), "1");
}

TEST_F(LedgerTest, AnOlderVersionNeverReplacesANewerOne)
{
    SqliteLedger ledger(options());
    EXPECT_EQ(apply(ledger, order(1, "order/1", number("10"), R"({"order_number":"ten"})")), "applied");

    EXPECT_EQ(apply(ledger, order(2, "order/1", number("9"), R"({"order_number":"nine"})")), "stale");
    EXPECT_EQ(apply(ledger, order(3, "order/1", number("11"), R"({"order_number":"eleven"})")), "applied");
    EXPECT_EQ(apply(ledger, order(2, "order/1", number("9"), R"({"order_number":"nine"})")), "stale");
    EXPECT_EQ(apply(ledger, order(4, "order/2", number("1"), R"({"order_number":"other"})")), "applied");

    EXPECT_EQ(rows("SELECT order_number FROM sales_order ORDER BY seq"), "eleven;other");
    EXPECT_EQ(rows("SELECT outcome FROM effect ORDER BY position"), "applied;stale;applied;applied");
}

TEST_F(LedgerTest, TiesAreRepeatsOrGoByArrival)
{
    SqliteLedger ledger(options());
    EXPECT_EQ(apply(ledger, order(5, "order/1", number("1"), R"({"order_number":"a"})")), "applied");

    EXPECT_EQ(apply(ledger, order(6, "order/1", number("1"), R"({"order_number":"a"})")), "repeated");
    EXPECT_EQ(apply(ledger, order(6, "order/1", number("1"), R"({"order_number":"a"})")), "repeated");
    EXPECT_EQ(apply(ledger, order(4, "order/1", number("1"), R"({"order_number":"b"})")), "stale");
    EXPECT_EQ(apply(ledger, order(7, "order/1", number("1"), R"({"order_number":"c"})")), "applied");

    EXPECT_EQ(rows("SELECT order_number FROM sales_order"), "c");
}

TEST_F(LedgerTest, ARepeatCountsAsSaidAgainForWhatComesLate)
{
    SqliteLedger ledger(options());
    EXPECT_EQ(apply(ledger, order(1, "order/1", {}, R"({"order_number":"a"})")), "applied");
    EXPECT_EQ(apply(ledger, order(9, "order/1", {}, R"({"order_number":"a"})")), "repeated");

    EXPECT_EQ(apply(ledger, order(5, "order/1", {}, R"({"order_number":"b"})")), "stale");

    EXPECT_EQ(rows("SELECT order_number FROM sales_order"), "a");
}

TEST_F(LedgerTest, WithoutAVersionFiveFourFiveEndsAtFive)
{
    SqliteLedger ledger(options());

    EXPECT_EQ(apply(ledger, order(1, "order/1", {}, R"({"order_number":"5"})")), "applied");
    EXPECT_EQ(apply(ledger, order(2, "order/1", {}, R"({"order_number":"4"})")), "applied");
    EXPECT_EQ(apply(ledger, order(3, "order/1", {}, R"({"order_number":"5"})")), "applied");

    EXPECT_EQ(rows("SELECT order_number FROM sales_order"), "5");
}

TEST_F(LedgerTest, AFactThatNeverChangesIsRepeatedOrRefused)
{
    SqliteLedger ledger(options());
    EXPECT_EQ(apply(ledger, refund(1, "refund/1", R"({"amount":"5.00"})")), "applied");
    EXPECT_EQ(apply(ledger, refund(2, "refund/2", R"({"amount":"5.00"})")), "applied");

    EXPECT_EQ(apply(ledger, refund(3, "refund/1", R"({"amount":"5.00"})")), "repeated");
    EXPECT_EQ(apply(ledger, refund(4, "refund/1", R"({"amount":"6.00"})")), "permanent fact_changed");

    EXPECT_EQ(rows("SELECT external_ref, amount FROM refund ORDER BY seq", 2),
              "shop/order/1#refund/1|5.00;shop/order/1#refund/2|5.00");
    EXPECT_EQ(rows("SELECT count(*) FROM effect"), "3");
}

TEST_F(LedgerTest, FactsOfAnotherSourceOrFamilyAreOtherFacts)
{
    SqliteLedger ledger(options());
    Delivery elsewhere = order(2, "order/1", number("1"), R"({"order_number":"b"})");
    elsewhere.source = "shop/order";
    Delivery lookalike = order(3, "1", number("1"), "{}");
    lookalike.source = "shop/order";

    EXPECT_EQ(apply(ledger, order(1, "order/1", number("9"), "{}")), "applied");
    EXPECT_EQ(apply(ledger, elsewhere), "applied");
    EXPECT_EQ(apply(ledger, lookalike), "applied");
    EXPECT_EQ(apply(ledger, order(4, "order/1#x", number("1"), "{}")), "applied");
    Delivery with_id = order(5, "order/1", number("1"), "{}");
    with_id.transaction.id = "x";
    EXPECT_EQ(apply(ledger, with_id), "applied");

    EXPECT_EQ(rows("SELECT external_ref FROM sales_order ORDER BY seq"),
              "shop/order/1;shop%2Forder/order/1;shop%2Forder/1;shop/order/1%23x;shop/order/1#x");
}

TEST_F(LedgerTest, AFailingDeliveryDoesNotFailItsNeighbours)
{
    Gate gate;
    auto with_gate = options();
    with_gate.may_write = [&gate] { return gate.pass(); };
    SqliteLedger ledger(with_gate);
    auto first = send(ledger, order(1, "order/1", number("1")));
    gate.reached.wait();
    Delivery unknown = order(3, "order/3", number("1"));
    unknown.transaction.type = "shipment";

    auto before = send(ledger, order(2, "order/2", number("1"), order_json));
    auto no_table = send(ledger, unknown);
    auto no_json = send(ledger, order(4, "order/4", number("1"), R"({"a":1,"a":2})"));
    auto after = send(ledger, order(5, "order/5", number("1"), order_json));
    gate.opened.count_down();

    EXPECT_EQ(said(first.get()), "applied");
    EXPECT_EQ(said(before.get()), "applied");
    EXPECT_EQ(said(no_table.get()), "permanent unknown_type");
    EXPECT_EQ(said(no_json.get()), "permanent duplicate_key");
    EXPECT_EQ(said(after.get()), "applied");
    EXPECT_EQ(rows("SELECT seq FROM effect ORDER BY position"), "1;2;5");
}

TEST_F(LedgerTest, RefusesWhatItsQueueCannotHold)
{
    Gate gate;
    auto small = options();
    small.queue = 3;
    small.may_write = [&gate] { return gate.pass(); };
    SqliteLedger ledger(small);
    std::vector<std::future<Result<Applied>>> sent;
    sent.push_back(send(ledger, order(1, "order/1", number("1"))));
    gate.reached.wait();
    sent.push_back(send(ledger, order(2, "order/2", number("1"))));
    sent.push_back(send(ledger, order(3, "order/3", number("1"))));

    EXPECT_EQ(apply(ledger, order(4, "order/4", number("1"))), "transient ledger_busy");
    EXPECT_EQ(ledger.waiting(), 3U);
    gate.opened.count_down();

    for (auto& each : sent)
        EXPECT_EQ(said(each.get()), "applied");
    ledger.close();
    EXPECT_EQ(ledger.waiting(), 0U);
}

TEST_F(LedgerTest, WritesNothingOnceTheLeaseIsLost)
{
    std::atomic<bool> ours = false;
    auto leased = options();
    leased.may_write = [&ours] { return ours.load(); };
    SqliteLedger ledger(leased);

    EXPECT_EQ(apply(ledger, order(1, "order/1", number("1"))), "transient lease_lost");
    EXPECT_EQ(rows("SELECT count(*) FROM effect"), "0");
    ours = true;

    EXPECT_EQ(apply(ledger, order(1, "order/1", number("1"))), "applied");
}

TEST_F(LedgerTest, AFileLockedByAnotherProgramPasses)
{
    SqliteLedger ledger(options());
    sqlite::Database other(folder_ / "ledger.db", {});
    other.must_run("BEGIN IMMEDIATE");

    EXPECT_EQ(apply(ledger, order(1, "order/1", number("1"))), "transient sqlite_busy");
    other.must_run("ROLLBACK");

    EXPECT_EQ(apply(ledger, order(1, "order/1", number("1"))), "applied");
}

TEST_F(LedgerTest, TenThousandDeliveriesKeepTheirOrder)
{
    constexpr std::uint64_t count = 10'000;
    auto wide = options();
    wide.queue = count;
    std::vector<std::uint64_t> done_order;
    {
        SqliteLedger ledger(wide);
        for (std::uint64_t seq = 1; seq <= count; ++seq)
            ledger.apply(order(seq, "order/" + std::to_string(seq % 97), number(std::to_string(seq))),
                         [&done_order, seq](Result<Applied> result) {
                             if (result && result->outcome == Outcome::applied)
                                 done_order.push_back(seq);
                         });
        ledger.close();
        EXPECT_EQ(apply(ledger, order(count + 1, "order/1", number("1"))), "transient ledger_closed");
    }

    ASSERT_EQ(done_order.size(), count);
    EXPECT_TRUE(std::ranges::is_sorted(done_order));
    EXPECT_EQ(rows("SELECT count(*), min(position = seq), max(position) FROM effect", 3), "10000|1|10000");
    EXPECT_EQ(rows("SELECT count(*), min(CAST(version AS INTEGER)) FROM sales_order", 2), "97|9904");
}

TEST_F(LedgerTest, NewColumnsAreAddedAndOldOnesStay)
{
    auto fewer = options();
    fewer.tables[0].header = {{"order_number", {"order_number"}, Kind::text}, {"gone", {"order_number"}, Kind::text}};
    fewer.tables[0].lines.clear();
    {
        SqliteLedger ledger(fewer);
        apply(ledger, order(1, "order/1", number("1"), order_json));
    }

    SqliteLedger ledger(options());
    apply(ledger, order(2, "order/2", number("1"), order_json));

    EXPECT_EQ(rows("SELECT order_number, gone, grand_total FROM sales_order ORDER BY seq", 3),
              "#1001|#1001|-;#1001|-|19.990");
    EXPECT_EQ(rows("SELECT external_ref, position FROM sales_order_line ORDER BY position", 2),
              "shop/order/2|1;shop/order/2|2");
}

TEST_F(LedgerTest, RefusesNamesThatAreNoIdentifiers)
{
    for (const std::string name : {"", "Total", "a b", "a\"b", "1st", "json", "seq"}) {
        auto wrong = options();
        wrong.tables[0].header.push_back({name, {"a"}, Kind::text});
        EXPECT_THROW(SqliteLedger{wrong}, std::runtime_error) << name;
    }
    for (const std::string name : {"effect", "guard", "sales_order", "sales_order_line", "sqlite_stat1"}) {
        auto wrong = options();
        wrong.tables[1].type = name;
        EXPECT_THROW(SqliteLedger{wrong}, std::runtime_error) << name;
    }
}

}  // namespace
}  // namespace headgate::connectors
