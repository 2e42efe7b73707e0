#include "connectors/formats/csv.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <gtest/gtest.h>

#include "connectors/formats/json.hpp"

namespace headgate::connectors {

namespace {

/// One row at a glance: `LINE[cell|cell]`, or `LINE!code`.
std::string csv_row_text(const CsvRow& row)
{
    std::string text = std::to_string(row.line);
    if (!row.cells)
        return text + "!" + row.cells.error().code;
    std::string_view before = "[";
    for (const auto cell : *row.cells) {
        text += std::string(before) + std::string(cell);
        before = "|";
    }
    return text + "]";
}

struct CsvRead {
    std::vector<std::string> rows;
    std::vector<CsvPlace> places;  // behind each
    std::vector<std::string> details;
    std::vector<std::string> columns;
    std::string failure;  // of the file
    bool operator==(const CsvRead&) const = default;

    std::string text() const
    {
        std::string all;
        for (const auto& row : rows)
            all += (all.empty() ? "" : " ") + row;
        return failure.empty() ? all : all + "!!" + failure;
    }
};

void csv_drain(CsvReader& reader, CsvRead& read)
{
    for (;;) {
        const auto row = reader.next();
        if (!row) {
            read.failure = row.error().code;
            read.details = {row.error().detail};
            return;
        }
        if (!*row)
            return;
        read.rows.push_back(csv_row_text(**row));
        read.places.push_back((*row)->next);
        if (!(*row)->cells)
            read.details.push_back((*row)->cells.error().detail);
    }
}

/// Fed in pieces of these sizes, the last of them again and again.
CsvRead csv_read(CsvReader reader, std::string_view bytes, std::vector<std::size_t> sizes)
{
    CsvRead read;
    for (std::size_t i = 0; !bytes.empty(); ++i) {
        const auto piece = bytes.substr(0, sizes[std::min(i, sizes.size() - 1)]);
        reader.feed(piece);
        csv_drain(reader, read);
        bytes.remove_prefix(piece.size());
    }
    reader.finish();
    csv_drain(reader, read);
    read.columns = reader.columns();
    return read;
}

CsvRead csv_read(std::string_view bytes, const CsvConfig& config = {})
{
    return csv_read(CsvReader(config), bytes, {65'536});
}

std::string csv_rows(std::string_view bytes, const CsvConfig& config = {})
{
    return csv_read(bytes, config).text();
}

std::string csv_utf16(std::string_view ascii, bool big)
{
    std::string bytes = big ? "\xfe\xff" : "\xff\xfe";
    for (const char letter : ascii) {
        bytes += big ? '\0' : letter;
        bytes += big ? letter : '\0';
    }
    return bytes;
}

CsvConfig csv_config(const std::function<void(CsvConfig&)>& change)
{
    CsvConfig config;
    change(config);
    return config;
}

TEST(CsvTest, RowsWithTheLinesTheyBeginIn)
{
    const auto read = csv_read("sku,qty\nA-1,2\r\nB,\r,3\n\n\r\n,\nC,4");

    EXPECT_EQ(read.text(), "2[A-1|2] 3[B|] 4[|3] 7[|] 8[C|4]") << "CR, LF and CR LF end lines, empty ones are none";
    EXPECT_EQ(read.columns, (std::vector<std::string>{"sku", "qty"}));
    EXPECT_EQ(csv_rows("sku,qty\n"), "");
    EXPECT_EQ(csv_rows("sku,qty"), "");
    EXPECT_EQ(csv_rows("\n\nsku\nA"), "4[A]");
}

TEST(CsvTest, QuotesHoldDelimitersQuotesAndLineEnds)
{
    EXPECT_EQ(csv_rows("a,b\n\"x,y\",\"say \"\"hi\"\"\"\n\"\",\"l1\nl2\r\nl3\"\n1,2"),
              "2[x,y|say \"hi\"] 3[|l1\nl2\r\nl3] 6[1|2]");
    EXPECT_EQ(csv_rows("a\n\"\"\n\"\"\"\"\n\n\"\"\"\"\"\""), "2[] 3[\"] 5[\"\"]") << "quotes make a cell of nothing";
    EXPECT_EQ(csv_rows("a,b\n1,\""), "2!csv_quote_open");
    EXPECT_EQ(csv_rows("a,b\n1,\"\""), "2[1|]");
    EXPECT_EQ(csv_rows("a,b\n'x,''y''',2", csv_config([](auto& config) { config.quote = "'"; })), "2[x,'y'|2]");
    EXPECT_EQ(csv_rows("a,b\n\"x,5\" pipe", csv_config([](auto& config) { config.quote = "none"; })),
              "2[\"x|5\" pipe]");
}

TEST(CsvTest, AnyCharacterSeparates)
{
    const auto with = [](const char* delimiter) {
        return csv_config([&](auto& config) { config.delimiter = delimiter; });
    };
    EXPECT_EQ(csv_rows("a;b\n1,5;2", with(";")), "2[1,5|2]");
    EXPECT_EQ(csv_rows("a\tb\n\t \n", with("tab")), "2[| ]");
    EXPECT_EQ(csv_rows("a|b\n1|\"|\"", with("|")), "2[1||]");
    // ¦ is C2 A6, § is C2 A7.
    EXPECT_EQ(csv_rows("a\xc2\xa6"
                       "b\n\xc2\xa7\xc2\xa6\"\xc2\xa6\"\xc2\xa6\n",
                       with("\xc2\xa6")),
              "2!csv_row_ragged");
    EXPECT_EQ(csv_rows("a\xc2\xa6"
                       "b\n\xc2\xa7\xc2\xa6\"\xc2\xa6\"\n",
                       with("\xc2\xa6")),
              "2[\xc2\xa7|\xc2\xa6]");
    EXPECT_EQ(csv_rows("a\xc2\xa6"
                       "b\n\"x\"\xc2\xa7\n",
                       with("\xc2\xa6")),
              "2!csv_quote_inside");
}

TEST(CsvTest, ABackslashEscapesAndElseStandsForItself)
{
    auto config = csv_config([](auto& backslash) { backslash.escape = CsvConfig::Escape::backslash; });
    EXPECT_EQ(csv_rows("a,b\n\"say \\\"hi\\\"\",\"C:\\new\\\\\"\n", config), "2[say \"hi\"|C:\\new\\]");
    EXPECT_EQ(csv_rows("a,b\nx\\,y,\\\"z\n1\\\r\n2,3\n4,5\\", config), "2[x,y|\"z] 3[1\r\n2|3] 5[4|5\\]")
        << "in front of a delimiter, a quote or a line end, without quotes too";
    EXPECT_EQ(csv_rows("a,b\n\"x\"\"y\",1\n", config), "2!csv_quote_inside");

    config.quote = "none";
    config.delimiter = "tab";
    EXPECT_EQ(csv_rows("a\tb\nl1\\nl2\\tx\\ry\\\\\t\\N\n", config), "2[l1\nl2\tx\ry\\|\\N]");
}

TEST(CsvTest, TrimTakesBlanksAroundCellsAway)
{
    const auto trim = csv_config([](auto& config) { config.trim = true; });
    const std::string text = " a , b\t\n 1 2 ,\t\" x \" \n  \n\t \n\" \",\n3,\"4\"  5\n6,  \"7";
    EXPECT_EQ(csv_rows(text, trim), "2[1 2| x ] 5[ |] 6!csv_quote_inside 7!csv_quote_open");
    EXPECT_EQ(csv_read(text, trim).columns, (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(csv_rows("a,b\n 1 , \"2\"\n"), "2!csv_quote_inside") << "a quote behind a blank begins nothing";
    EXPECT_EQ(csv_rows("a,b\n 1 , 2\n"), "2[ 1 | 2]");
    EXPECT_EQ(csv_rows("a\tb\n \t x\n\t\n", csv_config([](auto& config) {
                           config.trim = true;
                           config.delimiter = "tab";
                       })),
              "2[|x] 3[|]")
        << "a tab that separates is no blank";
}

TEST(CsvTest, LinesInFrontAndCommentsArePassedOver)
{
    const auto config = csv_config([](auto& with) {
        with.skip = 3;
        with.comment = "//";
    });
    EXPECT_EQ(csv_rows("Report \"of\n\n// today\n// the columns\na,b\n//\r\n/1,2\n\"//3\",4\n//5", config),
              "7[/1|2] 8[//3|4]");
    EXPECT_EQ(csv_rows("1\n2\n3", config), "!!csv_no_header");
}

TEST(CsvTest, ColumnsOfAFileThatDoesNotNameThem)
{
    const auto config = csv_config([](auto& with) { with.columns = {"sku", "qty"}; });
    EXPECT_EQ(csv_rows("A,1\nB,2\n", config), "1[A|1] 2[B|2]");
    EXPECT_EQ(csv_read("A,1", config).columns, config.columns);
    EXPECT_EQ(csv_rows("", config), "") << "a file without rows";
    EXPECT_EQ(csv_rows("A", csv_config([](auto& with) { with.columns = {"a", "a"}; })), "!!csv_column_repeated");
}

TEST(CsvTest, WhatIsWrongWithTheColumnsIsWrongWithTheFile)
{
    EXPECT_EQ(csv_rows(""), "!!csv_no_header");
    EXPECT_EQ(csv_rows("\n\n"), "!!csv_no_header");
    EXPECT_EQ(csv_rows("a,,b\n1,2,3\n"), "!!csv_column_empty");
    EXPECT_EQ(csv_rows("a,b, \n1,2,3\n"), "!!csv_column_empty");
    EXPECT_EQ(csv_rows("a,b,a\n1,2,3\n"), "!!csv_column_repeated");
    EXPECT_EQ(csv_rows("a,\"b\n1,2,3\n"), "!!csv_quote_open");
    EXPECT_EQ(csv_rows("a,\"b\"c\n1,2,3\n"), "!!csv_quote_inside");
    EXPECT_EQ(csv_rows("a,\xff\n1,2\n"), "!!csv_invalid_utf8");
    EXPECT_EQ(csv_rows(csv_utf16("a,b\n1,2\n", false).substr(2)), "!!csv_no_header") << "NUL names no column";
    EXPECT_EQ(csv_rows("abc\n", csv_config([](auto& config) { config.most_row = {2}; })), "!!csv_row_too_long");
    EXPECT_EQ(csv_read("x,a,b,a").details, (std::vector<std::string>{"columns 2 and 4 have the same name"}));

    std::string many = "0";
    for (int i = 1; i < 16'384; ++i)
        many += "," + std::to_string(i);
    EXPECT_EQ(csv_rows(many), "");
    EXPECT_EQ(csv_rows(many + ",x"), "!!csv_too_many_columns");

    CsvReader reader{CsvConfig{}};
    reader.feed("a,a\n1,2\n");
    EXPECT_EQ(reader.next().error().code, "csv_column_repeated");
    reader.feed("b,c\n1,2\n");
    EXPECT_EQ(reader.next().error().code, "csv_column_repeated") << "it is all there is from then on";
}

TEST(CsvTest, ARepeatedNameIsNumbered)
{
    const auto rename = csv_config([](auto& config) { config.repeated = CsvConfig::Repeated::rename; });
    EXPECT_EQ(csv_read("a,b,a,a,b", rename).columns, (std::vector<std::string>{"a", "b", "a_2", "a_3", "b_2"}));
    EXPECT_EQ(csv_read("a,a,a_2,a,a_2", rename).columns, (std::vector<std::string>{"a", "a_3", "a_2", "a_4", "a_2_2"}))
        << "a name that the file has itself stays that column's";
}

TEST(CsvTest, RaggedRowsAreBadRowsOrFilledUp)
{
    const std::string text = "a,b,c\n1,2\n1,2,3\n1,2,3,\n1,2,3,4\n1\n";
    EXPECT_EQ(csv_rows(text), "2!csv_row_ragged 3[1|2|3] 4!csv_row_ragged 5!csv_row_ragged 6!csv_row_ragged");
    EXPECT_EQ(csv_rows(text, csv_config([](auto& config) { config.ragged = CsvConfig::Ragged::pad; })),
              "2[1|2|] 3[1|2|3] 4[1|2|3] 5!csv_row_ragged 6[1||]");
    EXPECT_EQ(csv_read("a,b,c\n\nx,y\n").details,
              (std::vector<std::string>{"line 3 has not as many cells (2) as there are columns (3)"}));
}

TEST(CsvTest, EncodingsBecomeUtf8)
{
    EXPECT_EQ(csv_rows("\xef\xbb\xbfpr\xc3\xa9nom\nRen\xc3\xa9"), "2[Ren\xc3\xa9]");
    EXPECT_EQ(csv_read("\xef\xbb\xbf"
                       "a\n")
                  .columns,
              (std::vector<std::string>{"a"}));
    EXPECT_EQ(csv_rows("a,b\nRen\xe9,\x80\x81",
                       csv_config([](auto& config) { config.encoding = TextEncoding::windows_1252; })),
              "2[Ren\xc3\xa9|\xe2\x82\xac\xc2\x81]");
    EXPECT_EQ(
        csv_rows("a,b\nRen\xe9,\x80", csv_config([](auto& config) { config.encoding = TextEncoding::iso_8859_1; })),
        "2[Ren\xc3\xa9|\xc2\x80]");
    for (const bool big : {false, true}) {
        const auto coded = csv_config([](auto& config) { config.encoding = TextEncoding::utf16; });
        EXPECT_EQ(csv_rows(csv_utf16("a,b\n1,\"2\n3\"\n", big), coded), "2[1|2\n3]");
        EXPECT_EQ(csv_rows(csv_utf16("a,b\n1,2\n", big)), "2[1|2]") << "the mark says more than who configured";
        EXPECT_EQ(csv_rows(csv_utf16("a,b\n1,2\n", big).substr(2), coded), "!!csv_no_mark");
        EXPECT_EQ(csv_rows(csv_utf16("a,b\n1,2\n", big).substr(2), csv_config([&](auto& config) {
                               config.encoding = big ? TextEncoding::utf16_be : TextEncoding::utf16_le;
                           })),
                  "2[1|2]");
    }
    using namespace std::string_literals;
    const auto front = csv_utf16("a\n", false);
    EXPECT_EQ(csv_rows(front + "\x3d\xd8\x00\xde"s), "2[\xf0\x9f\x98\x80]") << "U+1F600 in two halves";
    EXPECT_EQ(csv_rows(front + "\x3d\xd8x\0\n\0\x00\xdc\n\0y\0\n\0z"s),
              "2!csv_invalid_utf16 3!csv_invalid_utf16 4[y] 5!csv_invalid_utf16");
    EXPECT_EQ(csv_rows(front + "\x3d\xd8"), "2!csv_invalid_utf16");
    EXPECT_EQ(csv_rows("a,b\n1,\xe9\n2,\xed\xa0\x80\n3,\xc3\xa9\n"),
              "2!csv_invalid_utf8 3!csv_invalid_utf8 4[3|\xc3\xa9]");
}

TEST(CsvTest, WhatIsWrongNamesLinesAndColumnsAndNeverValues)
{
    const auto detail = [](std::string_view text) { return csv_read(text).details.at(0); };
    EXPECT_EQ(detail("a,b\n1,secret\"\n"),
              "line 2: column 2 has a quote in it, or something behind the one that ends it");
    EXPECT_EQ(detail("a,b\n\"1\n2\",\"secret\" x\n"),
              "line 3 (of the row that begins in line 2): column 2 has a quote in it, or something behind the one that "
              "ends it");
    EXPECT_EQ(detail("a,b\n\"1\n2\",\"secret\n\n"),
              "line 3 (of the row that begins in line 2): column 2 begins with a quote that is not closed; it goes on "
              "to the end of the file");
    EXPECT_EQ(detail("a,b\n1,\"secret"),
              "line 2: column 2 begins with a quote that is not closed; it goes on to the end of the file");
    EXPECT_EQ(detail("a,b\n\"1\r\n2\r3\",\"x\ny\xff\"\n"),
              "line 5 (of the row that begins in line 2): column 2 has bytes that are no UTF-8");
    EXPECT_EQ(csv_read("a\n12345\n", csv_config([](auto& config) { config.most_row = {4}; })).details.at(0),
              "line 2 begins a row of more than 4B");
}

TEST(CsvTest, BehindAMisplacedQuoteTheNextLineEndEndsTheRow)
{
    EXPECT_EQ(csv_rows("a,b\n1,x \"y\n2,3\n"), "2!csv_quote_inside 3[2|3]");
    EXPECT_EQ(csv_rows("a,b,c\n1,x\"y\",2\n"), "2!csv_quote_inside");
    EXPECT_EQ(csv_rows("a,b\n1,\"x\n2,\"y\"\n3,4\n"), "2!csv_quote_inside 4[3|4]")
        << "the quote of line 2 ends in line 3, where something follows it";
    EXPECT_EQ(csv_rows("a,b\n1,2\n3,\"4\n5,6\n7,8"), "2[1|2] 3!csv_quote_open");
}

TEST(CsvTest, ATooLongRowIsReadToItsEndAndNotKept)
{
    const auto config = csv_config([](auto& with) { with.most_row = {8}; });
    EXPECT_EQ(csv_rows("a,b\n1,345678\n1,3456789\n2,3\n", config), "2[1|345678] 3!csv_row_too_long 4[2|3]");
    EXPECT_EQ(csv_rows("a,b\n1,\"456\n,8,\n1,2\n\"\n2,3\n", config), "2!csv_row_too_long 6[2|3]")
        << "a large cell is not taken for rows";
    EXPECT_EQ(csv_rows("a,b\n1,\"45\"7\"9\n\"2\",3\n", config), "2!csv_quote_inside 3[2|3]");
    EXPECT_EQ(csv_rows("a,b\n1,3456789\"\n\"2\",3\n", config), "2!csv_row_too_long 3[2|3]");
}

TEST(CsvTest, AnUnclosedQuoteTakesFourRowsOfTheLongestAndNotTheFile)
{
    const auto config = csv_config([](auto& with) { with.most_row = {8}; });
    // Its row begins at byte 4; the quote is given up 32 bytes on, in line 12 of lines of three bytes.
    std::string text = "a,b\n\"x\n";
    for (int i = 0; i < 20; ++i)
        text += ",\n\n";

    const auto read = csv_read(text, config);

    ASSERT_EQ(read.rows.size(), 11U);
    EXPECT_EQ(read.rows[0], "2!csv_quote_open");
    EXPECT_EQ(read.rows[1], "23[|]");
    EXPECT_EQ(read.places[0], (CsvPlace{37, 23, TextEncoding::utf8}));
    EXPECT_EQ(read.rows[10], "41[|]");
    EXPECT_EQ(read.details.at(0), "line 2: column 1 begins with a quote that is not closed; it goes on to line 22");
    // A row that closes its quote in front of the 32nd byte is only too long.
    EXPECT_EQ(csv_rows("a,b\n\"" + std::string(30, '\n') + "\",2\n3,4", config), "2!csv_row_too_long 33[3|4]");
    EXPECT_EQ(csv_rows("a,b\n\"" + std::string(31, '\n') + "\",2\n3,4", config), "2!csv_quote_open 34[3|4]");
}

TEST(CsvTest, EachRowTellsWhereTheNextBegins)
{
    const auto offsets = [](std::string_view bytes, const CsvConfig& config = {}) {
        std::vector<std::pair<std::uint64_t, std::uint64_t>> places;
        for (const auto& place : csv_read(bytes, config).places)
            places.emplace_back(place.offset, place.line);
        return places;
    };
    using Places = std::vector<std::pair<std::uint64_t, std::uint64_t>>;
    EXPECT_EQ(offsets("a,b\n1,2\r\n\n3,\"\n\"\n4,5"), (Places{{9, 3}, {16, 6}, {19, 6}}));
    EXPECT_EQ(offsets("\xef\xbb\xbf"
                      "a\n\xc3\xa9\n1\n"),
              (Places{{8, 3}, {10, 4}}));
    EXPECT_EQ(offsets("a\n\xe9\x80\n\"\"\"\"\n",
                      csv_config([](auto& config) { config.encoding = TextEncoding::windows_1252; })),
              (Places{{5, 3}, {10, 4}}));
    using namespace std::string_literals;
    EXPECT_EQ(offsets(csv_utf16("a\n1\r\n", true) + "\xd8\x3d\xde\x00\x00\n\xdc\x00\x00\n\x00"s),
              (Places{{12, 3}, {18, 4}, {22, 5}, {23, 5}}))
        << "a pair takes four bytes, half of one two, and half a unit at the end one";
    EXPECT_EQ(csv_read(csv_utf16("a\n1\n", true)).places.at(0).encoding, TextEncoding::utf16_be);
}

/// Texts with everything in them, and what they are read as.
std::vector<std::pair<std::string, CsvConfig>> csv_samples()
{
    using namespace std::string_literals;
    const std::string plain =
        "# c\r\na,b,\"c\"\r\n1,\"x,\"\"y\"\"\r\nz\",3\r\n\r\n4,5\n6,7,8\r\xff,\xc3\xa9,\n9,\"0\"1,\n"
        "\"12345678901\n\",,\n#\n\"\",\" \",\n\\\",\\\n,\\\\\n\n1,\"2\n3,4\n5,6,7\n8,9,0\n1,2,3\n";
    std::vector<std::pair<std::string, CsvConfig>> samples;
    const auto add = [&](const std::string& bytes, const std::function<void(CsvConfig&)>& change) {
        auto config = csv_config([](auto& common) {
            common.comment = "#";
            common.most_row = {14};
        });
        change(config);
        samples.emplace_back(bytes, config);
    };
    add(plain, [](auto&) {});
    add("\xef\xbb\xbf" + plain, [](auto& config) { config.ragged = CsvConfig::Ragged::pad; });
    add(plain, [](auto& config) { config.escape = CsvConfig::Escape::backslash; });
    add(plain, [](auto& config) {
        config.quote = "none";
        config.escape = CsvConfig::Escape::backslash;
    });
    add(plain, [](auto& config) { config.encoding = TextEncoding::windows_1252; });
    add("skipped \"\r\n" + plain, [](auto& config) { config.skip = 1; });
    add(csv_utf16("a,b\n1,\"2\r\n\"\n3,4\n", true) + "\xd8\x3d\xde\x00\x00,\n\xdc\x00\x00\n\x00"s, [](auto&) {});
    add("a,b\n1," + std::string(70, 'x') + ",\"y\nz\n2,\"3\"\n4,5\n", [](auto&) {});
    add(csv_utf16(plain.substr(5, 60), false), [](auto& config) { config.encoding = TextEncoding::utf16; });
    add("a , b\n 1 ,  \"2\" \t\n  \n \"3\" x,\n                \"4\n5\",6\n7,\"8\"                  \nz \"9\",8\n9,\"0",
        [](auto& config) { config.trim = true; });
    add("a\xc2\xa6"
        "b\n1\xc2\xa7\xc2\xa6\"2\xc2\xa6\"\n\xc2\xa6\xc2\n3\xc2\xa6\"4\"\xc2\xa7\n",
        [](auto& config) { config.delimiter = "\xc2\xa6"; });
    return samples;
}

TEST(CsvTest, HowTheInputIsCutIntoPiecesChangesNothing)
{
    for (const auto& [bytes, config] : csv_samples()) {
        const auto whole = csv_read(CsvReader(config), bytes, {bytes.size()});
        EXPECT_GE(whole.rows.size(), 3U) << bytes;
        for (std::size_t first = 1; first < bytes.size(); ++first)
            ASSERT_EQ(csv_read(CsvReader(config), bytes, {first, bytes.size()}), whole)
                << bytes << ": cut at " << first;
        for (const std::size_t size : {1, 2, 3, 5, 7})
            ASSERT_EQ(csv_read(CsvReader(config), bytes, {size}), whole) << bytes << ": pieces of " << size;
    }
    // Each of the 2^12 ways to cut thirteen bytes.
    const std::string text = "a\r\n\"\"\"\r\n\"\r\n1";
    ASSERT_EQ(text.size(), 12U);
    ASSERT_EQ(csv_rows(text), "2[\"\r\n] 4[1]");
    for (unsigned cuts = 0; cuts < (1U << 11U); ++cuts) {
        std::vector<std::size_t> sizes{1};
        for (unsigned i = 0; i < 11; ++i)
            if ((cuts >> i & 1U) != 0)
                sizes.push_back(1);
            else
                ++sizes.back();
        ASSERT_EQ(csv_read(CsvReader({}), text, sizes).text(), "2[\"\r\n] 4[1]") << cuts;
    }
}

TEST(CsvTest, ReadingGoesOnAtEveryRow)
{
    for (const auto& [bytes, config] : csv_samples()) {
        const auto whole = csv_read(bytes, config);
        for (std::size_t i = 0; i < whole.rows.size(); ++i) {
            const auto& place = whole.places[i];
            CsvReader reader(config, whole.columns, place);
            const auto rest = csv_read(std::move(reader), std::string_view(bytes).substr(place.offset), {9});
            ASSERT_EQ(rest.rows, std::vector<std::string>(whole.rows.begin() + i + 1, whole.rows.end()))
                << bytes << ": from row " << i;
            ASSERT_EQ(rest.places, std::vector<CsvPlace>(whole.places.begin() + i + 1, whole.places.end())) << bytes;
            ASSERT_EQ(rest.columns, whole.columns);
            ASSERT_EQ(rest.failure, "");
        }
        ASSERT_EQ(csv_read(CsvReader(config, {}, {}), bytes, {9}), whole) << "from the front";
    }
}

TEST(CsvTest, RowsLongerThanAPieceAndPiecesOfManyRows)
{
    std::string text = "a,b,c\n";
    std::vector<std::string> expected;
    for (std::size_t i = 0; i < 300; ++i) {  // cells that begin and end at every place of a block of 64 bytes
        const std::string cell(i % 131, static_cast<char>('a' + i % 26));
        text += cell + ",\"" + cell + "\"," + std::to_string(i) + "\n";
        expected.push_back(std::to_string(i + 2) + "[" + cell + "|" + cell + "|" + std::to_string(i) + "]");
    }
    for (const std::size_t size : {1, 63, 64, 65, 1000, 1'000'000})
        ASSERT_EQ(csv_read(CsvReader({}), text, {size}).rows, expected) << size;
}

TEST(CsvTest, ARowAsJson)
{
    const std::vector<std::string> columns{"sku", "a \"b\"\\"};
    const CsvObject object(columns);
    const auto written = [&](std::string_view one, std::string_view other) {
        std::string text = "> ";
        object.append(std::vector<std::string_view>{one, other}, text);
        return text;
    };
    using namespace std::string_view_literals;
    EXPECT_EQ(written("A-1", ""), R"(> {"sku": "A-1", "a \"b\"\\": ""})");
    EXPECT_EQ(written("\"\\/\b\f\n\r\t\x01\x1f\0\x7f"sv, "1234567\"90123456\n\xc3\xa9 \xe2\x80\xa8"),
              "> {\"sku\": \"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\\u0000\x7f\", \"a \\\"b\\\"\\\\\": "
              "\"1234567\\\"90123456\\n\xc3\xa9 \xe2\x80\xa8\"}");
    for (int byte = 1; byte < 0x80; ++byte)  // each alone among others, at each place of a word
        for (std::size_t i = 0; i < 9; ++i) {
            std::string cell = "!![]#~ x!";
            cell[i] = static_cast<char>(byte);
            const auto text = written(cell, "").substr(2);
            const auto document = read_json(text);
            ASSERT_TRUE(document) << text;
            ASSERT_EQ((*document)[document->member(document->root(), "sku")].text, cell) << text;
        }
}

class CsvConfigTest : public ::testing::Test {
protected:
    void TearDown() override { std::filesystem::remove(file_); }

    std::string problems(const std::string& yaml)
    {
        std::ofstream(file_) << yaml;
        config_ = {};
        std::string all;
        for (const auto& problem : config::read_file(file_, config_, config::process_environment()))
            all += (all.empty() ? "" : " ") + problem.code;
        return all;
    }

    std::string file_ = ::testing::TempDir() + "csv_config_test.yaml";
    CsvConfig config_;
};

TEST_F(CsvConfigTest, ReadsWhatASheetOfAVendorSays)
{
    ASSERT_EQ(problems("{ delimiter: tab, quote: none, escape: backslash, columns: [sku, qty], skip: 2, comment: '#',\n"
                       "  encoding: windows-1252, trim: true, ragged: pad, repeated: rename, most_row: 2MiB }"),
              "");

    EXPECT_EQ(csv_rows("x\ny\n#\n \xe9\\n\t\n", config_), "4[\xc3\xa9\n|]");
    EXPECT_EQ(config_.most_row.bytes, std::uint64_t{2} << 20U);
    const auto shown = config::show([&](config::Schema& schema) { config_.describe(schema); });
    EXPECT_EQ(problems(shown), "");
    EXPECT_EQ(config::show([&](config::Schema& schema) { config_.describe(schema); }), shown);
    for (const auto encoding : {"utf-8", "windows-1252", "iso-8859-1", "utf-16", "utf-16le", "utf-16be"}) {
        EXPECT_EQ(problems(std::string("encoding: ") + encoding), "");
        EXPECT_EQ(text_encoding_of(encoding), config_.encoding);
    }
    EXPECT_EQ(text_encoding_of("latin1"), std::nullopt);
}

TEST_F(CsvConfigTest, RefusesWhatNoFileCanBeWrittenIn)
{
    EXPECT_EQ(problems("delimiter: \"\\xA6\""), "") << "one character of two bytes";
    for (const auto* yaml :
         {"delimiter: ''", "delimiter: ';;'", "delimiter: \"\\n\"", "delimiter: tabs", "quote: ''", "quote: \"\\xA6\"",
          "quote: ' '", "quote: ','", "{ escape: backslash, delimiter: '\\' }", "comment: \"#\\n\"", "comment: '\"#'"})
        EXPECT_EQ(problems(yaml), "wrong_value") << yaml;
    EXPECT_EQ(problems("columns: [a, b, a]"), "csv_column_repeated");
    EXPECT_EQ(problems("columns: [a, ' ']"), "csv_column_empty");
    EXPECT_EQ(problems("columns: []"), "empty_list");
    EXPECT_EQ(problems("{ columns: [a, a], repeated: rename }"), "");
    EXPECT_EQ(problems("encoding: latin1"), "unknown_choice");
    EXPECT_EQ(problems("most_row: 1GiB"), "out_of_range");
    EXPECT_EQ(problems("header: true"), "unknown_key");
}

/// Files of others, where they are at hand.
class CsvFixturesTest : public ::testing::Test {
protected:
    void SetUp() override
    {
        const char* folder = std::getenv("HEADGATE_FIXTURES");
        if (folder == nullptr)
            GTEST_SKIP() << "HEADGATE_FIXTURES names the folder of vendors' documents";
        folder_ = folder;
    }

    CsvRead read(const std::string& name, const CsvConfig& config = {}) const
    {
        std::ifstream stream(folder_ + "/" + name, std::ios::binary);
        EXPECT_TRUE(stream) << name;
        const std::string bytes(std::istreambuf_iterator<char>(stream), {});
        const auto whole = csv_read(bytes, config);
        EXPECT_EQ(csv_read(CsvReader(config), bytes, {7}), whole) << name;
        if (!whole.places.empty()) {
            EXPECT_EQ(whole.places.back().offset, bytes.size()) << name;
        }
        return whole;
    }

    std::string folder_;
};

TEST_F(CsvFixturesTest, EveryRowOfWellFormedFilesIsRead)
{
    const auto semicolon = csv_config([](auto& config) { config.delimiter = ";"; });
    const auto tab = csv_config([](auto& config) {
        config.delimiter = "tab";
        config.quote = "none";
    });
    const auto named = [](std::size_t columns, const char* delimiter = ",") {
        return csv_config([&](auto& config) {
            config.delimiter = delimiter;
            for (std::size_t i = 0; i < columns; ++i)
                config.columns.push_back("c" + std::to_string(i));
        });
    };
    struct Expected {
        const char* name;
        CsvConfig config;
        std::size_t columns;
        std::size_t rows;
    };
    for (const auto& [name, config, columns, rows] : {
             Expected{"adyen/reports/payments_accounting_report_nyce.csv", {}, 37, 4},
             Expected{"adyen/reports/settlement_detail_report_chargeback.csv", {}, 30, 3},
             Expected{"adyen/reports/settlement_detail_report_emptynetcredit.csv", {}, 49, 1},
             Expected{"adyen/reports/settlement_detail_report_invoice_deduction.csv", {}, 49, 2},
             Expected{"stripe/reports/payments_activity.csv", {}, 21, 2},
             Expected{"stripe/reports/payout_reconciliation_settlement_report.csv", {}, 27, 7},
             Expected{"amazon-sp-api/settlement_flat_file_v1.tsv", tab, 36, 4},
             Expected{"feeds/csv/azure-online-store-orders-sample.csv", {}, 14, 19},
             Expected{"feeds/csv/azure-online-store-orders.csv", {}, 14, 1200},
             Expected{"feeds/csv/bots-alto-detail.csv", named(6), 6, 5},
             Expected{"feeds/csv/bots-alto-header.csv", named(9), 9, 4},
             Expected{"feeds/csv/bots-articledata-semicolon.csv", semicolon, 10, 3},
             Expected{"feeds/csv/bots-orders-test.csv", named(30), 30, 8},
             Expected{"feeds/csv/bots-slsrpt-out.csv", named(5, ";"), 5, 196},
             Expected{"feeds/csv/edifabric-PurchaseOrder.csv", {}, 13, 6},
             Expected{"feeds/csv/shopify-apparel.csv", {}, 46, 22},
             Expected{"feeds/csv/shopify-jewelery.csv", {}, 46, 41},
             Expected{"feeds/csv/univocity-uk-500.csv", {}, 11, 500},
         }) {
        const auto found = read(name, config);
        EXPECT_EQ(found.failure, "") << name;
        EXPECT_EQ(found.details, std::vector<std::string>{}) << name;
        EXPECT_EQ(found.columns.size(), columns) << name;
        EXPECT_EQ(found.rows.size(), rows) << name;
    }
}

TEST_F(CsvFixturesTest, WhatIsSpecialAboutSmallFiles)
{
    EXPECT_EQ(read("feeds/csv/spectrum-json.csv").text(), "2[1|{\"type\": \"Point\", \"coordinates\": [102.0, 0.5]}]");
    EXPECT_EQ(read("feeds/csv/spectrum-newlines_crlf.csv").text(), "2[1|2|3] 3[Once upon \na time|5|6] 5[7|8|9]");
    EXPECT_EQ(read("feeds/csv/spectrum-quotes_and_newlines.csv").text(), "2[1|ha \n\"ha\" \nha] 5[3|4]");
    EXPECT_EQ(read("feeds/csv/spectrum-utf8.csv").text(), "2[1|2|3] 3[4|5|\xca\xa4]");
    EXPECT_EQ(read("feeds/csv/sineemore-bad-header-less-fields.csv").text(), "2!csv_row_ragged");
    EXPECT_EQ(read("feeds/csv/sineemore-bad-unescaped-quote.csv").text(), "2!csv_quote_inside");
    EXPECT_EQ(read("feeds/csv/omniparser-nested.csv", csv_config([](auto& config) {
                       config.columns = {"a", "b", "c", "d", "e", "f", "g"};
                       config.ragged = CsvConfig::Ragged::pad;
                   }))
                  .rows.at(3),
              "4[H|WJ85|20200505|100248|||]");

    const auto european = read("feeds/csv/univocity-european.csv", csv_config([](auto& config) {
                                   config.delimiter = ";";
                                   config.escape = CsvConfig::Escape::backslash;
                               }));
    ASSERT_EQ(european.rows.size(), 5U);
    EXPECT_EQ(european.rows[2], "4[1996|Jeep|Grand Cherokee|MUST SELL!\nair; moon roof; loaded|4799,00]");
    EXPECT_EQ(european.rows[4], "7[||Venture \"Extended Edition\"||4900,00]");

    const auto tabs = read("feeds/tsv/univocity-example.tsv", csv_config([](auto& config) {
                               config.delimiter = "tab";
                               config.quote = "none";
                               config.escape = CsvConfig::Escape::backslash;
                               config.comment = "#";
                               config.trim = true;
                           }));
    ASSERT_EQ(tabs.rows.size(), 5U);
    EXPECT_EQ(tabs.rows[2], "11[1996|Jeep|Grand Cherokee|MUST SELL!\nair, moon roof, loaded|4799.00]");
}

TEST_F(CsvFixturesTest, CarriageReturnsCommentsAndBlanks)
{
    const auto found = read("feeds/csv/univocity-essential-mac-cr.csv", csv_config([](auto& config) {
                                config.skip = 1;
                                config.comment = "#";
                                config.trim = true;
                            }));

    EXPECT_EQ(found.columns, (std::vector<std::string>{"Year", "Make", "Model", "Description", "Price"}));
    EXPECT_EQ(found.details, (std::vector<std::string>{"line 10 has not as many cells (1) as there are columns (5)"}));
    ASSERT_EQ(found.rows.size(), 16U);
    EXPECT_EQ(found.rows[2], "8[1996|Jeep|Grand Cherokee|MUST SELL!\rair, moon roof, loaded|4799.00]");
    EXPECT_EQ(found.rows[9], "17[1997|Ford|E350|ac, abs, moon|3000.00]");
}

}  // namespace

}  // namespace headgate::connectors
