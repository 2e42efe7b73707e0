#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace headgate::connectors {

/// Names of headers are compared without regard to case.
[[nodiscard]] bool same_header(std::string_view left, std::string_view right);

/// What telling the sender needs of a request: its bytes as they came, before any decoding. The views outlive the call
/// only.
struct SignedRequest {
    std::string_view method;
    std::string_view path;   // without the query
    std::string_view query;  // without the "?"
    std::string_view body;
    std::string_view url;  // the public URL of the channel as the vendor was told
    /// All values of a header, by case-insensitive name.
    std::function<std::vector<std::string_view>(std::string_view name)> headers;
    /// A setting of the channel; nothing when it has none of that name.
    std::function<std::optional<std::string_view>(std::string_view name)> setting;
    std::chrono::system_clock::time_point now;
};

/// What a vendor would add to a request so that it passes.
struct Signature {
    std::vector<std::pair<std::string, std::string>> headers;
    std::vector<std::pair<std::string, std::string>> form;   // fields appended to a form
    std::vector<std::pair<std::string, std::string>> query;  // parameters appended to the URL
    std::string in_body{};                                   // what {secret} in the body stands for
};

}  // namespace headgate::connectors
