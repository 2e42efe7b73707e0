#include <charconv>
#include <string>

#include "core/time.hpp"
#include "core/time_zone.hpp"
#include "mapping/functions.hpp"

namespace headgate::mapping {

namespace {

using enum Function::Kind;

bool fail_text(Call& call, std::string_view message)
{
    return fail(call.run, call.expr.site, "wrong_kind", message, &call.subject, call.subject_expr().source);
}

/// Some systems write "never" and "not yet" as the first or the last year there is: no time at all, and worth a look.
bool is_sentinel(Call& call, const Date& date)
{
    if (date.year != 1 && date.year != 9999)
        return false;
    call.run.warn(call.expr.site, "sentinel_date");
    return true;
}

/// The instant of what a clock shows; nullopt and a failure for a zone that is missing or not known.
std::optional<Timestamp> instant_in(Call& call, const LocalTime& local, std::string_view zone)
{
    bool doubtful = false;
    const auto instant = instant_of(local, zone, &doubtful);
    if (doubtful)
        call.run.warn(call.expr.site, "doubtful_time");
    if (instant)
        return *instant;
    if (instant.error() == TimeError::no_offset)
        fail(call.run, call.expr.site, "zone_missing",
             "is a time without offset, and neither the call nor the channel names a zone", &call.subject,
             call.subject_expr().source);
    else
        fail(call.run, call.expr.site, "unknown_zone", "is a time of a zone that is not known", &call.subject,
             call.subject_expr().source);
    return std::nullopt;
}

/// A format that times are read by.
bool format_arg(Call& call, std::size_t i, std::string_view& format)
{
    if (!call.text_arg(i, format))
        return false;
    const std::string_view lack = unreadable_format(format);
    return lack.empty() || call.fail("wrong_argument", "is given a format that " + std::string(lack));
}

std::string check_reading(const Expr& call)
{
    const auto format = call.args.size() > 1 ? literal_text(*call.args[1]) : std::nullopt;
    const bool may_be_zone = call.args.size() == 2 && call.function->name == "timestamp";
    if (!format || (may_be_zone && is_zone(*format)))
        return "";
    const std::string_view lack = unreadable_format(*format);
    return lack.empty() ? "" : "the format " + std::string(lack) + (may_be_zone ? ", and it is no zone" : "");
}

std::string check_printing(const Expr& call)
{
    const auto format = literal_text(*call.args[1]);
    return format && !is_time_format(*format) ? "the format has an unknown conversion" : "";
}

/// timestamp | timestamp(format) | timestamp(format, zone); a single argument that is a zone is one.
bool apply_timestamp(Call& call, Value& out)
{
    if (call.subject.kind == Kind::time) {
        out = call.subject;
        return true;
    }
    std::string_view text;
    std::string_view format;
    std::string_view zone = call.run.context.channel_zone;
    if (call.subject.kind == Kind::number && call.count == 0)
        return fail(call.run, call.expr.site, "wrong_kind",
                    "is a number where a time is asked; `from_unix` reads seconds, `divide(1000, 3) | from_unix` "
                    "milliseconds",
                    &call.subject, call.subject_expr().source);
    if (!call.text(text))
        return false;
    if (call.count == 2) {
        if (!format_arg(call, 0, format) || !call.text_arg(1, zone))
            return false;
    } else if (call.count == 1) {
        std::string_view first;
        if (!call.text_arg(0, first))
            return false;
        if (is_zone(first))
            zone = first;
        else if (!format_arg(call, 0, format))
            return false;
    }
    const auto local = format.empty() ? parse_rfc3339(text) : parse_time(text, format);
    if (!local)
        return fail_text(call, format.empty() ? "is no RFC 3339 time" : "does not read as a time of this format");
    if (is_sentinel(call, local->date))
        return true;
    const auto instant = instant_in(call, *local, zone);
    if (instant)
        out = call.run.time_value(*instant, text);
    return instant.has_value();
}

bool apply_from_unix(Call& call, Value& out)
{
    Decimal number;
    if (!call.number(number))
        return false;
    number = number.rounded(9, Rounding::down);
    Decimal whole = number.rounded(0, Rounding::down);
    if (number < whole)
        whole = whole.minus(Decimal(1)).value_or(whole);
    const auto seconds = whole.to_int64();
    if (!seconds || *seconds < earliest_second || *seconds > latest_second)
        return fail_text(call, "is no number of seconds between the years 0 and 9999");
    Timestamp time;
    time.seconds = *seconds;
    // Of 21 digits at most by now: none of this overflows.
    time.nanos = static_cast<std::uint32_t>(*number.minus(whole)->times(Decimal(1'000'000'000))->to_int64());
    time.offset_minutes = 0;
    out = call.run.time_value(time, {});
    return true;
}

bool give_date(Call& call, const Date& date, Value& out)
{
    return is_sentinel(call, date) || give_text(call, text_of(date), out);
}

/// The day as it was written: a time keeps its own offset's day, and nothing is shifted.
bool apply_date(Call& call, Value& out)
{
    std::string_view text;
    std::string_view format;
    if (call.subject.kind == Kind::time && call.subject.text.empty())
        return give_text(call, headgate::text_of(call.subject.time()).substr(0, 10), out);
    if (call.subject.kind == Kind::time)
        text = call.subject.text;
    else if (!call.text(text))
        return false;
    if (call.count == 1) {
        if (!format_arg(call, 0, format))
            return false;
        const auto local = parse_time(text, format);
        return local ? give_date(call, local->date, out) : fail_text(call, "does not read as a date of this format");
    }
    if (const auto date = parse_date(text))
        return give_date(call, *date, out);
    if (const auto local = parse_rfc3339(text))
        return give_date(call, local->date, out);
    if (call.subject.kind == Kind::time)  // it was read by a format, and its text says nothing without it
        return give_text(call, headgate::text_of(call.subject.time()).substr(0, 10), out);
    return fail_text(call, "is no date YYYY-MM-DD");
}

bool time_of(Call& call, Timestamp& time)
{
    if (call.subject.kind == Kind::time) {
        time = call.subject.time();
        return true;
    }
    std::string_view text;
    if (!call.text(text))
        return false;
    const auto local = parse_rfc3339(text);
    if (!local)
        return fail_text(call, "is no RFC 3339 time");
    const auto instant = instant_in(call, *local, call.run.context.channel_zone);
    if (instant)
        time = *instant;
    return instant.has_value();
}

bool apply_add_time(Call& call, Value& out)
{
    Timestamp time;
    std::string_view text;
    if (!time_of(call, time) || !call.text_arg(0, text))
        return false;
    const bool back = text.starts_with('-');
    if (back)
        text.remove_prefix(1);
    std::int64_t count = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), count);
    const std::string_view unit(read.ptr, text.data() + text.size());
    const std::int64_t size = unit == "s" ? 1 : unit == "m" ? 60 : unit == "h" ? 3600 : unit == "d" ? 86'400 : 0;
    if (read.ec != std::errc{} || size == 0 || count < 0 || count > 1'000'000'000)
        return call.fail("wrong_argument", "takes a duration like 36h, 15m, 30s or 2d");
    time.seconds += (back ? -1 : 1) * count * size;
    if (time.seconds < earliest_second || time.seconds > latest_second)
        return call.fail("wrong_argument", "leads beyond the years 0 to 9999");
    out = call.run.time_value(time, {});
    return true;
}

bool apply_format_time(Call& call, Value& out)
{
    Timestamp time;
    std::string_view format;
    std::string_view zone = call.run.context.channel_zone;
    if (!time_of(call, time) || !call.text_arg(0, format) || (call.count > 1 && !call.text_arg(1, zone)))
        return false;
    if (!is_time_format(format))
        return call.fail("wrong_argument", "is given a format with an unknown conversion");
    if (zone.empty())
        return call.fail("zone_missing", "neither the call nor the channel names a zone");
    const auto text = format_time(time, format, zone);
    return text ? give_text(call, *text, out) : call.fail("unknown_zone", "names a zone that is not known");
}

constexpr Function time_table[] = {
    {"timestamp", 0, 2, apply_timestamp, plain, check_reading},
    {"from_unix", 0, 0, apply_from_unix},
    {"date", 0, 1, apply_date, plain, check_reading},
    {"add_time", 1, 1, apply_add_time},
    {"format_time", 1, 2, apply_format_time, plain, check_printing},
};

}  // namespace

std::span<const Function> time_functions()
{
    return time_table;
}

}  // namespace headgate::mapping
