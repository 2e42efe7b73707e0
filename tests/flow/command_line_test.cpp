#include <fstream>

#include <gmock/gmock.h>

#include "tests/flow/flow.hpp"

namespace headgate::test {

namespace {

using ::testing::HasSubstr;
using ::testing::Not;

/// What the command line says when nothing runs.
class CommandLine : public ::testing::Test {
protected:
    void write(const std::string& file, const std::string& text) const
    {
        fs::create_directories((folder_ / file).parent_path());
        std::ofstream(folder_ / file) << text;
    }

    [[nodiscard]] CommandResult check(const std::vector<std::string>& more = {}) const
    {
        std::vector<std::string> arguments{"check", "--config", folder_.path().string()};
        arguments.insert(arguments.end(), more.begin(), more.end());
        return run_headgate(arguments, {{"SECRET", "hush"}});
    }

    TemporaryFolder folder_;
};

TEST_F(CommandLine, AWordThatIsNoCommandIsNamedWithTheNearest)
{
    const auto near = run_headgate({"chek", "--config", "x"});
    EXPECT_EQ(near.code, 2);
    EXPECT_EQ(near.out, "");
    EXPECT_THAT(near.err, HasSubstr("there is no command `chek` (did you mean `check`?)"));

    const auto far = run_headgate({"frobnicate"});
    EXPECT_EQ(far.code, 2);
    EXPECT_THAT(far.err, HasSubstr("there is no command `frobnicate` (there are: run check connectors"));

    const auto inner = run_headgate({"dlq", "relpay", "01a21452-f5ad-743d-9f1a-10e517c881a3"});
    EXPECT_EQ(inner.code, 2);
    EXPECT_THAT(inner.err, HasSubstr("there is no command `dlq relpay` (did you mean `replay`?)"));
}

TEST_F(CommandLine, WhatIsWrongWithAnOptionIsToldAsEverythingElse)
{
    const auto none = run_headgate({"check"});
    EXPECT_EQ(none.code, 2);
    EXPECT_THAT(none.err, HasSubstr("headgate: bad_usage: --config is required"));

    const auto bare = run_headgate({"check", "DIR"});
    EXPECT_EQ(bare.code, 2);
    EXPECT_THAT(bare.err, HasSubstr("the folder is named with --config DIR"));
}

TEST_F(CommandLine, HelpNamesEachOptionOnOneLineWithItsDefault)
{
    const auto help = run_headgate({"run", "--help"});

    EXPECT_EQ(help.code, 0);
    EXPECT_THAT(help.out, HasSubstr("--config DIR"));
    EXPECT_THAT(help.out, HasSubstr("--log-level LEVEL"));
    EXPECT_THAT(help.out, Not(HasSubstr("TEXT")));
    EXPECT_THAT(help.out, Not(HasSubstr("{")));
}

TEST_F(CommandLine, WhatCheckShowsIsAConfigurationAgain)
{
    write("headgate.yaml",
          "name: \"a: b\"\nzone: Europe/Berlin\nchannels:\n  eu: { connector: shopify, secret: env:SECRET, topics: "
          "[orders/*], order_by: '.a // .b' }\nroutes:\n  - { id: all, to: ledger }\n  - { id: two, to: [ledger], "
          "channels: [eu] }\nredis: { url: \"redis://me@h:6379/1\", password: env:SECRET, unchecked: [maxmemory] }\n");
    const auto first = check({"--show"});
    ASSERT_EQ(first.code, 0) << first.err;
    EXPECT_THAT(first.out, HasSubstr("routes:\n  - id: all\n    types: [\"*\"]\n    to: [ledger]\n  - id: two\n"));
    std::string shown = first.out;
    for (auto at = shown.find("•••"); at != std::string::npos; at = shown.find("•••"))
        shown.replace(at, std::string("•••").size(), "env:SECRET");

    write("headgate.yaml", shown);
    const auto second = check({"--show"});

    EXPECT_EQ(second.code, 0) << second.err << shown;
    EXPECT_EQ(second.out, first.out);
}

TEST_F(CommandLine, WhatInitWritesIsWhatCheckTakes)
{
    const auto init = [&](const std::string& name, const std::vector<std::string>& more = {}) {
        std::vector<std::string> arguments{"init",        "channel", name, "--config", folder_.path().string(),
                                           "--connector", "shopify"};
        arguments.insert(arguments.end(), more.begin(), more.end());
        return run_headgate(arguments);
    };
    EXPECT_THAT(init("admin-token").err, HasSubstr("channel_name"));
    write("headgate.yaml", "name: one\npublic_url: https://hooks.example/\n");
    const auto first = init("1a");
    EXPECT_EQ(first.code, 0) << first.err;
    std::ifstream file(folder_ / "channels/1a.yaml");
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    EXPECT_THAT(text, HasSubstr("https://hooks.example/hooks/1a"));
    EXPECT_THAT(text, HasSubstr("env:_1A_SECRET"));
    EXPECT_EQ(run_headgate({"check", "--config", folder_.path().string()}, {{"_1A_SECRET", "x"}}).code, 0);

    fs::remove_all(folder_ / "channels");
    write("headgate.yaml", "channels:\n  eu: { connector: shopify, secret: env:SECRET }\n");
    const auto inside = init("us", {"--public-url", "https://h.example//"});
    EXPECT_EQ(inside.code, 1);
    EXPECT_THAT(inside.err, HasSubstr("channels_inside"));
    EXPECT_THAT(inside.out, HasSubstr("https://h.example/hooks/us"));
    EXPECT_FALSE(fs::exists(folder_ / "channels"));
}

const std::string acme_connector =
    "signature: { hmac: { header: S } }\nidentity: { topic: $headers.t, idempotency_key: .id }\nkeep_headers: [t]\n"
    "topics:\n    counted: { mappings: [level] }\n";
const std::string acme_mapping =
    "transaction: inventory_level\nentity: item/{.sku}\nfields: { item: { sku: .sku }, nonsense: .a }\n";

/// `map`, `test`, `fmt`, `schema` and `explain`: what the processes say; what they do is tested where it is done.
class Tools : public CommandLine {
protected:
    const std::string sample_ = (source_folder() / "config/connectors/shopify/samples/orders_create.json").string();
};

TEST_F(Tools, MapPrintsTheTransactionsOfABody)
{
    const auto pretty = run_headgate({"map", sample_, "--channel", "shopify", "--topic", "orders/create"});
    EXPECT_EQ(pretty.code, 0) << pretty.err;
    EXPECT_THAT(pretty.out, HasSubstr("  \"mapping\": \"sales_order\",\n  \"type\": \"sales_order\","));
    EXPECT_THAT(pretty.out, HasSubstr("    \"order_number\": \"#HG-1001\""));

    const auto json = run_headgate({"map", sample_, "--channel", "shopify", "--json", "--trace"});
    EXPECT_EQ(json.code, 0) << json.err;
    EXPECT_THAT(json.out, HasSubstr("{\"mapping\":\"sales_order\","));
    EXPECT_THAT(json.out, HasSubstr("{\"field\":\"order_number\",\"sources\":[\"/name\"]"));
    EXPECT_THAT(json.err, HasSubstr("note: taken as `orders/create`"));
}

TEST_F(Tools, MapSaysWhereAMappingFailed)
{
    const std::vector<std::string> arguments{"map", "-", "--channel", "shopify", "--topic", "orders/create"};
    const auto first = run_headgate(arguments, {}, R"({"id": 1, "updated_at": "2026-11-02T09:00:00Z"})");
    EXPECT_EQ(first.code, 1);
    EXPECT_EQ(first.out, "");
    EXPECT_THAT(first.err, HasSubstr("missing_required: order_number: "));
    EXPECT_THAT(first.err, HasSubstr("\n      order_number: .name | required\n"));

    auto all = arguments;
    all.emplace_back("--all");
    const auto every = run_headgate(all, {}, R"({"id": 1, "updated_at": "2026-11-02T09:00:00Z"})");
    EXPECT_EQ(every.code, 1);
    EXPECT_THAT(every.err, HasSubstr("order_number: "));
    EXPECT_THAT(every.err, HasSubstr("placed_at: "));

    const auto no_json = run_headgate(arguments, {}, "<order/>");
    EXPECT_EQ(no_json.code, 1);
    EXPECT_THAT(no_json.err, HasSubstr("decode: json_syntax: "));
}

TEST_F(Tools, MapSaysWhatIsWrongWithItsOptions)
{
    EXPECT_EQ(run_headgate({"map", sample_}).code, 2);
    EXPECT_THAT(run_headgate({"map", sample_, "--channel", "shopfy"}).err, HasSubstr("did you mean `shopify`?"));
    EXPECT_THAT(run_headgate({"map", "gone.json", "--channel", "shopify"}).err,
                HasSubstr("there is no file gone.json"));
    EXPECT_THAT(run_headgate({"map", sample_, "--channel", "shopify", "--header", "x"}).err,
                HasSubstr("write --header 'Name: value'"));

    write("headgate.yaml", "channels: { eu: { connector: shopify, secret: env:NOT_SET_HERE } }\n");
    const auto config = folder_.path().string();
    EXPECT_EQ(run_headgate({"map", sample_, "--channel", "eu", "--config", config}).code, 0);
    const auto only = run_headgate({"map", sample_, "--config", config});
    EXPECT_EQ(only.code, 0) << only.err;
    EXPECT_THAT(only.err, HasSubstr("note: of the channel eu, the only one"));
    EXPECT_THAT(run_headgate({"map", sample_, "--channel", "us", "--config", config}).err,
                HasSubstr("there is no channel `us` (there are: eu)"));
}

TEST_F(Tools, TestRunsTheCasesThatShipAndThoseOfAFolder)
{
    const auto shipped = run_headgate({"test", "canonical"});
    EXPECT_EQ(shipped.code, 0) << shipped.out << shipped.err;

    write("connectors/acme/connector.yaml", acme_connector);
    write("connectors/acme/mappings/level.yaml", acme_mapping);
    write("connectors/acme/body.json", "{}");
    write("connectors/acme/cases/one.yaml", "input: ../body.json\ntopic: counted\nexpect: []\n");
    const auto own = run_headgate(
        {"test", "--config", folder_.path().string(), "acme", "--junit", (folder_ / "junit.xml").string()});

    EXPECT_EQ(own.code, 1);
    EXPECT_THAT(own.out, HasSubstr("acme/one: FAILED"));
    EXPECT_THAT(own.out, HasSubstr("unknown_field"));
    EXPECT_THAT(own.out, HasSubstr("1 case: 1 failed"));
    EXPECT_TRUE(fs::exists(folder_ / "junit.xml"));
    EXPECT_THAT(run_headgate({"test", "shopfy"}).err, HasSubstr("did you mean `shopify`?"));
}

TEST_F(Tools, FmtNamesWhatWouldChangeAndChangesIt)
{
    write("connectors/acme/connector.yaml", acme_connector);
    const auto file = (folder_ / "connectors/acme/connector.yaml").string();

    const auto check = run_headgate({"fmt", "--check", folder_.path().string()});
    EXPECT_EQ(check.code, 1);
    EXPECT_THAT(check.out, HasSubstr("connector.yaml: not_formatted"));
    EXPECT_EQ(run_headgate({"fmt", file}).code, 0);

    EXPECT_EQ(run_headgate({"fmt", "--check", folder_.path().string()}).code, 0);
    std::ifstream stream(file);
    EXPECT_THAT(std::string(std::istreambuf_iterator<char>(stream), {}), HasSubstr("topics:\n  counted: {"));
}

TEST_F(Tools, SchemaWritesOneFileForEachKind)
{
    EXPECT_THAT(run_headgate({"schema"}).out, HasSubstr("connectors/*/connector.yaml"));
    EXPECT_EQ(run_headgate({"schema", "maping"}).code, 1);

    const auto written = run_headgate({"schema", "--write", (folder_ / "schemas").string()});

    EXPECT_EQ(written.code, 0) << written.err;
    EXPECT_TRUE(fs::exists(folder_ / "schemas/mapping.schema.json"));
    EXPECT_TRUE(fs::exists(folder_ / "schemas/case.schema.json"));
}

TEST_F(Tools, ExplainKnowsTheCodesAndNamesTheNearest)
{
    const auto known = run_headgate({"explain", "zone_missing"});
    EXPECT_EQ(known.code, 0);
    EXPECT_THAT(known.out, HasSubstr("  to do    "));

    const auto near = run_headgate({"explain", "zone_mising"});
    EXPECT_EQ(near.code, 1);
    EXPECT_THAT(near.err, HasSubstr("did you mean `zone_missing`?"));
    EXPECT_EQ(run_headgate({"explain"}).code, 2);
}

TEST_F(Tools, SuggestDraftsAMappingOfASample)
{
    const auto draft = run_headgate({"map", "--suggest", "sales_order", sample_});

    EXPECT_EQ(draft.code, 0) << draft.err;
    EXPECT_THAT(draft.out, HasSubstr("transaction: sales_order\n# TODO entity"));
    EXPECT_THAT(run_headgate({"map", "--suggest", "sales_ordr", sample_}).err,
                HasSubstr("did you mean `sales_order`?"));
}

}  // namespace

/// What is told about a Headgate that runs.
class RunningCommandLine : public FlowTest {};

TEST_F(RunningCommandLine, TheBannerNamesTheVendorAndSendWithoutATopicTakesTheConnectors)
{
    const auto sent = run_headgate({"send", "shop", "--data", (folder_ / "data").string()});
    EXPECT_EQ(sent.code, 0) << sent.err;
    EXPECT_THAT(sent.out, HasSubstr("sent orders/create"));
    ASSERT_TRUE(headgate_.wait_until_quiet(std::chrono::seconds(120)));
    EXPECT_THAT(headgate_.log(), HasSubstr("channel shop: paste at Shopify"));
    const auto nowhere = run_headgate({"send", "shpo", "--data", (folder_ / "data").string()});
    EXPECT_EQ(nowhere.code, 1);
    EXPECT_THAT(nowhere.err, HasSubstr("did you mean `shop`?"));
}

/// A connector that names no topic to send.
class SendWithoutATopic : public ::testing::Test {};

TEST_F(SendWithoutATopic, SaysWhichThereAre)
{
    const TemporaryFolder folder;
    fs::create_directories(folder / "conf/connectors/acme");
    std::ofstream(folder / "conf/headgate.yaml") << "channels: { eu: { connector: acme, secret: generated } }\n";
    std::ofstream(folder / "conf/connectors/acme/connector.yaml")
        << "signature: { hmac: { header: S } }\nidentity: { topic: $headers.t, idempotency_key: $headers.k }\n"
           "topics: { a/created: {} }\n";
    HeadgateProcess headgate({folder / "conf", folder / "data", {}, "127.0.0.1:0"});
    ASSERT_TRUE(headgate.start()) << headgate.log();

    const auto sent = run_headgate({"send", "eu", "--data", (folder / "data").string()});

    EXPECT_EQ(sent.code, 1);
    EXPECT_THAT(sent.err, HasSubstr("no_topic"));
    EXPECT_THAT(sent.err, HasSubstr("there are: a/created"));
}

}  // namespace headgate::test
