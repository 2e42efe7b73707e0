#include "tests/unit/gateway/configuration_fixture.hpp"

#include <iterator>
#include <sstream>

#include <gmock/gmock.h>

#include "gateway/stages/decode.hpp"

namespace headgate::gateway {

namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// What is refused because it would not do what it seems to say.
class ConfigurationChecks : public ConfigurationTest {
protected:
    /// The connector `acme` with one topic that uses `mappings`.
    LoadedConfiguration load_with(const std::string& mappings, const std::string& rest = {})
    {
        write("conf/connectors/acme/connector.yaml", "signature: { hmac: { header: S } }\nidentity: { " +
                                                         good_identity + " }\ntopics:\n  a/created: { mappings: [" +
                                                         mappings + "] }\nkeep_headers: [t, k]\n" + rest);
        return load(acme_channel);
    }

    void write_mapping(const std::string& name, const std::string& head = {}) const
    {
        write("conf/connectors/acme/mappings/" + name + ".yaml",
              head + "transaction: sales_order\nentity: order/{.id}\n" + fields);
    }

    static inline const std::string fields =
        "fields:\n  order_number: .id\n  order_class: standard\n  placed_at: .at | timestamp\n  state: confirmed\n"
        "  payment_state: pending\n  currency: EUR\n  lines: { each: .lines, fields: { line_id: .id, line_no: 1, "
        "item: { sku: a }, qty: '= 1 | quantity(\"EA\")', unit_price: '= 1 | price(\"EUR\")', extended: '= 1 | "
        "money(\"EUR\")', net: '= 1 | money(\"EUR\")' } }\n  totals: { grand_total: '= 1 | money(\"EUR\")', "
        "items_gross: "
        "'= 1 | money(\"EUR\")' }\n";
};

TEST_F(ConfigurationChecks, AZoneThatDoesNotExistIsAProblemAtItsPlace)
{
    EXPECT_THAT(texts(load(one_channel + "zone: Europe/Belin\n").problems),
                HasSubstr("conf/headgate.yaml:2:7: unknown_zone: there is no time zone `Europe/Belin` (an IANA name"));
    EXPECT_THAT(codes(load("channels: { eu: { connector: shopify, secret: env:SECRET, zone: CEST } }\n").problems),
                ElementsAre("unknown_zone"));
    for (const auto* zone : {"Europe/Berlin", "UTC", "\"+02:00\"", "\"\""})
        EXPECT_EQ(texts(load(one_channel + "zone: " + zone + "\n").problems), "") << zone;
}

TEST_F(ConfigurationChecks, ACheckOfRedisThatThereIsNotCannotBeWaived)
{
    const auto loaded = load(one_channel + "redis: { url: \"redis://h\", unchecked: [maxmemroy, backups] }\n");

    EXPECT_THAT(codes(loaded.problems), ElementsAre("unknown_check", "unknown_check"));
    EXPECT_THAT(texts(loaded.problems), HasSubstr("conf/headgate.yaml:2:"));
    EXPECT_THAT(texts(loaded.problems), HasSubstr("did you mean `maxmemory`?"));
    EXPECT_THAT(texts(loaded.problems), HasSubstr("there are: version appendonly"));
}

TEST_F(ConfigurationChecks, AnAddressToListenAtIsAnIpAddress)
{
    const auto loaded =
        load(one_channel + "listen: { public: { address: \"localhost:8080\" }, admin: { address: \"1.2.3:80\" } }\n");

    EXPECT_THAT(codes(loaded.problems), ElementsAre("wrong_kind", "wrong_kind"));
    EXPECT_THAT(texts(loaded.problems), HasSubstr("conf/headgate.yaml:2:30: "));
    EXPECT_THAT(texts(loaded.problems), HasSubstr("an address, not a name"));
    EXPECT_EQ(texts(load(one_channel + "listen: { public: { address: \"[::1]:0\" } }\n").problems), "");
}

TEST_F(ConfigurationChecks, TwoTransactionsOfOneTopicCannotHaveOneName)
{
    write_mapping("order");
    write_mapping("copy", "name: order\n");

    EXPECT_EQ(texts(load_with("order").problems), "");
    const auto loaded = load_with("order, copy");
    EXPECT_THAT(codes(loaded.problems), ElementsAre("same_name"));
    EXPECT_THAT(texts(loaded.problems), HasSubstr("acme/connector.yaml:4:14: same_name: the mappings order and copy"));
    EXPECT_THAT(codes(load_with("order, order").problems), ElementsAre("same_name"));
}

TEST_F(ConfigurationChecks, AMappingTakesTheTopicsThatUseIt)
{
    write_mapping("order", "topics: [a/created, a/changed]\n");
    EXPECT_EQ(texts(load_with("order").problems), "");

    write_mapping("order", "topics: [a/changed]\n");
    const auto loaded = load_with("order");
    EXPECT_THAT(codes(loaded.problems), ElementsAre("unknown_topic"));
    EXPECT_THAT(texts(loaded.problems), HasSubstr("connector.yaml:4:14: "));
}

TEST_F(ConfigurationChecks, AFolderThatLooksAsIfItWereReadIsAProblem)
{
    for (const auto* folder : {"routes", "queues", "listen", "redis", "presets", "canonical"}) {
        write(std::string("conf/") + folder + "/orders.yaml", "a: 1\n");
        const auto loaded = load(one_channel);
        EXPECT_THAT(codes(loaded.problems), ElementsAre("not_read")) << folder;
        EXPECT_THAT(texts(loaded.problems), HasSubstr(std::string("/conf/") + folder + ": not_read"));
        fs::remove_all(folder_ + "/conf/" + folder);
    }
    for (const auto* folder : {"secrets", "notes", ".git", "mappings", "name"})
        fs::create_directories(folder_ + "/conf/" + folder);
    EXPECT_EQ(texts(load(one_channel).problems), "");
}

TEST_F(ConfigurationChecks, WhatIsReadBeforeAnEventIsAcceptedSeesNeitherTheEventNorVocabularies)
{
    write("conf/vocabularies/kinds.yaml", "entries: { a: b }\n");
    write_connector("topic: $event.topic, idempotency_key: '$headers.k | lookup(\"kinds\")'");
    auto loaded = load(acme_channel);
    EXPECT_THAT(codes(loaded.problems), ElementsAre("unknown_name", "unknown_function"));
    EXPECT_THAT(texts(loaded.problems), HasSubstr("acme/connector.yaml:2:20: unknown_name: `$event` is not there yet"));

    write_connector(good_identity + ", order_by: '.lines[.kind == ($event.topic // .x)].id'");
    EXPECT_THAT(codes(load(acme_channel).problems), ElementsAre("unknown_name"));
    write_connector(good_identity);
    EXPECT_THAT(codes(load("channels:\n  eu:\n    connector: acme\n    secret: env:SECRET\n    order_by: .a | "
                           "lookup_back(\"kinds\")\n")
                          .problems),
                ElementsAre("unknown_function"));
    write_connector(good_identity, "document: .orders[(.kind | lookup(\"kinds\")) == \"b\"]\n");
    EXPECT_THAT(codes(load(acme_channel).problems), ElementsAre("unknown_function"));
}

TEST_F(ConfigurationChecks, WhereTheDocumentStandsMayDependOnEventAndChannel)
{
    write_connector(good_identity, "document: = 1\n");
    EXPECT_THAT(codes(load(acme_channel).problems), ElementsAre("syntax"));
    write_connector(good_identity,
                    "document: if $event.topic == \"a/created\" and $channel.name == \"eu\" then .made else .other\n");
    const auto loaded = load(acme_channel);
    ASSERT_EQ(texts(loaded.problems), "");
    Event event;
    event.channel = loaded.configuration->channel("eu");
    event.envelope.topic = "a/created";
    event.envelope.body = R"({"other": 1, "made": 2})";

    const auto decoded = decode(event);

    ASSERT_TRUE(decoded);
    EXPECT_EQ((*decoded->document)[decoded->root].text, "2");
}

TEST_F(ConfigurationChecks, AnIdentityOfMoreThan512BytesIsALetterOfDecode)
{
    write_connector(good_identity);
    const auto loaded = load(acme_channel);
    Event event;
    event.channel = loaded.configuration->channel("eu");
    event.envelope.topic = "a/created";
    event.envelope.body = "{}";
    const std::string digest = "#" + std::string(64, 'd');

    event.envelope.order_key = event.envelope.idempotency_key = std::string(512, 'k');
    EXPECT_TRUE(decode(event));
    event.envelope.conflict_of = "another event";
    event.envelope.idempotency_key += digest;
    EXPECT_TRUE(decode(event)) << "what a conflict puts behind the key is not the vendor's";
    event.envelope.idempotency_key.insert(0, "k");
    EXPECT_EQ(decode(event).error().code, "identity_too_long");
    event.envelope.idempotency_key = "k";
    event.envelope.topic = std::string(513, 't');
    EXPECT_THAT(decode(event).error().detail, HasSubstr("the topic is longer than 512 bytes"));
}

TEST_F(ConfigurationChecks, TransactionsOfGroupsAreWorthANote)
{
    write("conf/connectors/acme/mappings/order.yaml",
          "transaction: sales_order\neach: .rows | group_by(.order)\nentity: order/{.key}\n" + fields);

    const auto loaded = load_with("order");

    EXPECT_EQ(texts(loaded.problems), "");
    ASSERT_THAT(codes(loaded.notes), ElementsAre("place_by_index"));
    EXPECT_THAT(texts(loaded.notes), HasSubstr("mappings/order.yaml:2:"));
    for (const auto* each : {".numbers | split(\",\")", ".rows | entries | where(.value)", ".rows | json"}) {
        write("conf/connectors/acme/mappings/order.yaml",
              std::string("transaction: sales_order\neach: '") + each + "'\nentity: order/{.key}\n" + fields);
        EXPECT_THAT(codes(load_with("order").notes), ElementsAre("place_by_index")) << each;
    }
}

TEST_F(ConfigurationChecks, AMappingThatIsNotThereIsToldWhereItIsNamed)
{
    write_mapping("order");

    const auto problems = load_with("ordr").problems;

    EXPECT_THAT(codes(problems), ElementsAre("missing_file"));
    EXPECT_THAT(texts(problems), HasSubstr("conf/connectors/acme/connector.yaml:4:"));
    EXPECT_THAT(texts(problems), HasSubstr("(did you mean `order`?)"));
}

TEST_F(ConfigurationChecks, WhatNothingNamesIsWorthANote)
{
    write_mapping("order", "extends: acme/base\n");
    write_mapping("base");
    write_mapping("forgotten");
    write("conf/connectors/acme/mappings/fragments/party.yaml", "fields: { name: .n }\n");
    write("conf/connectors/acme/mappings/fragments/lost.yaml", "fields: { name: .n }\n");
    write("conf/connectors/notes/README", "");
    write("conf/connectors/acme/mappings/order.yaml",
          "extends: acme/base\nfields: { customer: { use: party, of: .c } }\n");

    const auto loaded = load_with("order");

    EXPECT_EQ(texts(loaded.problems), "");
    EXPECT_THAT(codes(loaded.notes), ElementsAre("not_used", "not_used", "not_used"));
    EXPECT_THAT(texts(loaded.notes), HasSubstr("mappings/forgotten.yaml: not_used: no topic names this mapping"));
    EXPECT_THAT(texts(loaded.notes), HasSubstr("fragments/lost.yaml: not_used: no mapping that is loaded uses"));
    EXPECT_THAT(texts(loaded.notes), HasSubstr("connectors/notes: not_used: this folder has no connector.yaml"));
}

TEST_F(ConfigurationChecks, WhatIsMeantToBeReadAndIsNotIsAProblem)
{
    write_mapping("order");
    for (const auto* file : {"headgate.yml", "connectors/other/connector.yml", "connectors/acme/mappings/a.yml",
                             "connectors/acme/mappings/fragments/a.yml", "connectors/acme/cases/a.YAML",
                             "connectors/acme/vocabularies/a.yaml", "connectors/acme/fragments/a.yaml", "docker.yml"})
        write(std::string("conf/") + file, "");

    const auto problems = load_with("order").problems;

    EXPECT_THAT(codes(problems),
                ElementsAre("not_read", "not_read", "not_read", "not_read", "not_read", "not_read", "not_read"));
    EXPECT_THAT(texts(problems), HasSubstr("rename it to headgate.yaml"));
    EXPECT_THAT(texts(problems), HasSubstr("vocabularies stand beside headgate.yaml"));
    EXPECT_THAT(texts(problems), HasSubstr("fragments stand in mappings/fragments/NAME.yaml"));
}

TEST_F(ConfigurationChecks, TopicsAreWrittenOutAndTheOneThatIsSentIsAmongThem)
{
    write_mapping("order");

    write(
        "conf/connectors/acme/connector.yaml",
        "signature: { hmac: { header: S } }\nidentity: { " + good_identity +
            " }\nkeep_headers: [t, k]\ntopics:\n  \"a/*\": { mappings: [order] }\n  a/created: { mappings: [order] }\n"
            "send: { topic: a/creatd }\n");

    const auto problems = load(acme_channel).problems;
    EXPECT_THAT(codes(problems), ElementsAre("wrong_pattern", "unknown_topic"));
    EXPECT_THAT(texts(problems), HasSubstr("conf/connectors/acme/connector.yaml:5:"));
    EXPECT_THAT(texts(problems), HasSubstr("connector.yaml:7:16: unknown_topic"));
    EXPECT_THAT(texts(problems), HasSubstr("did you mean `a/created`?"));
}

TEST_F(ConfigurationChecks, AHeaderThatIsNotKeptIsAlwaysNull)
{
    write_mapping("order");
    write("conf/connectors/acme/mappings/order.yaml",
          "transaction: sales_order\nentity: order/{$headers.\"X-Id\" // $headers.S}\n" + fields);

    const auto loaded = load_with("order");

    EXPECT_EQ(texts(loaded.problems), "");
    EXPECT_THAT(codes(loaded.notes), ElementsAre("header_not_kept", "header_not_kept"));
    EXPECT_THAT(texts(loaded.notes), HasSubstr("mappings/order.yaml:2:16: header_not_kept: `$headers.\"x-id\"`"));
    EXPECT_THAT(texts(loaded.notes), HasSubstr("signatures and logins never are"));
}

TEST_F(ConfigurationChecks, AFragmentSaysItsErrorsOnceHoweverOftenItIsUsed)
{
    write_mapping("order");
    write("conf/connectors/acme/mappings/order.yaml", "transaction: sales_order\nentity: order/{.id}\n" + fields +
                                                          "  bill_to: { use: party }\n  ship_to: { use: party }\n");
    write("conf/connectors/acme/mappings/fragments/party.yaml", "fields: { name: .n | uper }\n");

    EXPECT_THAT(codes(load_with("order").problems), ElementsAre("unknown_function"));
}

TEST_F(ConfigurationChecks, ATabIsCalledATabInEveryFile)
{
    const std::string words = "YAML is indented with spaces, and here stands a tab";
    EXPECT_THAT(texts(load("channels:\n  eu:\n\tconnector: shopify\n").problems),
                HasSubstr("conf/headgate.yaml:3:1: yaml_syntax: " + words));

    write("conf/connectors/acme/mappings/order.yaml", "transaction: sales_order\nlet:\n\ta: .b\n");
    EXPECT_THAT(texts(load_with("order").problems), HasSubstr("mappings/order.yaml:3:1: yaml: " + words));
}

TEST_F(ConfigurationChecks, EveryKeyOfTheConfigurationIsDocumented)
{
    DeploymentConfig deployment;
    connectors::ConnectorConfig connector;
    std::ifstream file(shipped_ + "/../docs/configuration.md");
    const std::string page{std::istreambuf_iterator<char>(file), {}};
    ASSERT_THAT(page, HasSubstr("# Configuration"));
    std::istringstream keys(config::reference([&](config::Schema& schema) {
        deployment.describe(schema);
        connector.describe(schema);
    }));

    int seen = 0;
    for (std::string line; std::getline(keys, line); ++seen) {
        const std::string path = line.substr(0, line.find('\t'));
        const std::string key = path.substr(path.rfind('.') + 1, path.find('[') - path.rfind('.') - 1);
        const auto stands = [&](const std::string& text) { return page.find(text) != std::string::npos; };
        const bool documented = stands("`" + key + "`") || stands("." + key + "`") || stands("`" + key + ".");
        EXPECT_TRUE(documented || key == "NAME") << path;
    }
    EXPECT_GT(seen, 100);
}

}  // namespace

}  // namespace headgate::gateway
