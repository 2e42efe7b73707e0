#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace headgate::connectors {

/// The fields of an `application/x-www-form-urlencoded` text in their order, names and values decoded to bytes (`+` is
/// a space, `%41` a byte; a % that begins no pair of hex digits stands for itself). URL Standard §5.1; the bytes'
/// character encoding is the caller's to know.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> form_fields(std::string_view form);

/// The value of the one field of this name; nothing when there is none, or more than one.
[[nodiscard]] std::optional<std::string> form_field(std::string_view form, std::string_view name);

/// A name or value written for a form: letters, digits and `*-._` as they are, a space as `+`.
[[nodiscard]] std::string form_encoded(std::string_view text);

}  // namespace headgate::connectors
