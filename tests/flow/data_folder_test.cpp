#include <fmt/format.h>

#include <fstream>

#include "tests/flow/flow.hpp"

namespace headgate::test {

namespace {

using namespace std::chrono_literals;

/// What an operator's hand, or a disk's end, does to the data folder.
class DataFolderFlow : public FlowTest {
protected:
    [[nodiscard]] bool wait_for_readyz(std::string_view part, bool there) const
    {
        return headgate_.wait_until_told("/readyz", part, 60s, there);
    }
};

TEST_F(DataFolderFlow, NothingIsAppliedIntoALedgerThatHasNoNameAnyMore)
{
    ASSERT_EQ(send("shop", {"orders/create", "evt-1", order_body(1, 1), {}}).status, 200);
    ASSERT_TRUE(headgate_.wait_until_quiet(120s));
    fs::rename(headgate_.data() / "ledger.db", headgate_.data() / "aside.db");

    ASSERT_EQ(send("shop", {"orders/create", "evt-2", order_body(2, 1), {}}).status, 200);
    ASSERT_TRUE(wait_for_readyz("ledger_failing", true));
    EXPECT_TRUE(headgate_.admin("GET", "/readyz").second.contains("sqlite_file_gone"));
    EXPECT_EQ(count("applied"), 1);

    fs::rename(headgate_.data() / "aside.db", headgate_.data() / "ledger.db");
    ASSERT_TRUE(headgate_.wait_until_quiet(120s));
    EXPECT_EQ(count("applied"), 2);
    EXPECT_EQ(ledger("select count(*) from sales_order"), std::vector<std::string>{"2"});
    EXPECT_TRUE(wait_for_readyz("ledger_failing", false));
}

TEST_F(DataFolderFlow, ALedgerThatIsNewBesideAnOldRedisIsSaid)
{
    ASSERT_EQ(send("shop", {"orders/create", "evt-1", order_body(1, 1), {}}).status, 200);
    ASSERT_TRUE(headgate_.wait_until_quiet(120s));
    EXPECT_FALSE(headgate_.admin("GET", "/readyz").second.contains("ledger_new"));
    ASSERT_TRUE(headgate_.terminate());
    for (const auto* file : {"ledger.db", "ledger.db-wal", "ledger.db-shm"})
        fs::remove(headgate_.data() / file);

    ASSERT_TRUE(headgate_.start());

    EXPECT_TRUE(headgate_.admin("GET", "/readyz").second.contains("ledger_new"));
}

TEST_F(DataFolderFlow, WhatANewerProcessWroteIsLeftInPlace)
{
    const auto run_json = headgate_.data() / "run.json";
    std::ofstream(run_json) << R"({"pid": 1, "public": "x", "admin": "x"})";  // pid 1 lives always

    ASSERT_TRUE(headgate_.terminate());

    EXPECT_TRUE(fs::exists(run_json));
}

TEST_F(DataFolderFlow, ASecondHeadgateDoesNotGetTheSamePort)
{
    const auto port = std::to_string(headgate_.port());
    HeadgateProcess second({source_folder() / "tests/flow/config", folder_ / "second", {}, "127.0.0.1:" + port});

    EXPECT_FALSE(second.start(30s));
    EXPECT_FALSE(second.running());
    EXPECT_TRUE(second.log().contains("listen_failed")) << second.log();
    EXPECT_EQ(send("shop", {"orders/create", "evt-1", order_body(1, 1), {}}).status, 200);
}

TEST_F(DataFolderFlow, AFileIsNoDataFolder)
{
    const auto file = headgate_.data() / "file";
    std::ofstream(file) << "x";

    const auto result =
        run_headgate({"run", "--config", (source_folder() / "tests/flow/config").string(), "--data", file.string()});

    EXPECT_EQ(result.code, 1);
    EXPECT_TRUE(result.err.contains("is a file and no folder")) << result.err;
}

TEST_F(DataFolderFlow, AFileThatIsNoDatabaseIsNamed)
{
    ASSERT_TRUE(headgate_.terminate());
    std::ofstream(headgate_.data() / "history.db") << std::string(4096, 'x');

    EXPECT_FALSE(headgate_.start());

    EXPECT_EQ(headgate_.exit_code(), 1);
    EXPECT_TRUE(headgate_.log().contains("headgate: history_unusable: ")) << headgate_.log();
    EXPECT_TRUE(headgate_.log().contains("history.db: file is not a database (make room, or bring it back"))
        << headgate_.log();

    std::ofstream(headgate_.data() / "ledger.db") << std::string(4096, 'x');
    EXPECT_FALSE(headgate_.start());
    EXPECT_TRUE(headgate_.log().contains("ledger.db: file is not a database (bring it back")) << headgate_.log();
}

TEST_F(DataFolderFlow, TermEndsAStartWhoseRedisIsNotUpYet)
{
    ASSERT_TRUE(headgate_.terminate());
    const auto programs = headgate_.data() / "programs";
    fs::create_directory(programs);
    std::ofstream(programs / "redis-server") << "#!/bin/sh\nexec sleep 600\n";
    fs::permissions(programs / "redis-server", fs::perms::owner_all);
    headgate_.environment("PATH", programs.string() + ":/usr/bin:/bin");

    EXPECT_THROW(static_cast<void>(headgate_.start(2s)), std::exception) << "it is not ready";
    EXPECT_TRUE(headgate_.terminate(25s));

    EXPECT_EQ(headgate_.exit_code(), 0);
    EXPECT_EQ(headgate_.redis_pid(), 0);
}

}  // namespace

}  // namespace headgate::test
