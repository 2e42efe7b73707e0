#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "mapping/run.hpp"

namespace headgate::mapping {

/// How the value of a `body:` becomes bytes.
enum class BodyFormat : std::uint8_t {
    json,
    form,  // application/x-www-form-urlencoded: members of members as `a[b]`, items as `a[0]`
    xml,   // one root element; `@name` attributes, `#text`, a list repeats its element
    text,
};

[[nodiscard]] std::string_view content_type(BodyFormat format);

/// Appends the value in the format. A failure at `site` for what the format cannot say.
bool append_body(Run& run, const Site& site, BodyFormat format, const Value& value, bool keeps_nulls, std::string& out);

/// Percent-encodes what is not unreserved (RFC 3986 2.3).
void append_percent_encoded(std::string& out, std::string_view text);

}  // namespace headgate::mapping
