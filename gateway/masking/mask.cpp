#include "gateway/masking/mask.hpp"

#include <algorithm>

#include <boost/url/encode.hpp>
#include <boost/url/rfc/unreserved_chars.hpp>

#include "core/ascii.hpp"
#include "gateway/hint.hpp"
#include "gateway/masking/documents.hpp"
#include "gateway/masking/patterns.hpp"
#include "gateway/tools/document_text.hpp"
#include "mapping/json_text.hpp"

namespace headgate::gateway {

namespace {

constexpr int deepest = 3;  // documents within texts of documents

std::string_view without_space(std::string_view text)
{
    while (!text.empty() && is_space(text.front()))
        text.remove_prefix(1);
    if (text.starts_with("\xef\xbb\xbf"))
        return without_space(text.substr(3));
    return text;
}

/// Percent-encoding and plus signs undone; what is none stays.
std::string decoded(std::string_view text)
{
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto digit = [&](std::size_t at) {
            const char letter = at < text.size() ? text[at] : '\0';
            if (letter >= '0' && letter <= '9')
                return letter - '0';
            const char small = static_cast<char>(letter | 0x20);
            return small >= 'a' && small <= 'f' ? small - 'a' + 10 : -1;
        };
        if (text[i] == '%' && digit(i + 1) >= 0 && digit(i + 2) >= 0) {
            out += static_cast<char>(digit(i + 1) * 16 + digit(i + 2));
            i += 2;
        } else {
            out += text[i] == '+' ? ' ' : text[i];
        }
    }
    return out;
}

/// `a=1&b=2` and nothing else.
bool is_form(std::string_view text)
{
    if (text.find('=') == std::string_view::npos || text.find_first_of(" \t\r\n<>{}\"") != std::string_view::npos)
        return false;
    const auto name = text.substr(0, text.find('='));
    return !name.empty() && name.find_first_of("/?:") == std::string_view::npos;
}

/// The last word of a form's name, `customer[address][city]`, and the one before it.
std::pair<std::string, std::string> last_names(std::string_view name)
{
    std::string last, before;
    std::string word;
    const auto end = [&] {
        if (word.empty() || std::ranges::all_of(word, [](char letter) { return letter >= '0' && letter <= '9'; }))
            return word.clear();
        before = std::move(last);
        last = std::move(word);
        word.clear();
    };
    for (const char letter : name) {
        if (letter == '[' || letter == ']' || letter == '.')
            end();
        else
            word += letter;
    }
    end();
    return {last, before};
}

bool of_name(char letter)
{
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || (letter >= '0' && letter <= '9') ||
           std::string_view("_.-[]%").find(letter) != std::string_view::npos;
}

/// Values of `name=value` whose name is personal, as URLs and logs have them. Each byte is looked at once, whatever
/// somebody sends.
std::vector<Span> pairs_in(std::string_view text, const PersonalNames& names)
{
    constexpr std::size_t longest_name = 200;
    std::vector<Span> found;
    for (auto at = text.find('='); at != std::string_view::npos; at = text.find('=', at + 1)) {
        std::size_t begin = at;
        while (begin > 0 && at - begin < longest_name && of_name(text[begin - 1]))
            --begin;
        const auto [name, inside] = last_names(decoded(text.substr(begin, at - begin)));
        if (!names.has(name, inside))
            continue;
        const auto end = std::min(text.find_first_of("&; \t\r\n\"'<>#)", at + 1), text.size());
        if (end == at + 1)
            continue;
        found.push_back({at + 1, end});
        at = end - 1;
    }
    return found;
}

}  // namespace

void HistoryConfig::describe(config::Schema& schema)
{
    schema.field("mask", mask, "Groups of members that are masked until revealed: contact, address, payment.");
    schema.not_empty("mask", "leave the key away to mask all groups");
    for (const auto& group : mask)
        if (const auto known = PersonalNames::groups();
            schema.reading() && std::ranges::find(known, group) == known.end())
            schema.problem("mask", "unknown_group", "there is no group `" + group + "`", near_or_all(group, known));
    for (const auto* key : {"store", "url", "keep"})
        schema.not_yet(key, "other stores and retention of the history");
}

bool Mask::personal(std::string_view name, std::string_view inside, std::string_view value) const
{
    // An order's own name, `#1001`, is what everybody knows it by.
    return names_.has(name, inside) && !(name == "name" && value.starts_with('#'));
}

std::string Mask::text(std::string_view text) const
{
    std::vector<Span> all = pairs_in(text, names_);
    for (const auto& finds : {emails_in(text), cards_in(text), phones_in(text), ibans_in(text)})
        all.insert(all.end(), finds.begin(), finds.end());
    std::ranges::sort(all, {}, &Span::begin);
    std::string out;
    std::size_t at = 0;
    for (const auto& [begin, end] : all) {
        if (end <= at)
            continue;
        if (begin >= at) {
            out += text.substr(at, begin - at);
            out += sign;
        }
        at = end;
    }
    out += text.substr(at);
    return out;
}

std::string Mask::value(std::string_view name, std::string_view given) const
{
    return !given.empty() && personal(name, {}, given) ? std::string(sign) : text(given);
}

std::string Mask::inner(std::string_view given, int depth) const
{
    const auto begins = without_space(given);
    if (depth < deepest && (begins.starts_with('{') || begins.starts_with('[')) &&
        begins.find('"') != std::string_view::npos)
        return JsonMasking(*this, given, depth).run();
    if (depth < deepest && begins.starts_with('<') && begins.find('>') != std::string_view::npos)
        return XmlMasking(*this, given, depth).run();
    return text(given);
}

std::string Mask::form(std::string_view bytes) const
{
    std::string out;
    for (std::size_t at = 0; at <= bytes.size();) {
        const auto end = std::min(bytes.find('&', at), bytes.size());
        const auto pair = bytes.substr(at, end - at);
        const auto equals = std::min(pair.find('='), pair.size());
        const auto given = equals < pair.size() ? pair.substr(equals + 1) : std::string_view{};
        const auto [name, inside] = last_names(decoded(pair.substr(0, equals)));
        const auto plain = decoded(given);
        const bool hidden =
            !plain.empty() && (personal(name, inside, plain) || (PersonalNames::whole(inside) && names_.has(inside)));
        const auto shown = hidden ? std::string(sign) : inner(plain, 1);
        out += pair.substr(0, std::min(equals + 1, pair.size()));
        out += shown == plain ? std::string(given) : boost::urls::encode(shown, boost::urls::unreserved_chars);
        if (end < bytes.size())
            out += '&';
        at = end + 1;
    }
    return out;
}

/// Names of more than the last two say nothing, so a document of just those is masked.
std::string Mask::field(std::string_view path, std::string_view value) const
{
    const std::string names = without_places(path);
    const auto last = names.rfind('.');
    const auto before = last == std::string::npos || last == 0 ? std::string::npos : names.rfind('.', last - 1);
    const auto from = before == std::string::npos ? 0 : before + 1;
    std::string text = "{";
    mapping::append_json_string(text, last == std::string::npos ? "" : names.substr(from, last - from));
    text += ":{";
    mapping::append_json_string(text, last == std::string::npos ? names : names.substr(last + 1));
    text += ':';
    const auto front = text.size();
    const auto masked = body(text.append(value).append("}}"));
    return masked.substr(front, masked.size() - front - 2);
}

std::string Mask::body(std::string_view bytes) const
{
    const auto begins = without_space(bytes);
    if (begins.starts_with('{') || begins.starts_with('[') || begins.starts_with('"'))
        return JsonMasking(*this, bytes, 0).run();
    if (begins.starts_with('<'))
        return XmlMasking(*this, bytes, 0).run();
    if (is_form(begins))
        return form(bytes);
    return text(bytes);
}

}  // namespace headgate::gateway
