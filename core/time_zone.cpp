#include "core/time_zone.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

namespace headgate {

namespace {

/// A rule "Mm.w.d/time" of a POSIX TZ string: how a zone goes on after its last listed change.
struct YearlyChange {
    int month = 0;
    int week = 0;
    int weekday = 0;
    std::int64_t time = 7200;
};

struct Zone {
    std::vector<std::int64_t> changes;  // UTC, ascending
    std::vector<std::int64_t> offsets;  // offsets[0] before the first change, offsets[i + 1] from changes[i] on
    std::int64_t standard = 0;          // after the last change
    std::int64_t summer = 0;
    std::optional<std::pair<YearlyChange, YearlyChange>> yearly;  // into and out of summer time
};

std::int64_t big_endian(std::string_view bytes)
{
    std::uint64_t value = static_cast<unsigned char>(bytes.front()) >= 0x80 ? ~std::uint64_t{0} : 0;
    for (const char byte : bytes)
        value = value << 8U | static_cast<unsigned char>(byte);
    return static_cast<std::int64_t>(value);
}

std::int64_t read_clock(std::string_view& text)  // [+-]h[:m[:s]]
{
    std::int64_t sign = 1;
    if (text.starts_with('-') || text.starts_with('+')) {
        sign = text.front() == '-' ? -1 : 1;
        text.remove_prefix(1);
    }
    std::int64_t total = 0;
    for (std::int64_t unit = 3600; unit > 0; unit /= 60) {
        std::int64_t value = 0;
        while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
            value = value * 10 + (text.front() - '0');
            text.remove_prefix(1);
        }
        total += value * unit;
        if (!text.starts_with(':'))
            break;
        text.remove_prefix(1);
    }
    return sign * total;
}

void skip_name(std::string_view& text)
{
    if (text.starts_with('<')) {
        text.remove_prefix(std::min(text.find('>'), text.size() - 1) + 1);
        return;
    }
    while (!text.empty() &&
           ((text.front() >= 'A' && text.front() <= 'Z') || (text.front() >= 'a' && text.front() <= 'z')))
        text.remove_prefix(1);
}

std::optional<YearlyChange> read_yearly(std::string_view& text)
{
    if (!text.starts_with(",M"))
        return std::nullopt;  // Julian days: no zone that anyone lives in uses them today
    text.remove_prefix(2);
    YearlyChange change;
    for (int* part : {&change.month, &change.week, &change.weekday}) {
        while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
            *part = *part * 10 + (text.front() - '0');
            text.remove_prefix(1);
        }
        if (text.starts_with('.'))
            text.remove_prefix(1);
    }
    if (text.starts_with('/')) {
        text.remove_prefix(1);
        change.time = read_clock(text);
    }
    return change;
}

void read_footer(Zone& zone, std::string_view text)
{
    if (text.empty())
        return;
    skip_name(text);
    zone.standard = -read_clock(text);
    zone.summer = zone.standard + 3600;
    if (text.empty())
        return;
    skip_name(text);
    if (!text.empty() && text.front() != ',')
        zone.summer = -read_clock(text);
    const auto begins = read_yearly(text);
    const auto ends = read_yearly(text);
    if (begins && ends)
        zone.yearly = {*begins, *ends};
}

/// RFC 8536: the second, 64-bit block and the footer behind it.
std::shared_ptr<const Zone> parse_tzif(std::string_view bytes)
{
    struct Header {
        std::size_t isut, isstd, leap, time, type, chars;
    };
    const auto header_of = [](std::string_view at) {
        const auto number = [&](std::size_t i) {
            return static_cast<std::size_t>(big_endian(at.substr(20 + 4 * i, 4)));
        };
        return Header{number(0), number(1), number(2), number(3), number(4), number(5)};
    };
    if (bytes.size() < 44 || !bytes.starts_with("TZif") || bytes[4] < '2')
        return nullptr;
    const Header first = header_of(bytes);
    const std::size_t skip =
        44 + first.time * 5 + first.type * 6 + first.chars + first.leap * 8 + first.isstd + first.isut;
    if (bytes.size() < skip + 44)
        return nullptr;
    bytes.remove_prefix(skip);
    const Header head = header_of(bytes);
    const std::size_t size = 44 + head.time * 9 + head.type * 6 + head.chars + head.leap * 12 + head.isstd + head.isut;
    if (bytes.size() < size || head.type == 0)
        return nullptr;
    auto zone = std::make_shared<Zone>();
    const std::size_t types = 44 + head.time * 9;
    const auto offset_of = [&](std::size_t type) { return big_endian(bytes.substr(types + type * 6, 4)); };
    zone->offsets.push_back(offset_of(0));
    for (std::size_t i = 0; i < head.time; ++i) {
        const auto type = static_cast<unsigned char>(bytes[44 + head.time * 8 + i]);
        if (type >= head.type)
            return nullptr;
        zone->changes.push_back(big_endian(bytes.substr(44 + i * 8, 8)));
        zone->offsets.push_back(offset_of(type));
    }
    zone->standard = zone->offsets.back();
    std::string_view footer = bytes.substr(size);
    if (footer.starts_with('\n'))
        read_footer(*zone, footer.substr(1, footer.find('\n', 1) - 1));
    return zone;
}

std::int64_t change_in(int year, const YearlyChange& change)  // in local seconds
{
    const std::int64_t first = days_since_epoch({year, change.month, 1});
    const auto weekday = static_cast<int>(((first + 4) % 7 + 7) % 7);
    std::int64_t day = first + (change.weekday - weekday + 7) % 7 + std::int64_t{7} * (change.week - 1);
    while (date_of(day).month != change.month)
        day -= 7;
    return day * 86'400 + change.time;
}

std::int64_t offset_at(const Zone& zone, std::int64_t seconds)
{
    if (zone.changes.empty() || seconds < zone.changes.back()) {
        const auto after = std::ranges::upper_bound(zone.changes, seconds);
        return zone.offsets[static_cast<std::size_t>(after - zone.changes.begin())];
    }
    if (!zone.yearly)
        return zone.standard;
    const auto day = (seconds + zone.standard) / 86'400;
    const int year = date_of(day).year;
    const std::int64_t begins = change_in(year, zone.yearly->first) - zone.standard;
    const std::int64_t ends = change_in(year, zone.yearly->second) - zone.summer;
    const bool summer = begins < ends ? seconds >= begins && seconds < ends : !(seconds >= ends && seconds < begins);
    return summer ? zone.summer : zone.standard;
}

std::optional<std::int64_t> fixed_offset(std::string_view zone)
{
    if (zone == "UTC" || zone == "Z" || zone == "Etc/UTC" || zone == "GMT")
        return 0;
    if (zone.size() == 6 && (zone[0] == '+' || zone[0] == '-') && zone[3] == ':') {
        const auto digit = [&](std::size_t i) { return zone[i] - '0'; };
        for (const std::size_t i : {1, 2, 4, 5})
            if (digit(i) < 0 || digit(i) > 9)
                return std::nullopt;
        const std::int64_t hours = digit(1) * 10 + digit(2);
        const std::int64_t minutes = digit(4) * 10 + digit(5);
        if (hours > 23 || minutes > 59)  // what RFC 3339 can write
            return std::nullopt;
        return (zone[0] == '-' ? -60 : 60) * (hours * 60 + minutes);
    }
    return std::nullopt;
}

std::shared_ptr<const Zone> find_zone(std::string_view name)
{
    // Names may come from a document, so only those that exist are kept, each in one spelling.
    static std::mutex mutex;
    static std::map<std::string, std::shared_ptr<const Zone>, std::less<>> known;
    const std::scoped_lock lock(mutex);
    const auto found = known.find(name);
    if (found != known.end())
        return found->second;
    if (name.empty() || name.size() > 64 || name.front() == '/' || name.find("//") != std::string_view::npos)
        return nullptr;
    for (const char letter : name)
        if (std::isalnum(static_cast<unsigned char>(letter)) == 0 &&
            std::string_view("/_-+").find(letter) == std::string_view::npos)
            return nullptr;
    const std::string path = "/usr/share/zoneinfo/" + std::string(name);
    std::error_code error;
    if (!std::filesystem::is_regular_file(path, error))
        return nullptr;
    std::ifstream file(path, std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    auto zone = parse_tzif(bytes);
    if (zone)
        known.emplace(name, zone);
    return zone;
}

}  // namespace

bool is_zone(std::string_view zone)
{
    return fixed_offset(zone) || find_zone(zone) != nullptr;
}

std::optional<std::int64_t> zone_offset_at(std::string_view zone, std::int64_t seconds)
{
    if (const auto fixed = fixed_offset(zone))
        return fixed;
    const auto found = find_zone(zone);
    if (!found)
        return std::nullopt;
    return offset_at(*found, seconds);
}

std::optional<std::int64_t> zone_offset_of_local(std::string_view zone, std::int64_t wall_seconds, bool* doubtful)
{
    if (const auto fixed = fixed_offset(zone))
        return fixed;
    const auto found = find_zone(zone);
    if (!found)
        return std::nullopt;
    // Around a change the offsets of a day before and a day after are the two candidates.
    const std::int64_t before = offset_at(*found, wall_seconds - 86'400 - 50'400);
    const std::int64_t after = offset_at(*found, wall_seconds + 86'400 + 50'400);
    const bool fits_before = offset_at(*found, wall_seconds - before) == before;
    const bool fits_after = offset_at(*found, wall_seconds - after) == after;
    if (before != after && fits_before == fits_after && doubtful != nullptr)
        *doubtful = true;
    return fits_before || !fits_after ? before : after;
}

std::optional<std::string> format_time(const Timestamp& time, std::string_view format, std::string_view zone)
{
    constexpr std::array<const char*, 12> months{"January", "February", "March",     "April",   "May",      "June",
                                                 "July",    "August",   "September", "October", "November", "December"};
    constexpr std::array<const char*, 7> days{"Sunday",   "Monday", "Tuesday", "Wednesday",
                                              "Thursday", "Friday", "Saturday"};
    const auto offset = zone_offset_at(zone, time.seconds);
    if (!offset)
        return std::nullopt;
    const std::int64_t wall = time.seconds + *offset;
    const std::int64_t day = wall >= 0 ? wall / 86'400 : (wall - 86'399) / 86'400;
    const auto clock = static_cast<int>(wall - day * 86'400);
    const Date date = date_of(day);
    const auto weekday = static_cast<std::size_t>(((day + 4) % 7 + 7) % 7);
    std::string text;
    const auto put = [&](const char* pattern, int value) {
        std::array<char, 24> digits{};
        std::snprintf(digits.data(), digits.size(), pattern, value);  // NOLINT: the patterns stand below
        text += digits.data();
    };
    const auto nested = [&](std::string_view inner) { text += format_time(time, inner, zone).value_or(""); };
    for (std::size_t i = 0; i < format.size(); ++i) {
        if (format[i] != '%') {
            text += format[i];
            continue;
        }
        if (++i == format.size())
            return std::nullopt;
        switch (format[i]) {
        case 'Y': put("%04d", date.year); break;
        case 'y': put("%02d", date.year % 100); break;
        case 'm': put("%02d", date.month); break;
        case 'd': put("%02d", date.day); break;
        case 'e': put("%2d", date.day); break;
        case 'H': put("%02d", clock / 3600); break;
        case 'I': put("%02d", (clock / 3600 + 11) % 12 + 1); break;
        case 'M': put("%02d", clock / 60 % 60); break;
        case 'S': put("%02d", clock % 60); break;
        case 'p': text += clock >= 43'200 ? "PM" : "AM"; break;
        case 'b':
        case 'h': text += std::string_view(months[static_cast<std::size_t>(date.month - 1)]).substr(0, 3); break;
        case 'B': text += months[static_cast<std::size_t>(date.month - 1)]; break;
        case 'a': text += std::string_view(days[weekday]).substr(0, 3); break;
        case 'A': text += days[weekday]; break;
        case 'j': put("%03d", static_cast<int>(day - days_since_epoch({date.year, 1, 1}) + 1)); break;
        case 'f': put("%09d", static_cast<int>(time.nanos)); break;
        case 'z':
            text += *offset < 0 ? '-' : '+';
            put("%02d", static_cast<int>(std::abs(*offset) / 3600));
            put("%02d", static_cast<int>(std::abs(*offset) / 60 % 60));
            break;
        case 'Z': text += zone; break;
        case 'T': nested("%H:%M:%S"); break;
        case 'R': nested("%H:%M"); break;
        case 'F': nested("%Y-%m-%d"); break;
        case 'D': nested("%m/%d/%y"); break;
        case 'n': text += '\n'; break;
        case 't': text += '\t'; break;
        case '%': text += '%'; break;
        default: return std::nullopt;
        }
    }
    return text;
}

}  // namespace headgate
