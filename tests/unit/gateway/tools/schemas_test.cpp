#include "gateway/tools/schemas.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>

#include <gmock/gmock.h>
#include <boost/json.hpp>
#include <valijson/adapters/boost_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

#include "gateway/tools/format.hpp"
#include "gateway/tools/yaml.hpp"

namespace headgate::gateway {

namespace {

namespace json = boost::json;

std::string config()
{
    const char* source = std::getenv("HEADGATE_SOURCE");
    return std::string(source != nullptr ? source : ".") + "/config";
}

/// One schema, ready to hold YAML against.
class Checked {
public:
    explicit Checked(std::string_view kind)
    {
        schema_text_ = json::parse(*schema_of(kind, config()));
        valijson::SchemaParser parser(valijson::SchemaParser::kDraft7);
        parser.populateSchema(valijson::adapters::BoostJsonAdapter(schema_text_), schema_);
    }

    /// What is wrong; nothing when it is fine.
    std::string wrong(const std::string& yaml) const
    {
        Problems problems;
        const auto root = load_yaml("a.yaml", yaml, problems);
        if (!root)
            return "no YAML";
        const json::value document = json::parse(json_of(*root));
        valijson::Validator validator;
        valijson::ValidationResults results;
        if (validator.validate(schema_, valijson::adapters::BoostJsonAdapter(document), &results))
            return "";
        std::string text = "wrong:";
        valijson::ValidationResults::Error error;
        while (results.popError(error)) {
            for (const auto& step : error.context)
                text += step;
            text += " " + error.description + "\n";
        }
        return text;
    }

private:
    json::value schema_text_;
    valijson::Schema schema_;
};

std::string text_of_file(const std::string& file)
{
    std::ifstream stream(file);
    return {std::istreambuf_iterator<char>(stream), {}};
}

std::string kind_name(FileKind kind)
{
    switch (kind) {
    case FileKind::headgate: return "headgate";
    case FileKind::connector: return "connector";
    case FileKind::mapping: return "mapping";
    case FileKind::fragment: return "fragment";
    case FileKind::vocabulary: return "vocabulary";
    case FileKind::case_file: return "case";
    case FileKind::entries:
    case FileKind::other: break;
    }
    return "";
}

TEST(SchemasTest, EveryShippedFileIsAsItsSchemaSays)
{
    std::map<std::string, Checked> schemas;
    for (const auto& file : yaml_files(config())) {
        const std::string kind = kind_name(kind_of_file(file));
        if (kind.empty())
            continue;
        const auto& schema = schemas.try_emplace(kind, kind).first->second;

        EXPECT_EQ(schema.wrong(text_of_file(file)), "") << file;
    }
    EXPECT_GE(schemas.size(), 4U);
}

TEST(SchemasTest, ATypoIsCaught)
{
    const Checked headgate("headgate");
    EXPECT_EQ(headgate.wrong("channels: { eu: { connector: shopify, secret: env:S } }\nredis: managed\nthreads: 2\n"),
              "");
    EXPECT_EQ(headgate.wrong("channels: { eu: { connector: shopify, secret: env:S, registration: false } }\n"), "");
    EXPECT_EQ(headgate.wrong("channels: { eu: { connector: shopify, registration: { keep: true, every: 1h } } }\n"),
              "");
    EXPECT_NE(headgate.wrong("channels: { eu: { connector: shopify, registration: off } }\n"), "");
    EXPECT_NE(headgate.wrong("chanels: {}\n"), "");
    EXPECT_NE(headgate.wrong("channels: { eu: { conector: shopify } }\n"), "");
    EXPECT_NE(headgate.wrong("channels: { eu: { connector: shopify, secret: hunter2 } }\n"), "");
    EXPECT_NE(headgate.wrong("durability: lax\n"), "");
    EXPECT_EQ(headgate.wrong("durability: \"${LEVEL:-strict}\"\n"), "");
    EXPECT_NE(headgate.wrong("redis: manged\n"), "");

    const Checked mapping("mapping");
    const std::string order = "transaction: sales_order\nentity: order/{.id}\n";
    EXPECT_EQ(mapping.wrong(
                  order + "fields:\n  order_number: .name\n  lines:\n    each: .items\n    fields: { line_id: .id }\n"),
              "");
    EXPECT_NE(mapping.wrong(order + "fields: { order_nmber: .name }\n"), "");
    EXPECT_NE(mapping.wrong(order + "fields: { lines: { each: .items, fields: { lineid: .id } } }\n"), "");
    EXPECT_NE(mapping.wrong(order + "fields: { ship_to: { citty: .c } }\n"), "");
    EXPECT_NE(mapping.wrong("transaction: sales_ordr\n"), "");
    EXPECT_NE(mapping.wrong("transactions:\n  - transaction: sales_order\n    fields: { nope: .a }\n"), "");

    const Checked vocabulary("vocabulary");
    EXPECT_EQ(vocabulary.wrong("unmapped: { default: x }\nentries: { a: b, 1: c }\n"), "");
    EXPECT_NE(vocabulary.wrong("unmaped: dead\nentries: {}\n"), "");
    EXPECT_NE(vocabulary.wrong("unmapped: never\n"), "");

    const Checked cases("case");
    EXPECT_EQ(cases.wrong("input: a.json\ntopic: x\nexpect: []\n"), "");
    EXPECT_NE(cases.wrong("input: a.json\ntopic: x\nexpct: []\n"), "");
}

TEST(SchemasTest, AnUnknownNameIsAFailureThatNamesTheNearest)
{
    const auto made = schema_of("maping", config());

    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, "unknown_schema");
    EXPECT_THAT(made.error().detail, ::testing::HasSubstr("did you mean `mapping`?"));
}

}  // namespace

}  // namespace headgate::gateway
