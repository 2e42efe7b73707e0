#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/time.hpp"

namespace headgate {

/// Whether a zone is known: "UTC", "Z", "+02:00" or a name of the system's IANA data. Data is read once a name and
/// kept; calls may overlap.
[[nodiscard]] bool is_zone(std::string_view zone);
/// Seconds east of UTC at an instant.
[[nodiscard]] std::optional<std::int64_t> zone_offset_at(std::string_view zone, std::int64_t seconds);
/// Seconds east of UTC for what a clock on the wall shows. A time that a change skips or doubles takes the offset that
/// was in force before it, and says so.
[[nodiscard]] std::optional<std::int64_t> zone_offset_of_local(std::string_view zone, std::int64_t wall_seconds,
                                                               bool* doubtful = nullptr);
/// strftime with English names and our own code: the conversions of `parse_time`.
[[nodiscard]] std::optional<std::string> format_time(const Timestamp& time, std::string_view format,
                                                     std::string_view zone);

}  // namespace headgate
