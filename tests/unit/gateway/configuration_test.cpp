#include "tests/unit/gateway/configuration_fixture.hpp"

#include <sys/stat.h>

#include <iterator>

#include <gmock/gmock.h>

namespace headgate::gateway {

namespace {

using testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

TEST_F(ConfigurationTest, TheDemoLoadsWithoutAProblemOrANote)
{
    LoadOptions demo = options();
    demo.folder = shipped_ + "/demo";

    const auto loaded = load_configuration(demo);

    EXPECT_EQ(texts(loaded.problems), "");
    EXPECT_EQ(texts(loaded.notes), "");
    const Channel* channel = loaded.configuration->channel("shopify-demo");
    ASSERT_NE(channel, nullptr);
    EXPECT_TRUE(channel->verifier);
    EXPECT_EQ(channel->source, "shopify-demo");
    EXPECT_EQ(channel->window, std::chrono::hours{8});
    ASSERT_NE(channel->wanted("orders/create"), nullptr);
    EXPECT_FALSE(channel->wanted("orders/create")->mappings.empty());
    ASSERT_EQ(loaded.configuration->routes.size(), 1U);
    EXPECT_THAT(loaded.configuration->routes[0].to, ElementsAre("ledger"));
    EXPECT_TRUE(loaded.configuration->deployment.redis.managed);
}

TEST_F(ConfigurationTest, EverySectionOfALaterVersionIsRefusedByName)
{
    const auto loaded = load(R"(
listen:
  public: { tls: { certificate: "file:/c", key: "file:/k" } }
  admin: { tls: {} }
channels:
  eu:
    connector: shopify
    secret: env:SECRET
    mapping: { sales_order: mappings/a.yaml }
    partner: { theirs: {} }
    send: { folder: /out }
systems:
  ledger:
    preset: sqlite
    channel: eu
routes:
  - id: all
    types: [price]
    to: [ledger]
    when: not .test
    owner: odoo
    gates: [payment]
    fallback: { after: 4h }
    coalesce: { by: [.a] }
ownership: [{ type: product }]
legal_entity: [{ legal_entity: park }]
regions: { eu: {} }
parking: { parent: { fetch: true }, unrouted: { wait: 1d } }
alerts: { to: [] }
redis: { sentinel: headgate }
spool: { max: 2GiB }
history: { store: sqlite, url: x, keep: { raw: 90d } }
)");

    std::vector<std::string> refused;
    for (const auto& problem : loaded.problems) {
        EXPECT_EQ(problem.code, "not_yet") << text_of(problem);
        EXPECT_GT(problem.line, 0) << text_of(problem);
        const auto from = problem.message.find('`') + 1;
        refused.push_back(problem.message.substr(from, problem.message.find('`', from) - from));
    }
    EXPECT_THAT(refused,
                UnorderedElementsAre("tls", "tls", "mapping", "partner", "send", "channel", "when", "owner", "gates",
                                     "fallback", "by", "ownership", "legal_entity", "regions", "fetch", "unrouted",
                                     "alerts", "sentinel", "spool", "store", "url", "keep"));
    EXPECT_THAT(codes(load(one_channel + "systems: { odoo: { preset: odoo } }\n").problems),
                Contains("unknown_choice"));
}

TEST_F(ConfigurationTest, LettersLeaveRoomInAManagedRedis)
{
    const auto resident = [this](const std::string& more) {
        const auto loaded = load(one_channel + more);
        return loaded.configuration ? loaded.configuration->deployment.dead.resident : Size{};
    };

    EXPECT_EQ(resident("redis: { maxmemory: 8GiB }\n"), Size{1U << 30U});
    EXPECT_EQ(resident(""), Size{1U << 28U}) << "a quarter of 1 GiB";
    EXPECT_EQ(resident("dead: { resident: 512MiB }\n"), Size{1U << 29U});
    EXPECT_EQ(resident("dead: { resident: 0B }\n"), Size{0});
    EXPECT_EQ(resident("redis: { url: redis://h }\n"), Size{1U << 30U}) << "whose memory nobody knows here";
    EXPECT_THAT(codes(load(one_channel + "dead: { resident: 513MiB }\n").problems), ElementsAre("out_of_range"));
}

TEST_F(ConfigurationTest, WhatIsNamedAndNotThereIsAProblemThatSaysWhatThereIs)
{
    auto loaded = load("channels: { eu: { connector: shopfy, secret: env:SECRET } }\n");
    EXPECT_THAT(codes(loaded.problems), ElementsAre("unknown_connector"));

    loaded = load(one_channel + "routes: [{ id: a, channels: [us], types: [sales_ordr], to: [ledgr] }]\n");
    EXPECT_THAT(codes(loaded.problems), UnorderedElementsAre("unknown_channel", "unknown_type", "unknown_system"));
    EXPECT_THAT(texts(loaded.problems), HasSubstr("there are: eu)"));
    EXPECT_THAT(texts(loaded.problems), HasSubstr("there are: ledger)"));
    EXPECT_THAT(texts(loaded.problems), HasSubstr("did you mean `sales_order`?)"));
    EXPECT_THAT(texts(loaded.problems), HasSubstr("/conf/headgate.yaml:2:"));

    loaded = load("channels: { eu: { connector: shopify, secret: env:SECRET, topics: [orders/*, refund/*] } }\n");
    EXPECT_THAT(codes(loaded.problems), ElementsAre("unknown_topic"));
    EXPECT_THAT(texts(loaded.problems), HasSubstr("orders/paid"));
}

TEST_F(ConfigurationTest, SecretsComeFromTheEnvironmentOrAFileAndWhiteSpaceIsRefused)
{
    write("conf/secret", "from-a-file\n");
    write("conf/padded", "from-a-file \n");
    write("conf/empty", "\n");
    const auto with = [&](const std::string& secret) {
        return load("channels: { eu: { connector: shopify, secret: " + secret + " } }\n");
    };

    EXPECT_EQ(texts(with("[env:SECRET, file:secret]").problems), "");
    EXPECT_EQ(texts(with("file:" + folder_ + "/conf/secret").problems), "");
    EXPECT_THAT(codes(with("env:NOWHERE").problems), ElementsAre("secret_missing"));
    EXPECT_THAT(codes(with("file:nowhere").problems), ElementsAre("secret_missing"));
    EXPECT_THAT(texts(with("file:nowhere").problems), HasSubstr("No such file"));
    EXPECT_THAT(texts(with("file:../conf").problems), HasSubstr("Is a directory"));
    EXPECT_THAT(texts(with("file:/dev/zero").problems), HasSubstr("larger than a secret"));
    EXPECT_THAT(codes(with("file:padded").problems), ElementsAre("secret_white_space"));
    EXPECT_THAT(codes(with("file:empty").problems), ElementsAre("secret_empty"));
    EXPECT_THAT(codes(with("[]").problems), ElementsAre("empty_list"));

    auto read = read_secrets(
        {{config::SecretSource::Kind::env, "SECRET", 1, 1}, {config::SecretSource::Kind::file, "secret", 1, 1}}, "eu",
        options());
    ASSERT_TRUE(read);
    EXPECT_THAT(*read, ElementsAre("s3cret", "from-a-file"));
}

TEST_F(ConfigurationTest, AMissingSecretIsANoteForCheckAndPointsIntoTheFileTheChannelStandsIn)
{
    write("conf/channels/eu.yaml", "eu:\n  connector: shopify\n  secret: env:NOWHERE\n");
    write("conf/headgate.yaml", "name: here\n");
    LoadOptions check = options();
    check.secrets_required = false;
    check.data = "";

    const auto loaded = load_configuration(check);

    EXPECT_EQ(texts(loaded.problems), "");
    ASSERT_EQ(codes(loaded.notes), std::vector<std::string>{"secret_missing"});
    EXPECT_THAT(text_of(loaded.notes[0]), HasSubstr("/conf/channels/eu.yaml:3:11: "));
    EXPECT_FALSE(fs::exists(folder_ + "/data")) << "check makes nothing";
}

TEST_F(ConfigurationTest, AGeneratedSecretIsMadeOnceForItsOwnerAlone)
{
    const std::string yaml = "channels: { eu: { connector: shopify, secret: generated } }\n";
    write("data/secrets/eu.new", "half");
    fs::permissions(folder_ + "/data/secrets/eu.new", fs::perms::all);
    const auto contents = [&] {
        std::ifstream file(folder_ + "/data/secrets/eu");
        return std::string{std::istreambuf_iterator<char>(file), {}};
    };

    EXPECT_EQ(texts(load(yaml).problems), "");
    const std::string first = contents();
    EXPECT_EQ(first.size(), 49U);
    struct stat status{};
    ASSERT_EQ(::stat((folder_ + "/data/secrets/eu").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0600U);
    ASSERT_EQ(::stat((folder_ + "/data/secrets").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0700U);

    EXPECT_EQ(texts(load(yaml).problems), "");
    EXPECT_EQ(contents(), first);
}

TEST_F(ConfigurationTest, AChannelCannotShareASecretOfHeadgatesOwn)
{
    for (const auto* name : {"admin-token", "redis"}) {
        const auto loaded =
            load("channels: { " + std::string(name) + ": { connector: shopify, secret: generated } }\n");
        EXPECT_THAT(codes(loaded.problems), ElementsAre("channel_name")) << name;
        EXPECT_FALSE(fs::exists(folder_ + "/data/secrets/" + name));
    }
    EXPECT_THAT(codes(load("channels: { EU: { connector: shopify, secret: env:SECRET } }\n").problems),
                ElementsAre("channel_name"));
    EXPECT_THAT(codes(load("channels: { eu: { connector: shopify, secret: env:SECRET, source: \"a:b\" } }\n").problems),
                ElementsAre("source_name"));
}

TEST_F(ConfigurationTest, AConnectorThatDoesNotSayTopicAndKeyIsNeverUsedSilently)
{
    for (const auto* identity : {"topic: \"\", idempotency_key: $headers.k", "topic:, idempotency_key: $headers.k",
                                 "topic: $headers.t, idempotency_key: \"\"",
                                 "topic: \"${NOWHERE:-}\", idempotency_key: $headers.k", "topic: $headers.t"}) {
        write_connector(identity);
        EXPECT_THAT(codes(load(acme_channel).problems), ElementsAre("missing_key")) << identity;
    }
    for (const auto* identity :
         {"topic: \" \", idempotency_key: $headers.k", "topic: $headers.t, idempotency_key: nope("}) {
        write_connector(identity);
        EXPECT_EQ(load(acme_channel).problems.size(), 1U) << identity;
    }
    write("conf/connectors/acme/connector.yaml", "signature: { hmac: { header: S } }\nidentity:\ntopics:\n");
    EXPECT_THAT(codes(load(acme_channel).problems), ElementsAre("missing_key", "missing_key"));

    write_connector(good_identity);
    EXPECT_EQ(texts(load(acme_channel).problems), "");
}

TEST_F(ConfigurationTest, AWrongExpressionIsReportedAtItsLine)
{
    write_connector("topic: $headers.t,\n  idempotency_key: nope(.a)");
    EXPECT_THAT(texts(load(acme_channel).problems), HasSubstr("acme/connector.yaml:3:20: "));

    write_connector(good_identity);
    EXPECT_THAT(
        texts(load("channels:\n  eu:\n    connector: acme\n    secret: env:SECRET\n    order_by: nope(.a)\n").problems),
        HasSubstr("conf/headgate.yaml:5:15: "));
}

TEST_F(ConfigurationTest, AChannelWithoutAConnectorIsAProblem)
{
    for (const auto* connector : {"", "\"\"", "\"${NOWHERE:-}\""})
        EXPECT_THAT(
            codes(load("channels:\n  eu:\n    connector: " + std::string(connector) + "\n    secret: env:SECRET\n")
                      .problems),
            ElementsAre("missing_key"))
            << connector;
    EXPECT_THAT(codes(load("channels:\n").problems), ElementsAre("missing_key"));
    EXPECT_THAT(codes(load("channels: {}\n").problems), ElementsAre("no_channels"));
}

TEST_F(ConfigurationTest, AFolderThatIsNotThereIsToldWithWhatNamesIt)
{
    LoadOptions nowhere = options();
    nowhere.shipped = folder_ + "/nowhere";

    const auto loaded = load_configuration(nowhere);

    EXPECT_THAT(codes(loaded.problems), ElementsAre("unreadable", "unreadable"));
    EXPECT_THAT(texts(loaded.problems), HasSubstr("--config"));
    EXPECT_THAT(texts(loaded.problems), HasSubstr("HEADGATE_SHARE"));
}

TEST_F(ConfigurationTest, AConnectorsFolderWithoutItsFileDoesNotFallBackToAShippedOne)
{
    write("conf/connectors/shopify/conector.yaml", "");
    const auto loaded = load(one_channel);
    ASSERT_FALSE(loaded.problems.empty());
    EXPECT_EQ(loaded.problems[0].code, "missing_file");
}

TEST_F(ConfigurationTest, AFolderThatCannotBeLookedAtIsAProblemAndNoCrash)
{
    fs::create_directories(folder_ + "/conf");
    for (const auto* name : {"connectors", "vocabularies"})
        fs::create_symlink(name, folder_ + "/conf/" + name);  // a loop: neither there nor not there

    const auto loaded = load(one_channel);

    EXPECT_THAT(codes(loaded.problems), UnorderedElementsAre("unreadable", "unreadable"));

    fs::create_directories(folder_ + "/data");
    fs::create_symlink("secrets", folder_ + "/data/secrets");
    EXPECT_THAT(codes(load("channels: { eu: { connector: shopify, secret: generated } }\n").problems),
                ::testing::Contains("secret_missing"));
}

TEST_F(ConfigurationTest, EmptyListsThatWouldMeanNothingAreProblems)
{
    EXPECT_THAT(codes(load("channels: { eu: { connector: shopify, secret: env:SECRET, topics: [] } }\n").problems),
                ElementsAre("empty_list"));
    EXPECT_THAT(codes(load(one_channel + "routes: [{ id: a, to: [] }]\n").problems), ElementsAre("empty_list"));
    EXPECT_THAT(codes(load(one_channel + "routes: [{ id: a, to: ledger, types: [] }]\n").problems),
                ElementsAre("empty_list"));
    EXPECT_THAT(codes(load(one_channel + "routes: [{ id: a, to: ledger, channels: [] }]\n").problems),
                ElementsAre("empty_list"));
    EXPECT_THAT(codes(load(one_channel + "routes: []\n").problems), ElementsAre("empty_list"));
    EXPECT_EQ(texts(load(one_channel + "routes: [{ id: a, to: ledger }]\n").problems), "");
}

TEST_F(ConfigurationTest, ARouteIdNamesOneRoute)
{
    const auto loaded =
        load(one_channel + "routes: [{ id: a, to: ledger }, { id: b, to: ledger }, { id: a, to: ledger }]\n");
    EXPECT_THAT(codes(loaded.problems), ElementsAre("repeated_id"));
}

TEST_F(ConfigurationTest, NothingIsAcceptedThatTheFormatsOrTheAcceptScriptWouldRefuseLater)
{
    EXPECT_EQ(texts(load(one_channel + "listen: { public: { max_body: 64MiB } }\n").problems), "");
    EXPECT_THAT(codes(load(one_channel + "listen: { public: { max_body: 65MiB } }\n").problems),
                ElementsAre("out_of_range"));

    const auto remembering = [&](const std::string& duration) {
        return load("channels: { eu: { connector: shopify, secret: env:SECRET, remember: " + duration + " } }\n");
    };
    EXPECT_EQ(remembering("90d").configuration->channel("eu")->window, std::chrono::hours{24 * 90});
    EXPECT_EQ(texts(remembering("1m").problems), "");
    for (const auto* duration : {"101y", "91d", "59s"})
        EXPECT_THAT(codes(remembering(duration).problems), ElementsAre("out_of_range")) << duration;
    EXPECT_THAT(codes(remembering("long").problems), ElementsAre("wrong_kind"));
}

TEST_F(ConfigurationTest, WhatIsSaidAboutARedisOfOnesOwnNeverStartsAManagedOne)
{
    const auto with = [&](const std::string& redis) { return load(one_channel + "redis: " + redis + "\n"); };

    EXPECT_EQ(texts(with("managed").problems), "");
    EXPECT_EQ(texts(with("{ maxmemory: 2GiB }").problems), "");
    EXPECT_TRUE(with("{ maxmemory: 2GiB }").configuration->deployment.redis.managed);
    EXPECT_FALSE(with("{ url: \"redis://h:6379\", password: env:SECRET }").configuration->deployment.redis.managed);
    EXPECT_EQ(texts(with("{ url: \"redis://h:6379\", password: env:SECRET, unchecked: [maxmemory] }").problems), "");

    EXPECT_THAT(codes(with("{ password: env:SECRET }").problems), ElementsAre("url_missing"));
    EXPECT_THAT(codes(with("{ unchecked: [maxmemory] }").problems), ElementsAre("url_missing"));
    EXPECT_THAT(codes(with("{ url: \"redis://h\", password: generated }").problems), ElementsAre("generated_secret"));
    EXPECT_THAT(codes(with("{ url: \"redis://h\", password: [env:A, env:B] }").problems),
                ElementsAre("several_secrets"));
    EXPECT_THAT(codes(with("{ url: \"redis://h\", maxmemory: 2GiB }").problems), ElementsAre("unused_key"));
    EXPECT_THAT(codes(with("{ url: \"redis://me@h\" }").problems), ElementsAre("bad_redis_url"));
    EXPECT_THAT(codes(with("{ url: }").problems), ElementsAre("bad_redis_url"));
    EXPECT_THAT(codes(with("{ url: \"${NOWHERE:-}\" }").problems), ElementsAre("bad_redis_url"));
    EXPECT_THAT(texts(with("{ url: \"http://h\" }").problems), HasSubstr("headgate.yaml:2:15: bad_redis_url"));
    EXPECT_THAT(codes(with("mine").problems), ElementsAre("unknown_choice"));
}

TEST_F(ConfigurationTest, APublicUrlIsOneAndIsThereWhereAVendorSignsIt)
{
    const auto at = [&](const std::string& url) { return load(one_channel + "public_url: " + url + "\n"); };
    EXPECT_EQ(at("https://hooks.example//").configuration->channel("eu")->hook_url, "https://hooks.example/hooks/eu");
    EXPECT_EQ(texts(at("http://hooks.example:8080").problems), "");
    for (const auto* url :
         {"hooks.example", "ftp://hooks.example", "https://", "\"https://a b\"", "https://h?a=b", "https://me:pw@h"})
        EXPECT_THAT(codes(at(url).problems), ElementsAre("bad_public_url")) << url;

    write("conf/connectors/acme/connector.yaml",
          "signature: { hmac: { header: S, signed: \"{url}{body}\" } }\nidentity: { " + good_identity +
              " }\ntopics: { a/created: {} }\n");
    const auto without = load(acme_channel);
    EXPECT_THAT(codes(without.problems), ElementsAre("public_url_missing"));
    EXPECT_THAT(texts(without.problems), HasSubstr("channel `eu`"));
    EXPECT_EQ(texts(load(acme_channel + "public_url: https://hooks.example\n").problems), "");
}

TEST_F(ConfigurationTest, AFolderIsReadByOneChannel)
{
    fs::create_directories(folder_ + "/conf/in");
    fs::create_directory_symlink(folder_ + "/conf/in", folder_ + "/conf/also");
    const auto with = [&](const std::string& one, const std::string& two) {
        return load("channels:\n  a: { connector: csv, receive: { folder: " + one +
                    " } }\n  b: { connector: csv, receive: { folder: " + two + " } }\n");
    };
    EXPECT_EQ(texts(with("in", "other").problems), "");
    EXPECT_THAT(codes(with("in", "./in/").problems), ElementsAre("folder_taken"));
    EXPECT_THAT(codes(with("in", "also").problems), ElementsAre("folder_taken"));
    EXPECT_THAT(codes(with("new", "new/../new").problems), ElementsAre("folder_taken"));
}

TEST_F(ConfigurationTest, APollWhosePathNeedsASettingHasIt)
{
    const auto with = [&](const std::string& settings) {
        return load("channels:\n  tax:\n    connector: avalara\n    settings: { " + settings +
                    " }\n    poll: {}\n    api: { username: a, password: env:SECRET }\n");
    };
    variables_["SECRET"] = "x";
    EXPECT_EQ(texts(with("company: ACME").problems), "");
    const auto without = with("unit: x");
    EXPECT_THAT(codes(without.problems), ElementsAre("poll_path_missing"));
    EXPECT_THAT(texts(without.problems), HasSubstr("company"));
}

TEST_F(ConfigurationTest, LoginsAndSignaturesAreNeverKeptWhateverThePatternsSay)
{
    write_connector(good_identity, "keep_headers: [\"*\"]\n");
    const auto loaded = load(acme_channel);
    ASSERT_EQ(texts(loaded.problems), "");
    const Channel* channel = loaded.configuration->channel("eu");

    for (const auto* header : {"Authorization", "proxy-authorization", "COOKIE", "Set-Cookie", "s"})
        EXPECT_FALSE(channel->keeps(header)) << header;
    EXPECT_TRUE(channel->keeps("X-Topic"));

    write_connector(good_identity, "keep_headers: [x-*, Authorization]\n");
    EXPECT_THAT(codes(load(acme_channel).problems), ElementsAre("never_kept"));
    write_connector(good_identity, "keep_headers: [x-*-id]\n");
    EXPECT_THAT(codes(load(acme_channel).problems), ElementsAre("wrong_pattern"));
}

TEST_F(ConfigurationTest, AUnsignedBodyOrTemplateIsReportedWithoutASecretAtHand)
{
    write("conf/connectors/acme/connector.yaml",
          "signature: { hmac: { header: S, signed: \"{boddy}\" } }\nidentity: { " + good_identity + " }\ntopics: {}\n");
    LoadOptions check = options();
    check.secrets_required = false;
    write("conf/headgate.yaml", "channels: { eu: { connector: acme, secret: env:NOWHERE } }\n");

    EXPECT_THAT(codes(load_configuration(check).problems), ElementsAre("signed_template", "empty_list"));
}

}  // namespace

}  // namespace headgate::gateway
