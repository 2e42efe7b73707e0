#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace headgate::connectors {

/// The part of HTTP's Structured Field Values (RFC 9651) that signatures are written in: dictionaries whose members are
/// byte sequences, or inner lists of strings, with parameters. Texts are limited to 8 KiB and 64 members.
struct SfBytes {
    std::string bytes;
};
struct SfToken {
    std::string text;
};
using SfItem = std::variant<bool, std::int64_t, std::string, SfBytes, SfToken>;
using SfParameters = std::vector<std::pair<std::string, SfItem>>;

struct SfComponent {
    std::string name;
    SfParameters parameters;
    std::string written;  // both as they stand
};

struct SfMember {
    std::string name;
    std::optional<SfItem> item;           // else it is an inner list
    std::vector<SfComponent> components;  // of the inner list
    SfParameters parameters;
    std::string written;  // the value with its parameters, byte for byte
};

/// Nothing when the text is no such dictionary, or names a member twice.
[[nodiscard]] std::optional<std::vector<SfMember>> parse_dictionary(std::string_view text);

/// A string's value in a parameter list; nothing when it is missing or another type.
[[nodiscard]] std::optional<std::string> text_parameter(const SfParameters& parameters, std::string_view name);
[[nodiscard]] std::optional<std::int64_t> integer_parameter(const SfParameters& parameters, std::string_view name);

}  // namespace headgate::connectors
