#include <array>
#include <cctype>

#include "core/time.hpp"

namespace headgate {

namespace {

constexpr std::array<std::string_view, 12> months{"january",   "february", "march",    "april",
                                                  "may",       "june",     "july",     "august",
                                                  "september", "october",  "november", "december"};
constexpr std::array<std::string_view, 7> days{"sunday",   "monday", "tuesday", "wednesday",
                                               "thursday", "friday", "saturday"};

/// A text read from the left; every `take` either succeeds or leaves `failed` behind.
struct Reader {
    std::string_view left;
    bool failed = false;

    int number(std::size_t shortest, std::size_t longest)
    {
        std::size_t size = 0;
        int value = 0;
        while (size < longest && size < left.size() && left[size] >= '0' && left[size] <= '9')
            value = value * 10 + (left[size++] - '0');
        failed = failed || size < shortest;
        left.remove_prefix(size);
        return value;
    }
    void literal(char letter)
    {
        if (left.empty() || left.front() != letter)
            failed = true;
        else
            left.remove_prefix(1);
    }
    void spaces()
    {
        while (!left.empty() && (left.front() == ' ' || left.front() == '\t' || left.front() == '\n'))
            left.remove_prefix(1);
    }
    bool word(std::string_view lower)
    {
        if (left.size() < lower.size())
            return false;
        for (std::size_t i = 0; i < lower.size(); ++i)
            if (std::tolower(static_cast<unsigned char>(left[i])) != lower[i])
                return false;
        left.remove_prefix(lower.size());
        return true;
    }
    template <std::size_t N>
    int name(const std::array<std::string_view, N>& names)
    {
        for (std::size_t i = 0; i < N; ++i)
            if (word(names[i]) || word(names[i].substr(0, 3)))
                return static_cast<int>(i);
        failed = true;
        return 0;
    }
    std::uint32_t fraction()
    {
        std::uint32_t nanos = 0;
        std::uint32_t unit = 100'000'000;
        std::size_t size = 0;
        while (size < left.size() && left[size] >= '0' && left[size] <= '9') {
            nanos += static_cast<std::uint32_t>(left[size++] - '0') * unit;
            unit /= 10;  // digits beyond the ninth are below what we keep
        }
        failed = failed || size == 0;
        left.remove_prefix(size);
        return nanos;
    }
    Date date()
    {
        Date date;
        date.year = number(4, 4);
        literal('-');
        date.month = number(2, 2);
        literal('-');
        date.day = number(2, 2);
        return date;
    }
    void offset(LocalTime& time)
    {
        if (!left.empty() && (left.front() == 'Z' || left.front() == 'z')) {
            left.remove_prefix(1);
            time.offset_minutes = 0;
            return;
        }
        const bool west = left.starts_with('-');
        if (!west && !left.starts_with('+')) {
            failed = true;
            return;
        }
        left.remove_prefix(1);
        const int hours = number(2, 2);
        if (left.starts_with(':'))
            left.remove_prefix(1);
        const int minutes = number(2, 2);
        failed = failed || hours > 23 || minutes > 59;
        if (west && hours == 0 && minutes == 0)
            time.offset_unknown = true;
        else
            time.offset_minutes = (hours * 60 + minutes) * (west ? -1 : 1);
    }
};

bool is_valid_time(const LocalTime& time)
{
    return is_valid(time.date) && time.hour <= 23 && time.minute <= 59 && time.second <= 60;
}

/// What a format says beside a plain local time.
struct Extra {
    bool afternoon = false;
    bool twelve_hours = false;
    int day_of_year = 0;
};

bool read(Reader& reader, std::string_view format, LocalTime& time, Extra& extra)  // NOLINT(misc-no-recursion)
{
    for (std::size_t i = 0; i < format.size() && !reader.failed; ++i) {
        if (format[i] == ' ') {
            reader.spaces();
            continue;
        }
        if (format[i] != '%') {
            reader.literal(format[i]);
            continue;
        }
        if (++i == format.size())
            return false;
        switch (format[i]) {
        case 'Y': time.date.year = reader.number(4, 4); break;
        case 'y': {
            const int year = reader.number(2, 2);
            time.date.year = year < 69 ? 2000 + year : 1900 + year;
            break;
        }
        case 'm': time.date.month = reader.number(1, 2); break;
        case 'e':
        case 'd':
            reader.spaces();
            time.date.day = reader.number(1, 2);
            break;
        case 'H': time.hour = reader.number(1, 2); break;
        case 'I': {
            time.hour = reader.number(1, 2);
            reader.failed = reader.failed || time.hour < 1 || time.hour > 12;
            extra.twelve_hours = true;
            break;
        }
        case 'M': time.minute = reader.number(1, 2); break;
        case 'S': time.second = reader.number(1, 2); break;
        case 'p':
            extra.afternoon = reader.word("pm");
            if (!extra.afternoon && !reader.word("am"))
                reader.failed = true;
            break;
        case 'b':
        case 'h':
        case 'B': time.date.month = reader.name(months) + 1; break;
        case 'a':
        case 'A': reader.name(days); break;
        case 'j':
            extra.day_of_year = reader.number(1, 3);
            reader.failed = reader.failed || extra.day_of_year == 0;
            break;
        case 'f': time.nanos = reader.fraction(); break;
        case 'z': reader.offset(time); break;
        case 'Z':
            if (!reader.word("utc") && !reader.word("gmt") && !reader.word("z"))
                reader.failed = true;
            time.offset_minutes = 0;
            break;
        case 'T': read(reader, "%H:%M:%S", time, extra); break;
        case 'R': read(reader, "%H:%M", time, extra); break;
        case 'F': read(reader, "%Y-%m-%d", time, extra); break;
        case 'D': read(reader, "%m/%d/%y", time, extra); break;
        case 'n':
        case 't': reader.spaces(); break;
        case '%': reader.literal('%'); break;
        default: return false;
        }
    }
    return !reader.failed;
}

}  // namespace

std::optional<Date> parse_date(std::string_view text)
{
    Reader reader{text};
    const Date date = reader.date();
    if (reader.failed || !reader.left.empty() || !is_valid(date))
        return std::nullopt;
    return date;
}

std::optional<LocalTime> parse_rfc3339(std::string_view text)
{
    Reader reader{text};
    LocalTime time;
    time.date = reader.date();
    if (reader.failed || reader.left.empty() ||
        (reader.left.front() != 'T' && reader.left.front() != 't' && reader.left.front() != ' '))
        return std::nullopt;
    reader.left.remove_prefix(1);
    time.hour = reader.number(2, 2);
    reader.literal(':');
    time.minute = reader.number(2, 2);
    reader.literal(':');
    time.second = reader.number(2, 2);
    if (reader.left.starts_with('.') || reader.left.starts_with(',')) {
        reader.left.remove_prefix(1);
        time.nanos = reader.fraction();
    }
    if (!reader.failed && !reader.left.empty())
        reader.offset(time);
    if (reader.failed || !reader.left.empty() || !is_valid_time(time))
        return std::nullopt;
    return time;
}

std::optional<LocalTime> parse_time(std::string_view text, std::string_view format)
{
    Reader reader{text};
    LocalTime time;
    Extra extra;
    if (!read(reader, format, time, extra) || !reader.left.empty())
        return std::nullopt;
    if (extra.twelve_hours)
        time.hour = time.hour % 12 + (extra.afternoon ? 12 : 0);
    if (extra.day_of_year > 0) {
        const Date day = date_of(days_since_epoch({time.date.year, 1, 1}) + extra.day_of_year - 1);
        if (day.year != time.date.year)
            return std::nullopt;
        time.date = day;
    }
    if (!is_valid_time(time))
        return std::nullopt;
    return time;
}

bool is_time_format(std::string_view format)
{
    constexpr std::string_view known = "YymdeHIMSpbhBaAjfzZTRFDnt%";
    for (std::size_t i = 0; i < format.size(); ++i)
        if (format[i] == '%' && (++i == format.size() || known.find(format[i]) == std::string_view::npos))
            return false;
    return true;
}

std::string_view unreadable_format(std::string_view format)
{
    if (!is_time_format(format))
        return "has an unknown conversion";
    const auto has = [format](std::string_view conversions) {
        for (std::size_t i = 0; i + 1 < format.size(); ++i)
            if (format[i] == '%' && conversions.find(format[++i]) != std::string_view::npos)
                return true;
        return false;
    };
    if (!has("YyFD"))
        return "reads no year";
    if (has("I") && !has("p"))
        return "reads an hour of twelve (%I) without am or pm (%p)";
    return {};
}

}  // namespace headgate
