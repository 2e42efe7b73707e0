#include "gateway/cli/csv.hpp"

#include <gmock/gmock.h>

namespace headgate::gateway {

namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::vector<std::string>> fields_of(std::string_view text)
{
    const auto records = read_csv(text);
    if (!records)
        return {{records.error().detail}};
    std::vector<std::vector<std::string>> all;
    for (const auto& record : *records)
        all.push_back(record.fields);
    return all;
}

TEST(CsvTest, ReadsWhatStandsInQuotesAsItIs)
{
    EXPECT_THAT(fields_of("a,\"b,\"\"c\"\"\r\nd\",é\r\n,,\n\nlast"),
                ElementsAre(ElementsAre("a", "b,\"c\"\r\nd", "é"), ElementsAre("", "", ""), ElementsAre("last")));
}

TEST(CsvTest, SkipsAByteOrderMarkAndTakesEveryEndOfTheLastLine)
{
    for (const auto* end : {"", "\n", "\r\n", "\r"})
        EXPECT_THAT(fields_of("\xef\xbb\xbf" + std::string("a,b") + end), ElementsAre(ElementsAre("a", "b")));
    EXPECT_THAT(fields_of("\xef\xbb\xbf\"a\",\"b\"\r"), ElementsAre(ElementsAre("a", "b")));
    EXPECT_THAT(fields_of(""), ElementsAre());
}

TEST(CsvTest, SaysOnWhichLineItIsWrong)
{
    EXPECT_THAT(fields_of("a\n\"b\nc\"\nd\"e")[0][0], HasSubstr("line 4: a field with a quote in it"));
    EXPECT_THAT(fields_of("a\n\"b\"c\n")[0][0], HasSubstr("line 2: there is something behind a closing quote"));
    EXPECT_THAT(fields_of("a\nb,\"c\n\nd")[0][0], HasSubstr("line 2: a quote that is opened here is not closed"));
}

TEST(CsvTest, NamesTheLineEachRecordBeginsOn)
{
    const auto records = read_csv("a\n\n\"b\nb\"\nc\n");
    ASSERT_TRUE(records);
    ASSERT_EQ(records->size(), 3U);
    EXPECT_EQ((*records)[1].line, 3U);
    EXPECT_EQ((*records)[2].line, 5U);
}

TEST(CsvTest, ReadsWhatItWrites)
{
    const std::vector<std::string> odd{"", "plain", "a,b", "\"", "line\nbreak\r\n", " spaces ", "\r", "日本", ""};

    EXPECT_EQ(csv_line({"a", "b"}), "a,b\n");
    EXPECT_THAT(fields_of(csv_line(odd)), ElementsAre(odd));
}

}  // namespace

}  // namespace headgate::gateway
