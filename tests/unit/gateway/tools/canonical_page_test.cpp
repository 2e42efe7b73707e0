#include "gateway/tools/canonical_page.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>

#include <gtest/gtest.h>

namespace headgate::gateway {

namespace {

std::string source_folder()
{
    const char* folder = std::getenv("HEADGATE_SOURCE");
    return folder == nullptr ? "." : folder;
}

TEST(CanonicalPages, ThoseInDocsAreWhatTheSchemasSay)
{
    const auto pages = canonical_pages(source_folder() + "/config/canonical");
    ASSERT_TRUE(pages) << pages.error().detail;
    EXPECT_EQ(pages->size(), 23U);  // 22 types and the list
    for (const auto& [name, text] : *pages) {
        std::ifstream file(source_folder() + "/docs/canonical/" + name + ".md", std::ios::binary);
        const std::string written{std::istreambuf_iterator<char>(file), {}};
        EXPECT_TRUE(written == text) << "docs/canonical/" << name
                                     << ".md is not current: build/release/headgate schema --pages docs/canonical";
    }
}

TEST(CanonicalPages, NameWhereAnInvariantLooksAndWhatIsNotCheckedYet)
{
    const auto pages = canonical_pages(source_folder() + "/config/canonical");
    ASSERT_TRUE(pages);
    const auto& refund = pages->at("refund");
    EXPECT_NE(refund.find("| `refund_exceeds_capture` | reject | other transactions: not checked yet |"),
              std::string::npos);
    EXPECT_NE(pages->at("sales_order").find("| `lines[].unit_price` | unit_price | required |"), std::string::npos);
}

}  // namespace

}  // namespace headgate::gateway
