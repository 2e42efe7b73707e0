#include "observability/text.hpp"

#include <fmt/format.h>

namespace headgate::observability {

CodePoint front_of(std::string_view text)
{
    const auto byte = [&](std::size_t at) -> std::uint32_t {
        return at < text.size() ? static_cast<unsigned char>(text[at]) : 0U;
    };
    const std::uint32_t lead = byte(0);
    if (lead < 0x80)
        return {lead, 1, true};
    const std::size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4)
        return {lead, 1, false};
    std::uint32_t value = lead & (0x7fU >> size);
    for (std::size_t i = 1; i < size; ++i) {
        if ((byte(i) & 0xc0U) != 0x80)
            return {lead, 1, false};
        value = value << 6U | (byte(i) & 0x3fU);
    }
    const std::uint32_t least = size == 2 ? 0x80 : size == 3 ? 0x800 : 0x10000;
    const bool valid = value >= least && value <= 0x10ffff && !(value >= 0xd800 && value <= 0xdfff);
    return {valid ? value : lead, valid ? size : 1, valid};
}

bool deceives(std::uint32_t code)
{
    return code < 0x20 || (code >= 0x7f && code <= 0x9f) || (code >= 0x200e && code <= 0x200f) ||
           (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069) || code == 0xfeff;
}

std::string json_quoted(std::string_view text)
{
    std::string out = "\"";
    for (CodePoint next; !text.empty(); text.remove_prefix(next.size)) {
        next = front_of(text);
        if (!next.valid)
            out += "\\ufffd";
        else if (next.value == '"' || next.value == '\\')
            out.append("\\").append(text.substr(0, 1));
        else if (deceives(next.value))
            out += fmt::format("\\u{:04x}", next.value);
        else
            out += text.substr(0, next.size);
    }
    return out + "\"";
}

}  // namespace headgate::observability
