#include "gateway/cli/output.hpp"

#include <algorithm>
#include <iostream>

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

}  // namespace

std::string shown(std::string_view value)
{
    constexpr std::size_t longest = 200;
    std::string out;
    for (const char letter : value.substr(0, longest)) {
        const auto byte = static_cast<unsigned char>(letter);
        if (byte < 0x20 || byte == 0x7f)
            out += fmt::format("\\x{:02x}", byte);
        else
            out += letter;
    }
    return value.size() > longest ? out + "…" : out;
}

std::string text(const json::object& object, std::string_view name)
{
    const auto* value = object.if_contains(name);
    if (value == nullptr || value->is_null())
        return "";
    return shown(value->is_string() ? std::string(value->as_string()) : json::serialize(*value));
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
