#include "gateway/cli/output.hpp"

#include <algorithm>
#include <cstdint>
#include <iostream>
#include <optional>

#include <fmt/format.h>
#include <boost/json.hpp>

namespace headgate::gateway {

namespace json = boost::json;

namespace {

/// Letters of a text in UTF-8; wide ones count as one.
std::size_t width_of(std::string_view text)
{
    return static_cast<std::size_t>(
        std::ranges::count_if(text, [](char byte) { return (static_cast<unsigned char>(byte) & 0xc0U) != 0x80U; }));
}

std::size_t letter_after(std::string_view text, std::size_t at)
{
    for (++at; at < text.size() && (static_cast<unsigned char>(text[at]) & 0xc0U) == 0x80U;)
        ++at;
    return at;
}

/// At most so many bytes of it, and no part of a letter.
std::size_t whole_letters(std::string_view text, std::size_t most)
{
    if (text.size() <= most)
        return text.size();
    while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xc0U) == 0x80U)
        --most;
    return most;
}

/// What a terminal obeys beyond ASCII: C1 controls, and those that turn the direction of what is written.
struct Control {
    std::uint32_t code;
    std::size_t bytes;
};
std::optional<Control> control_at(std::string_view text)
{
    const auto byte = [text](std::size_t i) {
        return i < text.size() ? static_cast<std::uint32_t>(static_cast<unsigned char>(text[i])) : 0U;
    };
    if (byte(0) == 0xc2 && byte(1) >= 0x80 && byte(1) < 0xa0)
        return Control{byte(1), 2};
    if (byte(0) != 0xe2 || (byte(1) != 0x80 && byte(1) != 0x81) || byte(2) < 0x80)
        return std::nullopt;
    const auto code = 0x2000U + ((byte(1) & 0x3fU) << 6U) + (byte(2) & 0x3fU);
    const bool turns =
        code == 0x200e || code == 0x200f || (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
    return turns ? std::optional(Control{code, 3}) : std::nullopt;
}

}  // namespace

std::string shown(std::string_view value)
{
    constexpr std::size_t longest = 200;
    const auto part = value.substr(0, whole_letters(value, longest));
    std::string out;
    for (std::size_t i = 0; i < part.size(); ++i) {
        const auto byte = static_cast<unsigned char>(part[i]);
        if (byte < 0x20 || byte == 0x7f) {
            out += fmt::format("\\x{:02x}", byte);
        } else if (const auto control = control_at(part.substr(i))) {
            out += fmt::format("\\u{:04x}", control->code);
            i += control->bytes - 1;
        } else {
            out += part[i];
        }
    }
    return value.size() > longest ? out + "…" : out;
}

std::string cut(std::string text, std::size_t letters)
{
    if (width_of(text) <= letters)
        return text;
    std::size_t end = 0;
    for (std::size_t letter = 0; letter + 1 < letters; ++letter)
        end = letter_after(text, end);
    text.erase(end);
    return text.append("…");
}

std::string text(const json::object& object, std::string_view name)
{
    const auto* value = object.if_contains(name);
    if (value == nullptr || value->is_null())
        return "";
    return shown(value->is_string() ? std::string(value->as_string()) : json::serialize(*value));
}

std::uint64_t number(const json::object& object, std::string_view name)
{
    const auto* value = object.if_contains(name);
    return value != nullptr && value->is_number() ? value->to_number<std::uint64_t>() : 0;
}

void print_fields(const json::value& value, int indent)
{
    const std::string space(static_cast<std::size_t>(indent) * 2, ' ');
    if (const auto* object = value.if_object()) {
        for (const auto& [name, member] : *object) {
            if (member.is_structured()) {
                std::cout << space << name << ":\n";
                print_fields(member, indent + 1);
            } else if (!member.is_string() || !member.as_string().empty()) {
                std::cout << space << fmt::format("{:<16}", std::string_view(name)) << " "
                          << (member.is_string() ? shown(member.as_string()) : json::serialize(member)) << "\n";
            }
        }
    } else if (const auto* list = value.if_array()) {
        for (const auto& item : *list) {
            if (item.is_structured()) {
                std::cout << space << "-\n";
                print_fields(item, indent + 1);
            } else {
                std::cout << space << "- " << json::serialize(item) << "\n";
            }
        }
    }
}

void Table::print() const
{
    std::vector<std::size_t> widths(rows_.front().size(), 0);
    for (const auto& row : rows_)
        for (std::size_t i = 0; i < row.size(); ++i)
            widths[i] = std::max(widths[i], width_of(row[i]));
    for (const auto& row : rows_) {
        std::string line;
        for (std::size_t i = 0; i < row.size(); ++i)
            line.append(row[i]).append(widths[i] - width_of(row[i]) + 2, ' ');
        line.erase(line.find_last_not_of(' ') + 1);
        std::cout << line << "\n";
    }
}

}  // namespace headgate::gateway
