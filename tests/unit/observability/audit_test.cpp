#include "observability/audit.hpp"

#include <stdlib.h>

#include <filesystem>
#include <future>
#include <map>
#include <optional>

#include <gmock/gmock.h>

#include "core/hash.hpp"
#include "observability/sqlite.hpp"

namespace headgate::observability {

namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class AuditTest : public ::testing::Test {
protected:
    AuditTest()
    {
        std::string pattern = (std::filesystem::temp_directory_path() / "headgate-audit-XXXXXX").string();
        folder_ = ::mkdtemp(pattern.data());
        file_ = folder_ / "audit.db";
        open();
    }
    ~AuditTest() override
    {
        log_.reset();
        std::filesystem::remove_all(folder_);
    }

    void open(std::size_t max_pages = 0) { log_.emplace(AuditOptions{file_, 1ms, max_pages}); }

    Result<std::uint64_t> write(const std::string& on, std::uint64_t of = 0)
    {
        AuditLine line;
        line.of = of;
        line.at = std::chrono::system_clock::time_point(1'800'000'000s + 123ms);
        line.who = "ines";
        line.role = "operator";
        line.what = "POST systems/NAME/pause";
        line.on = on;
        line.after = R"({"paused":true})";
        line.why = "stocktaking";
        line.status = of == 0 ? 0 : 200;
        std::promise<Result<std::uint64_t>> told;
        log_->write(line, [&told](Result<std::uint64_t> n) { told.set_value(std::move(n)); });
        return told.get_future().get();
    }

    /// Five changes: ten lines.
    void write_some()
    {
        for (int i = 1; i <= 5; ++i)
            write("", write("erp-" + std::to_string(i)).value()).value();
    }

    void tamper(const char* sql)
    {
        sqlite::Database database(file_, {});
        ASSERT_EQ(database.run(sql), SQLITE_OK) << sql;
    }

    std::vector<std::uint64_t> found(const std::string& kept = {})
    {
        const auto check = check_audit(file_, kept);
        EXPECT_TRUE(check) << check.error().detail;
        std::vector<std::uint64_t> numbers;
        for (const auto& finding : check->findings)
            numbers.push_back(finding.n);
        return numbers;
    }

    std::filesystem::path folder_, file_;
    std::optional<AuditLog> log_;
};

TEST_F(AuditTest, EachLineHoldsOnToTheOneBefore)
{
    EXPECT_EQ(write("erp").value(), 1U);
    EXPECT_EQ(write("", 1).value(), 2U);
    log_.reset();
    open();  // the chain goes on where it was
    EXPECT_EQ(write("wms").value(), 3U);

    const auto page = log_->list(0, 100).value();
    ASSERT_EQ(page.entries.size(), 2U);
    const auto& newest = page.entries[0];
    EXPECT_EQ(newest.intent.n, 3U);
    EXPECT_EQ(newest.intent.on, "wms");
    EXPECT_FALSE(newest.result);
    EXPECT_EQ(newest.intent.hash, page.head);
    const auto& first = page.entries[1];
    EXPECT_EQ(first.intent.who, "ines");
    EXPECT_EQ(first.intent.at, std::chrono::system_clock::time_point(1'800'000'000s + 123ms));
    ASSERT_TRUE(first.result);
    EXPECT_EQ(first.result->status, 200);
    // Anybody can make the hashes again.
    EXPECT_EQ(first.intent.hash,
              to_hex(hash_parts({"", "1", "0", "2027-01-15T08:00:00.123Z", "ines", "operator",
                                 "POST systems/NAME/pause", "erp", "", R"({"paused":true})", "stocktaking", "0"})));
    EXPECT_EQ(first.result->hash,
              to_hex(hash_parts({first.intent.hash, "2", "1", "2027-01-15T08:00:00.123Z", "ines", "operator",
                                 "POST systems/NAME/pause", "", "", R"({"paused":true})", "stocktaking", "200"})));
    EXPECT_THAT(found(page.head), IsEmpty()) << "while it is written";
    log_.reset();
    EXPECT_THAT(found(), IsEmpty()) << "and when nobody has it open";
    EXPECT_EQ(check_audit(file_, {})->lines, 3U);
    EXPECT_EQ(check_audit(file_, {})->head, page.head);
}

TEST_F(AuditTest, ManyAtOnceAreOneChain)
{
    std::vector<std::promise<Result<std::uint64_t>>> told(300);
    for (auto& one : told) {
        AuditLine line;
        line.who = "a";
        log_->write(line, [&one](Result<std::uint64_t> n) { one.set_value(std::move(n)); });
    }
    std::uint64_t expected = 0;
    for (auto& one : told)
        EXPECT_EQ(one.get_future().get().value(), ++expected);
    EXPECT_THAT(found(), IsEmpty());
}

TEST_F(AuditTest, PagesGoDownFromTheNewest)
{
    write_some();

    const auto first = log_->list(0, 2).value();
    const auto second = log_->list(first.next, 2).value();
    const auto third = log_->list(second.next, 2).value();

    EXPECT_EQ(first.entries.at(0).intent.on, "erp-5");
    EXPECT_EQ(second.entries.at(0).intent.on, "erp-3");
    EXPECT_EQ(third.entries.at(0).intent.on, "erp-1");
    EXPECT_EQ(third.next, 0U);
    EXPECT_EQ(log_->list(0, 0).error().code, "bad_limit");
    EXPECT_EQ(log_->list(0, 1001).error().code, "bad_limit");
}

TEST_F(AuditTest, AnyColumnThatIsChangedIsFoundInItsLine)
{
    const std::map<std::string, std::string> changes{{"of", "3"},       {"at", "'2027-01-15T08:00:00.124Z'"},
                                                     {"who", "'bob'"},  {"role", "'admin'"},
                                                     {"what", "'x'"},   {"thing", "'x'"},
                                                     {"before", "'x'"}, {"after", "''"},
                                                     {"why", "'x'"},    {"status", "404"},
                                                     {"hash", "'beef'"}};
    write_some();
    log_.reset();
    std::filesystem::copy_file(file_, folder_ / "good.db");
    for (const auto& [column, value] : changes) {
        std::filesystem::copy_file(folder_ / "good.db", file_, std::filesystem::copy_options::overwrite_existing);
        tamper(("UPDATE line SET " + column + " = " + value + " WHERE n = 6").c_str());
        const auto numbers = found();
        ASSERT_FALSE(numbers.empty()) << column;
        EXPECT_EQ(numbers.front(), 6U) << column;
        EXPECT_EQ(numbers.size(), column == "hash" ? 2U : 1U) << column;
    }
}

TEST_F(AuditTest, WhatIsMovedFromOneColumnToTheNextIsFound)
{
    write_some();
    tamper("UPDATE line SET who = 'inesop', role = 'erator' WHERE n = 5");
    EXPECT_THAT(found(), ElementsAre(5U));
}

TEST_F(AuditTest, ALineThatIsRemovedSwappedOrInsertedIsFound)
{
    write_some();
    log_.reset();
    std::filesystem::copy_file(file_, folder_ / "good.db");
    const auto again = [this](const char* sql) {
        std::filesystem::copy_file(folder_ / "good.db", file_, std::filesystem::copy_options::overwrite_existing);
        tamper(sql);
        return found();
    };

    EXPECT_THAT(again("DELETE FROM line WHERE n = 4"), ElementsAre(4U));
    EXPECT_THAT(again("DELETE FROM line WHERE n = 1"), ElementsAre(1U));
    EXPECT_THAT(again("DELETE FROM line WHERE n BETWEEN 3 AND 5"), ElementsAre(3U));
    EXPECT_THAT(check_audit(file_, {})->findings.at(0).text, HasSubstr("3 to 5"));
    EXPECT_EQ(again("DELETE FROM line WHERE n = 4; UPDATE line SET n = n - 1 WHERE n > 4").front(), 4U);
    EXPECT_EQ(again("UPDATE line SET n = 99 WHERE n = 3; UPDATE line SET n = 3 WHERE n = 5;"
                    "UPDATE line SET n = 5 WHERE n = 99")
                  .front(),
              3U);
    EXPECT_EQ(again("UPDATE line SET n = -n WHERE n > 6; UPDATE line SET n = 1 - n WHERE n < 0;"
                    "INSERT INTO line SELECT 7, of, at, who, role, what, thing, before, after, why, status, hash "
                    "FROM line WHERE n = 5")
                  .front(),
              7U);
}

TEST_F(AuditTest, LinesTakenOffTheEndAreFoundAgainstAHeadThatWasKept)
{
    write_some();
    const auto head = check_audit(file_, {})->head;
    write("later").value();
    EXPECT_EQ(check_audit(file_, head)->kept_at, 10U);

    tamper("DELETE FROM line WHERE n > 8");

    const auto check = check_audit(file_, head);
    EXPECT_THAT(check->findings, IsEmpty()) << "what is left holds";
    EXPECT_EQ(check->kept_at, 0U);
}

TEST_F(AuditTest, ADiskThatIsFullTakesNoLineAndTheChainGoesOnBehindIt)
{
    log_.reset();
    open(24);
    std::uint64_t last = 0;
    std::string code;
    for (int i = 0; i < 5000 && code.empty(); ++i) {
        const auto n = write(std::string(1000, 'x'));
        if (n)
            last = *n;
        else
            code = n.error().code;
    }
    EXPECT_EQ(code, "sqlite_full");
    EXPECT_EQ(write(std::string(1000, 'x')).error().failure_class, FailureClass::transient);
    log_.reset();
    open();

    EXPECT_EQ(write("there is room").value(), last + 1);
    EXPECT_THAT(found(), IsEmpty());
}

TEST_F(AuditTest, AFileThatIsMovedAwayTakesNoLine)
{
    write_some();
    std::filesystem::rename(file_, folder_ / "away.db");
    EXPECT_EQ(write("erp").error().code, "sqlite_file_gone");
    EXPECT_EQ(check_audit(file_, {}).error().code, "audit_unreadable");
    std::filesystem::rename(folder_ / "away.db", file_);
    EXPECT_EQ(write("erp").value(), 11U);
    EXPECT_THAT(found(), IsEmpty());
}

}  // namespace

}  // namespace headgate::observability
