// Every payload of the vendors of the catalogue goes in through the front door, signed, over HTTP, and ends as
// tests/catalogue says: in transactions, or in a letter. HEADGATE_FIXTURES names the folder of the vendors' payloads.

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <set>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>
#include <boost/json.hpp>

#include "tests/support/headgate_process.hpp"

namespace headgate::test {

namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

/// One payload and what must become of it.
struct Payload {
    std::string file;
    std::string connector;
    std::string channel;
    std::string secret;
    std::string topic;
    std::map<std::string, std::string> headers;
    std::map<std::string, std::string> set;
    std::string wrap;
    YAML::Node expect;
    std::string letter;
    std::string out;
};

std::map<std::string, std::string> texts(const YAML::Node& node)
{
    std::map<std::string, std::string> all;
    if (!node)
        return all;
    for (const auto& entry : node)
        all[entry.first.Scalar()] = entry.second.Scalar();
    return all;
}

std::string scalar(const YAML::Node& node, const std::string& otherwise = {})
{
    return node && node.IsScalar() ? node.Scalar() : otherwise;
}

std::string text_of_file(const fs::path& file)
{
    std::ifstream stream(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
}

/// The secret that a document carries itself.
std::string secret_in(const std::string& document)
{
    const std::string open = "<SharedSecret>";
    const auto at = document.find(open);
    return at == std::string::npos ? std::string()
                                   : document.substr(at + open.size(), document.find('<', at + 1) - at - open.size());
}

std::vector<Payload> payloads_of(const fs::path& file)
{
    const auto root = YAML::LoadFile(file.string());
    std::vector<Payload> all;
    for (const auto& node : root["fixtures"]) {
        Payload one;
        one.connector = root["connector"].Scalar();
        one.file = node["file"].Scalar();
        one.channel = fmt::format("{}-{}", one.connector, all.size() + 1);
        one.secret = scalar(node["secret"], scalar(root["secret"], "a-secret-of-the-tests"));
        if (const auto own = secret_in(text_of_file(fs::path(std::getenv("HEADGATE_FIXTURES")) / one.file));
            !own.empty())
            one.secret = own;
        one.topic = scalar(node["topic"]);
        one.headers = texts(node["headers"]);
        one.set = texts(node["set"]);
        one.wrap = scalar(node["wrap"]);
        if (node["expect"])
            one.expect = node["expect"];
        one.letter = scalar(node["letter"]);
        one.out = scalar(node["out"]);
        all.push_back(std::move(one));
    }
    return all;
}

/// The transactions that `headgate map --json` made, a line each.
std::vector<json::object> mapped(const std::string& lines)
{
    std::vector<json::object> all;
    std::istringstream stream(lines);
    for (std::string line; std::getline(stream, line);) {
        boost::system::error_code error;
        const auto parsed = json::parse(line, error);
        if (!error && parsed.is_object() && parsed.get_object().contains("type"))
            all.push_back(parsed.get_object());
    }
    return all;
}

class Catalogue : public ::testing::TestWithParam<std::string> {
protected:
    [[nodiscard]] static bool is_rows(const Payload& payload)
    {
        return payload.file.ends_with(".csv") || payload.file.ends_with(".tsv");
    }

    /// The name that the connector's feed takes.
    [[nodiscard]] static std::string dropped_as(const Payload& payload)
    {
        const auto name = fs::path(payload.file).filename().string();
        return payload.connector == "amazon-sp-api" ? "settlement-" + name : name;
    }

    /// The body as a vendor would post it.
    fs::path body_of(const Payload& payload) const
    {
        const fs::path original = fs::path(std::getenv("HEADGATE_FIXTURES")) / payload.file;
        if (payload.wrap.empty())
            return original;
        std::string text = payload.wrap;
        text.replace(text.find("{body}"), 6, text_of_file(original));
        const auto path = folder_ / (payload.channel + ".json");
        std::ofstream(path) << text;
        return path;
    }

    std::vector<std::string> arguments_of(const Payload& payload) const
    {
        std::vector<std::string> all;
        for (const auto& [name, value] : payload.headers)
            all.insert(all.end(), {"--header", name + ": " + value});
        return all;
    }

    /// Type and entity of each delivery of the channel's events; a letter of one stands for all of it.
    std::vector<std::string> became(const Payload& payload)
    {
        std::vector<std::string> all;
        const auto events = headgate_->admin_json("/api/v1/events?limit=200&channel=" + payload.channel);
        for (const auto& event : events.at("events").as_array()) {
            const auto id = std::string(event.at("event").as_string());
            const auto shown = headgate_->admin_json("/api/v1/events/" + id);
            if (shown.at("state").as_string() == "dead")
                all.push_back("letter " + std::string(shown.at("reason").as_string()));
            for (const auto& entry : shown.at("timeline").as_array())
                if (const auto* deliveries = entry.as_object().if_contains("deliveries"))
                    for (const auto& one : deliveries->as_array())
                        if (one.at("type").as_string() != "events")
                            all.push_back(std::string(one.at("type").as_string()) + " " +
                                          std::string(one.at("entity").as_string()));
        }
        std::ranges::sort(all);
        all.erase(std::ranges::unique(all).begin(), all.end());  // each step of a delivery tells it
        return all;
    }

    TemporaryFolder folder_;
    std::unique_ptr<HeadgateProcess> headgate_;
};

TEST_P(Catalogue, EveryPayloadEndsAsItShould)
{
    if (std::getenv("HEADGATE_FIXTURES") == nullptr)
        GTEST_SKIP() << "HEADGATE_FIXTURES names the folder of vendors' documents";
    const auto payloads = payloads_of(source_folder() / "tests/catalogue" / (GetParam() + ".yaml"));
    ASSERT_FALSE(payloads.empty());
    const auto is_ours = [](const Payload& payload) { return payload.out.empty(); };
    if (std::ranges::none_of(payloads, is_ours))
        GTEST_SKIP() << "none of these is what a vendor posts";

    std::map<std::string, std::string> environment;
    const auto config = folder_ / "conf";
    fs::create_directories(config);
    std::ofstream file(config / "headgate.yaml");
    file << "public_url: https://hooks.example\nchannels:\n";
    for (const auto& payload : payloads) {
        const std::string name = fmt::format("SECRET_{}", environment.size() + 1);
        environment[name] = payload.secret;
        file << "  " << payload.channel << ": { connector: " << payload.connector
             << ", takes: any, secret: env:" << name;
        if (is_rows(payload)) {
            fs::create_directories(folder_ / payload.channel);
            fs::copy_file(fs::path(std::getenv("HEADGATE_FIXTURES")) / payload.file,
                          folder_ / payload.channel / dropped_as(payload));
            file << ", receive: { folder: " << (folder_ / payload.channel).string() << ", stable_for: 0s }";
        }
        file << " }\n";
    }
    file.close();
    headgate_ = std::make_unique<HeadgateProcess>(
        HeadgateProcess::Options{config, folder_ / "data", environment, "127.0.0.1:0"});
    ASSERT_TRUE(headgate_->start()) << headgate_->log();

    for (const auto& payload : payloads) {
        SCOPED_TRACE(payload.file);
        EXPECT_TRUE(fs::exists(fs::path(std::getenv("HEADGATE_FIXTURES")) / payload.file));
        if (!is_ours(payload))
            continue;
        if (is_rows(payload))
            continue;  // the folder is read by now
        auto arguments = arguments_of(payload);
        for (const auto& [path, value] : payload.set)
            arguments.insert(arguments.end(), {"--set", path + "=" + value});
        arguments.insert(arguments.begin(), {"send", payload.channel, payload.topic, "--file",
                                             body_of(payload).string(), "--data", (folder_ / "data").string()});
        const auto sent = run_headgate(arguments, environment);
        EXPECT_EQ(sent.code, 0) << sent.out << sent.err;
    }
    for (const auto& payload : payloads) {
        if (!is_ours(payload))
            continue;
        SCOPED_TRACE(payload.file);
        std::vector<std::string> expected;
        if (!payload.letter.empty())
            expected.push_back("letter " + payload.letter);
        for (const auto& transaction : payload.expect)
            expected.push_back(transaction["type"].Scalar() + " " + transaction["entity"].Scalar());
        // Some wait for an order that nobody told of: what they are is known all the same.
        std::ranges::sort(expected);
        expected.erase(std::ranges::unique(expected).begin(), expected.end());
        std::vector<std::string> found;
        happens([&] { return (found = became(payload)) == expected; }, 10s);
        EXPECT_EQ(found, expected);
        if (!payload.letter.empty() || is_rows(payload))
            continue;

        // The fields, as the same configuration makes them of the same body.
        auto arguments = arguments_of(payload);
        arguments.insert(arguments.begin(), {"map", body_of(payload).string(), "--json", "--channel", payload.channel,
                                             "--topic", payload.topic, "--config", config.string()});
        const auto made = mapped(run_headgate(arguments, environment).out);
        ASSERT_EQ(made.size(), payload.expect.size());
        for (std::size_t i = 0; i < made.size(); ++i)
            for (const auto& field : payload.expect[i]["fields"] ? payload.expect[i]["fields"] : YAML::Node()) {
                boost::system::error_code error;
                const auto* value = made[i].at("fields").find_pointer(field.first.Scalar(), error);
                ASSERT_NE(value, nullptr) << field.first.Scalar();
                EXPECT_EQ(value->is_string() ? std::string(value->get_string()) : json::serialize(*value),
                          field.second.Scalar())
                    << field.first.Scalar();
            }
    }
}

// Written out: tests are listed where the files are not at hand.
const std::vector<std::string>& vendors()
{
    static const std::vector<std::string> all{"adyen",    "aftership",   "amazon-sp-api", "avalara",  "cxml",
                                              "easypost", "shipbob",     "shopify",       "signifyd", "stripe",
                                              "ups",      "woocommerce", "zendesk"};
    return all;
}

TEST(CatalogueFiles, EachIsTested)
{
    std::set<std::string> files;
    for (const auto& entry : fs::directory_iterator(source_folder() / "tests/catalogue"))
        if (entry.path().extension() == ".yaml")
            files.insert(entry.path().stem().string());
    EXPECT_EQ(files, std::set<std::string>(vendors().begin(), vendors().end()));
}

/// What docs/catalogue.md says of a connector is what it is held against here and in tests/interop.
TEST(CatalogueFiles, WhatAConnectorWasTestedWithIsSo)
{
    const auto clients = text_of_file(source_folder() / "tests/interop/package.json");
    for (const auto& entry : fs::directory_iterator(source_folder() / "config/connectors")) {
        SCOPED_TRACE(entry.path().filename().string());
        const auto tested = YAML::LoadFile((entry.path() / "connector.yaml").string())["tested"];
        const auto file = source_folder() / "tests/catalogue" / (entry.path().filename().string() + ".yaml");
        std::size_t fixtures = 0;
        if (fs::exists(file))
            for (const auto& node : YAML::LoadFile(file.string())["fixtures"])
                fixtures += node["out"] ? 0 : 1;
        EXPECT_EQ(tested && tested["fixtures"] ? tested["fixtures"].as<std::size_t>() : 0, fixtures);
        if (!tested || !tested["interop"])
            continue;
        // "NAME VERSION, NAME VERSION (npm)"
        std::istringstream words(tested["interop"].Scalar());
        for (std::string name, version; words >> name >> version && name != "(npm)";) {
            std::erase(version, ',');
            EXPECT_THAT(clients, ::testing::HasSubstr("\"" + name + "\": \"" + version + "\""));
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Vendors, Catalogue, ::testing::ValuesIn(vendors()), [](const auto& vendor) {
    std::string name = vendor.param;
    std::ranges::replace(name, '-', '_');
    return name;
});

}  // namespace

}  // namespace headgate::test
