// Subscriptions at a vendor: made where they lack, left alone where they are, and watched.

#include <fstream>
#include <future>
#include <iterator>
#include <mutex>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <boost/json.hpp>

#include "tests/flow/flow.hpp"
#include "tests/support/headgate_process.hpp"
#include "tests/support/vendor.hpp"

namespace headgate::test {

namespace {

namespace json = boost::json;
using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

/// A vendor that keeps subscriptions, as many to a page as its path says (`?limit=2`).
class SubscriptionVendor {
public:
    struct Kept {
        int id = 0;
        std::string what;
        std::string to;
        bool on = true;
        [[nodiscard]] json::object row() const { return {{"id", id}, {"what", what}, {"to", to}, {"on", on}}; }
    };

    Vendor::Answer answer(const Vendor::Asked& asked)
    {
        const std::lock_guard lock(mutex_);
        if (!instead_.empty() && (instead_for_.empty() || asked.method == instead_for_)) {
            auto said = std::move(instead_.front());
            instead_.erase(instead_.begin());
            return said;
        }
        if (asked.method == "GET")
            return page(asked.target);
        const auto body = json::parse(asked.body).as_object();
        if (asked.method == "PATCH") {
            const auto id = std::stoi(asked.target.substr(asked.target.rfind('/') + 1));
            for (auto& one : kept_)
                if (one.id == id)
                    one.on = body.at("on").as_bool();
            return {200, "{}"};
        }
        kept_.push_back({static_cast<int>(kept_.size()) + 1, std::string(body.at("what").as_string()),
                         std::string(body.at("to").as_string())});
        const Vendor::Answer made{
            201, json::serialize(json::object{{"made", kept_.back().row()},
                                              {"secret", "s1gn-" + std::to_string(kept_.back().id) + "-Zq7Kx"}})};
        return lose_answers_ ? Vendor::Answer{502, "{}"} : made;
    }
    void add(std::string what, std::string to, bool on = true)
    {
        const std::lock_guard lock(mutex_);
        kept_.push_back({static_cast<int>(kept_.size()) + 1, std::move(what), std::move(to), on});
    }
    void remove(const std::string& what)
    {
        const std::lock_guard lock(mutex_);
        std::erase_if(kept_, [&](const Kept& one) { return one.what == what; });
    }
    /// Said to the next requests of this method instead of what would be.
    void say_instead(std::string method, std::vector<Vendor::Answer> answers)
    {
        const std::lock_guard lock(mutex_);
        instead_for_ = std::move(method);
        instead_ = std::move(answers);
    }
    /// What is asked for is done, and the answer is lost.
    void lose_answers(bool lose)
    {
        const std::lock_guard lock(mutex_);
        lose_answers_ = lose;
    }
    /// "1 ORDER https://…/hooks/shop on", by id.
    [[nodiscard]] std::vector<std::string> kept() const
    {
        const std::lock_guard lock(mutex_);
        std::vector<std::string> all;
        for (const auto& one : kept_)
            all.push_back(std::to_string(one.id) + " " + one.what + " " + one.to + (one.on ? " on" : " off"));
        return all;
    }

private:
    Vendor::Answer page(const std::string& target) const
    {
        const auto after = target.find("after=");
        const std::size_t from = after == std::string::npos ? 0 : std::stoul(target.substr(after + 6));
        json::array rows;
        for (std::size_t i = from; i < std::min(kept_.size(), from + 2); ++i)
            rows.push_back(kept_[i].row());
        json::object body{{"hooks", std::move(rows)}};
        if (from + 2 < kept_.size())
            body["next"] = from + 2;
        return {200, json::serialize(body)};
    }

    mutable std::mutex mutex_;
    std::vector<Kept> kept_;
    std::string instead_for_;
    std::vector<Vendor::Answer> instead_;
    bool lose_answers_ = false;
};

const std::string address = "https://hooks.example/hooks/shop";

class RegistrationFlow : public ::testing::Test {
protected:
    RegistrationFlow()
    {
        connector(R"(
  topics: [order, refund, stock]
  word: .topic | upper
  list: { path: "/hooks?limit=2", items: .hooks, next: { parameter: after, value: .next } }
  address: .to
  topic: .what
  active: .on
  id: .id
  create:
    path: /hooks
    body: { what: .topic, to: .address, name: "Headgate {.channel}" }
    id: .made.id
    secret: .secret
)");
    }

    void connector(const std::string& registration)
    {
        write("connectors/acme/connector.yaml", R"(signature: { shared_secret: { header: X-Token } }
identity: { topic: .kind, idempotency_key: .id }
api: { url: "http://127.0.0.1:{port}/v1", auth: bearer }
topics:
  order: {}
  refund: {}
  stock: {}
  report: {}
registration:)" + registration);
    }

    bool start(const std::string& more = {}, std::map<std::string, std::string> environment = {},
               const std::string& head = "public_url: https://hooks.example\n")
    {
        write("headgate.yaml", head + R"(
channels:
  shop:
    connector: acme
    secret: env:TOKEN
    settings: { port: ")" + std::to_string(vendor_.port()) +
                                   R"(" }
    api: { token: env:API_TOKEN, allow: [127.0.0.0/8] }
)" + more);
        environment.insert({{"TOKEN", "t0k3n"}, {"API_TOKEN", "a-p-i"}});
        headgate_ = std::make_unique<HeadgateProcess>(
            HeadgateProcess::Options{folder_ / "conf", folder_ / "data", std::move(environment), "127.0.0.1:0"});
        return headgate_->start();
    }
    bool start_unwatched(std::map<std::string, std::string> environment = {})
    {
        return start("    registration: false\n", std::move(environment));
    }

    void write(const std::string& name, const std::string& text) { write_file(folder_ / "conf" / name, text); }
    CommandResult registering(std::vector<std::string> more = {})
    {
        std::vector<std::string> arguments{"channels", "register", "shop", "--data", (folder_ / "data").string()};
        arguments.insert(arguments.end(), more.begin(), more.end());
        return run_headgate(arguments);
    }
    /// "order present 1", a row each.
    std::vector<std::string> states()
    {
        std::vector<std::string> all;
        const auto answer = json::parse(registering({"--check", "--json"}).out);
        for (const auto& row : answer.at("subscriptions").as_array())
            all.push_back(json::value_to<std::string>(row.at("topic")) + " " +
                          json::value_to<std::string>(row.at("state")) + " " +
                          json::value_to<std::string>(row.at("id")));
        return all;
    }
    /// The files of the data folder, databases and Redis's own among them, that hold these bytes.
    std::vector<std::string> files_with(const std::string& bytes) const
    {
        std::vector<std::string> found;
        for (const auto& entry : fs::recursive_directory_iterator(folder_ / "data")) {
            if (!entry.is_regular_file())
                continue;
            std::ifstream stream(entry.path(), std::ios::binary);
            const std::string text{std::istreambuf_iterator<char>(stream), {}};
            if (text.find(bytes) != std::string::npos)
                found.push_back(entry.path().string());
        }
        return found;
    }
    std::string readyz() const { return headgate_->admin("GET", "/readyz").second; }
    bool missing_is(double count) const
    {
        return happens([&] { return headgate_->metric(R"(headgate_subscriptions_missing{channel="shop"})") == count; });
    }

    TemporaryFolder folder_;
    SubscriptionVendor there_;
    Vendor vendor_{[this](const Vendor::Asked& asked) { return there_.answer(asked); }};
    std::unique_ptr<HeadgateProcess> headgate_;
};

TEST_F(RegistrationFlow, WhatIsMissingIsMadeOnceAndWhatIsOthersIsLeftAlone)
{
    there_.add("ORDER", "https://elsewhere.example/hooks/shop");  // an old address of ours
    there_.add("REFUND", "https://hooks.example/hooks/another");
    there_.add("STOCK", "https://Hooks.Example:443/hooks/shop");  // the same address, written otherwise
    ASSERT_TRUE(start_unwatched()) << headgate_->log();

    const auto looked = registering({"--check"});
    EXPECT_EQ(looked.code, 1) << looked.out << looked.err;
    EXPECT_EQ(there_.kept().size(), 3U) << "it only looked";
    EXPECT_THAT(states(), ElementsAre("order missing ", "refund missing ", "stock present 3", " elsewhere 1"));

    const auto made = registering();
    EXPECT_EQ(made.code, 0) << made.out << made.err;
    EXPECT_THAT(made.out, AllOf(HasSubstr("created"), HasSubstr("sends to https://elsewhere.example")));
    EXPECT_THAT(there_.kept(), ElementsAre("1 ORDER https://elsewhere.example/hooks/shop on",
                                           "2 REFUND https://hooks.example/hooks/another on",
                                           "3 STOCK https://Hooks.Example:443/hooks/shop on",
                                           "4 ORDER " + address + " on", "5 REFUND " + address + " on"));

    const auto again = registering();
    EXPECT_EQ(again.code, 0) << again.out << again.err;
    EXPECT_THAT(again.out, Not(HasSubstr("created")));
    EXPECT_EQ(there_.kept().size(), 5U);
    EXPECT_THAT(states(), ElementsAre("order present 4", "refund present 5", "stock present 3", " elsewhere 1"));
    for (const auto& asked : vendor_.asked()) {
        EXPECT_EQ(asked.headers.at("authorization"), "Bearer a-p-i");
        EXPECT_NE(asked.method, "DELETE");
        if (asked.method == "POST")
            EXPECT_THAT(asked.body, HasSubstr(R"("name":"Headgate shop")"));
    }
}

TEST_F(RegistrationFlow, ASecretOfTheVendorIsShownOnceAndKeptNowhere)
{
    ASSERT_TRUE(start_unwatched()) << headgate_->log();
    const auto made = registering();
    EXPECT_EQ(made.code, 0) << made.err;
    for (const auto* secret : {"s1gn-1-Zq7Kx", "s1gn-2-Zq7Kx", "s1gn-3-Zq7Kx"})
        EXPECT_THAT(made.out, HasSubstr(secret));
    EXPECT_THAT(made.out, HasSubstr("`secret`"));
    const auto again = registering();
    EXPECT_THAT(again.out + again.err, Not(HasSubstr("Zq7Kx")));
    EXPECT_THAT(headgate_->admin("GET", "/api/v1/audit").second,
                AllOf(HasSubstr("channels/NAME/subscriptions"), Not(HasSubstr("Zq7Kx"))));
    EXPECT_THAT(headgate_->log(), AllOf(HasSubstr("a subscription was made"), Not(HasSubstr("Zq7Kx"))));
    ASSERT_TRUE(headgate_->terminate());  // what Redis has is in its file then
    EXPECT_FALSE(files_with("a subscription was made").empty()) << "the log is among what is searched";
    EXPECT_THAT(files_with("Zq7Kx"), ElementsAre());
}

TEST_F(RegistrationFlow, WhoeverDiesBehindTheVendorsAnswerMakesNothingTwice)
{
    for (const auto* fault : {"subscription_made:1", "subscription_made:2"}) {
        SCOPED_TRACE(fault);
        ASSERT_TRUE(start_unwatched({{"HEADGATE_FAULT", fault}})) << headgate_->log();
        EXPECT_EQ(registering().code, 1);
        EXPECT_TRUE(headgate_->wait_until_ended(20s));
    }
    ASSERT_EQ(there_.kept().size(), 3U) << "one before it died, two before it died again";
    ASSERT_TRUE(start_unwatched()) << headgate_->log();
    EXPECT_EQ(registering().code, 0);
    EXPECT_THAT(there_.kept(),
                ElementsAre("1 ORDER " + address + " on", "2 REFUND " + address + " on", "3 STOCK " + address + " on"));
}

TEST_F(RegistrationFlow, SeveralWhoAskAtOnceWaitForEachOther)
{
    ASSERT_TRUE(start("    registration: { every: 1s }\n")) << headgate_->log();
    std::vector<std::future<CommandResult>> asked;
    for (int i = 0; i < 4; ++i)
        asked.push_back(std::async(std::launch::async, [this] { return registering(); }));
    int told = 0;
    for (auto& one : asked) {
        const auto result = one.get();
        EXPECT_EQ(result.code, 0) << result.err;
        told += result.out.find("Zq7Kx") != std::string::npos ? 1 : 0;
    }
    EXPECT_EQ(there_.kept().size(), 3U);
    EXPECT_EQ(told, 1) << "one made them, and was told the secrets";
}

TEST_F(RegistrationFlow, AnAnswerThatIsLostIsNoSecondSubscription)
{
    ASSERT_TRUE(start_unwatched()) << headgate_->log();
    there_.lose_answers(true);
    const auto lost = registering();
    EXPECT_EQ(lost.code, 1);
    EXPECT_THAT(lost.err, HasSubstr("http_502"));
    EXPECT_EQ(there_.kept().size(), 1U) << "it went no further";
    there_.lose_answers(false);
    EXPECT_EQ(registering().code, 0);
    EXPECT_EQ(there_.kept().size(), 3U);
}

TEST_F(RegistrationFlow, AVendorThatAsksToWaitIsWaitedForAndOneThatIsAwayIsToldOf)
{
    const Vendor::Answer wait{429, "{}", {{"Retry-After", "1"}}};
    ASSERT_TRUE(start_unwatched()) << headgate_->log();
    there_.say_instead("GET", {wait});
    EXPECT_EQ(registering({"--check"}).code, 1);
    EXPECT_THAT(states(), ElementsAre("order missing ", "refund missing ", "stock missing "));
    there_.say_instead("POST", {wait, wait});
    const auto made = registering();
    EXPECT_EQ(made.code, 0) << made.err;
    EXPECT_EQ(there_.kept().size(), 3U) << "what was throttled was not made";

    there_.say_instead("", {{503, "<html>"}});
    const auto away = registering();
    EXPECT_EQ(away.code, 1);
    EXPECT_THAT(away.err, HasSubstr("http_503"));
    there_.say_instead("", {{200, R"({"error":"no such thing"})"}});
    const auto odd = registering();
    EXPECT_EQ(odd.code, 1) << "what is no list is not an empty one";
    EXPECT_EQ(there_.kept().size(), 3U);
}

TEST_F(RegistrationFlow, ATopicThatTheVendorRefusesKeepsNoOtherFromBeingMade)
{
    ASSERT_TRUE(start_unwatched()) << headgate_->log();
    there_.say_instead("POST", {{422, R"({"error":"no right to orders"})"}});
    const auto made = registering();
    EXPECT_EQ(made.code, 1);
    EXPECT_THAT(made.out, AllOf(HasSubstr("http_422"), HasSubstr("created")));
    EXPECT_THAT(made.err, HasSubstr("http_422"));
    EXPECT_THAT(there_.kept(), ElementsAre("1 REFUND " + address + " on", "2 STOCK " + address + " on"));
    EXPECT_THAT(states(), ElementsAre("order missing ", "refund present 1", "stock present 2"));
}

TEST_F(RegistrationFlow, WhatIsSwitchedOffIsShownAndSwitchedOnWhereTheVendorsApiCan)
{
    there_.add("ORDER", address, false);
    there_.add("REFUND", address);
    there_.add("STOCK", address);
    ASSERT_TRUE(start_unwatched()) << headgate_->log();
    const auto shown = registering();
    EXPECT_EQ(shown.code, 1) << shown.err;
    EXPECT_THAT(shown.out, HasSubstr("switched_off"));
    EXPECT_EQ(there_.kept().size(), 3U);

    headgate_->terminate();
    connector(R"(
  topics: [order, refund, stock]
  word: .topic | upper
  list: { path: /hooks, items: .hooks, next: { parameter: after, value: .next } }
  address: .to
  topic: .what
  active: .on
  id: .id
  create: { path: /hooks, body: { what: .topic, to: .address } }
  update: { method: PATCH, path: "/hooks/{.id | url}", body: { on: true } }
)");
    ASSERT_TRUE(start_unwatched()) << headgate_->log();
    const auto on = registering();
    EXPECT_EQ(on.code, 0) << on.err;
    EXPECT_THAT(on.out, HasSubstr("updated"));
    EXPECT_THAT(states(), ElementsAre("order present 1", "refund present 2", "stock present 3"));
}

TEST_F(RegistrationFlow, OneSubscriptionMayHaveAllTopicsAndIsGivenWhatItLacks)
{
    connector(R"(
  topics: [order, refund, stock]
  together: true
  list: { path: /hooks, items: .hooks }
  address: .to
  topic: .events
  active: .status == "on"
  id: .id
  create: { path: /hooks, format: form, body: { to: .address, events: .topics }, id: .id, secret: .secret }
  update: { method: POST, path: "/hooks/{.id | url}", format: form, body: { events: .topics, status: "on" } }
)");
    auto hooks = std::make_shared<std::string>(R"({"hooks":[]})");
    auto mutex = std::make_shared<std::mutex>();
    const auto now_has = [=](const std::string& events) {
        const std::lock_guard lock(*mutex);
        *hooks = R"({"hooks":[{"id":"h_1","to":")" + address + R"(","status":"on","events":)" + events + "}]}";
    };
    vendor_.say([=](const Vendor::Asked& asked) -> Vendor::Answer {
        const std::lock_guard lock(*mutex);
        return asked.method == "GET" ? Vendor::Answer{200, *hooks}
                                     : Vendor::Answer{200, R"({"id":"h_1","secret":"whsec_1"})"};
    });
    ASSERT_TRUE(start_unwatched()) << headgate_->log();
    const auto made = registering();
    EXPECT_EQ(made.code, 0) << made.err;
    EXPECT_THAT(made.out, HasSubstr("whsec_1"));
    auto asked = vendor_.asked().back();
    EXPECT_EQ(asked.method + " " + asked.target, "POST /v1/hooks");
    EXPECT_EQ(asked.headers.at("content-type"), "application/x-www-form-urlencoded");
    EXPECT_EQ(asked.body,
              "to=https%3A%2F%2Fhooks.example%2Fhooks%2Fshop&events%5B0%5D=order&events%5B1%5D=refund&"
              "events%5B2%5D=stock");

    now_has(R"(["stock","other"])");
    EXPECT_THAT(states(), ElementsAre("order missing ", "refund missing ", "stock present h_1"));
    const auto given = registering();
    EXPECT_EQ(given.code, 0) << given.err;
    asked = vendor_.asked().back();
    EXPECT_EQ(asked.method + " " + asked.target, "POST /v1/hooks/h_1");
    EXPECT_EQ(asked.body, "events%5B0%5D=stock&events%5B1%5D=other&events%5B2%5D=order&events%5B3%5D=refund&status=on")
        << "what it had it keeps";

    now_has(R"(["*"])");
    EXPECT_THAT(states(), ElementsAre("order present h_1", "refund present h_1", "stock present h_1"));
    const auto before = vendor_.asked().size();
    EXPECT_EQ(registering().code, 0);
    EXPECT_EQ(vendor_.asked().size(), before + 1) << "it looked, and there was nothing to do";
}

TEST_F(RegistrationFlow, ASubscriptionThatIsRemovedIsNoticedAndOneThatIsBackToo)
{
    for (const auto* what : {"ORDER", "REFUND", "STOCK"})
        there_.add(what, address);
    ASSERT_TRUE(start("    registration: { every: 1s }\n")) << headgate_->log();
    ASSERT_TRUE(happens([&] { return vendor_.count("/v1/hooks") >= 2; }));
    EXPECT_THAT(readyz(), Not(HasSubstr("subscriptions_shop")));

    there_.remove("REFUND");  // after failures, without a word
    ASSERT_TRUE(headgate_->wait_until_told("/readyz", "subscriptions_shop", 60s)) << headgate_->log();
    EXPECT_THAT(readyz(), AllOf(HasSubstr("nothing of refund"), HasSubstr("\"ready\":true"),
                                HasSubstr("headgate channels register shop")));
    EXPECT_TRUE(missing_is(1));
    EXPECT_THAT(headgate_->log(), HasSubstr("subscriptions are missing at the vendor"));
    EXPECT_EQ(there_.kept().size(), 2U) << "nothing is made without being asked";

    // A vendor that is away says nothing of what it has.
    there_.say_instead("GET", std::vector<Vendor::Answer>(2, {500, "{}"}));
    ASSERT_TRUE(headgate_->wait_until_told("/readyz", "cannot be looked at", 60s)) << readyz();
    EXPECT_TRUE(missing_is(1));

    there_.add("REFUND", address, false);
    EXPECT_EQ(registering({"--check"}).code, 1) << "switched off, it is as good as none";
    there_.remove("REFUND");
    EXPECT_EQ(registering().code, 0);
    EXPECT_THAT(readyz(), Not(HasSubstr("subscriptions_shop"))) << "whoever makes it is not told any more";
    there_.remove("STOCK");
    ASSERT_TRUE(headgate_->wait_until_told("/readyz", "nothing of stock", 60s));
    there_.add("STOCK", address);
    ASSERT_TRUE(headgate_->wait_until_told("/readyz", "subscriptions_shop", 60s, false)) << readyz();
    EXPECT_TRUE(missing_is(0));
}

TEST_F(RegistrationFlow, AChannelThatKeepsItsSubscriptionsMakesThemAgain)
{
    connector(R"(
  topics: [order, refund, stock]
  word: .topic | upper
  list: { path: /hooks, items: .hooks, next: { parameter: after, value: .next } }
  address: .to
  topic: .what
  id: .id
  create: { path: /hooks, body: { what: .topic, to: .address } }
)");
    ASSERT_TRUE(start("    registration: { keep: true, every: 1s }\n")) << headgate_->log();
    ASSERT_TRUE(happens([&] { return there_.kept().size() == 3; })) << headgate_->log();
    there_.remove("ORDER");
    ASSERT_TRUE(happens([&] { return there_.kept().size() == 3; }));
    EXPECT_THAT(readyz(), Not(HasSubstr("subscriptions_shop")));
}

TEST_F(RegistrationFlow, WhatCannotBeDoneIsSaidBeforeTheVendorIsAsked)
{
    ASSERT_TRUE(start("", {}, "")) << headgate_->log();
    auto refused = registering();
    EXPECT_EQ(refused.code, 1);
    EXPECT_THAT(refused.err, AllOf(HasSubstr("public_url_missing"), HasSubstr("`public_url`")));
    EXPECT_EQ(headgate_->admin("GET", "/api/v1/channels/nobody/subscriptions").first, 404);
    EXPECT_EQ(headgate_->admin("GET", "/api/v1/channels/shop/subscriptions").first, 409);
    EXPECT_EQ(headgate_->admin("POST", "/api/v1/channels/shop/subscriptions", R"({"x":1})").first, 400);
    headgate_->terminate();

    // A vendor with TLS is told no address without.
    write("headgate.yaml", R"(public_url: http://hooks.example
channels:
  shop:
    connector: acme
    secret: env:TOKEN
    api: { token: env:API_TOKEN, url: "https://api.vendor.example" }
  plain:
    connector: json-token
    secret: env:TOKEN
)");
    headgate_ = std::make_unique<HeadgateProcess>(HeadgateProcess::Options{
        folder_ / "conf", folder_ / "data", {{"TOKEN", "t0k3n"}, {"API_TOKEN", "a-p-i"}}, "127.0.0.1:0"});
    ASSERT_TRUE(headgate_->start()) << headgate_->log();
    refused = registering();
    EXPECT_EQ(refused.code, 1);
    EXPECT_THAT(refused.err, HasSubstr("address_not_https"));
    EXPECT_THAT(headgate_->admin("GET", "/api/v1/channels/plain/subscriptions").second, HasSubstr("no_registration"));
    EXPECT_TRUE(vendor_.asked().empty());
}

}  // namespace

}  // namespace headgate::test
