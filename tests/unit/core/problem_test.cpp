#include "core/problem.hpp"

#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace headgate {
namespace {

class ProblemTest : public testing::Test {
protected:
    std::string path_ = testing::TempDir() + "/headgate_problem_" + std::to_string(::getpid()) + ".yaml";
    ~ProblemTest() override { std::filesystem::remove(path_); }
    std::string shown(std::string_view text, int line, int column)
    {
        std::ofstream(path_) << text;
        const Problem problem{path_, line, column, "code", "message", "hint"};
        const std::string all = with_source(problem);
        EXPECT_TRUE(all.starts_with(text_of(problem)));
        return all.substr(text_of(problem).size());
    }
};

TEST_F(ProblemTest, ShowsTheLineAndACaretBelowThePlace)
{
    EXPECT_EQ(shown("a: 1\nrank: .r | trimm\n", 2, 12), "\n    rank: .r | trimm\n               ^");
    EXPECT_EQ(shown("größe: .x\n", 1, 10), "\n    größe: .x\n           ^");  // a column is a byte
    EXPECT_EQ(shown("\tx: y\n", 1, 5), "\n    \tx: y\n    \t   ^");
    EXPECT_EQ(shown("a\x1b[31m: b", 1, 8), "\n    a [31m: b\n           ^");
    EXPECT_EQ(shown("ab", 1, 99), "\n    ab\n      ^");
}

TEST_F(ProblemTest, CutsALongLineAroundThePlace)
{
    const std::string line = std::string(500, 'a') + "X" + std::string(500, 'b');
    const std::string text = shown(line, 1, 501);
    EXPECT_LT(text.size(), 300U);
    EXPECT_EQ(text.find('X') - text.find("    "), text.rfind('^') - text.rfind("\n") - 1);
}

TEST_F(ProblemTest, IsThePlainTextWhereThereIsNoLine)
{
    EXPECT_EQ(shown("a\n", 7, 1), "");
    EXPECT_EQ(shown("a\n", 0, 0), "");
    EXPECT_EQ(with_source({"/nowhere", 1, 1, "c", "m", ""}), "/nowhere:1:1: c: m");
}

}  // namespace
}  // namespace headgate
