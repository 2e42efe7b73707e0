#pragma once

#include <chrono>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "connectors/signatures/request.hpp"

namespace headgate::connectors {

/// A request that a test holds, changes and shows to a verifier.
struct Sent {
    std::string method = "POST";
    std::string path = "/hooks/x";
    std::string query{};
    std::string body{};
    std::vector<std::pair<std::string, std::string>> headers{};
    std::int64_t now = 1'700'000'000;  // Unix seconds
    std::string url = "https://hooks.example/hooks/x";
    std::map<std::string, std::string> settings{};

    /// Views of this.
    [[nodiscard]] SignedRequest request() const
    {
        return {.method = method,
                .path = path,
                .query = query,
                .body = body,
                .url = url,
                .headers =
                    [this](std::string_view name) {
                        std::vector<std::string_view> values;
                        for (const auto& [field, value] : headers)
                            if (same_header(field, name))
                                values.emplace_back(value);
                        return values;
                    },
                .setting = [this](std::string_view name) -> std::optional<std::string_view> {
                    const auto found = settings.find(std::string(name));
                    return found == settings.end() ? std::nullopt : std::optional<std::string_view>(found->second);
                },
                .now = std::chrono::system_clock::time_point{std::chrono::seconds{now}}};
    }
};

}  // namespace headgate::connectors
