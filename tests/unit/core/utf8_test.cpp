#include "core/utf8.hpp"

#include <gtest/gtest.h>

namespace headgate {

namespace {

TEST(Utf8Test, OverlongFormsSurrogatesAndWhatIsCutShortAreNone)
{
    for (const std::string_view text : {"", "a", "\xC2\x80", "\xED\x9F\xBF", "\xEE\x80\x80", "\xF4\x8F\xBF\xBF"})
        EXPECT_TRUE(is_utf8(text)) << text;
    for (const std::string_view text :
         {"\x80", "\xC0\x80", "\xC1\xBF", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80",
          "\xF5\x80\x80\x80", "\xC3", "\xE2\x82", "\xF0\x9F\x98", "\xC3\x28"})
        EXPECT_EQ(utf8_until("ok" + std::string(text)), 2U) << text;
}

TEST(Utf8Test, EveryCodePointIsWrittenSoThatItReads)
{
    for (std::uint32_t code = 0; code <= 0x10FFFF; code += 0x3B) {
        if (code >= 0xD800 && code <= 0xDFFF)
            continue;
        std::string text;
        append_utf8(text, code);
        ASSERT_TRUE(is_utf8(text)) << code;
        ASSERT_EQ(text.size(), code < 0x80 ? 1U : code < 0x800 ? 2U : code < 0x10000 ? 3U : 4U) << code;
    }
}

}  // namespace

}  // namespace headgate
