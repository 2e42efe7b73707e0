#include "gateway/cli/output.hpp"

#include <gtest/gtest.h>

namespace headgate::gateway {

namespace {

TEST(OutputTest, WhatSteersATerminalIsEscaped)
{
    EXPECT_EQ(shown("a\x1b[31m\x7f"), "a\\x1b[31m\\x7f");
    EXPECT_EQ(shown("\u202eodd\u2066\u2069\u200f"), "\\u202eodd\\u2066\\u2069\\u200f");
    EXPECT_EQ(shown("\xc2\x9b"), "\\u009b");
    EXPECT_EQ(shown("größe – “€”"), "größe – “€”");
    EXPECT_EQ(shown("\xe2\x80"), "\xe2\x80");  // no character, and not read beyond its end
}

TEST(OutputTest, WhatIsLongIsCutBetweenLetters)
{
    EXPECT_EQ(shown(std::string(199, 'x') + "é and more"), std::string(199, 'x') + "…");
    EXPECT_EQ(cut("größer", 6), "größer");
    EXPECT_EQ(cut("größer", 5), "größ…");
    EXPECT_EQ(cut("", 5), "");
}

}  // namespace

}  // namespace headgate::gateway
