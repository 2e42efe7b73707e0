#include "gateway/edits.hpp"

#include <gtest/gtest.h>

#include "connectors/formats/json.hpp"

namespace headgate::gateway {
namespace {

/// What becomes of a document, or what is wrong.
std::string made(const std::string& document, const std::string& edits)
{
    const auto read = connectors::read_json(document);
    const auto all = read_edits(edits);
    if (!read || !all)
        return all ? read.error().code : all.error().code + ": " + all.error().detail;
    const auto text = edited(*read, *all);
    return text ? *text : text.error().code + ": " + text.error().detail;
}

TEST(Edits, MembersAndItemsAreSetReplacedAndDeleted)
{
    const std::string document = R"({"a":{"b":[1,{"c":19.990}]},"é~/":"x"})";
    EXPECT_EQ(made(document, R"([{"op":"set","path":"/a/b/1/c","value":20.10}])"),
              R"({"a":{"b":[1,{"c":20.10}]},"é~/":"x"})");
    EXPECT_EQ(made(document, R"([{"op":"set","path":"/a/d","value":{"e":null}}])"),
              R"({"a":{"b":[1,{"c":19.990}],"d":{"e":null}},"é~/":"x"})");
    EXPECT_EQ(made(document, R"([{"op":"set","path":"/a/b/-","value":1e400}])"),
              R"({"a":{"b":[1,{"c":19.990},1e400]},"é~/":"x"})");
    EXPECT_EQ(made(document, R"([{"op":"set","path":"/a/b/2","value":3}])"),
              R"({"a":{"b":[1,{"c":19.990},3]},"é~/":"x"})");
    EXPECT_EQ(made(document, R"([{"op":"delete","path":"/a/b/0"}])"), R"({"a":{"b":[{"c":19.990}]},"é~/":"x"})");
    EXPECT_EQ(made(document, R"([{"op":"delete","path":"/é~0~1"}])"), R"({"a":{"b":[1,{"c":19.990}]}})");
    EXPECT_EQ(made(document, R"([{"op":"replace","path":"","value":[]}])"), "[]");
    EXPECT_EQ(
        made(
            document,
            R"([{"op":"set","path":"/x","value":{}},{"op":"set","path":"/x/y","value":"\"\\"},{"op":"delete","path":"/a"}])"),
        R"({"é~/":"x","x":{"y":"\"\\"}})")
        << "one behind the other";
}

TEST(Edits, WhatCannotBeSaysWhy)
{
    const std::string document = R"({"a":[1],"t":"x"})";
    EXPECT_EQ(made(document, R"([{"op":"replace","path":"/b","value":1}])"),
              "edit_impossible: `/b`: there is no member `b` in the top");
    EXPECT_EQ(made(document, R"([{"op":"set","path":"/b/c","value":1}])"),
              "edit_impossible: `/b/c`: there is no member `b` in the top");
    EXPECT_EQ(made(document, R"([{"op":"set","path":"/a/2","value":1}])"),
              "edit_impossible: `/a/2`: there is no item `2` in `/a`");
    EXPECT_EQ(made(document, R"([{"op":"replace","path":"/a/-","value":1}])"),
              "edit_impossible: `/a/-`: there is no item `-` in `/a`");
    EXPECT_EQ(made(document, R"([{"op":"delete","path":"/a/x"}])"),
              "edit_impossible: `/a/x`: there is no item `x` in `/a`");
    EXPECT_EQ(made(document, R"([{"op":"set","path":"/t/x","value":1}])"),
              "edit_impossible: `/t/x`: there is neither an object nor a list at `/t`");
    EXPECT_EQ(made(document, R"({})"), R"(bad_edit: edits are a list of {"op", "path", "value"})");
    EXPECT_EQ(made(document, R"([{"op":"add","path":"/a","value":1}])"),
              "bad_edit: edit 1: `op` is set, replace or delete");
    EXPECT_EQ(made(document, R"([{"op":"set","path":"a","value":1}])"),
              "bad_edit: edit 1: `path` is a JSON pointer like /line_items/0/sku");
    EXPECT_EQ(made(document, R"([{"op":"set","path":"/a"}])"),
              "bad_edit: edit 1: set and replace have a `value`, delete has none");
    EXPECT_EQ(made(document, R"([{"op":"delete","path":""}])"),
              "bad_edit: edit 1: the whole document cannot be deleted; discard the letter");
}

TEST(Edits, AreKeptWithWhoAndWhyAndReadBack)
{
    const auto first = read_edits(R"([{"op":"set","path":"/a","value":1.10}])").value();
    const auto second = read_edits(R"([{"op":"delete","path":"/b\"c"}])").value();
    const auto kept = with_more(with_more("", first, "ann", "a \"reason\"", "now"), second, "bob", "another", "later");
    EXPECT_EQ(kept, R"([{"op":"set","path":"/a","value":1.10,"who":"ann","why":"a \"reason\"","at":"now"},)"
                    R"({"op":"delete","path":"/b\"c","who":"bob","why":"another","at":"later"}])");
    EXPECT_EQ(read_edits(kept)->size(), 2U);
    EXPECT_EQ(made(R"({"b\"c":1})", kept), R"({"a":1.10})");
}

}  // namespace
}  // namespace headgate::gateway
