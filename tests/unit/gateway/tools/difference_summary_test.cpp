#include "gateway/tools/difference_summary.hpp"

#include <gtest/gtest.h>

namespace headgate::gateway {

namespace {

TEST(DifferenceSummaryTest, CountsTransactionsAFieldAndKeepsAFew)
{
    DifferenceSummary summary;
    EXPECT_EQ(summary.text(), "");
    for (int i = 1; i <= 5; ++i) {
        const auto of = "E" + std::to_string(i);
        summary.add("sales_order", "lines[0].net", {of, "1", "2"});
        summary.add("sales_order", "lines[1].net", {of, "3", "4"});
    }
    summary.add("refund", "lines[0].net", {"E1", "1", "nothing"});
    EXPECT_EQ(summary.text(),
              "  refund lines.net: 1\n    E1: 1 -> nothing\n"
              "  sales_order lines.net: 5\n    E1: 1 -> 2\n    E2: 1 -> 2\n    E3: 1 -> 2\n");
}

}  // namespace

}  // namespace headgate::gateway
