#include "gateway/tools/codes.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>

#include <gmock/gmock.h>

namespace headgate::gateway {

namespace {

namespace fs = std::filesystem;

fs::path source()
{
    const char* named = std::getenv("HEADGATE_SOURCE");
    return named != nullptr ? named : ".";
}

std::string text_of_file(const fs::path& path)
{
    std::ifstream stream(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
}

/// What makes a failure or a problem. In `problem("key", "code", …)` of a schema the key stands first.
constexpr std::array<std::string_view, 13> makers{"fail",  "problem",     "problem_at", "refuse",  "refused",
                                                  "wrong", "report",      "missing",    "trouble", "complain",
                                                  "warn",  "SyntaxError", "say"};

bool is_letter(char letter)
{
    return std::isalnum(static_cast<unsigned char>(letter)) != 0 || letter == '_';
}

bool is_code(std::string_view text)
{
    return !text.empty() && text.front() >= 'a' && text.front() <= 'z' && text.find("__") == std::string_view::npos &&
           std::ranges::all_of(text, [](char letter) {
               return (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') || letter == '_';
           });
}

/// The codes in the arguments that start at `at`: words alone in a literal, up to the first text for people.
void codes_in_arguments(const std::string& text, std::size_t at, bool key_first, std::set<std::string>& codes)
{
    int depth = 1;
    for (const std::size_t begin = at; at < text.size() && depth > 0; ++at) {
        if (text[at] == '(' || text[at] == '{')
            ++depth;
        else if (text[at] == ')' || text[at] == '}')
            --depth;
        else if (text[at] == ';')
            return;
        if (text[at] != '"')
            continue;
        const std::size_t start = at + 1;
        for (++at; at < text.size() && text[at] != '"'; ++at)
            if (text[at] == '\\')
                ++at;
        const std::string literal = text.substr(start, at - start);
        const bool names_member = text[start - 2] == '[' || (key_first && start - 1 == begin);
        if (names_member)
            continue;
        if (!is_code(literal))
            return;
        codes.insert(literal);
        const char behind = text[std::min(text.find_first_not_of(" \n", at + 1), text.size() - 1)];
        if (behind != ':')  // `wrong ? "a" : "b"`
            return;
    }
}

std::set<std::string> codes_of(const std::string& text)
{
    std::set<std::string> codes;
    for (const auto maker : makers)
        for (auto at = text.find(maker); at != std::string::npos; at = text.find(maker, at + 1)) {
            const std::size_t open = at + maker.size();
            if ((at > 0 && is_letter(text[at - 1])) || open >= text.size() || (text[open] != '(' && text[open] != '{'))
                continue;
            codes_in_arguments(text, open + 1, maker == "problem", codes);
        }
    for (const std::string_view pushed : {"push_back(", "FailureClass::permanent,", "FailureClass::transient,"})
        if (pushed != "push_back(")
            for (auto at = text.find(pushed); at != std::string::npos; at = text.find(pushed, at + 1))
                codes_in_arguments(text, at + pushed.size(), false, codes);
    return codes;
}

TEST(CodesTest, EveryCodeOfTheSourcesIsExplained)
{
    // Words in such calls that are no codes: the answer's own members, a state, keys a problem stands at.
    const std::set<std::string> no_codes{"code", "error", "dead", "detail"};
    std::set<std::string> known;
    for (const auto& entry : all_codes())
        known.emplace(entry.code);

    std::map<std::string, std::string> unexplained;
    std::size_t seen = 0;
    for (const auto* module : {"core", "net", "mapping", "connectors", "retry", "observability", "gateway"})
        for (const auto& file : fs::recursive_directory_iterator(source() / module))
            if (const auto extension = file.path().extension(); extension == ".cpp" || extension == ".hpp")
                for (const auto& code : codes_of(text_of_file(file.path()))) {
                    ++seen;
                    if (!known.contains(code) && !no_codes.contains(code))
                        unexplained[code] = file.path();
                }

    EXPECT_THAT(unexplained, ::testing::IsEmpty()) << "add them to gateway/tools/codes_table.cpp";
    EXPECT_GT(seen, 150U) << "the scan finds less than there is";
}

TEST(CodesTest, NoCodeIsExplainedThatTheSourcesDoNotHave)
{
    std::string all;
    for (const auto* module : {"core", "net", "mapping", "connectors", "retry", "observability", "gateway"})
        for (const auto& file : fs::recursive_directory_iterator(source() / module))
            if (const auto extension = file.path().extension();
                (extension == ".cpp" || extension == ".hpp" || extension == ".lua") &&
                file.path().filename() != "codes_table.cpp")
                all += text_of_file(file.path());

    for (const auto& entry : all_codes())
        EXPECT_NE(all.find(entry.code), std::string::npos) << entry.code;
}

TEST(CodesTest, ThePageIsCurrent)
{
    EXPECT_TRUE(text_of_file(source() / "docs/codes.md") == codes_markdown())
        << "write it again: headgate explain --all --markdown > docs/codes.md";
}

TEST(CodesTest, NoEntryIsEmptyAndNoneStandsTwiceAtOnePlace)
{
    std::set<std::pair<std::string_view, std::string_view>> places;
    for (const auto& entry : all_codes()) {
        EXPECT_TRUE(is_code(entry.code)) << entry.code;
        EXPECT_FALSE(entry.means.empty()) << entry.code;
        EXPECT_TRUE(places.emplace(entry.arises, entry.code).second) << entry.code;
    }
}

TEST(CodesTest, TheScanSeesWhatCodesAreMadeOf)
{
    const std::string text = R"(
        return fail(FailureClass::permanent, "one_code", "what " + name);
        schema.problem("zone", "two_code", "there is none");
        values_.problem(node["key"], "three_code", "is not right");
        return wrong(bad ? "four_code" : "five_code", "words");
        fail(run, site, "six", "words");
        prevail("none");
    )";

    EXPECT_THAT(codes_of(text),
                ::testing::UnorderedElementsAre("one_code", "two_code", "three_code", "four_code", "five_code", "six"));
}

}  // namespace

}  // namespace headgate::gateway
