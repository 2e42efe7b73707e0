#include <gtest/gtest.h>

#include <array>
#include <initializer_list>
#include <utility>

#include <boost/json.hpp>

#include "mapping/check.hpp"
#include "tests/unit/mapping/samples.hpp"

namespace headgate::mapping::test {
namespace {

namespace json = boost::json;

json::value example_of(std::string_view type)
{
    return json::parse(shipped_canonical().find(type)->examples.front());
}

json::value money(std::string_view amount, std::string_view currency = "EUR")
{
    return {{"amount", amount}, {"currency", currency}};
}

/// What a transaction of the type fails with, "total_mismatch at totals", or "".
std::string failure_of(std::string_view type, const json::value& transaction)
{
    const std::string text = json::serialize(transaction);
    const Document document = read_document(text);
    const auto checked = check_transaction(*shipped_canonical().find(type), document);
    return checked ? ""
                   : checked.error().code + " at " + checked.error().detail.substr(0, checked.error().detail.find(':'));
}

/// The type's example with some of its totals set; "" takes one away.
std::string with_totals(std::string_view type,
                        std::initializer_list<std::pair<std::string_view, std::string_view>> totals)
{
    json::value transaction = example_of(type);
    for (const auto& [name, amount] : totals) {
        auto& object = transaction.at("totals").as_object();
        if (amount.empty())
            object.erase(name);
        else
            object[name] = money(amount);
    }
    return failure_of(type, transaction);
}

TEST(Totals, AddUpToTheLastCent)
{
    for (const auto& [type, less, exact, more] :
         {std::array{"sales_order", "62.49", "62.50", "62.51"}, std::array{"invoice", "62.49", "62.50", "62.51"},
          std::array{"purchase_order", "1351.99", "1352.00", "1352.01"}}) {
        EXPECT_EQ(with_totals(type, {{"grand_total", exact}}), "") << type;
        EXPECT_EQ(with_totals(type, {{"grand_total", less}}), "total_mismatch at totals") << type;
        EXPECT_EQ(with_totals(type, {{"grand_total", more}}), "total_mismatch at totals") << type;
    }
}

// 49.00 - 4.00 + 5.00 + 12.50 = 62.50: one part more, or one that is another.
TEST(Totals, EveryPartCountsWithItsSign)
{
    for (const auto& [part, amount, total] : {
             std::array{"items_gross", "50.00", "63.50"},
             std::array{"discounts", "5.00", "61.50"},
             std::array{"shipping", "6.00", "63.50"},
             std::array{"charges", "1.00", "63.50"},
             std::array{"duties", "1.00", "63.50"},
             std::array{"tips", "1.00", "63.50"},
             std::array{"tax", "13.50", "63.50"},
             std::array{"rounding_adjustment", "-0.02", "62.48"},
         }) {
        EXPECT_EQ(with_totals("sales_order", {{part, amount}, {"grand_total", total}}), "") << part;
        EXPECT_EQ(with_totals("sales_order", {{part, amount}}), "total_mismatch at totals") << part;
    }
    for (const char* beside : {"items_net", "paid", "outstanding"})
        EXPECT_EQ(with_totals("sales_order", {{beside, "1.00"}}), "") << beside;
}

TEST(Totals, AMismatchNamesTheParts)
{
    const auto detail = [](auto change) {
        json::value order = example_of("sales_order");
        change(order.as_object());
        const std::string text = json::serialize(order);
        const Document document = read_document(text);
        return check_transaction(*shipped_canonical().find("sales_order"), document).error().detail;
    };

    EXPECT_EQ(detail([](json::object& order) { order["totals"].as_object()["grand_total"] = money("1.00"); }),
              "totals: items_gross + shipping + tax − discounts do not add up to `grand_total`; null or not mapped: "
              "charges, duties, tips");
    EXPECT_EQ(
        detail([](json::object& order) {
            order["totals"] = json::object{{"grand_total", money("1.00")}};
            order["tax"].as_object()["mode"] = "inclusive";
        }),
        "totals: the lines' `extended` alone is not `grand_total`; null or not mapped: shipping, charges, duties, "
        "tips, discounts; tax is in the prices, as `tax.mode` is inclusive");
}

TEST(Totals, LinesStandInForGoodsThatAreNotTotalled)
{
    EXPECT_EQ(with_totals("sales_order", {{"items_gross", ""}}), "");
    EXPECT_EQ(with_totals("sales_order", {{"items_gross", ""}, {"grand_total", "62.51"}}), "total_mismatch at totals");
}

TEST(Totals, NothingIsCheckedWithoutAGrandTotal)
{
    EXPECT_EQ(with_totals("sales_order", {{"grand_total", ""}, {"items_gross", "99.00"}}), "");

    json::value order = example_of("purchase_order");
    order.as_object().erase("totals");
    EXPECT_EQ(failure_of("purchase_order", order), "");
}

// 49.00 - 4.00 + 5.00: the prices hold the tax.
TEST(Totals, ContainedTaxIsNotAddedAgain)
{
    json::value order = example_of("sales_order");
    order.at("tax").as_object()["mode"] = "inclusive";
    EXPECT_EQ(failure_of("sales_order", order), "total_mismatch at totals");

    order.at("totals").as_object()["grand_total"] = money("50.00");
    EXPECT_EQ(failure_of("sales_order", order), "");
}

TEST(Totals, ASumThatIsTooLongIsNoMismatch)
{
    const std::string most(38, '9');
    EXPECT_EQ(with_totals("sales_order", {{"items_gross", most}, {"shipping", most}}).substr(0, 15), "number_overflow");
}

TEST(Totals, OneCurrencyInAllOfTheDocument)
{
    const auto with = [](std::string_view type, std::string_view pointer, const json::value& value) {
        json::value transaction = example_of(type);
        const auto slash = pointer.rfind('/');
        transaction.at_pointer(pointer.substr(0, slash)).as_object()[pointer.substr(slash + 1)] = value;
        return failure_of(type, transaction);
    };
    const json::value dollars = money("5.00", "USD");

    EXPECT_EQ(with("sales_order", "/lines/0/unit_price", dollars), "currency_mix at lines[0].unit_price");
    EXPECT_EQ(with("sales_order", "/lines/0/discounts/0/amount", dollars),
              "currency_mix at lines[0].discounts[0].amount");
    EXPECT_EQ(with("sales_order", "/shipping_lines/0/price", dollars), "currency_mix at shipping_lines[0].price");
    EXPECT_EQ(with("sales_order", "/totals/paid", dollars), "currency_mix at totals.paid");
    EXPECT_EQ(with("payment", "/fees/0/amount", dollars), "currency_mix at fees[0].amount");
    EXPECT_EQ(with("price", "/compare_at", dollars), "currency_mix at compare_at");

    const json::value exchange = {{"from", "EUR"}, {"to", "USD"}, {"total", dollars}};
    EXPECT_EQ(with("sales_order", "/exchange", exchange), "");
    EXPECT_EQ(with("sales_order", "/shop_total", dollars), "");
    EXPECT_EQ(with("payout", "/lines/0/exchange", exchange), "");
}

TEST(Totals, EachCurrencyHasItsDecimals)
{
    const auto with = [](std::string_view currency, std::string_view gross, std::string_view total) {
        const json::value order = {{"po_no", "1"},
                                   {"vendor", "V"},
                                   {"kind", "standard"},
                                   {"currency", currency},
                                   {"lines", json::array{json::object{{"line_id", "1"},
                                                                      {"item", json::object{{"sku", "A"}}},
                                                                      {"qty", {{"value", "1"}, {"uom", "EA"}}},
                                                                      {"unit_cost", money(gross, currency)}}}},
                                   {"totals",
                                    {{"items_gross", money(gross, currency)},
                                     {"shipping", money("2", currency)},
                                     {"grand_total", money(total, currency)}}}};
        return failure_of("purchase_order", order);
    };

    EXPECT_EQ(with("JPY", "1000", "1002"), "");
    EXPECT_EQ(with("JPY", "1000", "1003"), "total_mismatch at totals");
    EXPECT_EQ(with("KWD", "1.005", "3.005"), "");
    EXPECT_EQ(with("KWD", "1.005", "3.006"), "total_mismatch at totals");
}

/// A vendor's order: every line is one piece at `price`.
struct Order {
    std::string currency = "EUR";
    std::string mode = "exclusive";
    std::string price = "10.00";
    std::string gross = "10.00";
    std::string tax = "2.50";
    std::string total = "12.50";
    std::string rounding{};  // as the vendor tells it
    int lines = 1;
};

constexpr std::string_view mapping_text = R"(transaction: sales_order
entity: order/1
fields:
  order_number: "1"
  order_class: standard
  placed_at: .at | timestamp
  state: confirmed
  payment_state: pending
  currency: .currency
  lines:
    each: .lines
    fields:
      line_id: = $index | string
      line_no: = $index + 1
      item: { sku: A }
      qty: = 1 | quantity("EA")
      unit_price: . | price($doc.currency)
      extended: . | money($doc.currency)
      net: . | money($doc.currency)
  tax:
    mode: .mode
    lines: { each: .taxes, fields: { amount: . | money($doc.currency) } }
  totals:
    items_gross: .gross | money(.currency)
    tax: .tax | money(.currency)
    rounding_adjustment: .rounding | money(.currency)
    grand_total: .total | money(.currency)
)";

/// The rounding that was written, "0.01 EUR", "" when there is none, or "!" and the code of the failure.
std::string adjusted(const Order& order, const SourceRounding* rounding)
{
    static const auto mapping =
        Mapping::load(SourceFile{"order.yaml", std::string(mapping_text)}, shipped_canonical(), shipped_vocabularies());
    if (!mapping)
        throw std::runtime_error(all_of(mapping.error()));
    const json::array lines(static_cast<std::size_t>(order.lines), json::value(order.price));
    const std::string text = json::serialize(json::value{{"at", "2026-03-02T09:15:00Z"},
                                                         {"currency", order.currency},
                                                         {"lines", lines},
                                                         {"mode", order.mode},
                                                         {"taxes", json::array{order.tax}},
                                                         {"gross", order.gross},
                                                         {"tax", order.tax},
                                                         {"rounding", order.rounding},
                                                         {"total", order.total}});
    const Document document = read_document(text);
    const auto made = mapping->run({.document = document, .rounding = rounding});
    if (!made)
        return "!" + made.error().code;
    const json::value totals = json::parse(made->front().json).at("totals");
    const json::value* adjustment = totals.as_object().if_contains("rounding_adjustment");
    if (adjustment == nullptr)
        return "";
    return json::value_to<std::string>(adjustment->at("amount")) + " " +
           json::value_to<std::string>(adjustment->at("currency"));
}

constexpr SourceRounding by_order{.mode = Rounding::half_up, .level = SourceRounding::Level::order, .tolerance = 5};
constexpr SourceRounding by_line{.mode = Rounding::half_up, .level = SourceRounding::Level::line, .tolerance = 5};

TEST(TotalsRounding, WritesWhatTheSourceMayHaveMoved)
{
    EXPECT_EQ(adjusted({}, nullptr), "");
    EXPECT_EQ(adjusted({}, &by_order), "");
    EXPECT_EQ(adjusted({.total = "12.51"}, nullptr), "!total_mismatch");
    EXPECT_EQ(adjusted({.total = "12.51"}, &by_order), "0.01 EUR");
    EXPECT_EQ(adjusted({.total = "12.49"}, &by_order), "-0.01 EUR");
}

// One line and one tax: two roundings of half a cent each.
TEST(TotalsRounding, ExplainsNoMoreThanWasRounded)
{
    EXPECT_EQ(adjusted({.total = "12.52"}, &by_order), "!total_mismatch");
    EXPECT_EQ(adjusted({.total = "12.48"}, &by_order), "!total_mismatch");

    SourceRounding cut_off = by_order;
    cut_off.mode = Rounding::down;
    EXPECT_EQ(adjusted({.total = "12.52"}, &cut_off), "0.02 EUR");
    EXPECT_EQ(adjusted({.total = "12.53"}, &cut_off), "!total_mismatch");
}

// Nineteen lines and one tax could come to ten cents.
TEST(TotalsRounding, ExplainsNoMoreThanItsTolerance)
{
    const Order many{.gross = "190.00", .tax = "47.50", .total = "237.55", .lines = 19};
    EXPECT_EQ(adjusted(many, &by_order), "0.05 EUR");

    Order more = many;
    more.total = "237.56";
    EXPECT_EQ(adjusted(more, &by_order), "!total_mismatch");

    SourceRounding exact = by_order;
    exact.tolerance = 0;
    EXPECT_EQ(adjusted({.total = "12.51"}, &exact), "!total_mismatch");
}

TEST(TotalsRounding, LineByLineExplainsOnlyContainedTax)
{
    EXPECT_EQ(adjusted({.total = "12.51"}, &by_line), "!total_mismatch");
    EXPECT_EQ(adjusted({.mode = "inclusive", .total = "10.00"}, &by_line), "");
    EXPECT_EQ(adjusted({.mode = "inclusive", .total = "10.01"}, &by_line), "0.01 EUR");
    EXPECT_EQ(adjusted({.mode = "inclusive", .total = "10.02"}, &by_line), "!total_mismatch");
    EXPECT_EQ(adjusted({.mode = "inclusive", .total = "9.99"}, &by_order), "-0.01 EUR");

    SourceRounding by_unit = by_line;
    by_unit.level = SourceRounding::Level::unit;
    EXPECT_EQ(adjusted({.total = "12.51"}, &by_unit), "0.01 EUR");
}

TEST(TotalsRounding, CountsInMinorUnitsOfTheCurrency)
{
    const Order yen{.currency = "JPY", .price = "1000", .gross = "1000", .tax = "100", .total = "1101"};
    EXPECT_EQ(adjusted(yen, &by_order), "1 JPY");
    Order more = yen;
    more.total = "1102";
    EXPECT_EQ(adjusted(more, &by_order), "!total_mismatch");

    const Order dinars{.currency = "KWD", .price = "1.005", .gross = "1.005", .tax = "0.050", .total = "1.056"};
    EXPECT_EQ(adjusted(dinars, &by_order), "0.001 KWD");
    more = dinars;
    more.total = "1.057";
    EXPECT_EQ(adjusted(more, &by_order), "!total_mismatch");
}

TEST(TotalsRounding, WhatTheSourceTellsItselfIsNotMended)
{
    EXPECT_EQ(adjusted({.total = "12.52", .rounding = "0.02"}, nullptr), "0.02 EUR");
    EXPECT_EQ(adjusted({.total = "12.53", .rounding = "0.02"}, &by_order), "!total_mismatch");
}

}  // namespace
}  // namespace headgate::mapping::test
