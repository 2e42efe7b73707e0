#include <algorithm>
#include <charconv>
#include <cstdint>

#include "gateway/masking/documents.hpp"

#include "core/ascii.hpp"

namespace headgate::gateway {

namespace {

std::string_view local(std::string_view name)
{
    const auto colon = name.rfind(':');
    return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

/// Entities of plain letters and signs undone; others stay.
std::string without_entities(std::string_view raw)
{
    constexpr std::pair<std::string_view, char> named[]{
        {"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}};
    std::string out;
    for (std::size_t i = 0; i < raw.size(); ++i) {
        const auto rest = raw.substr(i);
        const auto found = std::ranges::find_if(named, [&](const auto& one) { return rest.starts_with(one.first); });
        if (found != std::end(named)) {
            out += found->second;
            i += found->first.size() - 1;
            continue;
        }
        if (rest.starts_with("&#")) {
            const bool hex = rest.size() > 2 && (rest[2] | 0x20) == 'x';
            const auto digits = rest.substr(hex ? 3 : 2, 8);
            std::uint32_t code = 0;
            const auto [end, error] =
                std::from_chars(digits.data(), digits.data() + digits.size(), code, hex ? 16 : 10);
            const auto used = static_cast<std::size_t>(end - digits.data());
            if (error == std::errc{} && code < 0x80U && used < digits.size() && digits[used] == ';') {
                out += static_cast<char>(code);
                i += (hex ? 3 : 2) + used;
                continue;
            }
        }
        out += raw[i];
    }
    return out;
}

std::string escaped(std::string_view text)
{
    std::string out;
    for (const char letter : text) {
        switch (letter) {
        case '&': out += "&amp;"; break;
        case '<': out += "&lt;"; break;
        case '>': out += "&gt;"; break;
        case '"': out += "&quot;"; break;
        default: out += letter; break;
        }
    }
    return out;
}

}  // namespace

std::string XmlMasking::run()
{
    while (at_ < text_.size()) {
        if (text_[at_] == '<') {
            tag();
            continue;
        }
        const auto end = std::min(text_.find('<', at_), text_.size());
        text(text_.substr(at_, end - at_), true);
        at_ = end;
    }
    return std::move(out_);
}

void XmlMasking::tag()
{
    const auto rest = text_.substr(at_);
    const auto up_to = [&](std::string_view closing) {
        const auto end = rest.find(closing);
        return end == std::string_view::npos ? rest.size() : end + closing.size();
    };
    if (rest.starts_with("<![CDATA[")) {
        const auto size = up_to("]]>");
        const bool whole = rest.substr(0, size).ends_with("]]>");
        out_ += "<![CDATA[";
        text(rest.substr(9, size - 9 - (whole ? 3 : 0)), false);
        out_ += whole ? "]]>" : "";
        at_ += size;
        return;
    }
    if (rest.starts_with("<!") || rest.starts_with("<?")) {
        const auto size = rest.starts_with("<!--") ? up_to("-->") : up_to(">");
        out_ += mask_.text(rest.substr(0, size));
        at_ += size;
        return;
    }
    // A `>` within quotes ends no tag.
    std::size_t size = 1;
    for (char quote = 0; size < rest.size() && (quote != 0 || rest[size] != '>'); ++size)
        if (rest[size] == '"' || rest[size] == '\'')
            quote = quote == 0 ? rest[size] : quote == rest[size] ? '\0' : quote;
    size = std::min(size + 1, rest.size());
    const auto all = rest.substr(0, size);
    at_ += size;
    if (all.starts_with("</")) {
        if (!elements_.empty())
            elements_.pop_back();
        out_ += all;
        return;
    }
    std::size_t name = 1;
    while (name < all.size() && !is_space(all[name]) && all[name] != '>' && all[name] != '/')
        ++name;
    Element element{std::string(local(all.substr(1, name - 1))), {}, false};
    const std::string_view parent = elements_.empty() ? std::string_view{} : std::string_view(elements_.back().name);
    element.hidden = (!elements_.empty() && elements_.back().hidden && PersonalNames::whole(parent)) ||
                     mask_.names_.has(element.name, parent);
    out_ += all.substr(0, name);
    attributes(all.substr(name), element);
    if (!all.ends_with("/>"))
        elements_.push_back(std::move(element));
}

void XmlMasking::attributes(std::string_view inside, Element& element)
{
    std::size_t at = 0;
    while (at < inside.size()) {
        const auto quote = inside.find_first_of("\"'", at);
        const auto end = quote == std::string_view::npos ? quote : inside.find(inside[quote], quote + 1);
        if (end == std::string_view::npos) {
            out_ += mask_.text(inside.substr(at));
            return;
        }
        auto name = inside.substr(at, quote - at);
        while (!name.empty() && (is_space(name.back()) || name.back() == '='))
            name.remove_suffix(1);
        while (!name.empty() && is_space(name.front()))
            name.remove_prefix(1);
        name = local(name);
        const auto raw = inside.substr(quote + 1, end - quote - 1);
        if (name == "name" || name == "key")
            element.pair = raw;
        const bool hidden = mask_.personal(name, element.name, raw) ||
                            (name == "value" && !element.pair.empty() && mask_.names_.has(element.pair));
        out_ += inside.substr(at, quote + 1 - at);
        out_ += shown(raw, true, hidden);
        out_ += inside[end];
        at = end + 1;
    }
}

void XmlMasking::text(std::string_view raw, bool entities)
{
    const bool hidden =
        !elements_.empty() &&
        (elements_.back().hidden || (!elements_.back().pair.empty() && mask_.names_.has(elements_.back().pair)));
    out_ += shown(raw, entities, hidden);
}

std::string XmlMasking::shown(std::string_view raw, bool entities, bool hidden) const
{
    const auto first = std::ranges::find_if_not(raw, is_space);
    if (first == raw.end())
        return std::string(raw);
    if (hidden)
        return std::string(raw.substr(0, static_cast<std::size_t>(first - raw.begin()))) + std::string(Mask::sign);
    const auto plain = entities ? without_entities(raw) : std::string(raw);
    const auto masked = mask_.inner(plain, depth_ + 1);
    if (masked == plain)
        return std::string(raw);
    return entities ? escaped(masked) : masked;
}

}  // namespace headgate::gateway
