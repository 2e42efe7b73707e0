// Reports that a vendor makes: listed or asked for, waited for, got and read, each once.

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <boost/json.hpp>

#include "core/time.hpp"
#include "net/http/client.hpp"
#include "tests/flow/flow.hpp"
#include "tests/support/headgate_process.hpp"
#include "tests/support/vendor.hpp"

namespace headgate::test {

namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Asked = Vendor::Asked;
using Answer = Vendor::Answer;

class ReportFlow : public ::testing::Test {
protected:
    ReportFlow()
    {
        write_file(folder_ / "conf/connectors/stock/connector.yaml", R"(
signature: { shared_secret: { header: X-Token } }
identity: { topic: .kind, idempotency_key: .id, order_by: .sku }
api: { url: "http://127.0.0.1:{port}/v1", auth: bearer }
topics:
  level: { mappings: [level] }
feeds:
  levels: { files: ["levels-*.csv"], topic: '"level"' }
polls:
  listed:
    path: "/reports?since={.since | url}"
    items: .reports
    changed: .at
    every: 1h
    first: 100d
    report:
      id: "{.id}"
      document: "/documents/{.document | url}"
      url: .url
      gzip: .packed
      hosts: ["localhost"]
      file: "levels-{.id}.csv"
  asked:
    request:
      path: /reports
      body: '{{"kind":"levels","since":{.since | to_json}}}'
      id: .report
      ready: .state == "DONE"
      failed: .state == "FATAL"
      wait: 200ms
    path: "/reports/{.request | url}"
    report: { id: "{.id}", url: .file, file: "levels-{.id}.csv" }
    every: 1h
  changes:
    path: "/changes?since={.since | url}"
    items: .changes
    topic: '"level"'
    key: digest(.sku, .left, "poll")
    changed: .at
    every: 1h
    first: 100d
)");
        write_file(folder_ / "conf/connectors/stock/mappings/level.yaml",
                   "transaction: inventory_level\nentity: stock/{.sku}\nversion: .at // \"2026-11-01T00:00:00Z\" | "
                   "timestamp\nfields:\n  item: { sku: .sku }\n  location: main\n  as_of: .at // "
                   "\"2026-11-01T00:00:00Z\" | timestamp\n  basis: full\n"
                   "  quantities: { on_hand: .left | quantity(\"EA\") }\n");
    }

    bool start(const std::string& polls, std::map<std::string, std::string> environment = {})
    {
        write_file(folder_ / "conf/headgate.yaml", R"(
channels:
  shop:
    connector: stock
    secret: env:TOKEN
    settings: { port: ")" + std::to_string(vendor_.port()) +
                                                       R"(" }
    api: { token: env:API_TOKEN, allow: [127.0.0.0/8, "::1/128"] }
    poll: { )" + (polls.empty() ? "enabled: false" : "only: [" + polls + "]") +
                                                       R"( }
    receive: { folder: )" + in().string() + R"(, stable_for: 0s }
)");
        environment.insert({{"TOKEN", "t0k3n"}, {"API_TOKEN", "api-t0k3n"}});
        headgate_ = std::make_unique<HeadgateProcess>(
            HeadgateProcess::Options{folder_ / "conf", folder_ / "data", std::move(environment), "127.0.0.1:0"});
        return headgate_->start();
    }

    [[nodiscard]] fs::path in() const { return folder_ / "in"; }
    [[nodiscard]] std::string packed(const std::string& text) const
    {
        write_file(folder_ / "text", text);
        if (std::system(("gzip -9kf " + (folder_ / "text").string()).c_str()) != 0)
            return {};
        std::ifstream file(folder_ / "text.gz", std::ios::binary);
        return {std::istreambuf_iterator<char>(file), {}};
    }
    static std::string levels(const std::string& prefix, int rows)
    {
        std::string text = "sku,left\n";
        for (int i = 0; i < rows; ++i)
            text += prefix + std::to_string(i) + "," + std::to_string(i) + "\n";
        return text;
    }
    [[nodiscard]] std::string at_vendor(const std::string& host, const std::string& target) const
    {
        return "http://" + host + ":" + std::to_string(vendor_.port()) + target;
    }
    bool is_read(const std::string& name)
    {
        return happens([&] { return fs::exists(in() / "archive" / (name + ".summary.json")); }) &&
               headgate_->wait_until_quiet(60s);
    }
    std::vector<std::string> ledger(const std::string& sql)
    {
        return ledger_texts((folder_ / "data/ledger.db").string(), sql);
    }
    int count(const std::string& name) { return headgate_->admin_json("/api/v1/verify").at(name).to_number<int>(); }
    CommandResult command(std::vector<std::string> arguments)
    {
        arguments.insert(arguments.end(), {"--data", (folder_ / "data").string()});
        return run_headgate(arguments);
    }

    TemporaryFolder folder_;
    Vendor vendor_{[](const Asked&) { return Answer{404, "{}"}; }};
    std::unique_ptr<HeadgateProcess> headgate_;
};

TEST_F(ReportFlow, ReportsThatAreListedAreGotOnceAndABadOneIsALetter)
{
    const auto zip = packed(levels("A-", 500));
    const std::string reports =
        R"({"reports":[{"id":1,"document":"one","at":"2026-11-01T00:00:00Z"},{"id":2,"document":"gone","at":"2026-11-02T00:00:00Z"},)"
        R"({"id":3,"document":"far","at":"2026-11-03T00:00:00Z"},{"id":4,"document":"four","at":"2026-11-04T00:00:00Z"}]})";
    vendor_.say([&](const Asked& asked) -> Answer {
        if (asked.target.starts_with("/v1/reports"))
            return {200, reports};
        if (asked.target == "/v1/documents/one")
            return {200, R"({"url":")" + at_vendor("localhost", "/files/one?sig=x%2F1") + R"(","packed":true})"};
        if (asked.target == "/v1/documents/far")
            return {200, R"({"url":"http://elsewhere.example/files/far"})"};
        if (asked.target == "/v1/documents/four")
            return {200, R"({"url":")" + at_vendor("127.0.0.1", "/files/four") + R"("})"};
        if (asked.target == "/files/one?sig=x%2F1")
            return {200, zip};
        if (asked.target == "/files/four")
            return {200, levels("D-", 3)};
        return {404, "{}"};
    });
    ASSERT_TRUE(start("listed")) << headgate_->log();
    ASSERT_TRUE(is_read("levels-1.csv")) << headgate_->log();
    ASSERT_TRUE(is_read("levels-4.csv")) << headgate_->log();
    EXPECT_EQ(ledger("select item_sku from inventory_level").size(), 503U);
    const auto letters = headgate_->admin("GET", "/api/v1/dlq").second;
    EXPECT_THAT(letters, HasSubstr("http_404"));
    EXPECT_THAT(letters, HasSubstr("host_not_allowed"));
    for (const auto& asked : vendor_.asked())
        EXPECT_EQ(asked.headers.contains("authorization"), !asked.target.starts_with("/files/one")) << asked.target;

    // The same list again: what was got is not got again, and what is a letter is the same one.
    const auto run = command({"reconcile", "shop", "--since", "2026-11-01T00:00:00Z"});
    EXPECT_EQ(run.code, 0) << run.out << run.err;
    ASSERT_TRUE(headgate_->wait_until_quiet(60s));
    EXPECT_EQ(vendor_.count("/files/one"), 1U);
    EXPECT_EQ(vendor_.count("/files/four"), 1U);
    EXPECT_EQ(vendor_.count("/v1/documents/gone"), 2U) << "it may be there by now";
    EXPECT_EQ(count("accepted"), 505);
    EXPECT_EQ(count("dead"), 2);
}

TEST_F(ReportFlow, AReportIsAskedForAndWaitedForAcrossDeaths)
{
    auto requests = std::make_shared<int>(0);
    auto looks = std::make_shared<int>(0);
    vendor_.say([this, requests, looks](const Asked& asked) -> Answer {
        if (asked.method == "POST" && asked.target == "/v1/reports") {
            EXPECT_THAT(asked.body, HasSubstr(R"({"kind":"levels","since":"20)"));
            EXPECT_EQ(asked.headers.at("content-type"), "application/json");
            return {202, R"({"report":"r )" + std::to_string(++*requests) + "\"}"};
        }
        if (asked.target.starts_with("/v1/reports/r%20"))
            return {200, ++*looks < 3 ? std::string(R"({"state":"IN_PROGRESS"})")
                                      : R"({"state":"DONE","id":")" + asked.target.substr(16) + R"(","file":")" +
                                            at_vendor("127.0.0.1", "/files/it") + "\"}"};
        if (asked.target == "/files/it")
            return {200, levels("A-", 700)};
        return {404, "{}"};
    });
    int deaths = 0;
    for (const auto* fault :
         {"report_requested:1", "report_downloaded:1", "file_placing:1", "file_placed:1", "rows_accepted:1"}) {
        SCOPED_TRACE(fault);
        if (!start("asked", {{"HEADGATE_FAULT", fault}}) || headgate_->wait_until_ended(20s))
            ++deaths;
        else
            headgate_->kill_hard();
    }
    EXPECT_EQ(deaths, 5) << "every one of these places is on the way of a report";
    ASSERT_TRUE(start("asked")) << headgate_->log();
    ASSERT_TRUE(is_read("levels-2.csv")) << headgate_->log();
    EXPECT_EQ(*requests, 2) << "whose answer nobody kept is asked for again, and no other";
    ASSERT_TRUE(happens(
        [&] { return headgate_->admin("GET", "/api/v1/channels/shop/polls").second.contains("\"ran\":\"20"); }));
    EXPECT_EQ(count("accepted"), 700);
    EXPECT_EQ(count("applied"), 700);
    EXPECT_EQ(headgate_->admin("GET", "/api/v1/verify").second.find("finding\""), std::string::npos);
}

TEST_F(ReportFlow, OneThatTheVendorGivesUpIsSaidAndAskedForAnew)
{
    auto requests = std::make_shared<int>(0);
    vendor_.say([this, requests](const Asked& asked) -> Answer {
        if (asked.method == "POST")
            return {202, R"({"report":)" + std::to_string(++*requests) + "}"};
        if (asked.target == "/v1/reports/1")
            return {200, R"({"state":"FATAL"})"};
        if (asked.target == "/v1/reports/2")
            return {200, R"({"state":"DONE","id":2,"file":"/files/it"})"};
        if (asked.target == "/files/it")
            return {200, levels("A-", 2)};
        return {404, "{}"};
    });
    ASSERT_TRUE(start("asked")) << headgate_->log();
    ASSERT_TRUE(headgate_->wait_until_told("/api/v1/channels/shop/polls", "report_failed", 60s)) << headgate_->log();
    EXPECT_THAT(headgate_->admin("GET", "/readyz").second, HasSubstr("poll_shop_asked"));
    ASSERT_TRUE(is_read("levels-2.csv")) << headgate_->log();
    EXPECT_EQ(*requests, 2);
    EXPECT_THAT(ledger("select item_sku from inventory_level order by 1"), ElementsAre("A-0", "A-1"));
}

TEST_F(ReportFlow, TheDaysShowWhatTheVendorHasBesideWhatWasHere)
{
    vendor_.say([](const Asked& asked) -> Answer {
        if (asked.target.starts_with("/v1/changes"))
            return {200, R"({"changes":[{"sku":"A","left":1,"at":"2026-11-01T10:00:00Z"},)"
                         R"({"sku":"B","left":2,"at":"2026-11-01T11:00:00Z"},)"
                         R"({"sku":"C","left":3,"at":"2026-11-02T23:59:59Z"}]})"};
        return {404, "{}"};
    });
    ASSERT_TRUE(start("")) << headgate_->log();
    net::ClientRequest webhook;
    webhook.host = "127.0.0.1";
    webhook.port = static_cast<std::uint16_t>(headgate_->port());
    webhook.method = "POST";
    webhook.target = "/hooks/shop";
    webhook.body = R"({"kind":"level","id":"w-1","sku":"A","left":1,"at":"2026-11-01T10:00:00Z"})";
    webhook.fields = {{"X-Token", "t0k3n"}};
    EXPECT_EQ(net::exchange(webhook).value().status, 200);
    ASSERT_TRUE(headgate_->wait_until_quiet(60s));
    headgate_->terminate();
    ASSERT_TRUE(start("changes")) << headgate_->log();
    ASSERT_TRUE(headgate_->wait_until_told("/api/v1/channels/shop/polls", "\"ran\":\"20", 60s)) << headgate_->log();
    ASSERT_TRUE(headgate_->wait_until_quiet(60s));

    const auto polls = headgate_->admin_json("/api/v1/channels/shop/polls");
    const auto& poll = polls.at("polls").as_array().at(0);
    EXPECT_EQ(
        boost::json::serialize(poll.at("days")),
        R"([{"day":"2026-11-02","vendor":1,"ours":0,"missed":1},{"day":"2026-11-01","vendor":2,"ours":1,"missed":1}])");
    const auto& missed = poll.at("missed").as_array();
    ASSERT_EQ(missed.size(), 2U);
    EXPECT_THAT(boost::json::serialize(missed), HasSubstr("stock/B"));
    EXPECT_THAT(boost::json::serialize(missed), HasSubstr("stock/C"));
    EXPECT_EQ(headgate_->metric("headgate_backfilled_total{channel=\"shop\"}"), 2);
    const auto shown = command({"reconcile", "shop", "--list"});
    EXPECT_THAT(shown.out, ::testing::ContainsRegex("2026-11-01 +changes +2 +1 +1"));
    EXPECT_THAT(shown.out, HasSubstr("stock/B"));
}

}  // namespace

}  // namespace headgate::test
