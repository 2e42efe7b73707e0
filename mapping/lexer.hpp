#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace headgate::mapping {

/// Thrown by the lexer and the parser of one expression and caught where its compilation began; never at run time.
struct SyntaxError {
    std::size_t offset = 0;
    std::string code;
    std::string message;
    std::string hint;
};

struct Token {
    enum class Kind : std::uint8_t {
        end,
        string,
        number,
        word,
        dot,
        dots,
        dollar,
        open_paren,
        close_paren,
        open_bracket,
        close_bracket,
        close_brace,
        comma,
        pipe,
        plus,
        minus,
        star,
        coalesce,
        equal,
        not_equal,
        less,
        less_equal,
        greater,
        greater_equal,
    };
    Kind kind = Kind::end;
    std::size_t offset = 0;
    std::size_t end = 0;
    bool spaced = false;  // white space stood before it
    std::string text;     // a word, a number as written, a string unescaped
};

/// Cuts an expression into tokens, one at a time: what follows a dot is read as a name, which no token is.
class Lexer {
public:
    Lexer(std::string_view text, std::size_t from) : text_(text), at_(from) {}

    [[nodiscard]] const Token& peek();
    Token take();
    /// A member's name right after a dot: letters, digits and `_`, an `@` before them, or a string.
    std::string take_name();
    [[nodiscard]] bool at_name() const;
    [[nodiscard]] std::size_t offset() const { return has_token_ ? token_.offset : at_; }

private:
    void scan();
    std::string scan_string(char quote);
    std::uint32_t scan_code_point();
    std::uint32_t scan_four_digits();
    std::string_view text_;
    std::size_t at_;
    Token token_;
    bool has_token_ = false;
};

}  // namespace headgate::mapping
