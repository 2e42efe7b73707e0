#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <set>

#include "tests/unit/mapping/samples.hpp"

namespace headgate::mapping::test {
namespace {

// In the vendor's shape, with a shop, people and amounts of our own. Worked by hand:
//   2 x 24.50 = 49.00, 4.00 off: 45.00; 1 x 12.00 = 12.00; goods 61.00, discounts 4.00
//   shipping 5.00, duty 3.10, tip 2.00, tax 25 % of 62.00 = 15.50; 61 - 4 + 5 + 3.10 + 2 + 15.50 = 82.60
constexpr std::string_view shopify_order = R"({
    "id": 7700123456789, "name": "#HG-2041", "created_at": "2026-03-02T10:14:58+01:00", "processed_at": "2026-03-02T10:15:00+01:00",
    "updated_at": "2026-03-02T10:20:00+01:00", "cancelled_at": null, "closed_at": null, "currency": "EUR", "presentment_currency": "NOK",
    "financial_status": "paid", "fulfillment_status": null, "taxes_included": false, "estimated_taxes": false, "test": true, "tax_exempt": false,
    "email": "Ada@Example.org", "phone": null, "po_number": "", "source_name": "web", "note": "ring twice",
    "note_attributes": [{"name": "gift", "value": "no"}],
    "total_line_items_price": "61.00", "subtotal_price": "57.00", "total_discounts": "4.00", "total_tax": "15.50", "total_tip_received": "2.00",
    "total_price": "82.60", "total_outstanding": "0.00", "original_total_additional_fees_set": null,
    "total_shipping_price_set": {"shop_money": {"amount": "5.00", "currency_code": "EUR"}, "presentment_money": {"amount": "58.00", "currency_code": "NOK"}},
    "original_total_duties_set": {"shop_money": {"amount": "3.10", "currency_code": "EUR"}},
    "total_price_set": {"shop_money": {"amount": "82.60", "currency_code": "EUR"}, "presentment_money": {"amount": "958.16", "currency_code": "NOK"}},
    "customer": {"id": 77, "email": null, "first_name": "Ada", "last_name": "Lind", "phone": "+4722000000"},
    "billing_address": {"name": "Ada Lind", "address1": "Torgata 4", "address2": "", "city": "Oslo", "zip": "0181", "province": null, "country_code": "NO"},
    "shipping_address": {"name": "Ada Lind", "company": "Lind AS", "address1": "Kaia 1", "city": "Bergen", "zip": "5003", "province_code": "46", "country_code": "NO"},
    "tax_lines": [{"title": "MVA", "rate": 0.25, "price": "15.50", "channel_liable": false}],
    "discount_applications": [{"type": "discount_code", "code": "SPRING", "value": "4.0", "value_type": "fixed_amount"}],
    "shipping_lines": [{"id": 31, "code": "POST", "title": "Posten", "price": "5.00", "discount_allocations": [], "tax_lines": []}],
    "line_items": [
        {"id": 9001, "quantity": 2, "price": "24.50", "sku": "LAMP-BR", "title": "Lamp", "variant_title": "brass", "variant_id": 501, "gift_card": false,
         "requires_shipping": true, "taxable": true, "discount_allocations": [{"amount": "4.00", "discount_application_index": 0}],
         "tax_lines": [{"title": "MVA", "rate": 0.25, "price": "12.25", "channel_liable": true}],
         "duties": [{"harmonized_system_code": "9405", "shop_money": {"amount": "3.10", "currency_code": "EUR"}}]},
        {"id": 9002, "quantity": 0, "price": "1.00", "sku": "GONE", "title": "Removed"},
        {"id": 9003, "quantity": 1, "price": "12.00", "sku": "BULB-9", "title": "Bulb", "discount_allocations": [], "duties": []}]
})";

// Every amount below is from the sum at the top of this file.
constexpr std::string_view expected =
    R"({"order_number":"#HG-2041","order_class":"standard","flags":["test"],"placed_at":"2026-03-02T09:15:00Z","modified_at":"2026-03-02T09:20:00Z",)"
    R"("state":"confirmed","payment_state":"captured","fulfilment_state":"unfulfilled","currency":"EUR",)"
    R"("customer":{"ref":"customer/77","email":"ada@example.org","phone":"+4722000000","name":"Ada Lind","guest":false},)"
    R"("bill_to":{"name":"Ada Lind","line1":"Torgata 4","city":"Oslo","postal_code":"0181","country":"NO"},)"
    R"("ship_to":{"name":"Ada Lind","company":"Lind AS","line1":"Kaia 1","city":"Bergen","region":"46","postal_code":"5003","country":"NO"},)"
    R"("lines":[{"line_id":"9001","line_no":1,"item":{"sku":"LAMP-BR","channel_item_id":"501","title":"Lamp","variant":"brass"},)"
    R"("qty":{"value":"2","uom":"EA"},"unit_price":{"amount":"24.50","currency":"EUR"},"extended":{"amount":"49.00","currency":"EUR"},)"
    R"("discounts":[{"code":"SPRING","amount":{"amount":"4.00","currency":"EUR"}}],"net":{"amount":"45.00","currency":"EUR"},)"
    R"("tax_lines":[{"name":"MVA","rate":"0.25","amount":{"amount":"12.25","currency":"EUR"},"collected_by":"marketplace"}],)"
    R"("gift_card":false,"requires_shipping":true,"taxable":true},)"
    R"({"line_id":"9003","line_no":2,"item":{"sku":"BULB-9","title":"Bulb"},"qty":{"value":"1","uom":"EA"},"unit_price":{"amount":"12.00","currency":"EUR"},)"
    R"("extended":{"amount":"12.00","currency":"EUR"},"discounts":[],"net":{"amount":"12.00","currency":"EUR"}}],)"
    R"("shipping_lines":[{"id":"31","code":"POST","title":"Posten","price":{"amount":"5.00","currency":"EUR"},"discount":{"amount":"0.00","currency":"EUR"},)"
    R"("net":{"amount":"5.00","currency":"EUR"},"tax_lines":[]}],)"
    R"("charges":[{"kind":"duty","code":"9405","amount":{"amount":"3.10","currency":"EUR"}}],)"
    R"("discounts":[{"code":"SPRING","kind":"discount_code","value":"4.0","value_type":"fixed_amount"}],)"
    R"("tax":{"mode":"exclusive","estimated":false,"lines":[{"name":"MVA","rate":"0.25","amount":{"amount":"15.50","currency":"EUR"},"collected_by":"merchant"}]},)"
    R"("totals":{"items_gross":{"amount":"61.00","currency":"EUR"},"discounts":{"amount":"4.00","currency":"EUR"},)"
    R"("shipping":{"amount":"5.00","currency":"EUR"},"duties":{"amount":"3.10","currency":"EUR"},"tips":{"amount":"2.00","currency":"EUR"},)"
    R"("tax":{"amount":"15.50","currency":"EUR"},"grand_total":{"amount":"82.60","currency":"EUR"},"outstanding":{"amount":"0.00","currency":"EUR"}},)"
    R"("exchange":{"to":"NOK","total":{"amount":"958.16","currency":"NOK"}},"sales_channel":"web","notes":"ring twice",)"
    R"("attributes":[{"name":"gift","value":"no"}]})";

class ShopifyOrder : public testing::Test {
protected:
    static Mapping load()
    {
        const std::string folder = source_folder() + "/config/connectors/shopify/mappings";
        auto mapping = Mapping::load(folder + "/sales_order.yaml", shipped_canonical(), shipped_vocabularies(),
                                     fragments_in({folder + "/fragments"}));
        if (!mapping)
            throw std::runtime_error(all_of(mapping.error()));
        return *mapping;
    }
    static Result<std::vector<Transaction>> map(std::string_view json, std::string_view wrapper = {})
    {
        static const Mapping mapping = load();
        const Document document = read_document(json);
        MappingContext context{.document = document};
        if (!wrapper.empty())
            context.root = document.member(0, wrapper);
        return mapping.run(context);
    }
    static std::string changed(std::string_view from, std::string_view to)
    {
        std::string json(shopify_order);
        json.replace(json.find(from), from.size(), to);
        return json;
    }
    static std::string code_of(std::string_view json)
    {
        const auto made = map(json);
        return made ? "" : made.error().code;
    }
};

TEST_F(ShopifyOrder, BecomesTheSalesOrderWorkedByHand)
{
    const auto made = map(shopify_order);

    ASSERT_TRUE(made) << made.error().code << " " << made.error().detail << " " << made.error().where.config;
    ASSERT_EQ(made->size(), 1U);
    const Transaction& transaction = made->front();
    EXPECT_EQ(transaction.type, "sales_order");
    EXPECT_EQ(transaction.family, "sales_order");
    EXPECT_EQ(transaction.order, Order::latest);
    EXPECT_EQ(transaction.slot.text(), "sales_order");
    EXPECT_EQ(transaction.entity, "order/7700123456789");
    EXPECT_EQ(transaction.id, "order/7700123456789");
    EXPECT_EQ(transaction.version.kind, Version::Kind::time);
    EXPECT_EQ(transaction.version.text, "2026-03-02T09:20:00.000000000Z");
    EXPECT_EQ(transaction.json, expected);
}

TEST_F(ShopifyOrder, IsTheSameWrappedAsBare)
{
    EXPECT_EQ(map("{\"order\": " + std::string(shopify_order) + ", \"notice\": \"x\"}", "order").value().front().json,
              expected);
}

TEST_F(ShopifyOrder, GivesTheSameBytesEveryTime)
{
    EXPECT_EQ(map(shopify_order)->front().json, map(shopify_order)->front().json);
}

TEST_F(ShopifyOrder, RefusesWhatDoesNotAddUp)
{
    EXPECT_EQ(code_of(changed(R"("total_price": "82.60")", R"("total_price": "82.61")")), "total_mismatch");
    EXPECT_EQ(code_of(changed(R"("taxes_included": false)", R"("taxes_included": true)")), "total_mismatch");
    EXPECT_EQ(code_of(changed(R"("total_price": "82.60")", R"("total_price": 82.605)")), "money_precision");
    EXPECT_EQ(code_of(changed(R"("name": "#HG-2041")", R"("name": " ")")), "missing_required");
    EXPECT_EQ(code_of(changed(R"("financial_status": "paid")", R"("financial_status": "odd")")), "unmapped");
    EXPECT_EQ(code_of(changed(R"("id": 7700123456789)", R"("id": null)")), "identity_missing");
    EXPECT_EQ(code_of(changed(R"("price": "24.50")", R"("price": "free")")), "wrong_kind");
    EXPECT_EQ(code_of(changed(R"("amount": "4.00")", R"("amount": "50.00")")), "net_negative");
    EXPECT_EQ(code_of(changed(R"("quantity": 2)", R"("quantity": 0.333)")), "money_precision");
    EXPECT_EQ(code_of(changed(R"("quantity": 2)", R"("quantity": 2.5)")), "qty_invalid");
}

TEST_F(ShopifyOrder, InclusiveTaxIsPartOfThePrices)
{
    std::string json = changed(R"("taxes_included": false)", R"("taxes_included": true)");
    const std::string_view total = R"("total_price": "82.60")";
    json.replace(json.find(total), total.size(), R"("total_price": "67.10")");  // 82.60 - 15.50

    EXPECT_EQ(code_of(json), "");
}

TEST_F(ShopifyOrder, AnOrderWithoutLinesIsRefused)
{
    const std::string json(shopify_order);
    const auto begin = json.find("\"line_items\": [");
    EXPECT_EQ(code_of(json.substr(0, begin) + "\"line_items\": []}"), "lines_empty");
    EXPECT_EQ(code_of(json.substr(0, begin) + "\"line_items\": null}"), "missing_required");
}

TEST_F(ShopifyOrder, FailuresNameFieldSourcePointerAndLine)
{
    const auto made = map(changed(R"("price": "24.50")", R"("price": "free")"));

    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().detail, "lines[0].unit_price: `.price` is a text that reads as no number");
    EXPECT_EQ(made.error().where.document, "/line_items/0/price");
    EXPECT_NE(made.error().where.config.find("sales_order.yaml:"), std::string::npos);
}

TEST_F(ShopifyOrder, TakesItsTopicsOnly)
{
    EXPECT_TRUE(load().takes("orders/create"));
    EXPECT_FALSE(load().takes("refunds/create"));
}

TEST_F(ShopifyOrder, LedgerHasTheColumnsPeopleAskFor)
{
    const LedgerTable table = shipped_canonical().find("sales_order")->ledger();
    const auto column = [](const std::vector<LedgerColumn>& columns, std::string_view name) {
        for (const LedgerColumn& found : columns)
            if (found.name == name)
                return found;
        return LedgerColumn{};
    };

    EXPECT_EQ(table.header.front().name, "order_number");
    EXPECT_EQ(column(table.header, "grand_total").path, (std::vector<std::string>{"totals", "grand_total", "amount"}));
    EXPECT_EQ(column(table.header, "currency").path, std::vector<std::string>{"currency"});
    EXPECT_EQ(column(table.header, "ship_to_city").path, (std::vector<std::string>{"ship_to", "city"}));
    EXPECT_EQ(column(table.header, "customer_guest").kind, LedgerColumn::Kind::boolean);
    EXPECT_EQ(column(table.header, "tax").path, (std::vector<std::string>{"totals", "tax", "amount"}));
    EXPECT_EQ(column(table.header, "tax_mode").path, (std::vector<std::string>{"tax", "mode"}));
    EXPECT_EQ(column(table.lines, "item_sku").path, (std::vector<std::string>{"item", "sku"}));
    EXPECT_EQ(column(table.lines, "qty").path, (std::vector<std::string>{"qty", "value"}));
    EXPECT_EQ(column(table.lines, "qty_uom").path, (std::vector<std::string>{"qty", "uom"}));
    EXPECT_EQ(column(table.lines, "line_no").kind, LedgerColumn::Kind::integer);
    std::set<std::string> names;
    for (const LedgerColumn& one : table.header)
        EXPECT_TRUE(names.insert(one.name).second) << one.name;
}

/// The vendor's own samples, where they are at hand: HEADGATE_FIXTURES names the folder that holds `shopify/`.
TEST_F(ShopifyOrder, MapsTheVendorsSamples)
{
    const char* folder = std::getenv("HEADGATE_FIXTURES");
    if (folder == nullptr)
        GTEST_SKIP() << "HEADGATE_FIXTURES is not set";
    int seen = 0;
    for (const auto& entry : std::filesystem::directory_iterator(std::string(folder) + "/shopify")) {
        if (!entry.path().filename().string().starts_with("order"))
            continue;
        ++seen;
        const auto made = map(file_text(entry.path()), "order");
        ASSERT_TRUE(made) << entry.path() << " " << made.error().code << " " << made.error().detail << " "
                          << made.error().where.config;
        ASSERT_EQ(made->size(), 1U);
    }
    EXPECT_GT(seen, 0);
}

}  // namespace
}  // namespace headgate::mapping::test
