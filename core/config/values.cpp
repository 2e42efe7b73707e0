#include "core/config/values.hpp"

#include <array>
#include <charconv>
#include <utility>

#include <boost/asio/ip/address.hpp>

#include "core/decimal.hpp"

namespace headgate::config {

namespace {

struct Unit {
    std::string_view name;
    std::int64_t factor;
};

constexpr std::array duration_units{Unit{"ms", 1},        Unit{"s", 1000},       Unit{"m", 60'000},
                                    Unit{"h", 3'600'000}, Unit{"d", 86'400'000}, Unit{"y", 31'536'000'000}};
constexpr std::array size_units{Unit{"B", 1}, Unit{"KiB", 1024}, Unit{"MiB", 1024 * 1024},
                                Unit{"GiB", 1024 * 1024 * 1024}};

template <std::size_t N>
std::optional<std::int64_t> number_with_unit(std::string_view text, const std::array<Unit, N>& units, bool bare)
{
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end == text.data() || value < 0 || text.front() == '-')
        return std::nullopt;
    const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
    if (unit.empty())
        return bare ? std::optional(value) : std::nullopt;
    for (const auto& known : units) {
        std::int64_t product = 0;
        if (known.name == unit && !__builtin_mul_overflow(value, known.factor, &product))
            return product;
    }
    return std::nullopt;
}

}  // namespace

std::optional<Duration> parse_duration(std::string_view text)
{
    if (text.empty())
        return std::nullopt;
    const auto value = number_with_unit(text, duration_units, false);
    return value ? std::optional(Duration{*value}) : std::nullopt;
}

std::string text_of(Duration duration)
{
    auto count = duration.count();
    std::string_view unit = "ms";
    for (const auto& known : duration_units)
        if (count != 0 && duration.count() % known.factor == 0 && known.name != "y") {
            count = duration.count() / known.factor;
            unit = known.name;
        }
    return std::to_string(count) + std::string(unit);
}

std::optional<Size> parse_size(std::string_view text)
{
    if (text.empty())
        return std::nullopt;
    const auto value = number_with_unit(text, size_units, true);
    return value ? std::optional(Size{static_cast<std::uint64_t>(*value)}) : std::nullopt;
}

std::string text_of(Size size)
{
    std::string_view unit = "B";
    auto count = size.bytes;
    for (const auto& known : size_units)
        if (count != 0 && size.bytes % static_cast<std::uint64_t>(known.factor) == 0) {
            count = size.bytes / static_cast<std::uint64_t>(known.factor);
            unit = known.name;
        }
    return std::to_string(count) + std::string(unit);
}

std::optional<Rate> parse_rate(std::string_view text)
{
    if (!text.ends_with("/s"))
        return std::nullopt;
    text.remove_suffix(2);
    Rate rate;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), rate.per_second);
    if (error != std::errc{} || end != text.data() + text.size() || rate.per_second == 0)
        return std::nullopt;
    return rate;
}

std::string Endpoint::text() const
{
    const bool six = address.find(':') != std::string::npos;
    return (six ? "[" + address + "]" : address) + ":" + std::to_string(port);
}

Setting setting_of(std::string text, bool quoted)
{
    if (!quoted && (text == "true" || text == "false"))
        return {Setting::Kind::boolean, std::move(text)};
    // "01" is a warehouse and no number.
    const std::string_view digits = std::string_view(text).substr(text.starts_with('-') ? 1 : 0);
    const bool number = !quoted && Decimal::parse(text) && (digits.size() < 2 || digits[0] != '0' || digits[1] == '.');
    return {number ? Setting::Kind::number : Setting::Kind::text, std::move(text)};
}

std::optional<Endpoint> parse_endpoint(std::string_view text)
{
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos || colon == 0)
        return std::nullopt;
    Endpoint endpoint;
    auto address = text.substr(0, colon);
    if (address.front() == '[' && address.back() == ']')
        address = address.substr(1, address.size() - 2);
    else if (address.find(':') != std::string_view::npos)
        return std::nullopt;
    const auto port = text.substr(colon + 1);
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), endpoint.port);
    if (port.empty() || error != std::errc{} || end != port.data() + port.size())
        return std::nullopt;
    endpoint.address = address;
    boost::system::error_code no_address;
    boost::asio::ip::make_address(endpoint.address, no_address);
    if (no_address)
        return std::nullopt;
    return endpoint;
}

}  // namespace headgate::config
