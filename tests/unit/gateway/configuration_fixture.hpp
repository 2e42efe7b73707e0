#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "gateway/configuration.hpp"

namespace headgate::gateway {

namespace fs = std::filesystem;

class ConfigurationTest : public ::testing::Test {
protected:
    ConfigurationTest()
    {
        std::string name = (fs::temp_directory_path() / "headgate-configuration-XXXXXX").string();
        folder_ = ::mkdtemp(name.data());
        const char* source = std::getenv("HEADGATE_SOURCE");
        shipped_ = std::string(source != nullptr ? source : ".") + "/config";
    }
    ~ConfigurationTest() override
    {
        std::error_code ignored;
        fs::remove_all(folder_, ignored);
    }

    LoadOptions options() const
    {
        return {.folder = folder_ + "/conf",
                .shipped = shipped_,
                .data = folder_ + "/data",
                .environment = [this](const std::string& name) -> std::optional<std::string> {
                    const auto found = variables_.find(name);
                    return found == variables_.end() ? std::nullopt : std::optional(found->second);
                }};
    }

    LoadedConfiguration load(const std::string& yaml)
    {
        write("conf/headgate.yaml", yaml);
        return load_configuration(options());
    }

    void write(const std::string& file, const std::string& text) const
    {
        const fs::path path = folder_ + "/" + file;
        fs::create_directories(path.parent_path());
        std::ofstream(path, std::ios::binary) << text;
    }

    /// A connector `acme` of one's own: what stands in `identity` and `rest` is the test's.
    void write_connector(const std::string& identity, const std::string& rest = {}) const
    {
        write("conf/connectors/acme/connector.yaml", "signature: { hmac: { header: S } }\nidentity: { " + identity +
                                                         " }\ntopics: { a/created: {}, a/changed: {} }\n" + rest);
    }

    static std::vector<std::string> codes(const Problems& problems)
    {
        std::vector<std::string> all;
        for (const auto& problem : problems)
            all.push_back(problem.code);
        return all;
    }

    static std::string texts(const Problems& problems)
    {
        std::string all;
        for (const auto& problem : problems)
            all += text_of(problem) + "\n";
        return all;
    }

    std::string folder_;
    std::string shipped_;
    std::map<std::string, std::string> variables_{{"SECRET", "s3cret"}};
};

inline const std::string one_channel = "channels: { eu: { connector: shopify, secret: env:SECRET } }\n";
inline const std::string acme_channel = "channels: { eu: { connector: acme, secret: env:SECRET } }\n";
inline const std::string good_identity = "topic: $headers.t, idempotency_key: $headers.k";

}  // namespace headgate::gateway
