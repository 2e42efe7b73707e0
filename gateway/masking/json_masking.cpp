#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>

#include <boost/json/serialize.hpp>

#include "core/ascii.hpp"
#include "gateway/masking/documents.hpp"
#include "gateway/masking/patterns.hpp"

namespace headgate::gateway {

namespace {

void add_utf8(std::string& out, std::uint32_t code)
{
    const auto add = [&out](std::uint32_t byte) { out += static_cast<char>(byte); };
    if (code < 0x80U) {
        add(code);
    } else if (code < 0x800U) {
        add(0xc0U | (code >> 6U));
        add(0x80U | (code & 0x3fU));
    } else if (code < 0x10000U) {
        add(0xe0U | (code >> 12U));
        add(0x80U | ((code >> 6U) & 0x3fU));
        add(0x80U | (code & 0x3fU));
    } else {
        add(0xf0U | (code >> 18U));
        add(0x80U | ((code >> 12U) & 0x3fU));
        add(0x80U | ((code >> 6U) & 0x3fU));
        add(0x80U | (code & 0x3fU));
    }
}

std::optional<std::uint32_t> hex4(std::string_view text)
{
    std::uint32_t code = 0;
    if (text.size() < 4)
        return std::nullopt;
    const auto [end, error] = std::from_chars(text.data(), text.data() + 4, code, 16);
    return error == std::errc{} && end == text.data() + 4 ? std::optional(code) : std::nullopt;
}

/// What a string between its quotes says; escapes that are none stay as they are.
std::string unescaped(std::string_view raw)
{
    std::string out;
    for (std::size_t i = 0; i < raw.size(); ++i) {
        if (raw[i] != '\\' || i + 1 == raw.size()) {
            out += raw[i];
            continue;
        }
        switch (const char what = raw[++i]) {
        case 'n': out += '\n'; break;
        case 't': out += '\t'; break;
        case 'r': out += '\r'; break;
        case 'b': out += '\b'; break;
        case 'f': out += '\f'; break;
        case 'u': {
            auto code = hex4(raw.substr(i + 1));
            if (!code) {
                out += "\\u";
                break;
            }
            i += 4;
            const bool high = *code >= 0xd800U && *code < 0xdc00U;
            if (const auto low = high && raw.substr(i + 1).starts_with("\\u") ? hex4(raw.substr(i + 3)) : std::nullopt;
                low && *low >= 0xdc00U && *low < 0xe000U) {
                code = 0x10000U + ((*code - 0xd800U) << 10U) + (*low - 0xdc00U);
                i += 6;
            }
            add_utf8(out, *code);
            break;
        }
        default: out += what; break;
        }
    }
    return out;
}

}  // namespace

std::string JsonMasking::run()
{
    while (at_ < text_.size()) {
        const char letter = text_[at_];
        if (letter == '{' || letter == '[') {
            open(letter == '{');
        } else if (letter == '}' || letter == ']') {
            close();
        } else if (letter == '"') {
            string();
        } else if (letter == ',' || letter == ':' || is_space(letter)) {
            out_ += letter;
            ++at_;
        } else {
            scalar();
        }
    }
    return std::move(out_);
}

void JsonMasking::open(bool object)
{
    const Level& now = levels_.back();
    Level next;
    next.object = object;
    next.hidden = now.hidden || (mask_.names_.has(now.key, now.inside) && PersonalNames::whole(now.key));
    next.inside = now.key;
    if (!object) {
        next.key = now.key;
        next.inside = now.inside;
    }
    levels_.push_back(std::move(next));
    out_ += text_[at_++];
}

void JsonMasking::close()
{
    if (levels_.size() > 1)
        levels_.pop_back();
    out_ += text_[at_++];
}

bool JsonMasking::hidden(std::string_view value) const
{
    const Level& now = levels_.back();
    return !value.empty() && (now.hidden || mask_.personal(now.key, now.inside, value) ||
                              (now.key == "value" && !now.pair.empty() && mask_.names_.has(now.pair)));
}

bool JsonMasking::before_colon() const
{
    std::size_t next = at_;
    while (next < text_.size() && is_space(text_[next]))
        ++next;
    return next < text_.size() && text_[next] == ':';
}

void JsonMasking::string()
{
    const auto begin = at_ + 1;
    auto end = begin;
    while (end < text_.size() && text_[end] != '"')
        end += text_[end] == '\\' ? 2 : 1;
    end = std::min(end, text_.size());
    const auto raw = text_.substr(begin, end - begin);
    const bool whole = end < text_.size();
    at_ = whole ? end + 1 : end;
    const auto plain = unescaped(raw);
    const auto write = [&](std::string_view text) { out_.append("\"").append(text).append(whole ? "\"" : ""); };
    Level& now = levels_.back();
    if (before_colon()) {
        now.key = plain;
        const auto shown = mask_.text(plain);  // objects by email exist
        return write(shown == plain ? std::string(raw) : shown);
    }
    if (now.key == "name" || now.key == "key" || now.key == "code")
        now.pair = plain;
    if (hidden(plain))
        return write(Mask::sign);
    const auto shown = mask_.inner(plain, depth_ + 1);
    if (shown == plain)
        return write(raw);
    const auto escaped = boost::json::serialize(boost::json::string_view(shown));
    write(std::string_view(escaped).substr(1, escaped.size() - 2));
}

void JsonMasking::scalar()
{
    const auto begin = at_;
    at_ = std::min(text_.find_first_of(",:{}[]\"", at_), text_.size());
    while (is_space(text_[at_ - 1]))
        --at_;
    const auto token = text_.substr(begin, at_ - begin);
    if (token == "true" || token == "false" || token == "null") {
        out_ += token;
        return;
    }
    if (hidden(token)) {
        out_.append("\"").append(Mask::sign).append("\"");
        return;
    }
    // Of a number only a card's can be told; what is none is the text of something broken.
    if (token.find_first_not_of("0123456789+-.eE") != std::string_view::npos)
        out_ += mask_.text(token);
    else if (cards_in(token).empty())
        out_ += token;
    else
        out_.append("\"").append(Mask::sign).append("\"");
}

}  // namespace headgate::gateway
