#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "observability/log.hpp"
#include "observability/text.hpp"

namespace headgate::observability {

namespace {

void append_key(std::string& out, std::string_view key)
{
    const auto plain = [](char letter) {
        return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
               (letter >= '0' && letter <= '9') || letter == '_' || letter == '.';
    };
    std::ranges::transform(key, std::back_inserter(out), [&](char letter) { return plain(letter) ? letter : '_'; });
    if (key.empty())
        out += '_';
}

/// The value as it stands between quotes; `bare` says whether it could do without them.
std::string escaped(std::string_view value, bool& bare)
{
    std::string out;
    bare = !value.empty();
    for (CodePoint next; !value.empty(); value.remove_prefix(next.size)) {
        next = front_of(value);
        std::string piece;
        if (!next.valid)
            piece = fmt::format("\\x{:02x}", next.value);
        else if (next.value == '\n' || next.value == '\r' || next.value == '\t')
            piece = next.value == '\n' ? "\\n" : next.value == '\r' ? "\\r" : "\\t";
        else if (next.value == '"' || next.value == '\\')
            piece = std::string("\\") + value.front();
        else if (deceives(next.value))
            piece = fmt::format("\\u{:04x}", next.value);
        else
            piece = value.substr(0, next.size);
        bare =
            bare && next.valid && next.value > ' ' && piece.front() != '\\' && next.value != '=' && next.value != 0xa0;
        if (out.size() + piece.size() > LogLine::longest) {
            out += "…";
            break;
        }
        out += piece;
    }
    return out;
}

}  // namespace

LogLine& LogLine::raw(std::string_view key, std::string_view value)
{
    if (!text_.empty())
        text_ += ' ';
    append_key(text_, key);
    text_.append("=").append(value);
    return *this;
}

LogLine& LogLine::field(std::string_view key, std::string_view value)
{
    bool bare = false;
    const std::string text = escaped(value, bare);
    return raw(key, bare ? text : "\"" + text + "\"");
}

}  // namespace headgate::observability
