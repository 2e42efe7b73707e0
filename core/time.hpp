#pragma once

#include <compare>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

namespace headgate {

/// A day of the proleptic Gregorian calendar.
struct Date {
    int year = 1970;
    int month = 1;
    int day = 1;
    auto operator<=>(const Date&) const = default;
};

[[nodiscard]] bool is_valid(const Date& date);
[[nodiscard]] std::int64_t days_since_epoch(const Date& date);
[[nodiscard]] Date date_of(std::int64_t days_since_epoch);
/// `YYYY-MM-DD`
[[nodiscard]] std::optional<Date> parse_date(std::string_view text);
[[nodiscard]] std::string text_of(const Date& date);

/// An instant in UTC to the nanosecond, with the offset its source was written with, when one was.
struct Timestamp {
    std::int64_t seconds = 0;           // since 1970-01-01T00:00:00Z
    std::uint32_t nanos = 0;            // 0..999'999'999
    std::optional<int> offset_minutes;  // nullopt also for -00:00, which says that it is unknown
    [[nodiscard]] std::strong_ordering operator<=>(const Timestamp& other) const
    {
        const auto by_second = seconds <=> other.seconds;
        return by_second != 0 ? by_second : nanos <=> other.nanos;
    }
    [[nodiscard]] bool operator==(const Timestamp& other) const { return (*this <=> other) == 0; }
};

/// Whole seconds since 1970 as RFC 3339 writes them in UTC: "2026-11-27T14:00:00Z".
[[nodiscard]] std::string text_of_second(std::int64_t seconds);

/// What RFC 3339 can write in UTC: the years 0 to 9999, in seconds since 1970.
inline constexpr std::int64_t earliest_second = -62'167'219'200;
inline constexpr std::int64_t latest_second = 253'402'300'799;

enum class TimeError : std::uint8_t { malformed, no_offset, unknown_zone };

/// What a clock on the wall shows; a time read by a format may know less than a full instant.
struct LocalTime {
    Date date;
    int hour = 0;
    int minute = 0;
    int second = 0;
    std::uint32_t nanos = 0;
    std::optional<int> offset_minutes;
    bool offset_unknown = false;  // "-00:00"
};

/// RFC 3339; a space or `t` for the `T` and a missing offset are read too (some vendors), seconds must be there. A leap
/// second (`:60`) is folded into the second after.
[[nodiscard]] std::optional<LocalTime> parse_rfc3339(std::string_view text);
/// strptime's conversions, read by our own code so that no locale has a say: %Y %y %m %d %e %H %I %M %S %p %b %B %a %A
/// %j %z %Z %T %D %F %R %f %n %t %%. Nothing may be left over.
[[nodiscard]] std::optional<LocalTime> parse_time(std::string_view text, std::string_view format);
/// True when every conversion of the format is known.
[[nodiscard]] bool is_time_format(std::string_view format);
/// What keeps `parse_time` from reading a time by this format: an unknown conversion, no year, or an hour of twelve
/// without am and pm. Empty when nothing does.
[[nodiscard]] std::string_view unreadable_format(std::string_view format);

/// The instant of a local time: by its own offset, else by `zone` ("UTC", "+02:00", "Europe/Berlin"; empty: no_offset).
/// A time that a change of clocks skips or doubles takes the earlier offset and sets `doubtful`. One that leaves the
/// years 0 to 9999 on its way to UTC is malformed.
[[nodiscard]] std::expected<Timestamp, TimeError> instant_of(const LocalTime& local, std::string_view zone,
                                                             bool* doubtful = nullptr);
/// Both steps for a full RFC 3339 time that has an offset.
[[nodiscard]] std::expected<Timestamp, TimeError> parse_timestamp(std::string_view text, std::string_view zone = {});

/// `2026-01-02T08:04:05Z`; a fraction only when there is one, as short as it is exact.
[[nodiscard]] std::string text_of(const Timestamp& time);
/// Nine decimals always, so that texts compare as the times do.
[[nodiscard]] std::string sortable_text_of(const Timestamp& time);

}  // namespace headgate
