// The registrations of the catalogue, each at a vendor that answers as the vendor's own documentation does.

#include <memory>
#include <mutex>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <boost/json.hpp>

#include "tests/support/headgate_process.hpp"
#include "tests/support/vendor.hpp"

namespace headgate::test {

namespace {

namespace json = boost::json;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;
using ::testing::Not;

struct OfVendor {
    const char* connector;
    const char* channel;  // what stands in the channel beside connector, secret and URL
    const char* list;     // what is asked for, from /api on
    /// The answer to that, of these items.
    std::string (*listed)(const std::string& items);
    /// The item that a call has made, by its number from 1 on and its body.
    std::string (*item)(int number, const std::string& body);
    /// The answer to that call.
    std::string (*made)(const std::string& item);
    std::vector<std::string> calls;  // "POST /path body"
    const char* secret = nullptr;    // what is shown
};

void PrintTo(const OfVendor& vendor, std::ostream* out)
{
    *out << vendor.connector;
}

std::string same_item(const std::string& item)
{
    return item;
}
std::string bare_list(const std::string& items)
{
    return "[" + items + "]";
}
template <const char* Name>
std::string list_in(const std::string& items)
{
    return R"({")" + std::string(Name) + R"(":[)" + items + "]}";
}
constexpr char webhooks_member[] = "webhooks";
constexpr char items_member[] = "items";

/// What was asked for, with an id and more: as most vendors answer.
std::string echoed(int number, json::object body, json::object more)
{
    body["id"] = number;
    for (auto& [name, value] : more)
        body[name] = value;
    return json::serialize(body);
}

const std::string to = R"("https://hooks.example/hooks/shop")";

const std::vector<OfVendor> vendors{
    {"shopify",
     "settings: { shop: example }, topics: [orders/create, refunds/create, orders/poll], api: { key: env:KEY, ",
     "/webhooks.json?limit=250",
     list_in<webhooks_member>,
     [](int number, const std::string& body) {
         return echoed(number, json::parse(body).at("webhook").as_object(), {{"api_version", "2026-07"}});
     },
     [](const std::string& item) { return R"({"webhook":)" + item + "}"; },
     {R"(POST /webhooks.json {"webhook":{"topic":"orders/create","address":)" + to + R"(,"format":"json"}})",
      R"(POST /webhooks.json {"webhook":{"topic":"refunds/create","address":)" + to + R"(,"format":"json"}})"}},
    {"woocommerce",
     "settings: { host: shop.example }, topics: [order.created], api: { username: ck, password: env:KEY, ",
     "/webhooks?per_page=100",
     bare_list,
     [](int number, const std::string& body) {
         auto all = json::parse(body).as_object();
         all.erase("secret");
         return echoed(number, std::move(all), {{"resource", "order"}});
     },
     same_item,
     {R"(POST /webhooks {"name":"Headgate order.created","topic":"order.created","delivery_url":)" + to +
      R"(,"secret":"whsec_0123456789abcdefghijklmnopqrstuv","status":"active"})"}},
    {"stripe",
     "topics: [payout.paid, review.*], api: { token: env:KEY, ",
     "/webhook_endpoints?limit=100",
     [](const std::string& items) { return R"({"object":"list","data":[)" + items + R"(],"has_more":false})"; },
     [](int number, const std::string&) {
         return echoed(number, {},
                       {{"url", "https://hooks.example/hooks/shop"},
                        {"enabled_events", {"payout.paid", "review.closed", "review.opened"}},
                        {"status", "enabled"}});
     },
     [](const std::string& item) { return item.substr(0, item.size() - 1) + R"(,"secret":"whsec_OfStripe"})"; },
     {"POST /webhook_endpoints url=https%3A%2F%2Fhooks.example%2Fhooks%2Fshop&enabled_events%5B0%5D=payout.paid&"
      "enabled_events%5B1%5D=review.closed&enabled_events%5B2%5D=review.opened&api_version=2025-03-31.basil&"
      "description=Headgate%20shop"},
     "whsec_OfStripe"},
    {"shipbob",
     "topics: [order.shipped, return.*, wro.completed], api: { token: env:KEY, ",
     "/webhook?RecordsPerPage=250",
     list_in<items_member>,
     [](int number, const std::string& body) {
         auto all = json::parse(body).as_object();
         all.erase("secret");
         return echoed(number, std::move(all), {{"enabled", true}, {"id", "wh_" + std::to_string(number)}});
     },
     [](const std::string& item) {
         return item.substr(0, item.size() - 1) + R"(,"secret":"whsec_0123456789abcdefghijklmnopqrstuv"})";
     },
     {R"(POST /webhook {"url":)" + to +
      R"(,"topics":["order.shipped","return.completed","return.created","return.updated"],)"
      R"("description":"Headgate shop","secret":"whsec_0123456789abcdefghijklmnopqrstuv"})"}},
    {"loop",
     "topics: [return.created, label], api: { key: env:KEY, ",
     "/webhooks",
     list_in<webhooks_member>,
     [](int number, const std::string& body) {
         return echoed(number, json::parse(body).as_object(), {{"shop_id", 65432}});
     },
     same_item,
     {R"(POST /webhooks {"topic":"label","trigger":"label.created","url":)" + to + R"(,"status":"active"})",
      R"(POST /webhooks {"topic":"label","trigger":"label.updated","url":)" + to + R"(,"status":"active"})",
      R"(POST /webhooks {"topic":"return","trigger":"return.created","url":)" + to + R"(,"status":"active"})"}},
    {"zendesk",
     "settings: { subdomain: acme }, topics: [\"zen:event-type:ticket.c*\", ticket], "
     "api: { username: a@b.c/token, password: env:KEY, ",
     "/webhooks?page%5Bsize%5D=100",
     [](const std::string& items) {
         return R"({"webhooks":[)" + items + R"(],"meta":{"has_more":false},"links":{"next":null}})";
     },
     [](int number, const std::string& body) {
         return echoed(number, json::parse(body).at("webhook").as_object(), {{"id", "01F" + std::to_string(number)}});
     },
     [](const std::string& item) { return R"({"webhook":)" + item + "}"; },
     {R"(POST /webhooks {"webhook":{"name":"Headgate shop","endpoint":)" + to +
      R"(,"http_method":"POST","request_format":"json","status":"active","subscriptions":)"
      R"(["zen:event-type:ticket.created","zen:event-type:ticket.custom_field_changed"]}})"}},
};

class RegistrationOfTheCatalogue : public ::testing::TestWithParam<OfVendor> {};

TEST_P(RegistrationOfTheCatalogue, MakesWhatIsMissingAsTheVendorWantsItAndNothingTwice)
{
    const OfVendor& of = GetParam();
    auto items = std::make_shared<std::string>();
    auto count = std::make_shared<int>(0);
    Vendor vendor([&of, items, count](const Vendor::Asked& asked) -> Vendor::Answer {  // one request at a time
        if (asked.method == "GET") {
            // Where pages are counted, the second has nothing.
            const bool first = asked.target.find("page=2") == std::string::npos;
            return {200, of.listed(first ? *items : "")};
        }
        const auto item = of.item(++*count, asked.body);
        *items += (items->empty() ? "" : ",") + item;
        return {201, of.made(item)};
    });
    TemporaryFolder folder;
    write_file(folder / "conf/headgate.yaml",
               "public_url: https://hooks.example\nchannels:\n  shop: { connector: " + std::string(of.connector) +
                   ", secret: env:S, registration: false, " + of.channel +
                   "url: \"http://127.0.0.1:" + std::to_string(vendor.port()) + "/api\", allow: [127.0.0.0/8] } }\n");
    HeadgateProcess headgate({folder / "conf",
                              folder / "data",
                              {{"S", "whsec_0123456789abcdefghijklmnopqrstuv"}, {"KEY", "k3y"}},
                              "127.0.0.1:0"});
    ASSERT_TRUE(headgate.start()) << headgate.log();
    const auto registering = [&] {
        return run_headgate({"channels", "register", "shop", "--data", (folder / "data").string()});
    };

    const auto made = registering();
    EXPECT_EQ(made.code, 0) << made.out << made.err;
    EXPECT_THAT(made.out, Not(HasSubstr("missing")));
    if (of.secret != nullptr)
        EXPECT_THAT(made.out, HasSubstr(of.secret));
    else
        EXPECT_THAT(made.out, Not(HasSubstr("whsec_")));
    const auto again = registering();
    EXPECT_EQ(again.code, 0) << again.out << again.err;
    EXPECT_THAT(again.out, HasSubstr("present"));

    std::vector<std::string> calls;
    for (const auto& asked : vendor.asked())
        if (asked.method == "GET")
            EXPECT_THAT(asked.target, HasSubstr("/api" + std::string(of.list)));
        else
            calls.push_back(asked.method + " " + asked.target.substr(4) + " " + asked.body);
    EXPECT_THAT(calls, ElementsAreArray(of.calls));
}

INSTANTIATE_TEST_SUITE_P(Vendors, RegistrationOfTheCatalogue, ::testing::ValuesIn(vendors),
                         [](const auto& of) { return std::string(of.param.connector); });

}  // namespace

}  // namespace headgate::test
