// Whether a channel can tell its vendor from others: what it needs for each way of signing.

#include <gmock/gmock.h>

#include "tests/unit/gateway/configuration_fixture.hpp"

namespace headgate::gateway {

namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class SenderChecks : public ConfigurationTest {
protected:
    /// A connector `acme` with this signature, and a channel with this.
    LoadedConfiguration with(const std::string& signature, const std::string& channel, const std::string& rest = {})
    {
        write("conf/connectors/acme/connector.yaml",
              "signature: " + signature + "\nidentity: { " + good_identity + " }\n" + topics_ + rest);
        write("conf/connectors/acme/mappings/note.yaml",
              "transaction: inventory_level\nentity: stock/{.sku}\nversion: .at | timestamp\nfields:\n  item: { sku: "
              ".sku }\n"
              "  location: main\n  as_of: .at | timestamp\n  basis: full\n  quantities: { on_hand: .left | "
              "quantity(\"EA\") }\n");
        return load("channels: { eu: { connector: acme" + (channel.empty() ? "" : ", " + channel) + " } }\n");
    }
    std::vector<std::string> problems(const std::string& signature, const std::string& channel,
                                      const std::string& rest = {})
    {
        const auto loaded = with(signature, channel, rest);
        told_ = texts(loaded.problems);
        return codes(loaded.problems);
    }

    std::string topics_ = "topics: { a: {} }\n";
    std::string told_;
    const std::string api_ = "api: { url: https://api.vendor.example, auth: bearer }\n";
};

const std::string published =
    R"({ public_key: { header: S, keys: { url: "https://v.example/jwks", form: jwks, id_header: K } } })";
const std::string behind_login =
    R"({ public_key: { header: S, keys: { url: "/keys/{id}", id_header: K, login: true } } })";
const std::string asked =
    R"({ postback: { path: /p, fields: { a: "{header:A}" }, body: b, answer: { pointer: /s, equals: OK } } })";

TEST_F(SenderChecks, ASecretIsMissingWhereOneIsSignedWith)
{
    EXPECT_THAT(problems("{ hmac: { header: S } }", ""), ElementsAre("missing_key"));
    EXPECT_THAT(told_, HasSubstr("headgate.yaml:1:17: missing_key: `secret` must be given here"));
    EXPECT_THAT(problems("{ hmac: { header: S } }", "secret: env:SECRET"), IsEmpty());
    EXPECT_THAT(problems("{ public_key: { header: S } }", ""), ElementsAre("missing_key"));
    EXPECT_THAT(problems("{ hmac: { header: S } }", "secret: "), ElementsAre("missing_key"));
    EXPECT_THAT(told_, HasSubstr("there is nothing behind it"));
}

TEST_F(SenderChecks, KeysThatArePublishedNeedNoSecret)
{
    auto loaded = with(published, "");
    EXPECT_THAT(loaded.problems, IsEmpty()) << texts(loaded.problems);
    const Channel* channel = loaded.configuration->channel("eu");
    ASSERT_TRUE(channel->verifier);
    EXPECT_TRUE(channel->verifier->key_ring());
    EXPECT_TRUE(channel->in_force(0, {})) << "a fetched key has no dates of the channel's";
    EXPECT_THAT(channel->key_source.allow, IsEmpty());

    loaded = with(published, "secret: env:SECRET");
    EXPECT_THAT(loaded.problems, IsEmpty()) << "a challenge may want one";
    loaded = with(published, "keys: { allow: [10.0.0.0/8] }");
    EXPECT_THAT(loaded.problems, IsEmpty());
    EXPECT_EQ(loaded.configuration->channel("eu")->key_source.allow.size(), 1U);
    EXPECT_THAT(problems(published, "keys: { allow: [10.0.0.1/8] }"), ElementsAre("network_malformed"));
    EXPECT_THAT(problems(published, "keys: { ca: nowhere.pem }"), ElementsAre("missing_file"));
    EXPECT_THAT(problems("{ hmac: { header: S } }", "secret: env:SECRET, keys: { allow: [10.0.0.0/8] }"),
                ElementsAre("unused_key"));
    EXPECT_THAT(
        problems(R"({ public_key: { header: S, keys: { url: "https://u:p@v.example/{id}", id_header: K } } })", ""),
        ElementsAre("key_url"));
}

TEST_F(SenderChecks, WhoIsAskedWithALoginNeedsAnApi)
{
    const std::string given = "api: { token: env:SECRET }";
    for (const auto& signature : {behind_login, asked}) {
        EXPECT_THAT(problems(signature, ""), ElementsAre("api_missing")) << signature;
        EXPECT_THAT(problems(signature, "", api_), ElementsAre("api_missing")) << signature;
        EXPECT_THAT(problems(signature, given, api_), IsEmpty()) << told_;
        EXPECT_THAT(problems(signature, "api: { client_id: a, client_secret: env:SECRET, refresh_token: env:SECRET }",
                             "api: { url: https://v.example, auth: refresh_token, token_url: https://v.example/t }\n"),
                    ElementsAre("not_yet"))
            << signature;
    }
    EXPECT_TRUE(with(asked, given, api_).configuration->channel("eu")->postback);
    EXPECT_THAT(problems(behind_login, given + ", keys: { allow: [10.0.0.0/8] }", api_), ElementsAre("unused_key"));
}

TEST_F(SenderChecks, OfWhatNobodySignsNothingIsBelieved)
{
    EXPECT_THAT(problems("{ none: {} }", ""), IsEmpty()) << "nothing is mapped";
    topics_ = "topics: { a: { mappings: [note] }, b: {} }\n";
    EXPECT_THAT(problems("{ none: {} }", ""), ElementsAre("unsigned_event"));
    EXPECT_THAT(told_, HasSubstr("events of `a`"));
    EXPECT_THAT(problems("{ none: {} }", "addresses: [192.0.2.7]"), IsEmpty());
    EXPECT_THAT(problems("{ none: {} }", "topics: [b]"), IsEmpty()) << "what is not wanted is not mapped";
    const auto fetched = [&](const std::string& more) {
        topics_ = "topics: { a: { mappings: [note], fetch: { path: \"/a/{.id}\", into: /a" + more + " } } }\n";
        return problems("{ none: {} }", "", api_);
    };
    EXPECT_THAT(fetched(""), IsEmpty());
    EXPECT_THAT(fetched(", required: false"), ElementsAre("unsigned_event"));
    EXPECT_THAT(fetched(", when: .x"), ElementsAre("unsigned_event"));
}

}  // namespace

}  // namespace headgate::gateway
