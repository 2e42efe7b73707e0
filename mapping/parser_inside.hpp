#pragma once

// For the .cpp files of the parser only.

#include <optional>
#include <string>
#include <string_view>

#include "mapping/parser.hpp"
#include "mapping/run.hpp"

namespace headgate::mapping {

/// Recursive descent, one function a rule of the grammar in docs/mapping.md: operators and literals in parser.cpp,
/// calls in parser_calls.cpp, paths in parser_paths.cpp.
class Parser {
public:
    Parser(std::string_view text, std::size_t from, const ParseContext& context)
        : text_(text),
          lexer_(text, from),
          context_(context)
    {}

    ExprPtr whole(bool until_brace, std::size_t& end);

private:
    using Kind = Token::Kind;

    struct Deeper {
        explicit Deeper(Parser& owner) : parser(owner)
        {
            if (++parser.depth_ > limits::depth)
                throw SyntaxError{parser.lexer_.offset(), "limit_depth", "the expression is nested more than 64 deep",
                                  ""};
        }
        ~Deeper() { --parser.depth_; }
        Deeper(const Deeper&) = delete;
        Deeper& operator=(const Deeper&) = delete;
        Parser& parser;
    };

    ExprPtr expression();
    ExprPtr choice();
    ExprPtr disjunction();
    ExprPtr conjunction();
    ExprPtr negation();
    std::optional<Comparison> comparison_here();
    ExprPtr comparison();
    ExprPtr coalescence();
    ExprPtr sum();
    ExprPtr product();
    ExprPtr unary();
    ExprPtr primary();
    ExprPtr literal(const Value& value, std::size_t begin);

    ExprPtr call(std::size_t begin, ExprPtr piped);
    [[nodiscard]] const Function& function_of(const Token& name, bool is_piped) const;
    void check_count(const Expr& call, const Token& name) const;
    [[nodiscard]] std::string hyphenated(const Token& name) const;
    void check_table(Expr& call, const Token& name);
    static void check_currency(const Expr& call, const Token& name);

    ExprPtr path(std::size_t begin);
    ExprPtr stepped(std::size_t begin, ExprPtr inner);
    void root(Expr& expr, std::size_t begin);
    [[nodiscard]] std::string suggest_name(const std::string& name) const;
    bool at_step();
    void add_name(Expr& expr, Step::Kind kind);
    void steps(Expr& expr);
    void bracket(Expr& expr);

    [[noreturn]] static void unexpected(const Token& token, std::string_view wanted);
    bool at(Kind kind) { return lexer_.peek().kind == kind; }
    bool at_word(std::string_view word) { return at(Kind::word) && lexer_.peek().text == word; }
    bool take_if(Kind kind);
    bool take_word(std::string_view word);
    void expect(Kind kind, std::string_view wanted);
    void expect_word(std::string_view word);

    ExprPtr make(std::size_t offset, Evaluate evaluate);
    void close(Expr& expr, std::size_t begin);
    ExprPtr pair(std::size_t begin, Evaluate evaluate, ExprPtr left, ExprPtr right);

    std::string_view text_;
    Lexer lexer_;
    const ParseContext& context_;
    std::size_t last_end_ = 0;
    int depth_ = 0;
};

}  // namespace headgate::mapping
