#include "observability/log.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <string>

#include <unistd.h>

namespace headgate::observability {
namespace {

std::string line(std::string_view value)
{
    return LogLine().field("k", value).text();
}

TEST(LogLineTest, QuotesOnlyWhereItMust)
{
    EXPECT_EQ(line("orders/create"), "k=orders/create");
    EXPECT_EQ(line(""), "k=\"\"");
    EXPECT_EQ(line("two words"), "k=\"two words\"");
    EXPECT_EQ(line("a=b"), "k=\"a=b\"");
    EXPECT_EQ(line("größe"), "k=größe");
    EXPECT_EQ(LogLine()
                  .field("a", 1)
                  .field("b", std::uint64_t{18446744073709551615U})
                  .field("c", true)
                  .field("d", "x")
                  .text(),
              "a=1 b=18446744073709551615 c=true d=x");
    EXPECT_EQ(LogLine().optional("a", "").optional("b", "x").text(), "b=x");
}

TEST(LogLineTest, AStrangersTextCannotForgeALineOrAField)
{
    using namespace std::string_literals;
    EXPECT_EQ(line("a\nlevel=error msg=forged"), "k=\"a\\nlevel=error msg=forged\"");
    EXPECT_EQ(line("a\" b=\"c"), "k=\"a\\\" b=\\\"c\"");
    EXPECT_EQ(line("a\\"), "k=\"a\\\\\"");
    EXPECT_EQ(line("\r\t\x1b[31m\x7f\0"s), "k=\"\\r\\t\\u001b[31m\\u007f\\u0000\"");
    EXPECT_EQ(line("a\u2028b\u202ec\u0085d"), "k=\"a\\u2028b\\u202ec\\u0085d\"");
    EXPECT_EQ(line("\xff\xc0\xaf\xed\xa0\x80"), "k=\"\\xff\\xc0\\xaf\\xed\\xa0\\x80\"");
    EXPECT_EQ(LogLine().field("a b=\n", "x").text(), "a_b__=x");
}

TEST(LogLineTest, CutsWhatIsTooLongBetweenCharacters)
{
    std::string text;
    for (int i = 0; i < 1000; ++i)
        text += "ü";

    const auto cut = line(text);

    EXPECT_EQ(cut, "k=" + text.substr(0, LogLine::longest) + "…");
    EXPECT_EQ(line(std::string(LogLine::longest, 'x')), "k=" + std::string(LogLine::longest, 'x'));
}

class LogTest : public ::testing::Test {
protected:
    ~LogTest() override { std::filesystem::remove(file_); }
    [[nodiscard]] std::string written() const
    {
        std::ifstream in(file_);
        return {std::istreambuf_iterator<char>(in), {}};
    }
    std::filesystem::path file_ =
        std::filesystem::temp_directory_path() / ("headgate-log-" + std::to_string(::getpid()));
};

TEST_F(LogTest, WritesOneLineForEachThingThatHappened)
{
    Log log({LogLevel::info, file_});

    log.event_line(LogLine().field("event", "e1").field("state", "applied"));
    log.info("started", LogLine().field("version", "1"));
    log.debug("unseen");
    log.flush();

    const std::regex expected(
        "ts=\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z level=info event=e1 state=applied\n"
        "ts=[^ ]+Z level=info msg=started version=1\n");
    EXPECT_TRUE(std::regex_match(written(), expected)) << written();
}

TEST_F(LogTest, ALineThatWasBuiltByHandStaysOneLine)
{
    Log log({LogLevel::info, file_});

    log.event_line("a=1\nts=2026 level=error msg=forged");
    log.flush();

    const auto text = written();
    EXPECT_EQ(std::ranges::count(text, '\n'), 1);
}

TEST_F(LogTest, WarningsAreOnDiskAtOnceAndTheLevelCanChange)
{
    Log log({LogLevel::error, file_});

    log.warn("unseen");
    log.level(LogLevel::warn);
    log.warn("system paused", LogLine().field("system", "odoo"));

    EXPECT_TRUE(log.enabled(LogLevel::error));
    EXPECT_FALSE(log.enabled(LogLevel::info));
    EXPECT_NE(written().find(" level=warn msg=\"system paused\" system=odoo\n"), std::string::npos) << written();
    EXPECT_EQ(written().find("unseen"), std::string::npos);
}

TEST_F(LogTest, FormatsNothingThatStandsInALine)
{
    Log log({LogLevel::info, file_});

    log.event_line("a={} b=%v");
    log.flush();

    EXPECT_NE(written().find("a={} b=%v"), std::string::npos);
}

TEST_F(LogTest, RefusesAFileItCannotOpen)
{
    EXPECT_THROW(Log({LogLevel::info, "/proc/no/such/place"}), std::runtime_error);
}

}  // namespace
}  // namespace headgate::observability
