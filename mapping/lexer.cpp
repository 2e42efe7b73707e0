#include "mapping/lexer.hpp"

#include <optional>

#include "core/ascii.hpp"
#include "core/encoding.hpp"
#include "core/utf8.hpp"

namespace headgate::mapping {

namespace {

bool is_name_letter(char letter)
{
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || is_digit(letter) || letter == '_' ||
           static_cast<unsigned char>(letter) >= 0x80;
}

}  // namespace

const Token& Lexer::peek()
{
    if (!has_token_)
        scan();
    return token_;
}

Token Lexer::take()
{
    if (!has_token_)
        scan();
    has_token_ = false;
    return std::move(token_);
}

bool Lexer::at_name() const
{
    if (at_ >= text_.size())
        return false;
    const char letter = text_[at_];
    return is_name_letter(letter) || letter == '"' || letter == '\'' ||
           (letter == '@' && at_ + 1 < text_.size() && is_name_letter(text_[at_ + 1]));
}

std::string Lexer::take_name()
{
    if (!at_name())
        throw SyntaxError{at_, "syntax", "a name is missing here",
                          "a name with other letters goes in quotes: .\"odd key\""};
    if (text_[at_] == '"' || text_[at_] == '\'')
        return scan_string(text_[at_++]);
    const std::size_t begin = at_++;
    while (at_ < text_.size() && is_name_letter(text_[at_]))
        ++at_;
    return std::string(text_.substr(begin, at_ - begin));
}

std::uint32_t Lexer::scan_four_digits()
{
    const auto bytes = text_.size() - at_ < 4 ? std::nullopt : from_hex(text_.substr(at_, 4));
    if (!bytes)
        throw SyntaxError{at_, "syntax", "\\u takes four hexadecimal digits", ""};
    at_ += 4;
    return static_cast<std::uint32_t>(static_cast<unsigned char>((*bytes)[0])) << 8U |
           static_cast<unsigned char>((*bytes)[1]);
}

/// What follows `\u`. Beyond U+FFFF it is two escapes, as in JSON.
std::uint32_t Lexer::scan_code_point()
{
    const std::size_t begin = at_ - 2;
    const std::uint32_t code = scan_four_digits();
    if (code < 0xD800 || code > 0xDFFF)
        return code;
    std::uint32_t low = 0;
    if (code < 0xDC00 && text_.substr(at_).starts_with("\\u")) {
        at_ += 2;
        low = scan_four_digits();
    }
    if (low < 0xDC00 || low > 0xDFFF)
        throw SyntaxError{begin, "syntax", "half of a surrogate pair is no letter", "write both: \\uD83D\\uDE00"};
    return 0x10000 + ((code - 0xD800) << 10U) + (low - 0xDC00);
}

std::string Lexer::scan_string(char quote)
{
    const std::size_t begin = at_ - 1;
    std::string value;
    while (at_ < text_.size() && text_[at_] != quote) {
        char letter = text_[at_++];
        if (letter == '\\') {
            if (at_ == text_.size())
                break;
            letter = text_[at_++];
            switch (letter) {
            case 'n': letter = '\n'; break;
            case 't': letter = '\t'; break;
            case 'r': letter = '\r'; break;
            case 'u': append_utf8(value, scan_code_point()); continue;
            case '\\':
            case '/':
            case '"':
            case '\'': break;
            default:
                throw SyntaxError{at_ - 1, "syntax", "unknown escape in a string",
                                  "\\\\ \\\" \\' \\n \\t \\r \\uXXXX are known"};
            }
        }
        value += letter;
    }
    if (at_ >= text_.size())
        throw SyntaxError{begin, "syntax", "this string does not end", ""};
    ++at_;
    return value;
}

void Lexer::scan()
{
    Token token;
    const std::size_t before = at_;
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r'))
        ++at_;
    token.spaced = at_ != before;
    token.offset = at_;
    const auto next_is = [&](char letter) { return at_ + 1 < text_.size() && text_[at_ + 1] == letter; };
    const auto simple = [&](Token::Kind kind, std::size_t size) {
        token.kind = kind;
        at_ += size;
    };
    using enum Token::Kind;
    if (at_ < text_.size()) {
        const char letter = text_[at_];
        switch (letter) {
        case '.': next_is('.') ? simple(dots, 2) : simple(dot, 1); break;
        case '$': simple(dollar, 1); break;
        case '(': simple(open_paren, 1); break;
        case ')': simple(close_paren, 1); break;
        case '[': simple(open_bracket, 1); break;
        case ']': simple(close_bracket, 1); break;
        case '}': simple(close_brace, 1); break;
        case ',': simple(comma, 1); break;
        case '|':
            if (next_is('|'))
                throw SyntaxError{at_, "syntax", "`||` is not of the language", "write `or`"};
            simple(pipe, 1);
            break;
        case '+': simple(plus, 1); break;
        case '-': simple(minus, 1); break;
        case '*': simple(star, 1); break;
        case '/':
            if (!next_is('/'))
                throw SyntaxError{at_, "no_quotient", "there is no `/`",
                                  "write divide(by, places): the number of decimals must be said"};
            simple(coalesce, 2);
            break;
        case '=':
            if (!next_is('='))
                throw SyntaxError{at_, "syntax", "a single `=` compares nothing", "write `==`"};
            simple(equal, 2);
            break;
        case '!':
            if (!next_is('='))
                throw SyntaxError{at_, "syntax", "`!` is not of the language", "write `not`"};
            simple(not_equal, 2);
            break;
        case '&': throw SyntaxError{at_, "syntax", "`&` is not of the language", "write `and`"};
        case '?':
            if (next_is('?'))
                throw SyntaxError{at_, "syntax", "`??` is not of the language", "write `//`"};
            if (next_is('.') || next_is('['))
                throw SyntaxError{at_, "syntax", "`?` is not of the language",
                                  "leave it out: a member of what is null is null"};
            throw SyntaxError{at_, "syntax", "`?` is not of the language", "write `if … then … else …`"};
        case '<': next_is('=') ? simple(less_equal, 2) : simple(less, 1); break;
        case '>': next_is('=') ? simple(greater_equal, 2) : simple(greater, 1); break;
        case '"':
        case '\'':
            ++at_;
            token.kind = string;
            token.text = scan_string(letter);
            break;
        default:
            if (is_digit(letter)) {
                const std::size_t begin = at_;
                while (at_ < text_.size() && is_digit(text_[at_]))
                    ++at_;
                if (at_ + 1 < text_.size() && text_[at_] == '.' && is_digit(text_[at_ + 1])) {
                    ++at_;
                    while (at_ < text_.size() && is_digit(text_[at_]))
                        ++at_;
                }
                token.kind = number;
                token.text = text_.substr(begin, at_ - begin);
                if (token.text.size() > 1 && token.text[0] == '0' && is_digit(token.text[1]))
                    throw SyntaxError{begin, "syntax", "a number does not begin with a zero",
                                      "write it without, or in quotes where it is a text"};
                if (at_ < text_.size() && is_name_letter(text_[at_]))
                    throw SyntaxError{at_, "syntax", "a letter stands right behind a number", ""};
            } else if (is_name_letter(letter)) {
                const std::size_t begin = at_;
                while (at_ < text_.size() && is_name_letter(text_[at_]))
                    ++at_;
                token.kind = word;
                token.text = text_.substr(begin, at_ - begin);
            } else {
                throw SyntaxError{at_, "syntax", "this character begins nothing in the language", ""};
            }
        }
    }
    token.end = at_;
    token_ = std::move(token);
    has_token_ = true;
}

}  // namespace headgate::mapping
