#include "mapping/json_text.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace headgate::mapping {
namespace {

/// RFC 8259, section 7, letter by letter.
std::string as_json(std::string_view text)
{
    std::string out = "\"";
    for (const char letter : text) {
        constexpr std::string_view digits = "0123456789abcdef";
        const auto byte = static_cast<unsigned char>(letter);
        switch (letter) {
        case '"': out += "\\\""; break;
        case '\\': out += "\\\\"; break;
        case '\b': out += "\\b"; break;
        case '\f': out += "\\f"; break;
        case '\n': out += "\\n"; break;
        case '\r': out += "\\r"; break;
        case '\t': out += "\\t"; break;
        default:
            if (byte < 0x20)
                out.append("\\u00").append(1, digits[byte / 16]).append(1, digits[byte % 16]);
            else
                out += letter;
        }
    }
    return out + '"';
}

TEST(JsonTextTest, EveryByteIsWrittenAtEveryPlaceOfEveryLength)
{
    for (std::size_t size = 0; size < 20; ++size) {
        for (std::size_t at = 0; at < size; ++at) {
            for (int byte = 0; byte < 256; ++byte) {
                std::string text(size, 'x');
                text[at] = static_cast<char>(byte);
                std::string out = "before ";
                append_json_string(out, text);
                ASSERT_EQ(out, "before " + as_json(text)) << "byte " << byte << " at " << at << " of " << size;
            }
        }
    }
}

TEST(JsonTextTest, ATextOfNothingButEscapesFindsItsRoom)
{
    const std::string controls(100'000, '\x01');
    std::string out;
    append_json_string(out, controls);
    EXPECT_EQ(out, as_json(controls));
}

TEST(JsonTextTest, ValuesAreWrittenBehindWhatIsThere)
{
    const std::vector<Value> items = {Value{}, boolean_value(true), text_value("a\nb"), number_value(Decimal(-12))};
    const std::vector<Member> inner = {{"n", Value{}}};
    const std::vector<Member> members = {
        {"list", list_value(items)}, {"none", Value{}}, {"empty", list_value({})}, {"nothing", object_value(inner)}};
    std::string out = "x";

    EXPECT_TRUE(append_json(out, object_value(members), 1000));
    EXPECT_EQ(out, R"(x{"list":[null,true,"a\nb",-12],"none":null,"empty":[],"nothing":{"n":null}})");

    out = "y";
    EXPECT_TRUE(append_json(out, object_value(members), 1000, false));
    EXPECT_EQ(out, R"(y{"list":[null,true,"a\nb",-12],"empty":[]})");
    out.clear();
    EXPECT_TRUE(append_json(out, object_value({}), 1000));
    EXPECT_EQ(out, "{}");
}

TEST(JsonTextTest, StopsSoonBehindItsLimit)
{
    const std::vector<Value> items(100'000, text_value(std::string_view("0123456789")));
    std::string out;
    EXPECT_FALSE(append_json(out, list_value(items), 1000));
    EXPECT_LT(out.size(), 1100U);
    out.clear();
    EXPECT_TRUE(append_json(out, list_value(items), 1'300'001));
    EXPECT_EQ(out.size(), 1'300'001U);
}

}  // namespace
}  // namespace headgate::mapping
