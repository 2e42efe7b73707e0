#include <algorithm>

#include "tests/unit/gateway/configuration_fixture.hpp"

namespace headgate::gateway {

namespace {

constexpr std::string_view channels = "channels: { eu: { connector: acme, secret: env:SECRET } }\n";

TEST_F(ConfigurationTest, AMappingExtendsAShippedOneAndAChannelHasWordsOfItsOwn)
{
    variables_["SECRET"] = "secret";
    write("conf/connectors/acme/connector.yaml",
          "signature: { hmac: { header: S } }\nidentity: { topic: .t, idempotency_key: .id }\n"
          "minor_units: { ISK: 2, UGX: { decimals: 2 } }\ntopics: { orders/create: { mappings: [order] } }\n");
    write("conf/connectors/acme/mappings/order.yaml",
          "extends: shopify/sales_order\nname: acme_order\ntopics: null\nfields: { order_class: wholesale }\n");
    write("conf/vocabularies/eu/payment_state.shopify.yaml", "entries: { wired: captured }\n");
    write("conf/vocabularies/order_class.shopify.yaml", "entries: { web: standard }\n");

    const auto loaded = load(std::string(channels));

    ASSERT_TRUE(loaded.problems.empty()) << texts(loaded.problems);
    const auto& configuration = *loaded.configuration;
    const auto& connector = *configuration.channel("eu")->connector;
    EXPECT_EQ(connector.topics.at("orders/create").mappings.front()->name(), "acme_order");
    EXPECT_EQ(connector.minor_units, (MinorUnits{{"ISK", 2}, {"UGX", 2}}));
    EXPECT_EQ(*configuration.vocabularies.find("payment_state.shopify")->find("wired", "eu"), "captured");
    EXPECT_EQ(std::ranges::count(codes(loaded.notes), "vocabulary_replaced"), 1);
}

TEST_F(ConfigurationTest, AVocabularyOfAFieldWithAClosedListHasWordsOfThatList)
{
    variables_["SECRET"] = "secret";
    write("conf/connectors/acme/connector.yaml",
          "signature: { hmac: { header: S } }\nidentity: { topic: .t, idempotency_key: .id }\n"
          "topics: { orders/create: { mappings: [order] } }\n");
    write("conf/connectors/acme/mappings/order.yaml", "extends: shopify/sales_order\ntopics: null\n");
    write("conf/vocabularies/payment_state.shopify.yaml",
          "unmapped: { default: \"\" }\nentries: { paid: captuerd, wired: captured }\n");
    write("conf/vocabularies/order_class.shopify.yaml", "unmapped: { default: odd }\nentries: { web: standard }\n");
    write("conf/vocabularies/eu/payment_state.shopify.yaml", "entries: { late: pending, odd: oddly }\n");

    const auto problems = texts(load(std::string(channels)).problems);

    EXPECT_NE(problems.find("/payment_state.shopify.yaml:1:22: not_in_list: `` is nothing"), std::string::npos);
    EXPECT_NE(problems.find("/payment_state.shopify.yaml:2:18: not_in_list: `captuerd` is nothing"), std::string::npos);
    EXPECT_NE(problems.find("did you mean `captured`?"), std::string::npos);
    EXPECT_NE(problems.find("/eu/payment_state.shopify.yaml:1:32: not_in_list: `oddly`"), std::string::npos);
    EXPECT_EQ(std::ranges::count(problems, '\n'), 3) << problems;  // the call names another default than `odd`
}

TEST_F(ConfigurationTest, WordsOfAChannelThatIsNotThereAndUnitsOfNoCurrencyAreRefused)
{
    variables_["SECRET"] = "secret";
    write_connector("topic: .t, idempotency_key: .id", "minor_units: { XYZ: 2, ISK: 7 }\n");
    write("conf/vocabularies/us/payment_state.shopify.yaml", "entries: { wired: captured }\n");

    const auto loaded = load(std::string(channels));

    EXPECT_EQ(codes(loaded.problems), (std::vector<std::string>{"unknown_currency", "out_of_range", "unknown_channel"}))
        << texts(loaded.problems);
}

}  // namespace

}  // namespace headgate::gateway
