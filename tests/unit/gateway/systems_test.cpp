#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/systems/answers.hpp"
#include "gateway/systems/gate.hpp"
#include "gateway/systems/progress.hpp"
#include "tests/unit/gateway/configuration_fixture.hpp"

namespace headgate::gateway {

namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

TEST(AnswersTest, EachStatusMeansWhatTheTableSays)
{
    using enum FailureClass;
    const std::vector<std::pair<int, FailureClass>> usual = {{200, permanent},
                                                             {204, permanent},
                                                             {301, permanent},
                                                             {400, permanent},
                                                             {401, auth},
                                                             {403, auth},
                                                             {404, permanent},
                                                             {405, permanent},
                                                             {408, unknown_outcome},
                                                             {409, conflict},
                                                             {410, permanent},
                                                             {412, conflict},
                                                             {422, permanent},
                                                             {425, transient},
                                                             {429, throttled},
                                                             {501, permanent},
                                                             {502, unknown_outcome},
                                                             {503, transient},
                                                             {504, unknown_outcome},
                                                             {505, permanent},
                                                             {500, unknown_outcome},
                                                             {599, unknown_outcome}};
    for (const auto& [status, meaning] : usual)
        EXPECT_EQ(meaning_of(status, "", mapping::Repeat::never, {}), meaning) << status;
    EXPECT_EQ(meaning_of(500, "", mapping::Repeat::probe, {}), unknown_outcome);
    EXPECT_EQ(meaning_of(500, "", mapping::Repeat::safe, {}), transient);
    EXPECT_EQ(meaning_of(500, "", mapping::Repeat::keyed, {}), transient);
}

TEST(AnswersTest, TheSystemsOwnTableComesFirstAndItsFirstThatFits)
{
    using enum FailureClass;
    const std::vector<AnswerConfig> table = {{"", "422", "*.UserError", dependency},
                                             {"", "422", "sale.*.Locked", transient},
                                             {"", "4xx", "", throttled},
                                             {"", "*", "Busy", transient}};
    const auto meaning = [&](int status, std::string_view code) {
        return meaning_of(status, code, mapping::Repeat::never, table);
    };
    EXPECT_EQ(meaning(422, "odoo.UserError"), dependency);
    EXPECT_EQ(meaning(422, ".UserError"), dependency);
    EXPECT_EQ(meaning(422, "sale.order.Locked"), transient);
    EXPECT_EQ(meaning(422, "UserError"), throttled);
    EXPECT_EQ(meaning(404, ""), throttled);
    EXPECT_EQ(meaning(200, "Busy"), transient);
    EXPECT_EQ(meaning(200, "busy"), permanent);
    EXPECT_EQ(meaning(500, "Bus"), unknown_outcome);
}

TEST(AnswersTest, ADetailHoldsWordsOfTheVendorAndNoTexts)
{
    const auto detail = [](std::string_view code) { return failure_of(422, code, mapping::Repeat::safe, {}).detail; };
    EXPECT_EQ(detail("sale.UserError"), "the system answered 422 sale.UserError");
    EXPECT_EQ(detail("Ada Example lives in Sampleton"), "the system answered 422");
    EXPECT_EQ(failure_of(422, "", mapping::Repeat::safe, {}).code, "http_422");
    EXPECT_EQ(failure_of(200, "", mapping::Repeat::safe, {}).code, "answer_refused");
}

class GateTest : public ::testing::Test {
protected:
    SystemGate::Clock::time_point now_{1h};
    SystemConfig config_;
};

TEST_F(GateTest, NotMoreAtATimeThanTheSystemTakes)
{
    config_.concurrency = 2;
    SystemGate gate(config_);
    gate.begin(now_);
    EXPECT_EQ(gate.closed(now_), std::nullopt);
    gate.begin(now_);
    EXPECT_EQ(gate.closed(now_), SystemGate::Clock::time_point::max());
    gate.end(now_, true);
    EXPECT_EQ(gate.closed(now_), std::nullopt);
}

TEST_F(GateTest, NotFasterThanItsRateAndNoCreditForAPause)
{
    config_.concurrency = 1000;
    config_.rate = config::Rate{10};
    SystemGate gate(config_);
    now_ += 1h;  // it has been waiting
    int began = 0;
    for (int ms = 0; ms < 10'000; ++ms, now_ += 1ms) {
        while (!gate.closed(now_)) {
            gate.begin(now_);
            ++began;
        }
    }
    EXPECT_GE(began, 100);
    EXPECT_LE(began, 101);
}

TEST_F(GateTest, AfterFailuresInARowOneAtATimeNowAndThen)
{
    config_.concurrency = 8;
    config_.breaker = {3, 30s};
    SystemGate gate(config_);
    for (int i = 0; i < 3; ++i) {
        ASSERT_EQ(gate.closed(now_), std::nullopt);
        gate.begin(now_);
        gate.end(now_, false);
    }
    EXPECT_TRUE(gate.open_breaker());
    EXPECT_EQ(gate.closed(now_), now_ + 30s);
    now_ += 30s;
    EXPECT_EQ(gate.closed(now_), std::nullopt);
    gate.begin(now_);
    EXPECT_EQ(gate.closed(now_), SystemGate::Clock::time_point::max());  // one at a time
    gate.end(now_, false);
    EXPECT_EQ(gate.closed(now_), now_ + 30s);
    now_ += 30s;
    gate.begin(now_);
    gate.end(now_, true);
    EXPECT_FALSE(gate.open_breaker());
    EXPECT_EQ(gate.closed(now_), std::nullopt);
}

TEST_F(GateTest, ASystemThatAsksForPatienceIsGivenIt)
{
    SystemGate gate(config_);
    gate.rest_until(now_ + 5s);
    gate.rest_until(now_ + 2s);
    EXPECT_EQ(gate.closed(now_), now_ + 5s);
    EXPECT_EQ(gate.closed(now_ + 5s), std::nullopt);
}

TEST_F(GateTest, ARefusedLoginOpensTheBreakerAtOnce)
{
    SystemGate gate(config_);
    gate.begin(now_);
    gate.open(now_);
    EXPECT_TRUE(gate.open_breaker());
    EXPECT_EQ(gate.running(), 0);
}

TEST(ProgressTest, ReadsBackAsItWasAndAnythingElseAsNothing)
{
    Progress progress;
    EXPECT_EQ(progress.text(), "");
    progress.captured["order"] = R"({"id":12345678901234567890.10})";
    progress.maybe = "confirm";
    progress.misses = 1;
    progress.lost = true;
    const Progress read = Progress::read(progress.text());
    EXPECT_EQ(read.captured, progress.captured);
    EXPECT_EQ(read.maybe, "confirm");
    EXPECT_EQ(read.misses, 1);
    EXPECT_TRUE(read.lost);
    for (const auto* odd : {"", "{", "[]", "{\"captured\":[],\"maybe\":1,\"misses\":\"x\"}"})
        EXPECT_TRUE(Progress::read(odd).empty()) << odd;
}

class HttpSystemConfigurationTest : public ConfigurationTest {
protected:
    LoadedConfiguration with(const std::string& system)
    {
        return load("channels: { eu: { connector: shopify, secret: generated } }\nsystems:\n  erp: { " + system +
                    " }\n");
    }
    void SetUp() override
    {
        write("conf/requests/sales_order.yaml",
              "applies: sales_order\nsteps: [{ id: order, repeat: safe, send: { path: /orders, body: { a: "
              ".order_number } } }]\n");
    }
    static constexpr const char* right = "preset: http, url: 'https://erp.example:8443/api/', requests: requests";
};

TEST_F(HttpSystemConfigurationTest, LoadsItsRequestsAndWhereItIs)
{
    const auto loaded = with(std::string(right) + ", settings: { company: 1 }, allow: [10.0.0.0/8]");
    ASSERT_TRUE(loaded.problems.empty()) << texts(loaded.problems);
    const auto& plan = *loaded.configuration->systems.at("erp");
    EXPECT_TRUE(plan.origin.tls);
    EXPECT_EQ(plan.origin.host, "erp.example");
    EXPECT_EQ(plan.origin.port, 8443);
    EXPECT_EQ(plan.base, "/api");
    EXPECT_TRUE(plan.requests.contains("sales_order"));
    EXPECT_EQ(plan.allow.size(), 1U);
    EXPECT_EQ(plan.settings[plan.settings.member(0, "company")].kind, NodeKind::number);
}

TEST_F(HttpSystemConfigurationTest, WhatIsWrongIsSaidWithItsPlace)
{
    const auto of = [&](const std::string& system) { return codes(with(system).problems); };
    EXPECT_THAT(of("preset: http"), UnorderedElementsAre("missing_key", "missing_key"));
    EXPECT_THAT(of("preset: http, url: ftp://x, requests: requests"), ElementsAre("bad_url"));
    for (const auto* port : {"0", "65536", "99999", "4294967377"})
        EXPECT_THAT(of("preset: http, url: 'http://x.example:" + std::string(port) + "', requests: requests"),
                    ElementsAre("bad_url"))
            << port;
    EXPECT_THAT(of("preset: http, url: 'https://me:secret@x.example', requests: requests"),
                ElementsAre("secret_in_file"));
    EXPECT_THAT(of("preset: http, url: 'https://x.example/?a=b', requests: requests"), ElementsAre("bad_url"));
    EXPECT_THAT(of("preset: http, url: 'https://x.example', requests: nowhere"), ElementsAre("missing_file"));
    EXPECT_THAT(of("preset: sqlite, url: 'https://x.example'"), ElementsAre("unused_key"));
    const std::string start = std::string(right) + ", ";
    EXPECT_THAT(of(start + "allow: [10.0.0.0/99]"), testing::Not(testing::IsEmpty()));
    EXPECT_THAT(of(start + "auth: { kind: bearer }"), ElementsAre("missing_key"));
    EXPECT_THAT(of(start + "auth: { kind: basic, token: env:X, username: a, password: env:X }"),
                ElementsAre("unused_key", "secret_missing"));
    EXPECT_THAT(of(start + "answers: [{ status: 4yy, class: permanent }]"), ElementsAre("wrong_value"));
    EXPECT_THAT(of(start + "answers: [{ status: '422' }]"), ElementsAre("missing_key"));
    EXPECT_THAT(of(start + "retry: { first_delay: 10s, ceiling: 1s }"), ElementsAre("out_of_range"));
    for (const auto* header : {"'a b'", "Content-Length", "transfer-encoding", "HOST"})
        EXPECT_THAT(of(start + "idempotency_header: " + header), ElementsAre("wrong_value")) << header;
    EXPECT_THAT(of(start + "error_code: .a | nonsense"), ElementsAre("unknown_function"));
    write("conf/requests/again.yaml", "applies: sales_order\nsteps: [{ id: o, repeat: safe, send: { path: /x } }]\n");
    write("conf/requests/bad.yaml", "applies: sales_ordr\nsteps: []\n");
    EXPECT_THAT(of(right), testing::Contains("same_name"));
    EXPECT_THAT(of(right), testing::Contains("unknown_type"));
}

TEST_F(HttpSystemConfigurationTest, FilesAreLookedForFromItsOwnFolder)
{
    const std::string start = std::string(right) + ", ca: tls/ca.pem";
    EXPECT_THAT(codes(with(start).problems), ElementsAre("missing_file"));
    write("conf/tls/ca.pem", "-----BEGIN CERTIFICATE-----\n");
    const auto loaded = with(start);
    EXPECT_THAT(texts(loaded.problems), "");
    EXPECT_EQ(loaded.configuration->systems.at("erp")->config.ca, folder_ + "/conf/tls/ca.pem");
    EXPECT_THAT(
        texts(with("preset: http, url: 'https://erp.example', requests: " + folder_ + "/conf/requests").problems), "");
}

TEST_F(HttpSystemConfigurationTest, ARouteToWhatItHasNoRequestForIsTold)
{
    const auto routed = [&](const std::string& route) {
        return load("channels: { eu: { connector: shopify, secret: generated } }\nsystems:\n  erp: { " +
                    std::string(right) + " }\nroutes: [{ id: a, to: [erp]" + route + " }]\n");
    };
    EXPECT_THAT(codes(routed(", types: [sales_order]").problems), ElementsAre());
    EXPECT_THAT(codes(routed(", types: [sales_order]").notes), ElementsAre());
    EXPECT_THAT(codes(routed(", types: [sales_order, refund]").problems), ElementsAre("no_request"));
    const auto all = routed("");
    EXPECT_THAT(codes(all.problems), ElementsAre());
    EXPECT_THAT(codes(all.notes), ElementsAre("no_request"));
    EXPECT_THAT(texts(all.notes), HasSubstr("sales_order"));
}

TEST_F(HttpSystemConfigurationTest, TheLedgerMayStandBesideIt)
{
    EXPECT_THAT(
        codes(
            load("channels: { eu: { connector: shopify, secret: generated } }\nsystems:\n  ledger: { preset: sqlite }\n"
                 "  erp: { " +
                 std::string(right) + " }\nroutes: [{ id: all, to: [ledger, erp] }]\n")
                .problems),
        ElementsAre());
}

}  // namespace

}  // namespace headgate::gateway
