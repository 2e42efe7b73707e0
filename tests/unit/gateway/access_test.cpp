#include "gateway/access.hpp"

#include <set>

#include <gmock/gmock.h>

#include "gateway/api/route.hpp"
#include "gateway/tokens.hpp"
#include "tests/unit/gateway/configuration_fixture.hpp"

namespace headgate::gateway {

namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr auto now = std::chrono::sys_days{std::chrono::year{2026} / 11 / 26} + 12h;

TEST(ScopeTest, AnEmptyListTakesAllAndOneThatIsGivenNothingUnknown)
{
    const Caller anyone{"a", Role::viewer, false, {}};
    const Caller of_channel{"b", Role::viewer, false, {{"eu", "us"}, {}, {}}};
    const Caller of_money{"c", Role::viewer, false, {{}, {"refund"}, {"finance"}}};

    EXPECT_TRUE(anyone.may_see({}));
    EXPECT_TRUE(anyone.may_see({"eu", "refund", "finance"}));
    EXPECT_TRUE(of_channel.may_see({.channel = "us"}));
    EXPECT_FALSE(of_channel.may_see({.channel = "uk"}));
    EXPECT_FALSE(of_channel.may_see({}));
    EXPECT_TRUE(of_money.may_see({"eu", "refund", "finance"}));
    EXPECT_FALSE(of_money.may_see({"eu", "refund", "default"}));
    EXPECT_FALSE(of_money.may_see({"eu", "", "finance"}));
    EXPECT_TRUE(of_channel.scope.whole_channels());
    EXPECT_FALSE(of_money.scope.whole_channels());
}

TEST(ScopeTest, RolesHaveNamesBothWays)
{
    for (const auto name : role_names())
        EXPECT_EQ(name_of(role_named(name).value()), name);
    EXPECT_EQ(role_named("root"), std::nullopt);
    EXPECT_LT(Role::viewer, Role::operator_);
    EXPECT_LT(Role::operator_, Role::approver);
    EXPECT_LT(Role::approver, Role::admin);
}

TEST(TokensTest, AreKnownByTheirHashUntilTheyExpire)
{
    const auto one = new_token().value(), other = new_token().value(), old = new_token().value();
    const Tokens tokens({{{"one", Role::viewer}, {*read_hash(hash_text(one)), sha256("rolled")}, {}},
                         {{"old", Role::admin}, {sha256(old)}, expiry_of("2026-11-26T12:00:00Z")},
                         {{"young", Role::admin}, {sha256("young")}, expiry_of("2026-11-26T12:00:01Z")}});

    EXPECT_NE(one, other);
    EXPECT_GE(one.size(), 64U);
    EXPECT_EQ(tokens.whose(one, now).value()->name, "one");
    EXPECT_EQ(tokens.whose("rolled", now).value()->name, "one");
    EXPECT_EQ(tokens.whose("young", now).value()->name, "young");
    for (const auto& wrong : {other, std::string(), one + "x", hash_text(one)})
        EXPECT_EQ(tokens.whose(wrong, now).error(), Tokens::Refused::wrong) << wrong;
    EXPECT_EQ(tokens.whose(old, now).error(), Tokens::Refused::expired);
    EXPECT_EQ(tokens.whose(old, now - 1ms).value()->name, "old");
}

TEST(TokensTest, OnlyItsOwnFormIsAHash)
{
    EXPECT_TRUE(read_hash(hash_text("x")));
    for (const auto& text : {to_hex(sha256("x")), hash_text("x") + "0", hash_text("x").substr(0, 70),
                             "sha1:" + to_hex(sha256("x")), std::string("sha256:"), std::string()})
        EXPECT_FALSE(read_hash(text)) << text;
    EXPECT_EQ(expiry_of("2026-11-26")->seconds, expiry_of("2026-11-26T01:00:00+01:00")->seconds);
    for (const auto* text : {"", "tomorrow", "2026-02-30", "2026-11-26T12:00:00"})
        EXPECT_FALSE(expiry_of(text)) << text;
}

class AccessConfigTest : public ConfigurationTest {
protected:
    AccessConfigTest() { variables_["HASH"] = hash_text("hg_secret"); }
};

TEST_F(AccessConfigTest, SaysWhoMayDoWhatWhere)
{
    write("conf/tokens/desk", hash_text("hg_desk") + "\n");
    const auto loaded = load(one_channel + R"(queues: { finance: { owner: a }, default: { owner: b } }
access:
  tokens:
    - { name: desk, role: approver, queues: [finance], types: [refund], expires: 2027-01-01, hash: file:tokens/desk }
    - { name: grafana, role: viewer, machine: true, channels: eu, hash: [env:HASH, file:tokens/desk] }
)");
    ASSERT_EQ(texts(loaded.problems), "");

    const auto& tokens = loaded.configuration->tokens;
    ASSERT_EQ(tokens.size(), 2U);
    EXPECT_EQ(tokens[0].caller.name, "desk");
    EXPECT_EQ(tokens[0].caller.role, Role::approver);
    EXPECT_FALSE(tokens[0].caller.machine);
    EXPECT_THAT(tokens[0].caller.scope.queues, ElementsAre("finance"));
    EXPECT_THAT(tokens[0].caller.scope.types, ElementsAre("refund"));
    EXPECT_THAT(tokens[0].hashes, ElementsAre(sha256("hg_desk")));
    EXPECT_EQ(tokens[0].expires->seconds, 1'798'761'600);
    EXPECT_TRUE(tokens[1].caller.machine);
    EXPECT_THAT(tokens[1].caller.scope.channels, ElementsAre("eu"));
    EXPECT_THAT(tokens[1].hashes, ElementsAre(sha256("hg_secret"), sha256("hg_desk")));
    EXPECT_FALSE(tokens[1].expires);
}

TEST_F(AccessConfigTest, WhatIsWrongIsSaidWithItsPlace)
{
    const auto told = [this](const std::string& tokens) {
        return texts(load(one_channel + "access:\n  tokens:\n" + tokens).problems);
    };

    EXPECT_THAT(told("    - { name: a, role: aprover, hash: env:HASH }\n"), HasSubstr("headgate.yaml:4:"));
    EXPECT_THAT(told("    - { name: a, role: aprover, hash: env:HASH }\n"), HasSubstr("did you mean `approver`"));
    EXPECT_THAT(told("    - { name: a, hash: env:HASH }\n"), HasSubstr("`role`"));
    EXPECT_THAT(told("    - { role: viewer, hash: env:HASH }\n"), HasSubstr("`name`"));
    EXPECT_THAT(told("    - { name: a, role: viewer }\n"), HasSubstr("`hash`"));
    EXPECT_THAT(told("    - { name: admin, role: viewer, hash: env:HASH }\n"), HasSubstr("token_name"));
    EXPECT_THAT(told("    - { name: A b, role: viewer, hash: env:HASH }\n"), HasSubstr("token_name"));
    EXPECT_THAT(
        told("    - { name: a, role: viewer, hash: env:HASH }\n    - { name: a, role: admin, hash: env:HASH }\n"),
        HasSubstr("5:7: repeated_token"));
    EXPECT_THAT(told("    - { name: a, role: viewer, hash: env:HASH, expires: soon }\n"),
                HasSubstr("4:57: bad_expires"));
    EXPECT_THAT(told("    - { name: a, role: viewer, hash: env:SECRET }\n"), HasSubstr("4:38: bad_token_hash"));
    EXPECT_THAT(told("    - { name: a, role: viewer, hash: env:NO_SUCH }\n"), HasSubstr("4:38: secret_missing"));
    EXPECT_THAT(told("    - { name: a, role: viewer, hash: generated }\n"), HasSubstr("4:38: "));
    EXPECT_THAT(
        told("    - { name: a, role: viewer, hash: env:HASH, channels: [us], types: [refnd], queues: [q] }\n"),
        ::testing::AllOf(HasSubstr("unknown_channel"), HasSubstr("did you mean `refund`"), HasSubstr("unknown_queue")));
    EXPECT_THAT(told("    - { name: a, role: viewer, hash: env:HASH, channels: [] }\n"), HasSubstr("empty_list"));
    EXPECT_THAT(told("    - { name: a, role: viewer, hash: env:HASH, roles: [x] }\n"), HasSubstr("unknown_key"));
    EXPECT_THAT(codes(load(one_channel + "access: { tokens: [] }\n").problems), ElementsAre("empty_list"));
}

/// A way of the API, as a name.
std::string text_of(const api::Route& route)
{
    return std::string(route.method) + " " + std::string(route.path);
}

std::set<std::string> ways(const std::function<bool(const api::Route&)>& which)
{
    std::set<std::string> all;
    for (const auto& route : api::routes())
        if (which(route))
            all.insert(text_of(route));
    return all;
}

TEST(RoutesTest, WhoeverOnlyLooksChangesNothingAndNoMachineDecides)
{
    EXPECT_THAT(ways([](const auto& route) { return route.method != "GET" && route.least < Role::operator_; }),
                ::testing::IsEmpty());
    EXPECT_THAT(ways([](const auto& route) { return route.trait.decides; }),
                ::testing::IsSupersetOf({"POST holds/ID/arrived", "POST holds/ID/not-arrived"}));
    EXPECT_THAT(ways([](const auto& route) { return route.trait.decides && route.method == "GET"; }),
                ::testing::IsEmpty());
}

TEST(RoutesTest, WhatShowsWhatCameMayBeRevealed)
{
    EXPECT_EQ(ways([](const auto& route) { return route.trait.payload; }),
              (std::set<std::string>{"GET events/ID", "GET events/ID/raw", "GET dlq/ID", "GET dlq/ID/plan",
                                     "GET dlq/plan", "GET dlq/export", "GET holds/ID"}));
    EXPECT_EQ(ways([](const auto& route) { return route.trait.search; }),
              (std::set<std::string>{"GET dlq", "GET dlq/export", "GET dlq/plan"}));
}

TEST(RoutesTest, ALimitedTokenGetsOnlyWhatIsAskedForEachThing)
{
    const auto asked = ways([](const auto& route) { return route.trait.reach == api::Reach::asked; });
    for (const auto* about_all : {"GET verify", "POST systems/NAME/pause", "POST xref/import", "GET xref/export",
                                  "PUT vocabularies/entries", "GET work", "POST work/ID/resolve", "GET systems"})
        EXPECT_FALSE(asked.contains(about_all)) << about_all;
    EXPECT_EQ(ways([](const auto& route) { return route.trait.reach == api::Reach::own_channel; }),
              (std::set<std::string>{"GET channels", "POST channels/NAME/pause", "POST channels/NAME/resume",
                                     "GET channels/NAME/polls", "POST channels/NAME/polls",
                                     "GET channels/NAME/subscriptions", "POST channels/NAME/subscriptions"}));
}

/// Every way, for every kind of caller.
TEST(RoutesTest, EachIsRefusedToWhomItIsDeclaredToBe)
{
    const auto code = [](const api::Route& route, const Caller& caller, std::string_view name) -> std::string {
        const auto refused = api::refusal(route, caller, name);
        if (!refused)
            return "";
        const auto at = refused->body.find(R"("error":")") + 9;
        return std::to_string(refused->status) + " " + refused->body.substr(at, refused->body.find('"', at) - at);
    };
    for (const auto& route : api::routes())
        for (const auto role : {Role::viewer, Role::operator_, Role::approver, Role::admin}) {
            const std::string by_role = role < route.least ? "403 role_wanted" : "";
            const auto what = text_of(route) + " as " + std::string(name_of(role));
            EXPECT_EQ(code(route, {"p", role}, "x"), by_role) << what;

            const std::string machine = by_role.empty() && route.trait.decides ? "403 machine_refused" : by_role;
            EXPECT_EQ(code(route, {"m", role, true}, "x"), machine) << what;

            const bool asked = route.trait.reach == api::Reach::asked;
            const bool channels = route.trait.reach == api::Reach::own_channel;
            const auto limited = [&](const Scope& scope, std::string_view name, const std::string& own) {
                const auto wanted = !by_role.empty() ? by_role : asked ? "" : channels ? own : "403 scope_wanted";
                EXPECT_EQ(code(route, {"l", role, false, scope}, name), wanted) << what << " of " << name;
            };
            limited({{"eu"}, {}, {}}, "eu", "");
            limited({{"eu"}, {}, {}}, "", "");
            limited({{"eu"}, {}, {}}, "us", "404 not_found");
            limited({{"eu"}, {"refund"}, {}}, "eu", "403 scope_wanted");
            limited({{}, {}, {"finance"}}, "eu", "403 scope_wanted");
        }
}

}  // namespace

}  // namespace headgate::gateway
