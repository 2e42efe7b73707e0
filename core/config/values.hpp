#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace headgate::config {

using Duration = std::chrono::milliseconds;

/// `500ms 30s 15m 2h 2d 10y` (a year is 365 days); nothing when the text is no duration or does not fit.
[[nodiscard]] std::optional<Duration> parse_duration(std::string_view text);
[[nodiscard]] std::string text_of(Duration duration);

/// Bytes: `512B 64KiB 8MiB 2GiB`, or a plain number.
struct Size {
    std::uint64_t bytes = 0;
    auto operator<=>(const Size&) const = default;
};
[[nodiscard]] std::optional<Size> parse_size(std::string_view text);
[[nodiscard]] std::string text_of(Size size);

/// A count per second: `50/s`.
struct Rate {
    std::uint32_t per_second = 0;
    auto operator<=>(const Rate&) const = default;
};
[[nodiscard]] std::optional<Rate> parse_rate(std::string_view text);

/// `127.0.0.1:8080`, `[::1]:0`, `0.0.0.0:8443`: an IP address, not a name; port 0 means any.
struct Endpoint {
    std::string address;
    std::uint16_t port = 0;
    auto operator<=>(const Endpoint&) const = default;
    [[nodiscard]] std::string text() const;
};
[[nodiscard]] std::optional<Endpoint> parse_endpoint(std::string_view text);

/// A text that is read later (an expression), with its place (`file:line:column`) for what is then wrong with it.
struct PlacedText {
    std::string text;
    std::string where;
};

/// A value of any shape that another reader takes from the file; only its place (`file:line:column`) is kept. Empty: it
/// is not given.
struct PlacedTree {
    std::string where;
    [[nodiscard]] bool given() const { return !where.empty(); }
};

/// Named values of whoever configures: `company: 1`, `warehouse: "01"`, `drafts: false`. What stands in quotes is a
/// text.
struct Setting {
    enum class Kind : std::uint8_t { text, number, boolean };
    Kind kind = Kind::text;
    std::string text;
    auto operator<=>(const Setting&) const = default;
};
using Settings = std::map<std::string, Setting>;
[[nodiscard]] Setting setting_of(std::string text, bool quoted);

/// Where a secret is to be read from, never the secret itself: `env:NAME`, `file:PATH`, or `generated`
/// (made at the first start and kept in the data folder, for demos and trials).
struct SecretSource {
    enum class Kind : std::uint8_t { env, file, generated };
    Kind kind = Kind::env;
    std::string name;
    int line = 0;
    int column = 0;
    std::optional<std::chrono::sys_seconds> from{};   // it counts from then on
    std::optional<std::chrono::sys_seconds> until{};  // and up to then
};
using SecretSources = std::vector<SecretSource>;

}  // namespace headgate::config
