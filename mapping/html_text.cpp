#include "mapping/html_text.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "core/ascii.hpp"
#include "core/utf8.hpp"

namespace headgate::mapping {

namespace {

constexpr std::pair<std::string_view, std::uint32_t> entities[] = {
    {"amp", '&'},      {"lt", '<'},       {"gt", '>'},        {"quot", '"'},      {"apos", '\''},
    {"nbsp", 0xA0},    {"iexcl", 0xA1},   {"cent", 0xA2},     {"pound", 0xA3},    {"yen", 0xA5},
    {"sect", 0xA7},    {"copy", 0xA9},    {"laquo", 0xAB},    {"reg", 0xAE},      {"deg", 0xB0},
    {"plusmn", 0xB1},  {"micro", 0xB5},   {"middot", 0xB7},   {"raquo", 0xBB},    {"frac14", 0xBC},
    {"frac12", 0xBD},  {"frac34", 0xBE},  {"iquest", 0xBF},   {"Agrave", 0xC0},   {"Aacute", 0xC1},
    {"Acirc", 0xC2},   {"Atilde", 0xC3},  {"Auml", 0xC4},     {"Aring", 0xC5},    {"AElig", 0xC6},
    {"Ccedil", 0xC7},  {"Egrave", 0xC8},  {"Eacute", 0xC9},   {"Ecirc", 0xCA},    {"Euml", 0xCB},
    {"Igrave", 0xCC},  {"Iacute", 0xCD},  {"Icirc", 0xCE},    {"Iuml", 0xCF},     {"Ntilde", 0xD1},
    {"Ograve", 0xD2},  {"Oacute", 0xD3},  {"Ocirc", 0xD4},    {"Otilde", 0xD5},   {"Ouml", 0xD6},
    {"times", 0xD7},   {"Oslash", 0xD8},  {"Ugrave", 0xD9},   {"Uacute", 0xDA},   {"Ucirc", 0xDB},
    {"Uuml", 0xDC},    {"Yacute", 0xDD},  {"szlig", 0xDF},    {"agrave", 0xE0},   {"aacute", 0xE1},
    {"acirc", 0xE2},   {"atilde", 0xE3},  {"auml", 0xE4},     {"aring", 0xE5},    {"aelig", 0xE6},
    {"ccedil", 0xE7},  {"egrave", 0xE8},  {"eacute", 0xE9},   {"ecirc", 0xEA},    {"euml", 0xEB},
    {"igrave", 0xEC},  {"iacute", 0xED},  {"icirc", 0xEE},    {"iuml", 0xEF},     {"ntilde", 0xF1},
    {"ograve", 0xF2},  {"oacute", 0xF3},  {"ocirc", 0xF4},    {"otilde", 0xF5},   {"ouml", 0xF6},
    {"divide", 0xF7},  {"oslash", 0xF8},  {"ugrave", 0xF9},   {"uacute", 0xFA},   {"ucirc", 0xFB},
    {"uuml", 0xFC},    {"yacute", 0xFD},  {"yuml", 0xFF},     {"OElig", 0x152},   {"oelig", 0x153},
    {"Scaron", 0x160}, {"scaron", 0x161}, {"ensp", 0x2002},   {"emsp", 0x2003},   {"thinsp", 0x2009},
    {"ndash", 0x2013}, {"mdash", 0x2014}, {"lsquo", 0x2018},  {"rsquo", 0x2019},  {"sbquo", 0x201A},
    {"ldquo", 0x201C}, {"rdquo", 0x201D}, {"bdquo", 0x201E},  {"bull", 0x2022},   {"hellip", 0x2026},
    {"prime", 0x2032}, {"Prime", 0x2033}, {"lsaquo", 0x2039}, {"rsaquo", 0x203A}, {"euro", 0x20AC},
    {"trade", 0x2122}, {"larr", 0x2190},  {"rarr", 0x2192},   {"minus", 0x2212},  {"ne", 0x2260},
    {"le", 0x2264},    {"ge", 0x2265},
};

/// What &#128; to &#159; mean to everyone: Windows-1252, as the HTML standard says.
constexpr std::array<std::uint16_t, 32> windows_1252{0x20AC, 0x81,   0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
                                                     0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0x8D,   0x017D, 0x8F,
                                                     0x90,   0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
                                                     0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x9D,   0x017E, 0x0178};

constexpr std::string_view inline_tags[] = {
    "a", "abbr", "b",    "bdi",   "bdo",  "cite",   "code",   "del", "em",  "font", "i",  "ins", "kbd", "mark",
    "q", "s",    "samp", "small", "span", "strike", "strong", "sub", "sup", "time", "tt", "u",   "var", "wbr"};

class HtmlReader {
public:
    explicit HtmlReader(std::string_view html) : html_(html) { text_.reserve(html.size()); }

    std::string read()
    {
        while (at_ < html_.size()) {
            const char letter = html_[at_];
            if (letter == '<' && at_ + 1 < html_.size() &&
                (is_letter(html_[at_ + 1]) || std::string_view("/!?").find(html_[at_ + 1]) != std::string_view::npos))
                tag();
            else if (letter == '&')
                entity();
            else
                put(letter), ++at_;
        }
        if (text_.ends_with(' '))
            text_.pop_back();
        return std::move(text_);
    }

private:
    void put(char letter)
    {
        const auto byte = static_cast<unsigned char>(letter);
        if (byte > ' ' && byte != 0x7F)
            text_ += letter;
        else
            space();
    }

    void put_code(std::uint32_t code)
    {
        if (code == 0xA0 || (code >= 0x2000 && code <= 0x200A))
            space();
        else if (code < 0x80)
            put(static_cast<char>(code));
        else
            append_utf8(text_, code);
    }

    void space()
    {
        if (!text_.empty() && text_.back() != ' ')
            text_ += ' ';
    }

    /// Goes on behind `end`, or to the end of all where it never comes.
    void skip_behind(std::string_view end)
    {
        const auto found = html_.find(end, at_);
        at_ = found == std::string_view::npos ? html_.size() : found + end.size();
    }

    void tag()
    {
        if (html_.substr(at_).starts_with("<!--")) {
            at_ += 4;
            return skip_behind("-->");
        }
        ++at_;
        const bool closes = html_[at_] == '/';
        at_ += closes ? 1 : 0;
        std::string name;
        while (at_ < html_.size() && (is_letter(html_[at_]) || is_digit(html_[at_])) && name.size() < 16)
            name += lower(html_[at_++]);
        char quote = 0;
        for (; at_ < html_.size() && (quote != 0 || html_[at_] != '>'); ++at_) {
            if (html_[at_] == quote)
                quote = 0;
            else if (quote == 0 && html_[at_ - 1] == '=' && (html_[at_] == '"' || html_[at_] == '\''))
                quote = html_[at_];
        }
        at_ = std::min(at_ + 1, html_.size());
        if (!closes && (name == "script" || name == "style"))
            skip_element(name);
        if (std::ranges::find(inline_tags, name) == std::end(inline_tags))
            space();
    }

    /// A script's text holds no tags: it ends where its own end tag begins, in any case.
    void skip_element(std::string_view name)
    {
        for (skip_behind("</"); at_ < html_.size(); skip_behind("</")) {
            const std::string_view rest = html_.substr(at_, name.size());
            if (std::ranges::equal(rest, name, {}, [](char letter) { return lower(letter); })) {
                skip_behind(">");
                return;
            }
        }
    }

    void entity()
    {
        const std::string_view rest = html_.substr(at_ + 1, 32);
        std::size_t size = 0;
        std::uint32_t code = 0;
        if (rest.starts_with('#')) {
            const bool hex = rest.size() > 1 && lower(rest[1]) == 'x';
            size = hex ? 2 : 1;
            const std::size_t digits = size;
            for (; size < rest.size(); ++size) {
                const char letter = lower(rest[size]);
                if (!is_digit(letter) && !(hex && letter >= 'a' && letter <= 'f'))
                    break;
                if (code < 0x110000)
                    code = code * (hex ? 16U : 10U) +
                           static_cast<std::uint32_t>(is_digit(letter) ? letter - '0' : letter - 'a' + 10);
            }
            if (size == digits)
                size = 0;
            else if (code >= 0x80 && code < 0xA0)
                code = windows_1252.at(code - 0x80);
            else if (code == 0 || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF))
                code = 0xFFFD;
        } else {
            std::size_t letters = 0;
            while (letters < rest.size() && (is_letter(rest[letters]) || is_digit(rest[letters])))
                ++letters;
            const auto found =
                std::ranges::find(entities, rest.substr(0, letters), [](const auto& known) { return known.first; });
            if (found != std::end(entities)) {
                size = letters;
                code = found->second;
            }
        }
        if (size == 0) {  // no entity, or one that is not known: it stays as it is written
            put('&');
            ++at_;
            return;
        }
        put_code(code);
        at_ += 1 + size;
        if (at_ < html_.size() && html_[at_] == ';')
            ++at_;
    }

    std::string_view html_;
    std::size_t at_ = 0;
    std::string text_;
};

}  // namespace

std::string html_text(std::string_view html)
{
    return HtmlReader(html).read();
}

}  // namespace headgate::mapping
