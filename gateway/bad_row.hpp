#pragma once

#include <optional>
#include <string>

#include "core/envelope.hpp"
#include "core/result.hpp"

namespace headgate::gateway {

// A row that cannot be read arrives as an event all the same, so that it becomes a letter: what is wrong stands in a
// header that no request can set, and the row's bytes as a text in its body. Edited, it is what it was edited to.

inline constexpr std::string_view bad_row_header = "headgate-bad-row";  // "CODE DETAIL"

inline void mark_bad_row(Envelope& envelope, const Failure& failure)
{
    envelope.headers.emplace_back(bad_row_header, failure.code + " " + failure.detail);
}

/// What was wrong with the row that this event is; nothing of others.
[[nodiscard]] inline std::optional<Failure> bad_row(const Envelope& envelope)
{
    if (!envelope.intake.starts_with("file "))
        return std::nullopt;
    for (const auto& [name, value] : envelope.headers)
        if (name == bad_row_header) {
            const auto blank = value.find(' ');
            return Failure{FailureClass::permanent,
                           value.substr(0, blank),
                           blank == std::string::npos ? std::string() : value.substr(blank + 1),
                           {}};
        }
    return std::nullopt;
}

}  // namespace headgate::gateway
