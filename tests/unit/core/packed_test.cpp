#include "core/packed.hpp"

#include <gtest/gtest.h>

namespace headgate {

namespace {

TEST(Packed, IsWhatItWasAndSmaller)
{
    std::string text;
    for (int i = 0; i < 1000; ++i)
        text += "\"order_number\":\"#1001\",";
    const auto frame = packed(text);
    EXPECT_LT(frame.size(), text.size() / 10);
    EXPECT_EQ(unpacked(frame, text.size()), text);
    EXPECT_EQ(unpacked(packed(""), 10), "");
    std::string behind = "front";
    append_packed(behind, text);
    EXPECT_EQ(unpacked(std::string_view(behind).substr(5), text.size()), text);
}

TEST(Packed, IsNotReadWhenItIsTooLargeOrBroken)
{
    const auto frame = packed(std::string(1000, 'x'));
    EXPECT_EQ(unpacked(frame, 999), std::nullopt);
    EXPECT_EQ(unpacked(std::string_view(frame).substr(0, frame.size() - 1), 1000), std::nullopt);
    EXPECT_EQ(unpacked("no frame", 1000), std::nullopt);
    EXPECT_EQ(unpacked("", 1000), std::nullopt);
}

}  // namespace

}  // namespace headgate
