#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include <boost/json.hpp>

#include "connectors/connector.hpp"
#include "tests/unit/mapping/samples.hpp"

namespace headgate::mapping::test {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

const std::string& folder()
{
    static const std::string path = source_folder() + "/config/connectors";
    return path;
}

/// The transactions as the expectation files write them.
json::array written(const std::vector<Transaction>& made)
{
    json::array out;
    for (const Transaction& transaction : made) {
        json::object one{{"type", transaction.type}, {"entity", transaction.entity}, {"id", transaction.id}};
        if (transaction.version.kind == Version::Kind::once)
            one["version"] = "once";
        else if (transaction.version.kind != Version::Kind::none)
            one["version"] = transaction.version.text;
        one["fields"] = json::parse(transaction.json);
        out.push_back(std::move(one));
    }
    return out;
}

/// Texts of versions as people write them: "2022-03-26T18:40:45Z" and 2.
std::string plain(const json::value& version)
{
    std::string text = version.is_string() ? std::string(version.as_string()) : json::serialize(version);
    if (const auto dot = text.find(".000000000"); dot != std::string::npos)
        text.erase(dot, 10);
    return text;
}

void compare(const json::value& expected, const json::value& found,
             const std::string& path)  // NOLINT(misc-no-recursion)
{
    if (expected.is_object() && found.is_object()) {
        for (const auto& [name, value] : expected.as_object())
            if (const auto* other = found.as_object().if_contains(name))
                compare(value, *other, path + "." + std::string(name));
            else
                ADD_FAILURE() << path << "." << name << " is missing; expected " << json::serialize(value);
        for (const auto& [name, value] : found.as_object())
            EXPECT_TRUE(expected.as_object().contains(name))
                << path << "." << name << " is not expected; found " << json::serialize(value);
        return;
    }
    if (expected.is_array() && found.is_array()) {
        EXPECT_EQ(expected.as_array().size(), found.as_array().size()) << path;
        for (std::size_t i = 0; i < std::min(expected.as_array().size(), found.as_array().size()); ++i)
            compare(expected.as_array()[i], found.as_array()[i], path + "[" + std::to_string(i) + "]");
        return;
    }
    EXPECT_EQ(json::serialize(expected), json::serialize(found)) << path;
}

// The expectations were worked out by hand from the vendors' documents and the fact sheets.
TEST(Vendors, EveryFixtureBecomesWhatWasWorkedOutByHand)
{
    const char* fixtures = std::getenv("HEADGATE_FIXTURES");
    if (fixtures == nullptr)
        GTEST_SKIP() << "HEADGATE_FIXTURES names the folder of vendors' documents";
    for (const auto& entry : fs::directory_iterator(source_folder() + "/tests/unit/mapping/expected")) {
        SCOPED_TRACE(entry.path().filename().string());
        const auto wanted = json::parse(file_text(entry.path())).as_object();
        const std::string connector_folder = folder() + "/" + std::string(wanted.at("connector").as_string());
        const auto loaded = connectors::load_connector(connector_folder, {});
        ASSERT_TRUE(loaded.problems.empty()) << text_of(loaded.problems.front());
        const auto& connector = loaded.connector;
        const std::string topic(wanted.at("topic").as_string());
        if (!connector.topics.contains(topic)) {
            EXPECT_TRUE(wanted.at("expect").as_array().empty()) << topic;
            continue;  // it is filtered
        }

        const Document document =
            read_document(file_text(std::string(fixtures) + "/" + std::string(wanted.at("fixture").as_string())));
        const MinorUnits units = connector.exponents();
        const std::string zone = wanted.contains("zone") ? std::string(wanted.at("zone").as_string()) : "";
        MappingContext context{.document = document,
                               .topic = topic,
                               .rounding = connector.rounding ? &connector.rounding->rule : nullptr,
                               .channel_zone = zone,
                               .minor_units = &units};
        if (const auto* item = wanted.if_contains("item"); item != nullptr) {
            const auto place = Expression::compile(std::string(item->as_string())).value();
            context.root = place.node(context).value();
        } else if (!connector.document.text.empty()) {
            const auto place = Expression::compile(connector.document.text).value();
            context.root = place.node(context).value();
        }
        json::array found;
        for (const std::string& name : connector.topics.at(topic).mappings) {
            const std::string mappings = connector_folder + "/mappings";
            const auto mapping = Mapping::load(mappings + "/" + name + ".yaml", shipped_canonical(),
                                               shipped_vocabularies(), fragments_in({mappings + "/fragments"}));
            ASSERT_TRUE(mapping) << text_of(mapping.error().front());
            const auto made = mapping->run(context);
            ASSERT_TRUE(made) << made.error().code << " " << made.error().detail << " " << made.error().where.config;
            for (auto& one : written(*made))
                found.push_back(std::move(one));
        }
        const auto& expect = wanted.at("expect").as_array();
        ASSERT_EQ(found.size(), expect.size());
        for (std::size_t i = 0; i < found.size(); ++i) {
            auto expected = expect[i].as_object();
            auto& one = found[i].as_object();
            if (expected.contains("version")) {
                EXPECT_EQ(plain(expected.at("version")), plain(one["version"]));
                expected["version"] = one["version"];
            }
            compare(expected, one, "[" + std::to_string(i) + "]");
        }
    }
}

}  // namespace
}  // namespace headgate::mapping::test
