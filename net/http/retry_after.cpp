// When an answer says that it may be asked again.
#include <algorithm>
#include <array>

#include "core/time.hpp"
#include "net/http/call.hpp"
#include "net/http/characters.hpp"

namespace headgate::net {

namespace {

constexpr std::string_view two_digit_form = "%A, %d-%b-%y %H:%M:%S GMT";
constexpr std::array forms{std::string_view("%a, %d %b %Y %H:%M:%S GMT"), two_digit_form,
                           std::string_view("%a %b %e %H:%M:%S %Y")};
constexpr int years_ahead = 50;  // RFC 9110 §5.6.7: a year that seems to be further ahead is of the century before

std::optional<std::int64_t> seconds_of(const LocalTime& time)
{
    const auto instant = instant_of(time, "UTC");
    return instant ? std::optional(instant->seconds) : std::nullopt;
}

}  // namespace

std::optional<std::int64_t> parse_http_date(std::string_view text, std::int64_t now)
{
    for (const auto form : forms) {
        auto time = parse_time(text, form);
        if (!time)
            continue;
        if (form == two_digit_form) {
            const int this_year = date_of(now / 86'400).year;
            time->date.year = this_year - this_year % 100 + time->date.year % 100;
            if (time->date.year > this_year + years_ahead)
                time->date.year -= 100;
            else if (time->date.year + years_ahead <= this_year)
                time->date.year += 100;
            if (!is_valid(time->date))
                return std::nullopt;
        }
        return seconds_of(*time);
    }
    return std::nullopt;
}

std::optional<std::chrono::seconds> HttpAnswer::retry_after(std::chrono::system_clock::time_point now) const
{
    const auto value = header("retry-after");
    if (!value || value->empty())
        return std::nullopt;
    constexpr auto longest = longest_retry_after.count();
    if (characters::all(*value, characters::Class::digit)) {
        std::int64_t seconds = 0;
        for (const char letter : *value)
            seconds = std::min<std::int64_t>(seconds * 10 + (letter - '0'), longest);
        return std::chrono::seconds(seconds);
    }
    const auto today = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
    const auto date = parse_http_date(*value, today);
    if (!date)
        return std::nullopt;
    return std::chrono::seconds(std::clamp<std::int64_t>(*date - today, 0, longest));
}

}  // namespace headgate::net
