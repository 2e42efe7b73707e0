#include <sqlite3.h>

#include <fstream>
#include <iterator>

#include <gmock/gmock.h>

#include "tests/flow/flow.hpp"
#include "tests/flow/operating.hpp"
#include "tests/support/small_disk.hpp"

namespace headgate::test {

namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

class Audit : public OperatingFlow {
protected:
    boost::json::array audit() { return headgate_->admin_json("/api/v1/audit").at("audit").as_array(); }
    boost::json::value newest() { return audit().at(0); }

    std::pair<int, std::string> post(const std::string& target, const std::string& body = {})
    {
        return headgate_->admin("POST", "/api/v1/" + target, body);
    }

    bool paused() { return !row("systems", "erp").at("paused").is_null(); }

    void tamper(const std::string& sql)
    {
        sqlite3* database = nullptr;
        ASSERT_EQ(sqlite3_open((folder_ / "data/audit.db").c_str(), &database), SQLITE_OK);
        EXPECT_EQ(sqlite3_exec(database, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK);
        sqlite3_close(database);
    }
};

TEST_F(Audit, EveryChangeLeavesALineAndLookingLeavesNone)
{
    ASSERT_TRUE(begin()) << headgate_->log();
    const auto routes = headgate_->admin_json("/api/v1/routes").at("routes").as_array();
    std::size_t lines = 0;
    for (const auto& route : routes) {
        const std::string method(route.at("method").as_string());
        std::string path(route.at("path").as_string());
        const auto what = method + " " + path;
        for (const auto& [word, name] :
             {std::pair<std::string, std::string>{"ID", "01a21452-3cd5-79c5-a3be-07693968c9f8"}, {"NAME", "nobody"}})
            if (const auto at = path.find("/" + word); at != std::string::npos)
                path.replace(at + 1, word.size(), name);
        const auto status = headgate_->admin(method, "/api/v1/" + path).first;
        const auto all = audit();
        if (method == "GET") {
            EXPECT_EQ(all.size(), lines) << what;
            continue;
        }
        ASSERT_EQ(all.size(), ++lines) << what;
        EXPECT_EQ(all[0].at("what").as_string(), what);
        EXPECT_EQ(all[0].at("status").as_int64(), status) << what;
        EXPECT_EQ(all[0].at("who").as_string(), "admin");
        EXPECT_EQ(all[0].at("role").as_string(), "admin");
    }
    EXPECT_GT(lines, 10U);
    EXPECT_EQ(headgate({"audit", "verify"}).code, 0);
}

TEST_F(Audit, ALineSaysWhatWasAndWhatIsAndWhy)
{
    ASSERT_TRUE(begin()) << headgate_->log();

    ASSERT_EQ(post("systems/erp/pause", R"({"why":"stocktaking"})").first, 200);
    auto line = newest();
    EXPECT_EQ(line.at("on").as_string(), "erp");
    EXPECT_EQ(line.at("why").as_string(), "stocktaking");
    EXPECT_EQ(line.at("outcome").as_string(), "done");
    EXPECT_EQ(boost::json::serialize(line.at("before")), R"({"paused":false})");
    EXPECT_EQ(boost::json::serialize(line.at("after")), R"({"paused":true})");

    ASSERT_EQ(headgate({"xref", "set", "erp", "item", "SKU-1", "42"}).code, 0);
    ASSERT_EQ(headgate({"xref", "set", "erp", "item", "SKU-1", "43"}).code, 0);
    line = newest();
    EXPECT_EQ(line.at("on").as_string(), "system=erp kind=item id=SKU-1");
    EXPECT_EQ(boost::json::serialize(line.at("before")), R"({"value":"42"})");
    EXPECT_THAT(boost::json::serialize(line.at("after")), HasSubstr(R"("theirs":"43")"));

    EXPECT_EQ(post("systems/wms/pause", R"({"why":"x"})").first, 404);
    line = newest();
    EXPECT_EQ(line.at("outcome").as_string(), "refused");
    EXPECT_EQ(boost::json::serialize(line.at("after")), R"({"error":"unknown_system"})");

    const std::string reference = R"({"system":"erp","kind":"item","id":"SKU-9","theirs":"private-value"})";
    ASSERT_EQ(post("xref/import", reference + "\n").first, 200);
    EXPECT_THAT(boost::json::serialize(newest().at("asked")), HasSubstr(R"({"lines":1,"bytes":)"));
    EXPECT_EQ(boost::json::serialize(newest()).find("private-value"), std::string::npos);

    const auto listed = headgate({"audit", "list", "--limit", "2"});
    EXPECT_EQ(listed.code, 0) << listed.err;
    EXPECT_THAT(listed.out, HasSubstr("POST xref/import"));
    EXPECT_EQ(listed.out.find("stocktaking"), std::string::npos) << "two rows";
    headgate_->terminate();
    std::ifstream file(folder_ / "data/audit.db", std::ios::binary);
    const std::string bytes(std::istreambuf_iterator<char>(file), {});
    EXPECT_NE(bytes.find("stocktaking"), std::string::npos);
    EXPECT_EQ(bytes.find("private-value"), std::string::npos);
}

TEST_F(Audit, DyingBetweenTheLineAndTheChangeLeavesALineWithoutAChange)
{
    ASSERT_TRUE(begin({{"HEADGATE_FAULT", "audit_committed:1"}})) << headgate_->log();

    EXPECT_EQ(post("systems/erp/pause", R"({"why":"stocktaking"})").first, 0);

    ASSERT_TRUE(headgate_->wait_until_ended(60s));
    headgate_->unset("HEADGATE_FAULT");
    ASSERT_TRUE(headgate_->start()) << headgate_->log();
    EXPECT_FALSE(paused());
    EXPECT_EQ(newest().at("outcome").as_string(), "unknown");
    EXPECT_TRUE(newest().at("status").is_null());
    EXPECT_EQ(newest().at("why").as_string(), "stocktaking");
}

TEST_F(Audit, DyingBehindTheChangeLeavesTheLineThatWasBeforeIt)
{
    ASSERT_TRUE(begin({{"HEADGATE_FAULT", "audit_before_commit:2"}})) << headgate_->log();

    EXPECT_EQ(post("systems/erp/pause", R"({"why":"stocktaking"})").first, 0);

    ASSERT_TRUE(headgate_->wait_until_ended(60s));
    headgate_->unset("HEADGATE_FAULT");
    ASSERT_TRUE(headgate_->start()) << headgate_->log();
    EXPECT_TRUE(paused());
    EXPECT_EQ(newest().at("outcome").as_string(), "unknown");
    ASSERT_EQ(post("systems/erp/resume").first, 200);
    EXPECT_EQ(newest().at("outcome").as_string(), "done");
    EXPECT_EQ(headgate({"audit", "verify"}).code, 0);
}

TEST_F(Audit, WithoutItsLogNothingIsChanged)
{
    ASSERT_TRUE(begin()) << headgate_->log();
    ASSERT_EQ(post("channels/shop/pause", R"({"why":"x"})").first, 200);
    fs::rename(folder_ / "data/audit.db", folder_ / "data/away.db");

    const auto [status, text] = post("systems/erp/pause", R"({"why":"stocktaking"})");

    EXPECT_EQ(status, 503);
    EXPECT_THAT(text, HasSubstr("audit_unwritable"));
    EXPECT_FALSE(paused());
    EXPECT_THAT(headgate_->admin("GET", "/readyz").second, HasSubstr("audit_unwritable"));
    EXPECT_EQ(headgate_->admin("GET", "/readyz").first, 200);
    fs::rename(folder_ / "data/away.db", folder_ / "data/audit.db");
    EXPECT_EQ(post("systems/erp/pause", R"({"why":"stocktaking"})").first, 200);
    EXPECT_EQ(headgate_->admin("GET", "/readyz").second.find("audit_unwritable"), std::string::npos);
    EXPECT_EQ(audit().size(), 2U);
}

TEST_F(Audit, WhatIsChangedInTheFileIsFoundWhetherHeadgateRunsOrNot)
{
    ASSERT_TRUE(begin()) << headgate_->log();
    for (int i = 0; i < 3; ++i) {
        ASSERT_EQ(post("systems/erp/pause", R"({"why":"stocktaking"})").first, 200);
        ASSERT_EQ(post("systems/erp/resume").first, 200);
    }
    const auto running = headgate({"audit", "verify"});
    EXPECT_EQ(running.code, 0) << running.err;
    EXPECT_THAT(running.out, HasSubstr("12 lines"));
    const auto head = std::string(headgate_->admin_json("/api/v1/audit").at("head").as_string());
    EXPECT_THAT(running.out, HasSubstr(head));
    headgate_->terminate();
    EXPECT_EQ(headgate({"audit", "verify", "--head", head}).code, 0);

    tamper("UPDATE line SET who = 'bob' WHERE n = 5");
    const auto changed = headgate({"audit", "verify"});
    EXPECT_EQ(changed.code, 1);
    EXPECT_THAT(changed.out, HasSubstr("line 5 is not what was written"));
    tamper("UPDATE line SET who = 'admin' WHERE n = 5; DELETE FROM line WHERE n > 10");
    EXPECT_EQ(headgate({"audit", "verify"}).code, 0);
    const auto shorter = headgate({"audit", "verify", "--head", head, "--json"});
    EXPECT_EQ(shorter.code, 1);
    EXPECT_THAT(shorter.out, HasSubstr("no line has the head that was kept"));
    EXPECT_EQ(run_headgate({"audit", "verify", "--data", (folder_ / "none").string()}).code, 1);
}

/// Its file lies on a file system that gets full.
class AuditOnAFullDisk : public ::testing::Test {
protected:
    TemporaryFolder folder_;
    std::unique_ptr<SmallDisk> disk_;
};

TEST_F(AuditOnAFullDisk, NothingIsChangedUntilThereIsRoom)
{
    std::string why;
    disk_ = SmallDisk::mount(folder_ / "small", 4U << 20U, why);
    if (disk_ == nullptr)
        GTEST_SKIP() << "a file system cannot be mounted here: " << why;
    fs::create_directories(folder_ / "data");
    fs::create_symlink(folder_ / "small/audit.db", folder_ / "data/audit.db");
    HeadgateProcess headgate({source_folder() / "tests/flow/config", folder_ / "data", {}, "127.0.0.1:0"});
    ASSERT_TRUE(headgate.start()) << headgate.log();
    const auto pause = [&] { return headgate.admin("POST", "/api/v1/channels/shop/pause", R"({"why":"x"})"); };

    disk_->fill();
    // What SQLite has room for already may still be taken; then no more.
    int status = 200;
    for (int i = 0; i < 2000 && status == 200; ++i) {
        headgate.admin("POST", "/api/v1/channels/slow/pause", R"({"why":"until it is full"})");
        status = headgate.admin("POST", "/api/v1/channels/slow/resume").first;
    }
    EXPECT_EQ(status, 503);
    const auto [refused, text] = pause();
    EXPECT_EQ(refused, 503);
    EXPECT_THAT(text, HasSubstr("audit_unwritable"));
    EXPECT_EQ(headgate.admin("GET", "/api/v1/channels").second.find("\"why\":\"x\""), std::string::npos);

    disk_->make_room();
    EXPECT_EQ(pause().first, 200);
    headgate.terminate();
    EXPECT_EQ(run_headgate({"audit", "verify", "--data", (folder_ / "data").string()}).code, 0);
}

}  // namespace

}  // namespace headgate::test
