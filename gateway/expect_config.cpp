#include "gateway/expect_config.hpp"

#include <algorithm>
#include <array>

#include "core/time_zone.hpp"

namespace headgate::gateway {

namespace {

constexpr std::array<std::string_view, 7> weekdays{"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

/// Minutes since midnight of HH:MM; nothing for what is none.
std::optional<int> minutes_of(std::string_view text)
{
    const auto digit = [](char letter) { return letter >= '0' && letter <= '9'; };
    if (text.size() != 5 || text[2] != ':' || !digit(text[0]) || !digit(text[1]) || !digit(text[3]) || !digit(text[4]))
        return std::nullopt;
    const int hours = (text[0] - '0') * 10 + (text[1] - '0');
    const int minutes = (text[3] - '0') * 10 + (text[4] - '0');
    if (minutes > 59 || hours * 60 + minutes > 24 * 60)
        return std::nullopt;
    return hours * 60 + minutes;
}

}  // namespace

void ExpectConfig::describe(config::Schema& schema)
{
    using namespace std::chrono_literals;
    schema.field("every", every, {1s, 31 * 24h}, "Silence longer than this is told.");
    schema.required("every");
    schema.field("from", from, "HH:MM in the channel's zone: when it opens.");
    schema.field("to", to, "HH:MM: when it closes; earlier than `from`: on the next day.");
    schema.field("days", days, "mon, tue, … on which it opens; default: all.");
    if (!schema.reading())
        return;
    for (const auto& [key, text] : {std::pair{"from", &from}, {"to", &to}})
        if (!minutes_of(*text))
            schema.problem(key, "wrong_value", "`" + *text + "` is no time of day", "for example \"08:00\"");
    for (const auto& day : days)
        if (std::ranges::find(weekdays, day) == weekdays.end())
            schema.problem("days", "wrong_value", "`" + day + "` is no day", "mon, tue, wed, thu, fri, sat or sun");
}

std::optional<std::chrono::system_clock::time_point> ExpectConfig::open_since(std::chrono::system_clock::time_point now,
                                                                              std::string_view zone) const
{
    const int opens = minutes_of(from).value_or(0);
    const int closes = minutes_of(to).value_or(24 * 60);
    if (days.empty() && opens == 0 && closes == 24 * 60)
        return std::chrono::system_clock::time_point{};
    const auto second = std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()).count();
    const std::int64_t local = second + zone_offset_at(zone.empty() ? "UTC" : zone, second).value_or(0);
    const std::int64_t today = local >= 0 ? local / 86400 : (local - 86399) / 86400;
    const auto minute = static_cast<int>((local - today * 86400) / 60);
    const auto wanted = [&](std::int64_t day) {
        const auto weekday = static_cast<std::size_t>((day + 4) % 7);  // 1970-01-01 was a Thursday
        return days.empty() || std::ranges::find(days, weekdays[weekday]) != days.end();
    };
    const auto at = [&](std::int64_t day) {
        const std::int64_t opened = day * 86400 + std::int64_t{opens} * 60;
        return std::chrono::system_clock::time_point(std::chrono::seconds(opened - (local - second)));
    };
    const bool over_midnight = opens >= closes;
    if (minute >= opens && (over_midnight || minute < closes) && wanted(today))
        return at(today);
    if (over_midnight && minute < closes && wanted(today - 1))
        return at(today - 1);
    return std::nullopt;
}

}  // namespace headgate::gateway
