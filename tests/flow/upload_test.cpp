// Files that are sent by PUT: each once, whatever becomes of the connection and of the process.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <boost/json.hpp>

#include "net/http/client.hpp"
#include "tests/flow/flow.hpp"
#include "tests/support/headgate_process.hpp"
#include "tests/support/small_disk.hpp"

namespace headgate::test {

namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Fields = std::vector<std::pair<std::string, std::string>>;

class UploadFlow : public ::testing::Test {
protected:
    UploadFlow()
    {
        write_file(folder_ / "conf/headgate.yaml", R"(
channels:
  stock:
    connector: stock
    secret: env:TOKEN
    receive: { folder: )" + in().string() + R"(, upload: true, largest: 4MiB }
  signed:
    connector: signed
    secret: env:TOKEN
    receive: { folder: )" + (folder_ / "signed").string() +
                                                       R"(, upload: true }
)");
        for (const auto& [name, signature] :
             {std::pair{"stock", R"(shared_secret: { header: Authorization, prefix: "Bearer " })"},
              {"signed", R"(hmac: { header: X-Signature, encoding: hex })"}}) {
            write_file(folder_ / "conf/connectors" / name / "connector.yaml",
                       std::string("signature: { ") + signature + R"( }
identity: { topic: '"level"', idempotency_key: 'null', order_by: .sku }
feeds:
  levels: { files: ["*.csv"], topic: '"level"' }
topics:
  level: { mappings: [level] }
)");
            write_file(folder_ / "conf/connectors" / name / "mappings/level.yaml",
                       "transaction: inventory_level\nentity: stock/{.sku}\nversion: $event.received_at | timestamp\n"
                       "fields:\n  item: { sku: .sku }\n  location: main\n  as_of: $event.received_at | timestamp\n"
                       "  basis: full\n  quantities: { on_hand: .left | quantity(\"EA\") }\n");
        }
        headgate_ = std::make_unique<HeadgateProcess>(
            HeadgateProcess::Options{folder_ / "conf", folder_ / "data", {{"TOKEN", "t0k3n"}}, "127.0.0.1:0"});
    }

    [[nodiscard]] fs::path in() const { return folder_ / "in"; }

    std::pair<int, std::string> put(const std::string& target, const std::string& body,
                                    const Fields& fields = {{"Authorization", "Bearer t0k3n"}},
                                    const std::string& method = "PUT")
    {
        net::ClientRequest request;
        request.host = "127.0.0.1";
        request.port = static_cast<std::uint16_t>(headgate_->port());
        request.method = method;
        request.target = target;
        request.body = body;
        request.fields = fields;
        const auto answer = net::exchange(request);
        return answer ? std::pair{answer->status, answer->body} : std::pair{0, answer.error().detail};
    }
    static std::string levels(int rows)
    {
        std::string text = "sku,left\n";
        for (int i = 0; i < rows; ++i)
            text += "S-" + std::to_string(i) + "," + std::to_string(i) + "\n";
        return text;
    }
    bool is_read(const fs::path& folder, const std::string& name)
    {
        return happens([&] { return fs::exists(folder / "archive" / (name + ".summary.json")); }) &&
               headgate_->wait_until_quiet(60s);
    }
    std::vector<std::string> ledger(const std::string& sql)
    {
        return ledger_texts((folder_ / "data/ledger.db").string(), sql);
    }
    int count(const std::string& name) { return headgate_->admin_json("/api/v1/verify").at(name).to_number<int>(); }
    /// What came and is nowhere.
    [[nodiscard]] std::size_t left_over() const
    {
        std::size_t files = 0;
        std::error_code error;
        for (fs::directory_iterator at(in() / ".coming", error), end; !error && at != end; at.increment(error))
            ++files;
        return files;
    }

    TemporaryFolder folder_;
    std::unique_ptr<HeadgateProcess> headgate_;
};

TEST_F(UploadFlow, AFileThatIsSentIsReadLikeOneThatWasDroppedAndOnce)
{
    ASSERT_TRUE(headgate_->start()) << headgate_->log();
    const auto first = put("/feeds/stock/levels.csv", levels(1000));
    EXPECT_EQ(first.first, 201) << first.second;
    EXPECT_EQ(first.second, R"({"file":"levels.csv","bytes":)" + std::to_string(levels(1000).size()) + "}");
    ASSERT_TRUE(is_read(in(), "levels.csv")) << headgate_->log();
    EXPECT_EQ(count("applied"), 1000);

    const auto again = put("/feeds/stock/levels.csv", levels(1000));
    EXPECT_EQ(again.first, 200) << again.second;
    EXPECT_THAT(again.second, HasSubstr("\"duplicate\":true"));
    EXPECT_EQ(put("/feeds/stock/levels.csv", levels(1001)).first, 201) << "other bytes are another file";
    ASSERT_TRUE(is_read(in(), "levels.csv.1")) << headgate_->log();
    EXPECT_EQ(count("accepted"), 2001);
    EXPECT_EQ(left_over(), 0U);

    // What was true once is news when something else was true in between.
    EXPECT_EQ(put("/feeds/stock/levels.csv", levels(1000)).first, 201);
    ASSERT_TRUE(is_read(in(), "levels.csv.2")) << headgate_->log();
    EXPECT_EQ(count("accepted"), 3001);
    EXPECT_EQ(put("/feeds/stock/levels.csv", levels(1000)).first, 200);

    // One that could not be taken does not stand between.
    fs::create_directory(in() / "work/levels.csv");
    EXPECT_EQ(put("/feeds/stock/levels.csv", levels(7)).first, 409);
    fs::remove(in() / "work/levels.csv");
    EXPECT_THAT(put("/feeds/stock/levels.csv", levels(1000)).second, HasSubstr("\"duplicate\":true"));
    EXPECT_EQ(put("/feeds/stock/levels.csv", levels(7)).first, 201);
    EXPECT_EQ(headgate_->admin("GET", "/api/v1/verify").second.find("finding\""), std::string::npos);
}

TEST_F(UploadFlow, WhoMayNotSendLeavesNothingBehind)
{
    ASSERT_TRUE(headgate_->start()) << headgate_->log();
    const auto refused = [&](std::pair<int, std::string> answer, int status, const char* code) {
        EXPECT_EQ(answer.first, status) << answer.second;
        EXPECT_THAT(answer.second, HasSubstr(code));
    };
    const std::string body = levels(3);
    refused(put("/feeds/stock/levels.csv", body, {{"Authorization", "Bearer wrong"}}), 401, "secret_wrong");
    refused(put("/feeds/stock/levels.csv", body, {}), 401, "secret_not_given");
    refused(put("/feeds/nobody/levels.csv", body), 404, "unknown_channel");
    refused(put("/feeds/stock", body), 404, "unknown_channel");
    refused(put("/feeds/stock/levels.csv", body, {{"Authorization", "Bearer t0k3n"}}, "POST"), 405,
            "method_not_allowed");
    for (const auto* name : {"..", ".hidden.csv", "a.csv.tmp", "a/b.csv", "%2e%2e%2fa.csv", ""})
        refused(put(std::string("/feeds/stock/") + name, body), 400, "bad_file_name");
    refused(put("/feeds/stock/levels.xml", body), 400, "unknown_file");
    refused(put("/feeds/stock/levels.csv", body, {{"Authorization", "Bearer t0k3n"}, {"Content-Encoding", "gzip"}}),
            415, "content_encoding_unsupported");
    refused(put("/feeds/stock/levels.csv", std::string((4U << 20U) + 1, 'x')), 413, "file_too_large");
    EXPECT_EQ(left_over(), 0U);
    EXPECT_FALSE(fs::exists(in() / "work/levels.csv"));
    EXPECT_EQ(count("accepted"), 0);
}

TEST_F(UploadFlow, ASignatureOverTheBytesIsJudgedWhenTheyAreThere)
{
    ASSERT_TRUE(headgate_->start()) << headgate_->log();
    // printf 'sku,left\nA-1,7\n' | openssl dgst -sha256 -hmac t0k3n
    const std::string body = "sku,left\nA-1,7\n";
    const std::string digest = "4fd2e5f37bba8618584065f1442cbad294560e1cee9918776d9f01a8870eae12";
    const auto wrong = put("/feeds/signed/levels.csv", body + "A-2,8\n", {{"X-Signature", digest}});
    EXPECT_EQ(wrong.first, 401) << wrong.second;
    EXPECT_THAT(wrong.second, HasSubstr("signature_wrong"));
    const auto right = put("/feeds/signed/levels.csv", body, {{"X-Signature", digest}});
    EXPECT_EQ(right.first, 201) << right.second;
    ASSERT_TRUE(is_read(folder_ / "signed", "levels.csv")) << headgate_->log();
    EXPECT_THAT(ledger("select item_sku from inventory_level"), ElementsAre("A-1"));
}

TEST_F(UploadFlow, ASenderThatGoesInTheMidstLeavesNothingAndSendsAgain)
{
    ASSERT_TRUE(headgate_->start()) << headgate_->log();
    const std::string body = levels(50'000);
    {
        asio::io_context io;
        asio::ip::tcp::socket socket(io);
        socket.connect({asio::ip::make_address("127.0.0.1"), static_cast<std::uint16_t>(headgate_->port())});
        asio::write(socket, asio::buffer("PUT /feeds/stock/levels.csv HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer "
                                         "t0k3n\r\nContent-Length: " +
                                         std::to_string(body.size()) + "\r\n\r\n" + body.substr(0, 400'000)));
        ASSERT_TRUE(happens([&] { return left_over() == 1; })) << "it comes";
    }
    ASSERT_TRUE(happens([&] { return left_over() == 0; })) << "and is gone";
    EXPECT_FALSE(fs::exists(in() / "work/levels.csv"));
    EXPECT_EQ(put("/feeds/stock/levels.csv", body).first, 201);
}

TEST_F(UploadFlow, WhatACrashLeftHalfwayIsRemovedADayLater)
{
    write_file(in() / ".coming/old.csv.AbCdEf", "half");
    write_file(in() / ".coming/new.csv.AbCdEf", "half");
    fs::last_write_time(in() / ".coming/old.csv.AbCdEf", fs::file_time_type::clock::now() - 25h);
    ASSERT_TRUE(headgate_->start()) << headgate_->log();
    ASSERT_TRUE(happens([&] { return !fs::exists(in() / ".coming/old.csv.AbCdEf"); }));
    EXPECT_TRUE(fs::exists(in() / ".coming/new.csv.AbCdEf"));
}

TEST_F(UploadFlow, WhoeverDiesWhileAFileComesReadsItOnce)
{
    const std::string body = levels(2000);
    int deaths = 0;
    int answered = 0;
    for (const auto* fault : {"file_placing:1", "file_placed:1", "rows_accepted:1", "file_read:1", "file_moved:1"}) {
        SCOPED_TRACE(fault);
        headgate_->environment("HEADGATE_FAULT", fault);
        if (!headgate_->start()) {
            ++deaths;
            continue;
        }
        answered += put("/feeds/stock/levels.csv", body).first / 100 == 2 ? 1 : 0;
        if (headgate_->wait_until_ended(20s))
            ++deaths;
        else
            headgate_->kill_hard();
    }
    EXPECT_GE(deaths, 4);
    EXPECT_GE(answered, 1);
    headgate_->unset("HEADGATE_FAULT");
    ASSERT_TRUE(headgate_->start()) << headgate_->log();
    const auto last = put("/feeds/stock/levels.csv", body);
    EXPECT_EQ(last.first, 200) << last.second;
    ASSERT_TRUE(is_read(in(), "levels.csv")) << headgate_->log();
    EXPECT_EQ(count("accepted"), 2000);
    EXPECT_EQ(count("applied"), 2000);
    EXPECT_FALSE(fs::exists(in() / "archive/levels.csv.1")) << "it was there once";
}

TEST_F(UploadFlow, AFullDiskIsSaidAndNothingIsLeftOfTheFile)
{
    std::string why;
    const auto disk = SmallDisk::mount(in(), 1U << 20U, why);
    if (!disk)
        GTEST_SKIP() << "no small disk here: " << why;
    ASSERT_TRUE(headgate_->start()) << headgate_->log();
    // Not much larger than the disk: who goes on sending megabytes behind the answer, as this client does, loses it.
    const auto answer = put("/feeds/stock/levels.csv", levels(100'000));
    EXPECT_EQ(answer.first, 507) << answer.second;
    EXPECT_THAT(answer.second, HasSubstr("disk_full"));
    EXPECT_EQ(left_over(), 0U);
    EXPECT_EQ(put("/feeds/stock/levels.csv", levels(10)).first, 201);
    ASSERT_TRUE(is_read(in(), "levels.csv")) << headgate_->log();
}

}  // namespace

}  // namespace headgate::test
