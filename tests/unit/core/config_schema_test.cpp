#include "core/config/schema.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace headgate::config {

namespace {

using namespace std::chrono_literals;

struct Shop {
    std::string name;
    std::string where;
    std::string connector;
    SecretSources secret;
    std::int64_t backlog = 50;
    std::optional<Duration> remember;
    PlacedText order_by;
    void describe(Schema& schema)
    {
        schema.field("connector", connector, "Which connector.");
        schema.required("connector");
        schema.field("secret", secret, "What is signed with.");
        schema.not_empty("secret", "name one");
        schema.field("remember", remember, {1min, 1h}, "How long a key is known.");
        schema.field("order_by", order_by, "What stays in order.");
        schema.field("backlog", backlog, {1, 100}, "How much may wait.");
        schema.not_yet("poll", "polling");
    }
};

struct Step {
    std::string name;  // as of named entries, and said by a key of its own all the same
    std::vector<std::string> to;
    bool operator==(const Step&) const = default;
    void describe(Schema& schema)
    {
        schema.field("id", name, "Its name.");
        schema.field("to", to, "Where to.");
        schema.not_empty("to", "leave it away");
    }
};

struct Sample {
    enum class Mode : std::uint8_t { strict, relaxed };
    std::string url;
    Duration wait{500};
    Size limit{1024};
    Endpoint listen{"127.0.0.1", 1};
    Mode mode = Mode::strict;
    std::vector<std::string> words;
    Settings settings;
    SecretSources token;
    std::map<std::string, Shop> channels;
    std::vector<Step> steps;
    void describe(Schema& schema)
    {
        schema.field("url", url, "Where.");
        schema.field("wait", wait, {100ms, 1h}, "How long.");
        schema.field("limit", limit, {Size{1}, Size{4096}}, "How much.");
        schema.field("listen", listen, "Where to listen.");
        schema.choice("mode", mode, {{"strict", Mode::strict}, {"relaxed", Mode::relaxed}}, "How.");
        schema.field("words", words, "Words.");
        schema.field("settings", settings, "Of whoever configures.");
        schema.field("token", token, "A secret of ours.", Generated::allowed);
        schema.entries("channels", channels, "Channels.");
        schema.items("steps", steps, "Steps.");
    }
};

class ConfigSchemaTest : public ::testing::Test {
protected:
    ConfigSchemaTest()
    {
        std::string name = (std::filesystem::temp_directory_path() / "headgate-schema-XXXXXX").string();
        folder_ = ::mkdtemp(name.data());
    }
    ~ConfigSchemaTest() override { std::filesystem::remove_all(folder_); }

    Problems read(const std::string& yaml)
    {
        write("headgate.yaml", yaml);
        return read_file(folder_ + "/headgate.yaml", sample_,
                         [](const std::string& variable) -> std::optional<std::string> {
                             return variable == "HOST" ? std::optional<std::string>("shop.example") : std::nullopt;
                         },
                         {"channels"});
    }

    void write(const std::string& file, const std::string& yaml)
    {
        std::filesystem::create_directories(std::filesystem::path(folder_ + "/" + file).parent_path());
        std::ofstream(folder_ + "/" + file) << yaml;
    }

    /// "line:column code" of each problem.
    static std::vector<std::string> places(const Problems& problems)
    {
        std::vector<std::string> all;
        for (const auto& problem : problems)
            all.push_back(std::to_string(problem.line) + ":" + std::to_string(problem.column) + " " + problem.code);
        return all;
    }

    std::string folder_;
    Sample sample_;
};

TEST_F(ConfigSchemaTest, ReadsEveryKindOfValueAndKeepsDefaults)
{
    EXPECT_EQ(places(read(
                  "url: https://${HOST}/${PATH:-hooks}\nwait: 15m\nlimit: 2KiB\nlisten: \"[::1]:8443\"\n"
                  "mode: relaxed\nwords: [a, b]\nchannels:\n  eu:\n    connector: c\n    secret: [env:A, file:/b]\n")),
              std::vector<std::string>{});

    EXPECT_EQ(sample_.url, "https://shop.example/hooks");
    EXPECT_EQ(sample_.wait, 15min);
    EXPECT_EQ(sample_.limit.bytes, 2048U);
    EXPECT_EQ(sample_.listen, (Endpoint{"::1", 8443}));
    EXPECT_EQ(sample_.mode, Sample::Mode::relaxed);
    EXPECT_EQ(sample_.words, (std::vector<std::string>{"a", "b"}));
    ASSERT_TRUE(sample_.channels.contains("eu"));
    EXPECT_EQ(sample_.channels["eu"].name, "eu");
    EXPECT_EQ(sample_.channels["eu"].backlog, 50);
    EXPECT_EQ(sample_.channels["eu"].secret.size(), 2U);
}

TEST_F(ConfigSchemaTest, ReportsAllProblemsTogetherEachWithItsPlace)
{
    const auto problems = read(
        "wait: soon\nlimit: 1GiB\nmod: strict\nurl: a\nurl: b\nlisten: here\nmode: fast\n"
        "channels:\n  eu: { secret: hunter2, backlog: 1000, poll: { every: 1m } }\n");

    EXPECT_EQ(places(problems),
              (std::vector<std::string>{"5:1 repeated_key", "1:7 wrong_kind", "2:8 out_of_range", "6:9 wrong_kind",
                                        "7:7 unknown_choice", "9:7 missing_key", "9:17 secret_in_file",
                                        "9:35 out_of_range", "9:41 not_yet", "3:1 unknown_key"}));
    for (const auto& problem : problems)
        EXPECT_EQ(text_of(problem).find("hunter2"), std::string::npos) << "a secret is never repeated";
    EXPECT_NE(text_of(problems.back()).find("did you mean `mode`?"), std::string::npos);
    EXPECT_TRUE(text_of(problems.back()).starts_with(folder_ + "/headgate.yaml:3:1: unknown_key: "));
}

TEST_F(ConfigSchemaTest, AVariableThatIsNotSetIsAProblemUnlessItHasADefault)
{
    EXPECT_EQ(places(read("url: ${NOWHERE}\n")), std::vector<std::string>{"1:6 variable_missing"});
    EXPECT_EQ(places(read("url: ${NOWHERE:-x}\n")), std::vector<std::string>{});
    EXPECT_EQ(places(read("url: ${NOWHERE\n")), std::vector<std::string>{"1:6 variable_syntax"});
    EXPECT_EQ(places(read("url: ${}\n")), std::vector<std::string>{"1:6 variable_syntax"});
}

TEST_F(ConfigSchemaTest, ASectionMayBeAFolderAndAnEntryGivenTwiceIsReportedWhereItStandsAgain)
{
    write("channels/a.yaml", "eu: { connector: c }\n");
    write("channels/b.yaml", "us: { connector: c, bad: 1 }\neu: { connector: d }\n");

    const auto problems = read("url: a\n");

    EXPECT_EQ(places(problems), (std::vector<std::string>{"2:1 repeated_key", "1:21 unknown_key"}));
    EXPECT_NE(problems[0].file.find("channels/b.yaml"), std::string::npos);
    EXPECT_NE(problems[1].file.find("channels/b.yaml"), std::string::npos);
    EXPECT_TRUE(sample_.channels.contains("eu"));
    EXPECT_TRUE(sample_.channels.contains("us"));
}

TEST_F(ConfigSchemaTest, AFileThatIsNoYamlOrNotThereIsAProblemWithItsPlace)
{
    EXPECT_EQ(read("url: [a\n").front().code, "yaml_syntax");
    EXPECT_EQ(read_file(folder_ + "/none.yaml", sample_, process_environment()).front().code, "unreadable");
    EXPECT_EQ(read_file(folder_, sample_, process_environment()).front().code, "unreadable");
}

TEST_F(ConfigSchemaTest, NothingAndAnEmptyTextAreMissingWhereAKeyIsRequired)
{
    EXPECT_EQ(places(read("channels:\n  eu:\n    connector:\n")), std::vector<std::string>{"3:5 missing_key"});
    EXPECT_EQ(places(read("channels:\n  eu: { connector: \"\" }\n")), std::vector<std::string>{"2:20 missing_key"});
    EXPECT_EQ(places(read("channels:\n  eu: { connector: \"${NOWHERE:-}\" }\n")),
              std::vector<std::string>{"2:20 missing_key"});
    EXPECT_EQ(places(read("channels:\n  eu: { connector: \"${NOWHERE}\" }\n")),
              std::vector<std::string>{"2:20 variable_missing"})
        << "one mistake, one problem";
    EXPECT_EQ(places(read("channels:\n  eu:\n")), std::vector<std::string>{"2:3 missing_key"});
}

TEST_F(ConfigSchemaTest, AnEmptyListOrAnEmptyTextInOneIsAProblemWhereItWouldMeanNothing)
{
    EXPECT_EQ(places(read("channels: { eu: { connector: c, secret: [] } }\n")),
              std::vector<std::string>{"1:41 empty_list"});
    EXPECT_EQ(places(read("words: []\n")), std::vector<std::string>{});
    EXPECT_EQ(places(read("words: [a, \"\"]\n")), std::vector<std::string>{"1:12 empty_text"});
}

TEST_F(ConfigSchemaTest, OnlyASecretOfOursCanBeGenerated)
{
    const auto problems = read("token: generated\nchannels: { eu: { connector: c, secret: [env:A, generated] } }\n");

    EXPECT_EQ(places(problems), std::vector<std::string>{"2:49 generated_secret"});
    ASSERT_EQ(sample_.token.size(), 1U);
    EXPECT_EQ(sample_.token[0].kind, SecretSource::Kind::generated);
}

TEST_F(ConfigSchemaTest, ADurationThatMayBeLeftOutIsCheckedWhenItIsGivenAndAPlacedTextKnowsItsPlace)
{
    EXPECT_EQ(places(read("channels: { eu: { connector: c } }\n")), std::vector<std::string>{});
    EXPECT_EQ(sample_.channels["eu"].remember, std::nullopt);
    EXPECT_EQ(sample_.channels["eu"].order_by.text, "");
    EXPECT_EQ(places(read("channels: { eu: { connector: c, remember: 2h } }\n")),
              std::vector<std::string>{"1:43 out_of_range"});
    EXPECT_EQ(sample_.channels["eu"].remember, std::nullopt);
    EXPECT_EQ(places(read("channels: { eu: { connector: c, remember: 30m, order_by: .id } }\n")),
              std::vector<std::string>{});
    EXPECT_EQ(sample_.channels["eu"].remember, Duration{30min});
    EXPECT_EQ(sample_.channels["eu"].order_by.text, ".id");
    EXPECT_EQ(sample_.channels["eu"].order_by.where, folder_ + "/headgate.yaml:1:58");
}

TEST_F(ConfigSchemaTest, WhatLiesInASectionsFolderAndWouldNotBeReadIsAProblem)
{
    write("channels/a.yaml", "eu: { connector: c }\n");
    write("channels/b.yml", "us: { connector: c }\n");
    write("channels/c.yaml", "- us\n");
    write("channels/d.yaml", "# only a comment\n");
    write("channels/e/f.yaml", "us: { connector: c }\n");
    write("channels/.hidden.yaml", "us: { connector: c }\n");
    write("channels/README.md", "What stands here.\n");
    std::filesystem::create_symlink("nowhere", folder_ + "/channels/g.yaml");

    const auto problems = read("url: a\n");

    std::vector<std::string> found;
    for (const auto& problem : problems)
        found.push_back(std::filesystem::path(problem.file).filename().string() + " " + problem.code);
    EXPECT_THAT(found, ::testing::UnorderedElementsAre("b.yml not_read", "c.yaml wrong_kind", "e not_read",
                                                       "g.yaml unreadable"));
    EXPECT_TRUE(sample_.channels.contains("eu"));
}

TEST_F(ConfigSchemaTest, ASectionsFolderThatCannotBeReadIsAProblem)
{
    std::filesystem::create_symlink("channels", folder_ + "/channels");

    const auto problems = read("url: a\n");

    EXPECT_EQ(places(problems), std::vector<std::string>{"0:0 unreadable"});
    EXPECT_EQ(problems[0].file, folder_ + "/channels");

    std::filesystem::remove(folder_ + "/channels");
    write("channels", "a file where a folder is meant");
    EXPECT_EQ(places(read("url: a\n")), std::vector<std::string>{"0:0 unreadable"});
}

TEST_F(ConfigSchemaTest, ASecretThatMayBeGeneratedMayHaveDates)
{
    EXPECT_EQ(
        places(read(
            "token: [env:OLD, { secret: env:NEW, from: 2026-12-01T00:00:00Z, until: 2027-01-01T01:00:00+01:00 }]\n")),
        std::vector<std::string>{});
    ASSERT_EQ(sample_.token.size(), 2U);
    EXPECT_FALSE(sample_.token[0].from || sample_.token[0].until);
    EXPECT_EQ(sample_.token[1].name, "NEW");
    EXPECT_EQ(sample_.token[1].from->time_since_epoch(), std::chrono::seconds{1796083200});
    EXPECT_EQ(sample_.token[1].until->time_since_epoch(), std::chrono::seconds{1798761600});

    EXPECT_EQ(places(read("token: { secret: env:NEW, from: monday }\n")),
              std::vector<std::string>{"1:27 wrong_secret"});
    EXPECT_EQ(places(read("token: { secret: env:NEW, since: 2026-12-01T00:00:00Z }\n")),
              std::vector<std::string>{"1:27 wrong_secret"});
    EXPECT_EQ(places(read("token: { from: 2026-12-01T00:00:00Z }\n")), std::vector<std::string>{"1:8 secret_in_file"});
    EXPECT_EQ(places(read("channels: { eu: { connector: c, secret: { secret: env:A } } }\n")),
              std::vector<std::string>{"1:41 secret_in_file"});
}

TEST_F(ConfigSchemaTest, WhatIsShownReadsBackAsTheSame)
{
    const std::string odd = R"("a: b # \"c\" \\ é\n- d")";
    read("url: " + odd + "\nwait: 90s\nlimit: 2KiB\nlisten: \"[::1]:8443\"\nmode: relaxed\n" +
         R"(words: ["*", a b, "1", "null", "- x", "{y}", "[z", "true"])" +
         "\nchannels: { eu: { connector: c, remember: 30m, order_by: '.a // .b' }, us: { connector: \"-\" } }\n" +
         "steps: [{ id: one, to: [\"*\"] }, {}, { to: [a, b] }]\n");
    const Sample first = sample_;
    const auto shown = show([&](Schema& schema) { sample_.describe(schema); });
    sample_ = {};

    const auto problems = read(shown);

    EXPECT_EQ(places(problems), std::vector<std::string>{}) << shown;
    EXPECT_EQ(sample_.url, "a: b # \"c\" \\ é\n- d");
    EXPECT_EQ(sample_.url, first.url);
    EXPECT_EQ(sample_.wait, first.wait);
    EXPECT_EQ(sample_.limit, first.limit);
    EXPECT_EQ(sample_.listen, first.listen);
    EXPECT_EQ(sample_.mode, first.mode);
    EXPECT_EQ(sample_.words, first.words);
    EXPECT_EQ(sample_.words.size(), 8U);
    EXPECT_EQ(sample_.steps, first.steps);
    EXPECT_EQ(sample_.steps.size(), 3U);
    ASSERT_EQ(sample_.channels.size(), 2U);
    EXPECT_EQ(sample_.channels["eu"].remember, Duration{30min});
    EXPECT_EQ(sample_.channels["eu"].order_by.text, ".a // .b");
    EXPECT_EQ(sample_.channels["us"].connector, "-");
    EXPECT_EQ(show([&](Schema& schema) { sample_.describe(schema); }), shown);
    EXPECT_NE(shown.find("steps:\n  - id: one\n    to: [\"*\"]\n  - {}\n  - to: [a, b]\n"), std::string::npos) << shown;
}

TEST_F(ConfigSchemaTest, SettingsKeepWhatKindTheyAreAndReadBackAsTheSame)
{
    using enum Setting::Kind;
    const Settings expected = {
        {"company", {number, "1"}},       {"rate", {number, "-0.50"}},  {"warehouse", {text, "01"}},
        {"drafts", {boolean, "true"}},    {"quoted", {text, "1"}},      {"word", {text, "true"}},
        {"host", {text, "shop.example"}}, {"odd name", {text, "a: b"}}, {"dash", {text, "-"}}};
    EXPECT_EQ(
        places(read("settings: { company: 1, rate: -0.50, warehouse: 01, drafts: true, quoted: \"1\", word: 'true', "
                    "host: '${HOST}', odd name: 'a: b', dash: \"-\" }\n")),
        std::vector<std::string>{});
    EXPECT_EQ(sample_.settings, expected);
    const auto shown = show([&](Schema& schema) { sample_.describe(schema); });
    sample_ = {};
    EXPECT_EQ(places(read(shown)), std::vector<std::string>{}) << shown;
    EXPECT_EQ(sample_.settings, expected) << shown;

    EXPECT_EQ(places(read("settings: [1]\n")), std::vector<std::string>{"1:11 wrong_kind"});
    EXPECT_EQ(places(read("settings:\n  a: [1]\n  b: { c: 1 }\n")),
              (std::vector<std::string>{"2:6 wrong_kind", "3:6 wrong_kind"}));
}

TEST_F(ConfigSchemaTest, ATabInTheIndentationIsCalledThat)
{
    for (const auto* yaml : {"channels:\n\teu: { connector: c }\n", "channels:\n  eu:\n  \tconnector: c\n",
                             "\turl: a\nwait: 1s\n", "url: a\n\t\nwait: 1s\n"}) {
        const auto problems = read(yaml);
        ASSERT_EQ(problems.size(), 1U) << yaml;
        EXPECT_EQ(problems[0].code, "yaml_syntax") << yaml;
        EXPECT_EQ(problems[0].message, "YAML is indented with spaces, and here stands a tab") << yaml;
    }
    EXPECT_EQ(places(read("channels:\n  eu:\n  \tconnector: c\n")), std::vector<std::string>{"3:3 yaml_syntax"});
    EXPECT_EQ(places(read("url: a\t\n# a comment with a\ttab\nwait: 1s\n")), std::vector<std::string>{});
    EXPECT_EQ(read("url: |\n  a\n   \tb\nwait: [\n").front().message.find("tab"), std::string::npos);
}

TEST_F(ConfigSchemaTest, ShowsWhatIsInForceWithoutSecretsAndDocumentsEveryKey)
{
    read("wait: 2s\nchannels: { eu: { connector: c, secret: env:A } }\n");

    const auto shown = show([&](Schema& schema) { sample_.describe(schema); });
    EXPECT_NE(shown.find("wait: 2s\n"), std::string::npos) << shown;
    EXPECT_NE(shown.find("    secret: •••\n"), std::string::npos) << shown;
    EXPECT_EQ(shown.find("env:A"), std::string::npos);
    const auto keys = reference([&](Schema& schema) { sample_.describe(schema); });
    EXPECT_NE(keys.find("channels.NAME.backlog\twhole number\t50\tHow much may wait.\n"), std::string::npos) << keys;
}

/// Something whose value another reader takes from the file.
struct Holder {
    PlacedTree body;
    void describe(Schema& schema)
    {
        schema.field("body", body, "Anything.");
        schema.required("body");
    }
};

TEST_F(ConfigSchemaTest, OfAValueOfAnyShapeThePlaceIsKept)
{
    for (const auto* text : {"body: { a: [1] }\n", "body: [1]\n", "body: x\n"}) {
        Holder holder;
        std::ofstream(folder_ + "/holder.yaml") << "# a line\n" << text;
        EXPECT_TRUE(read_file(folder_ + "/holder.yaml", holder, process_environment()).empty()) << text;
        EXPECT_EQ(holder.body.where, folder_ + "/holder.yaml:2:7");
    }
    Holder holder;
    std::ofstream(folder_ + "/holder.yaml") << "{}\n";
    EXPECT_EQ(read_file(folder_ + "/holder.yaml", holder, process_environment()).size(), 1U);
    EXPECT_FALSE(holder.body.given());
    EXPECT_EQ(reference([&](Schema& schema) { holder.describe(schema); }), "body\tany\t\tAnything.\n");
}

TEST(ConfigValuesTest, DurationsSizesRatesAndEndpointsAreReadStrictly)
{
    EXPECT_EQ(parse_duration("500ms"), Duration{500});
    EXPECT_EQ(parse_duration("2d"), Duration{172'800'000});
    EXPECT_EQ(parse_duration("10y"), Duration{315'360'000'000});
    for (const auto* text : {"", "5", "5 s", "-5s", "1.5h", "s", "99999999999999999999s", "9223372036854775807h"})
        EXPECT_FALSE(parse_duration(text)) << text;
    EXPECT_EQ(parse_size("64KiB"), Size{65536});
    EXPECT_EQ(parse_size("10"), Size{10});
    for (const auto* text : {"64KB", "-1", "KiB"})
        EXPECT_FALSE(parse_size(text)) << text;
    EXPECT_EQ(parse_rate("50/s"), Rate{50});
    for (const auto* text : {"50", "0/s", "50/m", "/s"})
        EXPECT_FALSE(parse_rate(text)) << text;
    EXPECT_EQ(parse_endpoint("127.0.0.1:0"), (Endpoint{"127.0.0.1", 0}));
    for (const auto* text : {"127.0.0.1", ":80", "::1:80", "127.0.0.1:65536", "127.0.0.1:", "127.0.0.1:b",
                             "localhost:80", "1.2.3:80", "[]:80", "[::1:80"})
        EXPECT_FALSE(parse_endpoint(text)) << text;
    EXPECT_EQ(text_of(Duration{90'000}), "90s");
    EXPECT_EQ(text_of(Size{8U << 20U}), "8MiB");
}

}  // namespace

}  // namespace headgate::config
