#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <memory_resource>

#include <boost/json.hpp>

#include "mapping/check.hpp"
#include "mapping/invariants.hpp"
#include "tests/unit/mapping/samples.hpp"

namespace headgate::mapping::test {
namespace {

namespace json = boost::json;

/// The code of the failure, or those of the warnings joined by commas, or "".
std::string verdict(const CanonicalType& type, const json::value& transaction)
{
    const std::string text = json::serialize(transaction);
    const Document document = read_document(text);
    const auto checked = check_transaction(type, document);
    if (!checked)
        return checked.error().code + " at " + checked.error().detail;
    std::string codes;
    for (const Warning& warning : *checked)
        codes.append(codes.empty() ? "" : ",").append(warning.code);
    return codes;
}

json::value case_file(const std::string& type)
{
    const std::string path = source_folder() + "/tests/unit/mapping/invariants/" + type + ".json";
    return json::parse(file_text(path));
}

std::pair<json::value*, std::string> parent_of(json::value& root, std::string_view pointer)
{
    const auto slash = pointer.rfind('/');
    return {&root.at_pointer(pointer.substr(0, slash)), std::string(pointer.substr(slash + 1))};
}

/// `set` and `remove` by JSON pointer; `-` stands behind a list's last item.
json::value changed(json::value transaction, const json::object& change)
{
    if (const auto* set = change.if_contains("set"))
        for (const auto& [pointer, value] : set->as_object()) {
            const auto [parent, name] = parent_of(transaction, pointer);
            if (parent->is_object())
                parent->as_object()[name] = value;
            else if (name == "-")
                parent->as_array().push_back(value);
            else
                parent->as_array().at(std::stoul(name)) = value;
        }
    if (const auto* remove = change.if_contains("remove"))
        for (const auto& pointer : remove->as_array()) {
            const auto [parent, name] = parent_of(transaction, pointer.as_string());
            if (parent->is_object())
                parent->as_object().erase(name);
            else
                parent->as_array().erase(parent->as_array().begin() + std::stol(name));
        }
    return transaction;
}

TEST(Invariants, EveryExampleIsATransactionOfItsTypeWithoutAWarning)
{
    for (const std::string& name : shipped_canonical().names()) {
        const CanonicalType& type = *shipped_canonical().find(name);
        ASSERT_EQ(type.examples.size(), 1U) << name;
        EXPECT_EQ(verdict(type, json::parse(type.examples.front())), "") << name;
    }
}

// Each case changes the example so that one invariant is broken and no other: its code is the answer. Cases stand in
// the order of the type's invariants; one code with several invariants has a case for each.
TEST(Invariants, EachIsBrokenByItsCaseAndByNothingElse)
{
    for (const std::string& name : shipped_canonical().names()) {
        const CanonicalType& type = *shipped_canonical().find(name);
        const json::value example = json::parse(type.examples.front());
        std::map<std::string, int> wanted;
        for (const Invariant& invariant : type.invariants->all)
            if (!invariant.needs_others)
                ++wanted[invariant.code];
        const json::value cases = case_file(name);
        for (const auto& each : cases.as_array()) {
            const auto& change = each.as_object();
            const std::string code(change.at("code").as_string());
            const std::string found = verdict(type, changed(example, change));
            EXPECT_EQ(found.substr(0, found.find(" at ")), code) << name << ": " << json::serialize(each) << "\n"
                                                                 << found;
            --wanted[code];
        }
        for (const auto& [code, missing] : wanted)
            EXPECT_LE(missing, 0) << name << ": " << code << " has " << missing << " cases too few";
    }
}

TEST(Invariants, OneThatCannotBeToldIsAFailureAndNotHeld)
{
    const auto verdict_of = [](const json::object& rule) {
        Problems problems;
        CanonicalType type;
        type.invariants = Invariants::read("order.json", json::array{rule}, "", problems);
        EXPECT_TRUE(problems.empty());
        const Document document = read_document(R"({"a": 1, "b": [1]})");
        std::pmr::monotonic_buffer_resource arena;
        const MappingContext context{.document = document};
        mapping::Run run(context, nullptr, 0, arena);
        const Block nowhere;
        return check_invariants(run, nowhere, *type.invariants, run.document) ? "" : run.failure.code;
    };
    const auto rule = [](const char* when, const char* holds) {
        return json::object{{"code", "a"}, {"severity", "reject"}, {"says", "x"}, {"when", when}, {"holds", holds}};
    };
    EXPECT_EQ(verdict_of(rule("true", ".a == 1")), "");
    EXPECT_EQ(verdict_of(rule("true", ".a == 2")), "a");
    for (const auto& [holds, code] : {std::pair{".a == 1 and .b > 1", "wrong_kind"},
                                      {".a == 2 or .b > 1", "wrong_kind"},
                                      {".b > 1", "wrong_kind"},
                                      {"not (.b > 1)", "wrong_kind"},
                                      {".c | required", "missing_required"}}) {
        EXPECT_EQ(verdict_of(rule("true", holds)), code) << holds;
        EXPECT_EQ(verdict_of(rule(holds, "false")), code) << holds;
    }
}

TEST(Invariants, ASchemaThatCannotBeReadSaysWhere)
{
    Problems problems;
    const auto rules = json::parse(R"([{"code": "a", "severity": "reject", "holds": ".x >", "says": "x"},
        {"severity": "fatal", "holds": "true", "says": "x"}, {"code": "b", "severity": "warn", "says": "x", "hold": ".x"}, 7])");
    static_cast<void>(Invariants::read("order.json", rules, "", problems));

    std::string said;
    for (const Problem& problem : problems)
        said += problem.message + "\n";
    EXPECT_TRUE(said.contains("x-invariants: a cannot be read in `holds`")) << said;
    EXPECT_TRUE(said.contains("x-invariants, number 2, has no `code`")) << said;
    EXPECT_TRUE(said.contains("x-invariants: b has `hold`, which is no key of an invariant")) << said;
    EXPECT_TRUE(said.contains("x-invariants: b has no `holds`")) << said;
    EXPECT_TRUE(said.contains("x-invariants, number 4, is an object")) << said;
}

}  // namespace
}  // namespace headgate::mapping::test
