// What a vendor is asked for: documents that its events only name, and what no webhook brought.

#include <atomic>
#include <filesystem>
#include <fstream>
#include <future>
#include <thread>

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

namespace json = boost::json;
using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Asked = Vendor::Asked;
using Answer = Vendor::Answer;

class VendorApiFlow : public ::testing::Test {
protected:
    VendorApiFlow()
    {
        connector(R"(  auth: refresh_token
  token_url: http://127.0.0.1:{PORT}/token
  token_header: X-Access-Token
  client_in_body: true
)");
        write("connectors/stock/mappings/level.yaml", R"(transaction: inventory_level
entity: stock/{.stock.sku}
version: .stock.at | timestamp
fields:
  item: { sku: .stock.sku }
  location: = .note // "main"
  as_of: .stock.at | timestamp
  basis: full
  quantities: { on_hand: .stock.left | quantity("EA") }
)");
    }

    void connector(const std::string& api)
    {
        api_ = api;
        std::string text = R"(signature: { shared_secret: { header: X-Token } }
identity: { topic: .kind, idempotency_key: .id, order_by: .stock.sku // .sku }
document: if .fetched then . else .
api:
  url: http://127.0.0.1:{shop_port}/v1
  headers: [{ name: X-Version, value: "7" }]
)" + api + R"(
topics:
  changed:
    fetch: { path: "/stock/{.sku | url}?full=yes", into: /stock }
    mappings: [level]
  listed:
    fetch: { path: "/levels?batch={.batch | url}", into: /list, items: .levels, next: { parameter: after, value: .next } }
    mappings: [listed]
  polled: { mappings: [level] }
polls:
  levels:
    path: "/levels?since={.since}&limit=2"
    items: .levels
    next: { parameter: after, value: .next }
    topic: '"polled"'
    key: digest(.stock.sku, .stock.at)
    changed: .stock.at
    every: 1h
    overlap: 10s
    first: 1d
)";
        for (auto at = text.find("{PORT}"); at != std::string::npos; at = text.find("{PORT}"))
            text.replace(at, 6, std::to_string(vendor_.port()));
        write("connectors/stock/connector.yaml", text);
        write("connectors/stock/mappings/listed.yaml", R"(transaction: inventory_level
each: .list[]
entity: stock/{.stock.sku}
version: .stock.at | timestamp
fields:
  item: { sku: .stock.sku }
  location: main
  as_of: .stock.at | timestamp
  basis: full
  quantities: { on_hand: .stock.left | quantity("EA") }
)");
    }

    bool start(const std::string& more = {}, std::map<std::string, std::string> environment = {})
    {
        write("headgate.yaml", R"(
channels:
  shop:
    connector: stock
    secret: env:TOKEN
    settings: { shop_port: ")" + std::to_string(vendor_.port()) +
                                   R"(" }
    api: { )" + login_ + R"( allow: [127.0.0.0/8] }
)" + more);
        environment.insert({{"TOKEN", "t0k3n"}, {"CLIENT_SECRET", "s3cret&"}, {"REFRESH", "r/1"}});
        headgate_ = std::make_unique<HeadgateProcess>(
            HeadgateProcess::Options{folder_ / "conf", folder_ / "data", std::move(environment), "127.0.0.1:0"});
        return headgate_->start();
    }

    void write(const std::string& name, const std::string& text) { write_file(folder_ / "conf" / name, text); }

    std::pair<int, std::string> post(std::string body, const std::string& target = "/hooks/shop")
    {
        net::ClientRequest request;
        request.host = "127.0.0.1";
        request.port = static_cast<std::uint16_t>(headgate_->port());
        request.method = "POST";
        request.target = target;
        request.body = std::move(body);
        request.fields = {{"X-Token", "t0k3n"}};
        const auto answer = net::exchange(request);
        return answer ? std::pair{answer->status, answer->body} : std::pair{0, answer.error().detail};
    }
    std::pair<int, std::string> changed(const std::string& id, const std::string& sku, const std::string& more = {})
    {
        return post(R"({"kind":"changed","id":")" + id + R"(","sku":")" + sku + "\"" + more + "}");
    }

    /// What the vendor says when all is well.
    static Answer usual(const Asked& asked)
    {
        if (asked.target == "/token")
            return {200, R"({"access_token":"a-1","token_type":"bearer","expires_in":3600})"};
        if (asked.target.starts_with("/v1/stock/")) {
            const auto sku = asked.target.substr(10, asked.target.find('?') - 10);
            return {200, R"({"sku":")" + sku + R"(","left":7,"at":"2026-11-02T10:00:00Z"})"};
        }
        return {404, "{}"};
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
    Vendor vendor_{usual};
    std::string api_;
    std::string login_ = "client_id: me, client_secret: env:CLIENT_SECRET, refresh_token: env:REFRESH,";
    std::unique_ptr<HeadgateProcess> headgate_;
};

TEST_F(VendorApiFlow, AThinEventIsFetchedAndMappedWithWhatItSaidItself)
{
    ASSERT_TRUE(start()) << headgate_->log();
    EXPECT_EQ(changed("e-1", "A-1", R"(,"note":"north")").first, 200);
    EXPECT_EQ(changed("e-2", "A-2").first, 200);
    ASSERT_TRUE(headgate_->wait_until_quiet(60s)) << headgate_->admin("GET", "/api/v1/dlq").second << headgate_->log();
    EXPECT_THAT(
        ledger("select item_sku || ' ' || location || ' ' || quantities_on_hand from inventory_level order by 1"),
        ElementsAre("A-1 north 7", "A-2 main 7"));
    EXPECT_EQ(vendor_.count("/token"), 1U) << "one token serves all";
    for (const auto& asked : vendor_.asked()) {
        if (asked.target == "/token") {
            EXPECT_EQ(asked.body, "grant_type=refresh_token&refresh_token=r%2F1&client_id=me&client_secret=s3cret%26");
            EXPECT_FALSE(asked.headers.contains("authorization"));
            continue;
        }
        EXPECT_THAT(asked.target, HasSubstr("?full=yes"));
        EXPECT_EQ(asked.headers.at("x-access-token"), "a-1");
        EXPECT_EQ(asked.headers.at("x-version"), "7");
    }
    EXPECT_EQ(count("accepted"), 4);
    EXPECT_EQ(count("suppressed"), 2) << "the thin ones: fetched";
    EXPECT_THAT(headgate_->admin("GET", "/api/v1/events?state=suppressed").second, HasSubstr("\"fetched\""));

    // The same told again is known, and nothing is asked for it.
    const auto asked_before = vendor_.asked().size();
    EXPECT_THAT(changed("e-2", "A-2").second, HasSubstr("\"duplicate\":true"));
    ASSERT_TRUE(headgate_->wait_until_quiet(60s));
    EXPECT_EQ(vendor_.asked().size(), asked_before);
}

TEST_F(VendorApiFlow, EventsThatComeWhileTheirDocumentIsFetchedShareTheNextOne)
{
    std::promise<void> first_may_go;
    std::promise<void> first_is_there;
    int asked_for_it = 0;
    vendor_.say([&, may_go = first_may_go.get_future().share()](const Asked& asked) -> Answer {
        if (!asked.target.starts_with("/v1/stock/A-1"))
            return usual(asked);
        if (++asked_for_it == 1) {
            first_is_there.set_value();
            may_go.wait();
        }
        const auto left = std::to_string(asked_for_it);
        return {200, R"({"sku":"A-1","left":)" + left + R"(,"at":"2026-11-02T10:00:0)" + left + R"(Z"})"};
    });
    ASSERT_TRUE(start()) << headgate_->log();
    EXPECT_EQ(changed("e-0", "A-1").first, 200);
    first_is_there.get_future().wait();
    for (int i = 1; i <= 4; ++i)
        EXPECT_EQ(changed("e-" + std::to_string(i), "A-1").first, 200);
    std::this_thread::sleep_for(100ms);  // they are older than the next asking by more than clocks differ
    first_may_go.set_value();
    ASSERT_TRUE(headgate_->wait_until_quiet(60s)) << headgate_->admin("GET", "/api/v1/dlq").second << headgate_->log();
    EXPECT_EQ(vendor_.count("/v1/stock/A-1"), 2U) << "the first does not know what happened behind it";
    EXPECT_THAT(ledger("select quantities_on_hand from inventory_level"), ElementsAre("2"));
    EXPECT_EQ(count("accepted"), 10);
}

TEST_F(VendorApiFlow, ARefreshTokenThatIsReplacedWithEachUseOutlivesTheProcess)
{
    // A vendor that takes each refresh token once.
    std::string good = "r/1";
    int given = 0;
    std::string lifetime = "3600";
    vendor_.say([&](const Asked& asked) -> Answer {
        if (asked.target != "/token")
            return usual(asked);
        if (!asked.body.contains("refresh_token=" + good.substr(0, 1) + "%2F" + good.substr(2) + "&"))
            return {400, R"({"error":"invalid_grant"})"};
        good = "r/" + std::to_string(++given + 1);
        return {200, R"({"access_token":"a-)" + std::to_string(given) + R"(","expires_in":)" + lifetime +
                         R"(,"refresh_token":")" + good + "\"}"};
    });
    ASSERT_TRUE(start()) << headgate_->log();
    EXPECT_EQ(changed("e-1", "A-1").first, 200);
    ASSERT_TRUE(headgate_->wait_until_quiet(60s)) << headgate_->log();
    headgate_->kill_hard();
    ASSERT_TRUE(start()) << headgate_->log();
    EXPECT_EQ(changed("e-2", "A-2").first, 200);
    ASSERT_TRUE(headgate_->wait_until_quiet(60s)) << headgate_->log();
    EXPECT_EQ(given, 2);
    EXPECT_EQ(vendor_.count("/token"), 2U);
    const auto folder = folder_ / "data/refresh_tokens";
    EXPECT_EQ(std::filesystem::status(folder).permissions(), std::filesystem::perms::owner_all);
    const auto kept = std::filesystem::directory_iterator(folder)->path();
    EXPECT_EQ(std::filesystem::status(kept).permissions(),
              std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    EXPECT_THAT(headgate_->log(), ::testing::Not(::testing::ContainsRegex("r(/|%2F)2")));
    headgate_->kill_hard();

    // Whoever configures another begins with that.
    good = "r/7";
    ASSERT_TRUE(start("", {{"REFRESH", "r/7"}})) << headgate_->log();
    EXPECT_EQ(changed("e-3", "A-3").first, 200);
    ASSERT_TRUE(headgate_->wait_until_quiet(60s)) << headgate_->log();
    EXPECT_EQ(vendor_.count("/token"), 3U);

    // Where it cannot be kept, that is told, and this process goes on with it.
    headgate_->kill_hard();
    std::filesystem::remove_all(folder);
    write_file(folder, "no folder");
    good = "r/8";
    lifetime = "1";
    ASSERT_TRUE(start("", {{"REFRESH", "r/8"}})) << headgate_->log();
    EXPECT_EQ(changed("e-4", "A-4").first, 200);
    ASSERT_TRUE(headgate_->wait_until_quiet(60s)) << headgate_->log();
    std::this_thread::sleep_for(1s);
    EXPECT_EQ(changed("e-5", "A-5").first, 200);
    ASSERT_TRUE(headgate_->wait_until_quiet(60s)) << headgate_->log();
    EXPECT_THAT(headgate_->log(), HasSubstr("cannot be kept"));
    EXPECT_EQ(vendor_.count("/token"), 5U);
    EXPECT_EQ(given, 5) << "none was refused";
    EXPECT_EQ(ledger("select item_sku from inventory_level").size(), 5U);
}

TEST_F(VendorApiFlow, ChannelsThatShareARefreshTokenAskOneBehindTheOther)
{
    std::atomic<int> given = 0;
    std::atomic<int> refused = 0;
    std::promise<void> first_may_go;
    std::promise<void> first_is_there;
    vendor_.say([&, may_go = first_may_go.get_future().share()](const Asked& asked) -> Answer {
        if (asked.target != "/token")
            return usual(asked);
        if (!asked.body.contains("refresh_token=r%2F" + std::to_string(given + 1) + "&")) {
            ++refused;
            return {400, R"({"error":"invalid_grant"})"};
        }
        if (given == 0)
            first_is_there.set_value();
        may_go.wait();
        ++given;
        return {200,
                R"({"access_token":"a","expires_in":3600,"refresh_token":"r/)" + std::to_string(given + 1) + "\"}"};
    });
    ASSERT_TRUE(start("  other:\n    connector: stock\n    secret: env:TOKEN\n    settings: { shop_port: \"" +
                      std::to_string(vendor_.port()) + "\" }\n    api: { " + login_ + " allow: [127.0.0.0/8] }\n"))
        << headgate_->log();
    EXPECT_EQ(changed("e-1", "A-1").first, 200);
    EXPECT_EQ(post(R"({"kind":"changed","id":"e-2","sku":"A-2"})", "/hooks/other").first, 200);
    first_is_there.get_future().wait();
    std::this_thread::sleep_for(200ms);  // the other has come to the same point
    first_may_go.set_value();
    ASSERT_TRUE(headgate_->wait_until_quiet(60s)) << headgate_->admin("GET", "/api/v1/dlq").second << headgate_->log();
    EXPECT_EQ(given, 2);
    EXPECT_EQ(refused, 0);
    EXPECT_EQ(ledger("select item_sku from inventory_level").size(), 2U);
}

TEST_F(VendorApiFlow, AVendorThatIsAwayIsTriedAgainAndOneThatHasItNotMakesALetter)
{
    int failures = 3;
    int tokens = 0;
    vendor_.say([&](const Asked& asked) -> Answer {
        if (asked.target == "/token")
            return {200, R"({"access_token":"a-)" + std::to_string(++tokens) + R"(","expires_in":3600})"};
        if (asked.target.contains("gone"))
            return {404, "{}"};
        if (asked.headers.at("x-access-token") == "a-1")
            return {401, "{}"};  // it was revoked
        if (--failures >= 0)
            return {failures == 1 ? 429 : 503, "{}", {{"Retry-After", "0"}}};
        if (asked.target.contains("page"))
            return {200, "<html>"};
        return usual(asked);
    });
    ASSERT_TRUE(start()) << headgate_->log();
    EXPECT_EQ(changed("e-1", "A-1").first, 200);
    EXPECT_EQ(changed("e-2", "gone").first, 200);
    ASSERT_TRUE(headgate_->wait_until_told("/api/v1/dlq", "http_404", 60s)) << headgate_->log();
    ASSERT_TRUE(headgate_->wait_until_told("/api/v1/verify", "\"applied\":1", 60s)) << headgate_->log();
    EXPECT_EQ(tokens, 2);
    EXPECT_THAT(headgate_->admin("GET", "/api/v1/dlq").second, HasSubstr("api.shop"));

    // What the vendor has again is there after a replay.
    vendor_.say(usual);
    const auto letters = headgate_->admin_json("/api/v1/dlq");
    const std::string letter(letters.at("letters").as_array()[0].at("letter").as_string());
    EXPECT_EQ(headgate_->admin("POST", "/api/v1/dlq/" + letter + "/replay", R"({"why":"it is back"})").first, 200);
    ASSERT_TRUE(headgate_->wait_until_quiet(60s)) << headgate_->log();
    EXPECT_THAT(ledger("select item_sku from inventory_level order by 1"), ElementsAre("A-1", "gone"));
}

TEST_F(VendorApiFlow, ADocumentThatIsForbiddenHoldsUpNoOther)
{
    vendor_.say([](const Asked& asked) -> Answer {
        if (asked.target.contains("secret"))
            return {403, "{}"};
        return usual(asked);
    });
    ASSERT_TRUE(start()) << headgate_->log();
    EXPECT_EQ(changed("e-1", "A-1").first, 200);
    ASSERT_TRUE(headgate_->wait_until_told("/api/v1/verify", "\"applied\":1", 60s)) << headgate_->log();
    EXPECT_EQ(changed("e-2", "secret").first, 200);
    EXPECT_TRUE(happens([&] { return vendor_.count("/v1/stock/secret") > 0; }));
    EXPECT_EQ(changed("e-3", "A-3").first, 200);
    ASSERT_TRUE(headgate_->wait_until_told("/api/v1/verify", "\"applied\":2", 60s)) << headgate_->log();
    EXPECT_THAT(headgate_->admin("GET", "/api/v1/systems").second, ::testing::Not(HasSubstr("\"open\"")));
    EXPECT_EQ(vendor_.count("/token"), 1U);
}

TEST_F(VendorApiFlow, AddressesInsideAreNotAskedUnlessTheyAreAllowed)
{
    login_ = "client_id: me, client_secret: env:CLIENT_SECRET, refresh_token: env:REFRESH, allow: [10.0.0.0/8] } #";
    ASSERT_TRUE(start()) << headgate_->log();
    EXPECT_EQ(changed("e-1", "A-1").first, 200);
    ASSERT_TRUE(headgate_->wait_until_told("/api/v1/dlq", "egress_refused", 60s)) << headgate_->log();
    EXPECT_TRUE(vendor_.asked().empty());
}

TEST_F(VendorApiFlow, AWholeUrlOfAnEventIsFetchedAtTheVendorsHostAndNowhereElse)
{
    std::ifstream file(folder_ / "conf/connectors/stock/connector.yaml");
    std::string text{std::istreambuf_iterator<char>(file), {}};
    const std::string path = R"("/stock/{.sku | url}?full=yes")";
    text.replace(text.find(path), path.size(), ".at_url");
    write("connectors/stock/connector.yaml", text);
    Vendor other{usual};
    ASSERT_TRUE(start()) << headgate_->log();
    const auto at = [](int port, const std::string& sku) {
        return R"(,"at_url":"http://127.0.0.1:)" + std::to_string(port) + "/v1/stock/" + sku + R"(?x=1")";
    };
    EXPECT_EQ(changed("e-1", "A-1", at(vendor_.port(), "A-1")).first, 200);
    EXPECT_EQ(changed("e-2", "A-2", at(other.port(), "A-2")).first, 200);
    ASSERT_TRUE(headgate_->wait_until_told("/api/v1/dlq", "fetch_elsewhere", 60s)) << headgate_->log();
    ASSERT_TRUE(headgate_->wait_until_told("/api/v1/verify", "\"applied\":1", 60s)) << headgate_->log();
    EXPECT_THAT(ledger("select item_sku from inventory_level"), ElementsAre("A-1"));
    EXPECT_TRUE(other.asked().empty());
}

TEST_F(VendorApiFlow, AllAnswersOfAListAreGathered)
{
    vendor_.say([](const Asked& asked) -> Answer {
        if (!asked.target.starts_with("/v1/levels"))
            return usual(asked);
        EXPECT_THAT(asked.target, HasSubstr("batch=b%201"));
        const auto level = [](const char* sku) {
            return R"({"stock":{"sku":")" + std::string(sku) + R"(","left":1.50,"at":"2026-11-02T10:00:00Z"}})";
        };
        if (asked.target.contains("after=2"))
            return {200, R"({"levels":[)" + level("C-3") + "]}"};
        return {200, R"({"levels":[)" + level("C-1") + "," + level("C-2") + R"(],"next":2})"};
    });
    ASSERT_TRUE(start()) << headgate_->log();
    EXPECT_EQ(post(R"({"kind":"listed","id":"l-1","batch":"b 1"})").first, 200);
    ASSERT_TRUE(headgate_->wait_until_quiet(60s)) << headgate_->admin("GET", "/api/v1/dlq").second << headgate_->log();
    EXPECT_THAT(ledger("select item_sku || ' ' || quantities_on_hand from inventory_level order by 1"),
                ElementsAre("C-1 1.5", "C-2 1.5", "C-3 1.5"));
}

TEST_F(VendorApiFlow, WhoeverDiesWhileFetchingLosesAndDoublesNothing)
{
    const std::vector<std::string> faults{"after_reserve:1",       "fetched:1",      "accept_stored:2",
                                          "after_ledger_commit:1", "after_finish:1", "accept_answered:2"};
    const auto send = [&](std::size_t i) { return changed("e-" + std::to_string(i), "A-" + std::to_string(i)).first; };
    int deaths = 0;
    for (std::size_t i = 0; i < faults.size(); ++i) {
        SCOPED_TRACE(faults[i]);
        if (!start("", {{"HEADGATE_FAULT", faults[i]}})) {
            ++deaths;  // what the one before left was enough
            continue;
        }
        send(i);
        if (headgate_->wait_until_ended(20s))
            ++deaths;
        else
            headgate_->kill_hard();
    }
    EXPECT_EQ(deaths, 6) << "each of these places is on the way of what is fetched";
    ASSERT_TRUE(start()) << headgate_->log();
    for (std::size_t i = 0; i < faults.size(); ++i)
        EXPECT_EQ(send(i), 200);
    ASSERT_TRUE(headgate_->wait_until_quiet(60s)) << headgate_->log();
    EXPECT_EQ(count("applied"), 6) << headgate_->admin("GET", "/api/v1/verify").second;
    EXPECT_EQ(count("accepted"), 12);
    EXPECT_THAT(ledger("select item_sku from inventory_level order by 1"),
                ElementsAre("A-0", "A-1", "A-2", "A-3", "A-4", "A-5"));
}

std::string text_at(std::chrono::system_clock::time_point at)
{
    return text_of_second(std::chrono::duration_cast<std::chrono::seconds>(at.time_since_epoch()).count());
}

/// Levels that changed, two an answer, those that changed at `since` or later.
class Changes {
public:
    void add(const std::string& sku, const std::string& at) { all_.emplace_back(at, sku); }
    Answer answer(const Asked& asked) const
    {
        const auto part = [&](const std::string& name) {
            const auto from = asked.target.find(name + "=");
            if (from == std::string::npos)
                return std::string();
            const auto start = from + name.size() + 1;
            std::string text = asked.target.substr(start, asked.target.find('&', start) - start);
            for (auto at = text.find("%3A"); at != std::string::npos; at = text.find("%3A"))
                text.replace(at, 3, ":");
            return text;
        };
        const auto since = part("since");
        const auto after = part("after");
        const std::size_t from = after.empty() ? 0 : std::stoul(after);
        std::vector<std::string> levels;
        for (const auto& [at, sku] : all_)
            if (at >= since)
                levels.push_back(R"({"stock":{"sku":")" + sku + R"(","left":7,"at":")" + at + R"("}})");
        std::string body = R"({"levels":[)";
        for (std::size_t i = from; i < std::min(levels.size(), from + 2); ++i)
            body += (i == from ? "" : ",") + levels[i];
        body += "]";
        if (from + 2 < levels.size())
            body += ",\"next\":" + std::to_string(from + 2);
        return {200, body + "}"};
    }

private:
    std::vector<std::pair<std::string, std::string>> all_;
};

TEST_F(VendorApiFlow, APollBringsWhatNoWebhookDidAndNothingTwice)
{
    auto changes = std::make_shared<Changes>();
    const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    const auto ago = [&](std::chrono::seconds time) { return text_at(now - time); };
    for (int i = 1; i <= 5; ++i)
        changes->add("P-" + std::to_string(i), ago(3600s - i * 60s));
    vendor_.say([changes](const Asked& asked) {
        return asked.target.starts_with("/v1/levels") ? changes->answer(asked) : usual(asked);
    });
    ASSERT_TRUE(start("    poll: {}\n")) << headgate_->log();
    ASSERT_TRUE(headgate_->wait_until_told("/api/v1/channels/shop/polls", "\"items\":5", 60s)) << headgate_->log();
    ASSERT_TRUE(headgate_->wait_until_quiet(60s)) << headgate_->admin("GET", "/api/v1/dlq").second;
    EXPECT_EQ(ledger("select item_sku from inventory_level").size(), 5U);
    EXPECT_EQ(headgate_->metric("headgate_backfilled_total{channel=\"shop\"}"), 5);
    EXPECT_EQ(vendor_.count("/v1/levels"), 3U) << "two an answer";

    // The newest is asked for again, and what is new comes.
    changes->add("P-6", ago(30s));
    const auto before = vendor_.asked().size();
    const auto run = command({"reconcile", "shop"});
    EXPECT_EQ(run.code, 0) << run.out << run.err;
    EXPECT_THAT(run.out, ::testing::ContainsRegex("levels +[^ ]+ +2 +1 "));
    EXPECT_THAT(vendor_.asked().at(before).target, HasSubstr("since="));
    ASSERT_TRUE(headgate_->wait_until_quiet(60s));
    EXPECT_EQ(ledger("select item_sku from inventory_level").size(), 6U);

    // From the beginning: everything is known.
    const auto all = command({"reconcile", "shop", "--since", ago(7200s), "--json"});
    EXPECT_EQ(all.code, 0) << all.out << all.err;
    EXPECT_THAT(all.out, HasSubstr("\"items\":6,\"fresh\":0"));
    EXPECT_EQ(count("accepted"), 6);
    EXPECT_EQ(command({"reconcile", "nobody"}).code, 1);
}

TEST_F(VendorApiFlow, AReconciliationWaitsForItsOwnRunAndNotForOneThatFailedBefore)
{
    auto broken = std::make_shared<bool>(true);
    auto changes = std::make_shared<Changes>();
    vendor_.say([changes, broken](const Asked& asked) -> Answer {
        if (!asked.target.starts_with("/v1/levels"))
            return usual(asked);
        return *broken ? Answer{503, "{}"} : changes->answer(asked);
    });
    ASSERT_TRUE(start("    poll: {}\n")) << headgate_->log();
    ASSERT_TRUE(headgate_->wait_until_told("/api/v1/channels/shop/polls", "http_503", 60s));
    vendor_.say([changes](const Asked& asked) {
        return asked.target.starts_with("/v1/levels") ? changes->answer(asked) : usual(asked);
    });
    const auto run = command({"reconcile", "shop"});
    EXPECT_EQ(run.code, 0) << run.out << run.err;
    EXPECT_THAT(run.out, ::testing::Not(HasSubstr("http_503")));
}

TEST_F(VendorApiFlow, AFirstRunThatFindsNothingIsBegunBehindAtItsOwnTime)
{
    auto changes = std::make_shared<Changes>();
    vendor_.say([changes](const Asked& asked) {
        return asked.target.starts_with("/v1/levels") ? changes->answer(asked) : usual(asked);
    });
    std::ifstream file(folder_ / "conf/connectors/stock/connector.yaml");
    std::string text{std::istreambuf_iterator<char>(file), {}};
    text.replace(text.find("first: 1d"), 9, "first: 0s");
    text.replace(text.find("overlap: 10s"), 12, "overlap: 0s");
    write("connectors/stock/connector.yaml", text);
    ASSERT_TRUE(start("    poll: {}\n")) << headgate_->log();
    ASSERT_TRUE(headgate_->wait_until_told("/api/v1/channels/shop/polls", "\"ran\":\"20", 60s));
    const auto polls = headgate_->admin_json("/api/v1/channels/shop/polls");
    const std::string first(polls.at("polls").as_array()[0].at("ran").as_string());
    EXPECT_EQ(command({"reconcile", "shop"}).code, 0);
    // Each begins where the first one did, so that nothing between them is missed.
    for (const auto& asked : vendor_.asked())
        if (asked.target.starts_with("/v1/levels"))
            EXPECT_THAT(asked.target, HasSubstr("since=" + first)) << asked.target;
    EXPECT_GE(vendor_.count("/v1/levels"), 2U);
}

TEST_F(VendorApiFlow, AVendorsApiIsPausedAndListedLikeASystem)
{
    ASSERT_TRUE(start()) << headgate_->log();
    EXPECT_EQ(headgate_->admin("POST", "/api/v1/systems/api.shop/pause", R"({"why":"their maintenance"})").first, 200);
    EXPECT_EQ(headgate_->admin("POST", "/api/v1/systems/api.nobody/pause", R"({"why":"x"})").first, 404);
    EXPECT_EQ(changed("e-1", "A-1").first, 200);
    ASSERT_TRUE(headgate_->wait_until_told("/api/v1/systems", R"("ready":1)", 60s))
        << headgate_->admin("GET", "/api/v1/systems").second;
    EXPECT_THAT(headgate_->admin("GET", "/api/v1/systems").second, HasSubstr("\"system\":\"api.shop\""));
    EXPECT_EQ(vendor_.count("/v1/stock"), 0U);
    EXPECT_EQ(headgate_->admin("POST", "/api/v1/systems/api.shop/resume").first, 200);
    ASSERT_TRUE(headgate_->wait_until_told("/api/v1/verify", "\"applied\":1", 60s)) << headgate_->log();
}

TEST_F(VendorApiFlow, APollThatDiesOrFailsAsksForTheSameAgain)
{
    auto changes = std::make_shared<Changes>();
    const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    for (int i = 1; i <= 9; ++i)
        changes->add("P-" + std::to_string(i), text_at(now - 3600s + i * 60s));
    vendor_.say([changes](const Asked& asked) {
        return asked.target.starts_with("/v1/levels") ? changes->answer(asked) : usual(asked);
    });
    int deaths = 0;
    for (const auto* fault : {"accept_stored:1", "page_accepted:1", "page_accepted:3", "accept_stored:4"}) {
        SCOPED_TRACE(fault);
        if (!start("    poll: {}\n", {{"HEADGATE_FAULT", fault}}) || headgate_->wait_until_ended(20s))
            ++deaths;
        else
            headgate_->kill_hard();
    }
    EXPECT_EQ(deaths, 4) << "every one of these places is on the way of a poll";
    // The third answer is none.
    auto asked_for = std::make_shared<int>(0);
    vendor_.say([changes, asked_for](const Asked& asked) -> Answer {
        if (!asked.target.starts_with("/v1/levels"))
            return usual(asked);
        return ++*asked_for == 3 ? Answer{500, "{}"} : changes->answer(asked);
    });
    ASSERT_TRUE(start("    poll: {}\n")) << headgate_->log();
    ASSERT_TRUE(headgate_->wait_until_told("/api/v1/channels/shop/polls", "\"failed\":\"http_500\"", 60s))
        << headgate_->admin("GET", "/api/v1/channels/shop/polls").second;
    EXPECT_THAT(headgate_->admin("GET", "/readyz").second, HasSubstr("poll_shop_levels"));
    ASSERT_TRUE(headgate_->wait_until_told("/api/v1/channels/shop/polls", "\"items\":9", 60s)) << headgate_->log();
    ASSERT_TRUE(headgate_->wait_until_quiet(60s));
    EXPECT_EQ(count("accepted"), 9);
    EXPECT_EQ(count("applied"), 9);
    EXPECT_EQ(ledger("select item_sku from inventory_level").size(), 9U);
}

}  // namespace

}  // namespace headgate::test
