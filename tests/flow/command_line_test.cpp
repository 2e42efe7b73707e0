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
    EXPECT_THAT(far.err, HasSubstr("there is no command `frobnicate` (there are: run check send"));

    const auto inner = run_headgate({"dlq", "relpay", "01a21452-f5ad-743d-9f1a-10e517c881a3"});
    EXPECT_EQ(inner.code, 2);
    EXPECT_THAT(inner.err, HasSubstr("there is no command `dlq relpay` (did you mean `replay`?)"));
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
