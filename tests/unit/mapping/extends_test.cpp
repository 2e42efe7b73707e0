#include <gtest/gtest.h>

#include <map>

#include "tests/unit/mapping/small_types.hpp"

namespace headgate::mapping::test {
namespace {

constexpr std::string_view base = R"(transaction: note
entity: note/{.id}
let: { mark: "!" }
fields:
  title: .name
  rank: .rank
  who: { name: .who, city: .city }
  items:
    each: .lines
    fields: { no: $index, text: .text }
)";

/// Mappings by name, each several times where a deployment's own stands before the shipped one.
using Files = std::multimap<std::string, SourceFile>;

MappingLoader mappings_of(const Files& files)
{
    return [files](std::string_view name) {
        std::vector<BaseMapping> found;
        const auto [first, last] = files.equal_range(std::string(name));
        for (auto at = first; at != last; ++at)
            found.push_back({at->second});
        return found;
    };
}

std::expected<Mapping, Problems> extended(const std::string& yaml, const Files& files = {})
{
    static const Vocabularies vocabularies;
    Files all = files;
    all.emplace("shop/note", SourceFile{"shop/note.yaml", std::string(base)});
    return Mapping::load(SourceFile{"own/note.yaml", yaml}, small_types(), vocabularies, {}, mappings_of(all));
}

std::string mapped(const std::string& yaml, const Files& files = {})
{
    const auto mapping = extended(yaml, files);
    if (!mapping)
        return all_of(mapping.error());
    const Document document =
        read_document(R"({"id": 1, "name": "n", "rank": 3, "who": "w", "city": "c", "lines": [{"text": "t"}]})");
    const auto made = mapping->run({.document = document});
    return made ? made->front().json : "!" + made.error().code + " " + made.error().where.config;
}

std::string problems_among(const std::string& yaml, const Files& files = {})
{
    const auto mapping = extended(yaml, files);
    return mapping ? "" : all_of(mapping.error());
}

TEST(MappingExtends, ObjectsMergeByKeyAndEverythingElseReplaces)
{
    EXPECT_EQ(mapped("extends: shop/note\n"),
              R"({"title":"n","rank":3,"who":{"name":"w","city":"c"},"items":[{"no":0,"text":"t"}]})");
    EXPECT_EQ(mapped("extends: shop/note\nfields:\n  done: true\n  rank: 7\n  who: { city: Oslo }\n"
                     "  items: { fields: { text: '{.text}{$mark}' } }\n"),
              R"({"title":"n","rank":7,"who":{"name":"w","city":"Oslo"},"items":[{"no":0,"text":"t!"}],"done":true})");
    EXPECT_EQ(mapped("extends: shop/note\nfields:\n  items: null\n  who: ~\n  rank: 'null'\n"), R"({"title":"n"})");
    EXPECT_EQ(
        mapped("extends: shop/note\nlet: { mark: '?' }\nfields: { title: '{.name}{$mark}', who: null, items: null, "
               "rank: null }\n"),
        R"({"title":"n?"})");
}

TEST(MappingExtends, KeepsItsOwnName)
{
    EXPECT_EQ(extended("extends: shop/note\nname: mine\n")->name(), "mine");
    EXPECT_EQ(extended("extends: shop/note\n")->name(), "note");
}

TEST(MappingExtends, ProblemsAndFailuresStandWhereTheirTextDoes)
{
    const std::string problems = problems_among("extends: shop/note\nfields:\n  rank: .rank | intger\n  titel: .x\n");
    EXPECT_NE(problems.find("own/note.yaml:3:17: unknown_function"), std::string::npos) << problems;
    EXPECT_NE(problems.find("own/note.yaml:4:3: unknown_field"), std::string::npos) << problems;
    EXPECT_NE(problems_among("extends: shop/note\nlet: { mark: null }\nfields: { title: '{$mark}' }\n")
                  .find("own/note.yaml:3:20: unknown_name"),
              std::string::npos);
    EXPECT_NE(problems_among("extends: shop/note\nfields: { title: null }\n").find("own/note.yaml:2:9: missing_field"),
              std::string::npos);

    EXPECT_EQ(mapped("extends: shop/note\nfields: { rank: .who }\n"), "!wrong_kind own/note.yaml:2:17");
    EXPECT_EQ(mapped("extends: shop/note\nfields: { who: { name: .id } }\n"), "!wrong_kind own/note.yaml:2:24");
    Files broken{{"shop/broken", SourceFile{"shop/broken.yaml", head("  title: x\n  rank: .name\n")}}};
    EXPECT_EQ(mapped("extends: shop/broken\n", broken), "!wrong_kind shop/broken.yaml:5:9");
}

TEST(MappingExtends, ARemovedFieldOfTheFirstStaysRemovedInTheThird)
{
    const Files files{
        {"shop/middle", SourceFile{"shop/middle.yaml", "extends: shop/note\nfields: { rank: 5, done: true }\n"}}};
    EXPECT_EQ(mapped("extends: shop/middle\nfields: { rank: null, who: null, items: null }\n", files),
              R"({"title":"n","done":true})");
}

TEST(MappingExtends, MayExtendTheShippedOneOfTheSameName)
{
    const std::string folder = fresh_folder("extends");
    write_file(folder + "/own/connectors/shop/mappings/note.yaml",
               "extends: shop/note\nfields: { who: { name: null, city: null, use: party, of: . }, rank: null, items: "
               "null }\n");
    write_file(folder + "/shipped/connectors/shop/mappings/note.yaml", base);
    write_file(folder + "/shipped/connectors/shop/mappings/fragments/party.yaml", "fields: { name: .name }\n");
    const Vocabularies vocabularies;

    const auto mapping = Mapping::load(folder + "/own/connectors/shop/mappings/note.yaml", small_types(), vocabularies,
                                       {}, mappings_in({folder + "/own", folder + "/shipped"}));

    ASSERT_TRUE(mapping) << all_of(mapping.error());
    const Document document = read_document(R"({"id": 1, "name": "n"})");
    EXPECT_EQ(mapping->run({.document = document})->front().json, R"({"title":"n","who":{"name":"n"}})");
}

TEST(MappingExtends, CirclesDepthAndUnknownNamesAreRefused)
{
    Files circle{{"shop/a", SourceFile{"a.yaml", "extends: shop/b\n"}},
                 {"shop/b", SourceFile{"b.yaml", "extends: shop/a\n"}}};
    EXPECT_NE(problems_among("extends: shop/a\n", circle).find("b.yaml:1:10: extends_circle"), std::string::npos);
    Files deep;
    for (int i = 0; i < 12; ++i)
        deep.emplace("shop/d" + std::to_string(i),
                     SourceFile{"d" + std::to_string(i), "extends: shop/d" + std::to_string(i + 1) + "\n"});
    EXPECT_NE(problems_among("extends: shop/d0\n", deep).find("limit_depth"), std::string::npos);
    EXPECT_NE(problems_among("extends: shop/none\n").find("unknown_mapping"), std::string::npos);
    EXPECT_NE(problems_among("extends: [a]\n").find("unknown_mapping"), std::string::npos);
    EXPECT_TRUE(mappings_in({"/etc"})("../passwd").empty());
    EXPECT_NE(problems_among("extends: shop/note\nfields: { who: &x { city: a }, items: [*x] }\n").find("aliases"),
              std::string::npos);
}

}  // namespace
}  // namespace headgate::mapping::test
