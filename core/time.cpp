#include "core/time.hpp"

#include <array>
#include <cstdio>

#include "core/time_zone.hpp"

namespace headgate {

namespace {

bool is_leap(int year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

int days_in(int year, int month)
{
    constexpr std::array<int, 12> days{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month == 2 && is_leap(year) ? 29 : days[static_cast<std::size_t>(month - 1)];
}

std::string time_text(const Timestamp& time)
{
    std::int64_t days = time.seconds / 86'400;
    std::int64_t rest = time.seconds % 86'400;
    if (rest < 0) {
        rest += 86'400;
        --days;
    }
    std::array<char, 16> clock{};
    std::snprintf(clock.data(), clock.size(), "T%02d:%02d:%02d", static_cast<int>(rest / 3600),
                  static_cast<int>(rest / 60 % 60), static_cast<int>(rest % 60));
    return text_of(date_of(days)) + clock.data();
}

std::string nine_digits(std::uint32_t nanos)
{
    std::string digits = std::to_string(nanos);
    return std::string(9 - digits.size(), '0') + digits;
}

}  // namespace

bool is_valid(const Date& date)
{
    return date.year >= 0 && date.year <= 9999 && date.month >= 1 && date.month <= 12 && date.day >= 1 &&
           date.day <= days_in(date.year, date.month);
}

// Both ways after Howard Hinnant's "chrono-compatible low-level date algorithms".
std::int64_t days_since_epoch(const Date& date)
{
    const std::int64_t year = date.month <= 2 ? date.year - 1 : date.year;
    const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
    const std::int64_t year_of_era = year - era * 400;
    const std::int64_t day_of_year = (153 * (date.month + (date.month > 2 ? -3 : 9)) + 2) / 5 + date.day - 1;
    const std::int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146'097 + day_of_era - 719'468;
}

Date date_of(std::int64_t days)
{
    days += 719'468;
    const std::int64_t era = (days >= 0 ? days : days - 146'096) / 146'097;
    const std::int64_t day_of_era = days - era * 146'097;
    const std::int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
    const std::int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const std::int64_t shifted_month = (5 * day_of_year + 2) / 153;
    Date date;
    date.day = static_cast<int>(day_of_year - (153 * shifted_month + 2) / 5 + 1);
    date.month = static_cast<int>(shifted_month < 10 ? shifted_month + 3 : shifted_month - 9);
    date.year = static_cast<int>(year_of_era + era * 400 + (date.month <= 2 ? 1 : 0));
    return date;
}

std::string text_of(const Date& date)
{
    std::array<char, 48> text{};
    std::snprintf(text.data(), text.size(), "%04d-%02d-%02d", date.year, date.month, date.day);
    return text.data();
}

namespace {

std::expected<Timestamp, TimeError> within_years(const Timestamp& time)
{
    if (time.seconds < earliest_second || time.seconds > latest_second)
        return std::unexpected(TimeError::malformed);
    return time;
}

}  // namespace

std::expected<Timestamp, TimeError> instant_of(const LocalTime& local, std::string_view zone, bool* doubtful)
{
    Timestamp time;
    const std::int64_t wall =
        days_since_epoch(local.date) * 86'400 + local.hour * 3600 + local.minute * 60 + local.second;
    time.nanos = local.nanos;
    if (local.offset_minutes || local.offset_unknown) {
        time.offset_minutes = local.offset_minutes;
        time.seconds = wall - std::int64_t{60} * local.offset_minutes.value_or(0);
        return within_years(time);
    }
    if (zone.empty())
        return std::unexpected(TimeError::no_offset);
    const auto offset = zone_offset_of_local(zone, wall, doubtful);
    if (!offset)
        return std::unexpected(TimeError::unknown_zone);
    time.seconds = wall - *offset;
    if (*offset % 60 == 0)
        time.offset_minutes = static_cast<int>(*offset / 60);
    return within_years(time);
}

std::expected<Timestamp, TimeError> parse_timestamp(std::string_view text, std::string_view zone)
{
    const auto local = parse_rfc3339(text);
    if (!local)
        return std::unexpected(TimeError::malformed);
    return instant_of(*local, zone);
}

std::string text_of(const Timestamp& time)
{
    std::string text = time_text(time);
    if (time.nanos != 0) {
        std::string digits = nine_digits(time.nanos);
        digits.erase(digits.find_last_not_of('0') + 1);
        text += "." + digits;
    }
    return text + "Z";
}

std::string sortable_text_of(const Timestamp& time)
{
    return time_text(time) + "." + nine_digits(time.nanos) + "Z";
}

std::string text_of_second(std::int64_t seconds)
{
    return text_of(Timestamp{seconds, 0, {}});
}

}  // namespace headgate
