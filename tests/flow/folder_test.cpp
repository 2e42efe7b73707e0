// Files that are dropped into a folder: each row once, whatever becomes of the file and of the process.

#include <sqlite3.h>
#include <sys/stat.h>

#include <fstream>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <boost/json.hpp>

#include "tests/flow/flow.hpp"
#include "tests/support/headgate_process.hpp"

namespace headgate::test {

namespace {

namespace json = boost::json;
using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class FolderFlow : public ::testing::Test {
protected:
    FolderFlow()
    {
        fs::create_directories(in());
        write_file(folder_ / "conf/headgate.yaml", R"(
channels:
  stock: { connector: stock, receive: { folder: )" + in().string() +
                                                       R"(, stable_for: 0s } }
)");
        write_file(folder_ / "conf/connectors/stock/connector.yaml", R"(
identity: { topic: 'if .group then "batch" else null', idempotency_key: 'null', order_by: .sku // .group }
feeds:
  grouped: { files: ["grouped-*"], csv: { delimiter: ";" }, group: batch, topic: '"grouped"' }
  needed: { files: ["needed-*"], columns: [sku, left], topic: '"level"' }
  levels: { files: ["*.csv"], csv: { encoding: windows-1252 }, topic: '"level"', key: 'if .key then .key else null' }
topics:
  level: { mappings: [level] }
  grouped: { mappings: [grouped] }
)");
        const std::string fields = R"(fields:
  item: { sku: .sku, title: .title }
  location: main
  as_of: $event.received_at | timestamp
  basis: full
  quantities: { on_hand: .left | quantity("EA") }
)";
        write_file(
            folder_ / "conf/connectors/stock/mappings/level.yaml",
            "transaction: inventory_level\nentity: stock/{.sku}\nversion: $event.received_at | timestamp\n" + fields);
        write_file(folder_ / "conf/connectors/stock/mappings/grouped.yaml",
                   "transaction: inventory_level\neach: .rows\nentity: stock/{$doc.group}/{.sku}\n"
                   "version: $event.received_at | timestamp\n" +
                       fields);
        headgate_ = std::make_unique<HeadgateProcess>(
            HeadgateProcess::Options{folder_ / "conf", folder_ / "data", {}, "127.0.0.1:0"});
    }

    [[nodiscard]] fs::path in() const { return folder_ / "in"; }
    /// As a careful sender drops it: under another name first.
    void drop(const std::string& name, const std::string& text)
    {
        write_file(in() / ("." + name), text);
        fs::rename(in() / ("." + name), in() / name);
    }
    bool is_read(const std::string& name, const char* folder = "archive")
    {
        return happens([&] { return fs::exists(in() / folder / (name + ".summary.json")); }) &&
               headgate_->wait_until_quiet(60s);
    }
    json::value summary(const std::string& name, const char* folder = "archive")
    {
        std::ifstream file(in() / folder / (name + ".summary.json"));
        return json::parse(std::string(std::istreambuf_iterator<char>(file), {}));
    }
    std::vector<std::string> ledger(const std::string& sql)
    {
        return ledger_texts((folder_ / "data/ledger.db").string(), sql);
    }
    int count(const std::string& name) { return headgate_->admin_json("/api/v1/verify").at(name).to_number<int>(); }

    TemporaryFolder folder_;
    std::unique_ptr<HeadgateProcess> headgate_;
};

TEST_F(FolderFlow, EachRowIsAnEventAndABadOneALetterWithItsLine)
{
    ASSERT_TRUE(headgate_->start()) << headgate_->log();
    drop("eu.csv", "sku,left,title\r\nA-1,3,\"Anker, gro\xDF\"\r\nA-2,x,\r\nA-3,1\r\nA-4,7,\"two\nlines\"\r\n");
    drop("readme.txt", "no feed takes this");
    ASSERT_TRUE(is_read("eu.csv")) << headgate_->log();
    EXPECT_THAT(
        ledger("select item_sku || ' ' || quantities_on_hand || ' ' || item_title from inventory_level order by 1"),
        ElementsAre("A-1 3 Anker, gro\xC3\x9F", "A-4 7 two\nlines"));
    const auto letters = headgate_->admin("GET", "/api/v1/dlq").second;
    EXPECT_THAT(letters, HasSubstr("csv_row_ragged"));
    EXPECT_THAT(letters, HasSubstr("line 4"));
    EXPECT_EQ(count("dead"), 2) << "one that is ragged, one whose number is none";
    EXPECT_TRUE(fs::exists(in() / "readme.txt"));
    EXPECT_TRUE(headgate_->wait_until_told("/readyz", "no feed of its connector takes, readme.txt", 60s));
    EXPECT_THAT(headgate_->log(), HasSubstr("file=readme.txt"));
    fs::remove(in() / "readme.txt");
    EXPECT_TRUE(happens([&] { return !headgate_->admin("GET", "/readyz").second.contains("readme"); }));
    EXPECT_TRUE(fs::exists(in() / "archive/eu.csv"));
    const auto told = summary("eu.csv");
    EXPECT_EQ(told.at("rows").as_int64(), 3);
    EXPECT_EQ(told.at("bad_rows").as_int64(), 1);
    EXPECT_EQ(told.at("fresh").as_int64(), 4);

    // The ragged one, completed by hand.
    std::string ragged;
    const auto all = headgate_->admin_json("/api/v1/dlq");
    for (const auto& letter : all.at("letters").as_array())
        if (letter.at("code").as_string() == "csv_row_ragged")
            ragged = std::string(letter.at("letter").as_string());
    const auto shown = headgate_->admin("GET", "/api/v1/events/" + ragged + "/raw?reveal=true&why=test").second;
    EXPECT_EQ(shown, R"({"file":"eu.csv","line":4,"row":"A-3,1"})");
    const auto edited = headgate_->admin(
        "POST", "/api/v1/dlq/" + ragged + "/edit",
        R"({"why":"completed","edits":[{"op":"set","path":"/sku","value":"A-3"},{"op":"set","path":"/left","value":"1"}]})");
    EXPECT_EQ(edited.first, 200) << edited.second;
    EXPECT_EQ(headgate_->admin("POST", "/api/v1/dlq/" + ragged + "/replay", R"({"why":"completed"})").first, 200);
    ASSERT_TRUE(headgate_->wait_until_told("/api/v1/verify", "\"dead\":1", 60s));
    ASSERT_TRUE(headgate_->wait_until_quiet(60s));
    EXPECT_THAT(ledger("select item_sku from inventory_level order by 1"), ElementsAre("A-1", "A-3", "A-4"));
}

TEST_F(FolderFlow, RowsOfOneGroupAreOneEvent)
{
    ASSERT_TRUE(headgate_->start()) << headgate_->log();
    drop("grouped-1", "batch;sku;left\n7;A;1\n7;B;2\n8;A;3\n8;B\n8;C;4\n7;D;5\n");
    ASSERT_TRUE(is_read("grouped-1")) << headgate_->log();
    EXPECT_THAT(ledger("select entity from inventory_level order by 1"),
                ElementsAre("stock/7/A", "stock/7/B", "stock/8/A"));
    EXPECT_EQ(count("accepted"), 5) << "7, 8, a bad row, 8 again, 7 again";
    EXPECT_EQ(count("dead"), 3) << "a part of a group is not taken for the whole";
    EXPECT_THAT(headgate_->admin("GET", "/api/v1/dlq").second, HasSubstr("feed_group_again"));

    drop("grouped-2", "batch;sku;left\n9;A;1\n;X;5\n9;B;2\n");
    ASSERT_TRUE(is_read("grouped-2")) << headgate_->log();
    EXPECT_THAT(ledger("select entity from inventory_level where entity like 'stock/9/%' order by 1"),
                ElementsAre("stock/9/A", "stock/9/B"))
        << "a row of no group ends none";
    EXPECT_EQ(count("accepted"), 7);
    EXPECT_EQ(summary("grouped-2").at("rows").as_int64(), 3);
}

TEST_F(FolderFlow, AGroupThatIsTooLargeIsALetterAndItsNeighboursAreNot)
{
    ASSERT_TRUE(headgate_->start()) << headgate_->log();
    const std::string wide(100'000, 'x');
    std::string text = "batch;sku;left;note\n1;A;1;\n";
    for (int i = 0; i < 200; ++i)
        text += "2;B" + std::to_string(i) + ";1;" + wide + "\n";
    drop("grouped-large", text + "3;C;1;\n");
    ASSERT_TRUE(is_read("grouped-large")) << headgate_->log();
    EXPECT_THAT(ledger("select entity from inventory_level order by 1"), ElementsAre("stock/1/A", "stock/3/C"));
    EXPECT_THAT(headgate_->admin("GET", "/api/v1/dlq").second, HasSubstr("200 rows from line 3 on"));
}

TEST_F(FolderFlow, ASenderThatOnlyPausedIsWaitedFor)
{
    write_file(folder_ / "conf/headgate.yaml", "channels:\n  stock: { connector: stock, receive: { folder: " +
                                                   in().string() + ", stable_for: 1s } }\n");
    ASSERT_TRUE(headgate_->start()) << headgate_->log();
    std::ofstream file(in() / "slow.csv");
    file << "sku,left,title\n";
    int rows = 0;
    const auto more = [&](int count) {
        for (int end = rows + count; rows < end; ++rows)
            file << "S-" << rows << "," << rows << ",x\n";
        file.flush();
    };
    more(3000);  // takes a while to be accepted
    ASSERT_TRUE(happens([&] { return fs::exists(in() / "work/slow.csv"); }));
    for (int i = 0; i < 20; ++i) {
        more(1);
        ASSERT_TRUE(happens([&] { return headgate_->admin("GET", "/livez").first == 200; }));
    }
    file.close();
    ASSERT_TRUE(is_read("slow.csv")) << headgate_->log();
    EXPECT_EQ(ledger("select id from inventory_level").size(), 3020U);
}

TEST_F(FolderFlow, AFileThatIsNoneIsALetterAndGoesAside)
{
    ASSERT_TRUE(headgate_->start()) << headgate_->log();
    drop("twice.csv", "sku,sku\nA,B\n");
    drop("empty.csv", "");
    ASSERT_TRUE(is_read("twice.csv", "error")) << headgate_->log();
    ASSERT_TRUE(is_read("empty.csv", "error")) << headgate_->log();
    const auto letters = headgate_->admin("GET", "/api/v1/dlq").second;
    EXPECT_THAT(letters, HasSubstr("csv_column_repeated"));
    EXPECT_THAT(letters, HasSubstr("csv_no_header"));
    // Of the same name again: nothing is replaced.
    drop("twice.csv", "sku,sku\nA,B\nC,D\n");
    ASSERT_TRUE(is_read("twice.csv.1", "error")) << headgate_->log();
    EXPECT_TRUE(fs::exists(in() / "error/twice.csv"));
}

TEST_F(FolderFlow, AQuoteThatIsNotClosedTellsWhatItTookAlong)
{
    ASSERT_TRUE(headgate_->start()) << headgate_->log();
    std::string text = "sku,left,title\nA-0,1,\nA-1,2,\"open\n";
    const std::size_t begins = text.find("A-1");
    for (int i = 2; i < 20'000; ++i)
        text += "A-" + std::to_string(i) + ",3,\n";
    drop("eu.csv", text);
    ASSERT_TRUE(is_read("eu.csv")) << headgate_->log();
    EXPECT_THAT(ledger("select item_sku from inventory_level"), ElementsAre("A-0"));
    const auto letters = headgate_->admin_json("/api/v1/dlq");
    ASSERT_EQ(letters.at("letters").as_array().size(), 1U);
    const auto& letter = letters.at("letters").as_array()[0];
    EXPECT_EQ(letter.at("code").as_string(), "csv_quote_open");
    const std::string id(letter.at("letter").as_string());
    EXPECT_THAT(headgate_->admin("GET", "/api/v1/dlq/" + id).second, HasSubstr("it goes on to"));
    const auto shown = headgate_->admin("GET", "/api/v1/events/" + id + "/raw?reveal=true&why=test").second;
    EXPECT_THAT(shown, HasSubstr("\"row_bytes\":" + std::to_string(text.size() - begins) + "}"));
}

TEST_F(FolderFlow, AFileWithoutAColumnThatIsNeededIsOneLetter)
{
    ASSERT_TRUE(headgate_->start()) << headgate_->log();
    std::string text = "Kunde;left\n";
    for (int i = 0; i < 50; ++i)
        text += "A-" + std::to_string(i) + ";1\n";
    drop("needed-1", text);
    ASSERT_TRUE(is_read("needed-1", "error")) << headgate_->log();
    EXPECT_EQ(count("dead"), 1);
    const auto letters = headgate_->admin("GET", "/api/v1/dlq").second;
    EXPECT_THAT(letters, HasSubstr("feed_column_missing"));
    EXPECT_THAT(letters, HasSubstr("no column `sku` among the 1 of its first line, cut at `,`"));
    EXPECT_THAT(headgate_->log(), ::testing::Not(HasSubstr("Kunde")));

    drop("needed-1", "left,sku\n4,A-1\n");
    ASSERT_TRUE(is_read("needed-1")) << headgate_->log();
    EXPECT_THAT(ledger("select item_sku from inventory_level"), ElementsAre("A-1"));
}

TEST_F(FolderFlow, TheSameRowsInAnotherFileAreToldAgainAndWhatTheyMeanDecides)
{
    ASSERT_TRUE(headgate_->start()) << headgate_->log();
    const auto level = [&] { return ledger("select quantities_on_hand from inventory_level"); };
    for (const auto& [left, expected] : {std::pair{"5", "5"}, {"7", "7"}, {"5", "5"}}) {
        drop("stock.csv", std::string("sku,left,title\nA,") + left + ",x\n");
        ASSERT_TRUE(happens([&] { return !fs::exists(in() / "stock.csv") && !fs::exists(in() / "work/stock.csv"); }));
        ASSERT_TRUE(headgate_->wait_until_quiet(60s));
        EXPECT_THAT(level(), ElementsAre(expected));
    }
}

TEST_F(FolderFlow, AFileIsReadToItsEndThoughHistoryCannotBeWritten)
{
    ASSERT_TRUE(headgate_->start()) << headgate_->log();
    sqlite3* database = nullptr;
    ASSERT_EQ(sqlite3_open((folder_ / "data/history.db").c_str(), &database), SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(database, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
    std::string text = "sku,left,title,note\n";  // more than is remembered of what history has not got
    std::mt19937 any(7);
    for (int i = 0; i < 3000; ++i) {
        text += "A-" + std::to_string(i) + ",1,,";
        for (int letter = 0; letter < 4000; ++letter)  // hard to pack
            text += static_cast<char>('a' + any() % 26);
        text += "\n";
    }
    drop("eu.csv", text);
    EXPECT_TRUE(headgate_->wait_until_told("/readyz", "history_behind", 60s)) << headgate_->log();
    EXPECT_TRUE(headgate_->wait_until_told("/api/v1/verify", "\"applied\":3000", 120s)) << headgate_->log();
    EXPECT_EQ(sqlite3_exec(database, "ROLLBACK", nullptr, nullptr, nullptr), SQLITE_OK);
    sqlite3_close(database);
    ASSERT_TRUE(is_read("eu.csv")) << headgate_->log();
    EXPECT_THAT(ledger("select count(*) from inventory_level"), ElementsAre("3000"));
    EXPECT_THAT(ledger_texts((folder_ / "data/history.db").string(), "select count(*) from body"), ElementsAre("3000"));
}

TEST_F(FolderFlow, WhoeverDiesInTheMidstGoesOnAtThatRow)
{
    constexpr int rows = 3000;
    std::string text = "sku,left,title\n";
    for (int i = 0; i < rows; ++i)
        text += "S-" + std::to_string(i) + "," + std::to_string(i) + ",\"row\n" + std::to_string(i) + "\"\n";
    drop("big.csv", text);
    int deaths = 0;
    for (const auto* fault : {"file_claimed:1", "accept_stored:1", "rows_accepted:1", "rows_accepted:2",
                              "accept_stored:700", "after_finish:100", "file_read:1", "file_moved:1"}) {
        SCOPED_TRACE(fault);
        headgate_->environment("HEADGATE_FAULT", fault);
        if (!headgate_->start() || headgate_->wait_until_ended(20s))
            ++deaths;
        else
            headgate_->kill_hard();
    }
    EXPECT_GE(deaths, 7);
    headgate_->unset("HEADGATE_FAULT");
    ASSERT_TRUE(headgate_->start()) << headgate_->log();
    ASSERT_TRUE(is_read("big.csv")) << headgate_->log();
    EXPECT_EQ(count("accepted"), rows);
    EXPECT_EQ(count("applied"), rows);
    EXPECT_EQ(ledger("select sum(quantities_on_hand) from inventory_level").front().substr(0, 7),
              std::to_string(rows * (rows - 1) / 2));
    EXPECT_EQ(summary("big.csv").at("rows").as_int64(), rows);
    EXPECT_EQ(headgate_->admin("GET", "/api/v1/verify").second.find("finding\""), std::string::npos);
}

}  // namespace

}  // namespace headgate::test
