#include "core/suggest.hpp"

#include <gtest/gtest.h>

namespace headgate {

namespace {

TEST(SuggestTest, CountsTheLettersThatDiffer)
{
    EXPECT_EQ(edit_distance("", ""), 0U);
    EXPECT_EQ(edit_distance("abc", ""), 3U);
    EXPECT_EQ(edit_distance("", "abc"), 3U);
    EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
    EXPECT_EQ(edit_distance("topics", "topisc"), 2U);
}

TEST(SuggestTest, NamesTheNearestOrNothing)
{
    const std::vector<std::string_view> words{"title", "total", "currency"};

    EXPECT_EQ(did_you_mean("titel", words), "did you mean `title`?");
    EXPECT_EQ(did_you_mean("curency", words), "did you mean `currency`?");
    EXPECT_EQ(did_you_mean("zzzzz", words), "");
    EXPECT_EQ(did_you_mean("titl", std::vector<std::string>{}), "");
}

}  // namespace

}  // namespace headgate
