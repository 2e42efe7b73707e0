#include <algorithm>

#include "mapping/parser_inside.hpp"

namespace headgate::mapping {

namespace {

bool is_keyword(std::string_view word)
{
    for (const std::string_view keyword :
         {"if", "then", "elif", "else", "and", "or", "not", "in", "true", "false", "null"})
        if (word == keyword)
            return true;
    return false;
}

}  // namespace

ExprPtr Parser::whole(bool until_brace, std::size_t& end)
{
    auto expr = expression();
    const Token last = lexer_.take();
    if (until_brace ? last.kind != Kind::close_brace : last.kind != Kind::end)
        unexpected(last, until_brace ? "`}`" : "the end of the expression");
    end = last.end;
    return expr;
}

ExprPtr Parser::expression()
{
    const Deeper deeper(*this);
    const std::size_t begin = lexer_.peek().offset;
    auto expr = choice();
    while (take_if(Kind::pipe)) {
        if (!at(Kind::word) || is_keyword(lexer_.peek().text))
            throw SyntaxError{lexer_.peek().offset, "pipe_needs_function", "after a pipe only a function may stand",
                              "to go on computing, put the piped part in parentheses"};
        expr = call(begin, std::move(expr));
    }
    return expr;
}

ExprPtr Parser::choice()
{
    const std::size_t begin = lexer_.peek().offset;
    if (!take_word("if"))
        return disjunction();
    auto expr = make(begin, evaluate_choice);  // args: condition, value, condition, value, …, value
    do {
        expr->args.push_back(disjunction());
        expect_word("then");
        expr->args.push_back(expression());
    } while (take_word("elif"));
    expect_word("else");
    expr->args.push_back(expression());
    close(*expr, begin);
    return expr;
}

ExprPtr Parser::disjunction()
{
    const std::size_t begin = lexer_.peek().offset;
    auto left = conjunction();
    while (take_word("or")) {
        auto right = conjunction();
        left = pair(begin, evaluate_or, std::move(left), std::move(right));
    }
    return left;
}

ExprPtr Parser::conjunction()
{
    const std::size_t begin = lexer_.peek().offset;
    auto left = negation();
    while (take_word("and")) {
        auto right = negation();
        left = pair(begin, evaluate_and, std::move(left), std::move(right));
    }
    return left;
}

ExprPtr Parser::negation()
{
    const std::size_t begin = lexer_.peek().offset;
    if (!take_word("not"))
        return comparison();
    const Deeper deeper(*this);
    auto expr = make(begin, evaluate_not);
    expr->args.push_back(negation());
    close(*expr, begin);
    return expr;
}

std::optional<Comparison> Parser::comparison_here()
{
    switch (lexer_.peek().kind) {
    case Kind::equal: return Comparison::equal;
    case Kind::not_equal: return Comparison::not_equal;
    case Kind::less: return Comparison::less;
    case Kind::less_equal: return Comparison::less_equal;
    case Kind::greater: return Comparison::greater;
    case Kind::greater_equal: return Comparison::greater_equal;
    case Kind::word:
        if (lexer_.peek().text == "in")
            return Comparison::in;
        return std::nullopt;
    default: return std::nullopt;
    }
}

ExprPtr Parser::comparison()
{
    const std::size_t begin = lexer_.peek().offset;
    auto left = coalescence();
    const auto how = comparison_here();
    if (!how)
        return left;
    lexer_.take();
    auto right = coalescence();
    auto expr = pair(begin, evaluate_comparison, std::move(left), std::move(right));
    expr->comparison = *how;
    if (comparison_here())
        throw SyntaxError{lexer_.peek().offset, "no_chain", "comparisons do not chain", "write `a < b and b < c`"};
    return expr;
}

ExprPtr Parser::coalescence()
{
    const std::size_t begin = lexer_.peek().offset;
    auto left = sum();
    while (take_if(Kind::coalesce)) {
        auto right = sum();
        left = pair(begin, evaluate_coalesce, std::move(left), std::move(right));
    }
    return left;
}

ExprPtr Parser::sum()
{
    const std::size_t begin = lexer_.peek().offset;
    auto left = product();
    while (at(Kind::plus) || at(Kind::minus)) {
        const bool adds = lexer_.take().kind == Kind::plus;
        auto right = product();
        left = pair(begin, adds ? evaluate_add : evaluate_subtract, std::move(left), std::move(right));
    }
    return left;
}

ExprPtr Parser::product()
{
    const std::size_t begin = lexer_.peek().offset;
    auto left = unary();
    while (take_if(Kind::star)) {
        auto right = unary();
        left = pair(begin, evaluate_multiply, std::move(left), std::move(right));
    }
    return left;
}

ExprPtr Parser::unary()
{
    const std::size_t begin = lexer_.peek().offset;
    if (!take_if(Kind::minus))
        return primary();
    const Deeper deeper(*this);
    auto expr = make(begin, evaluate_negate);
    expr->args.push_back(unary());
    close(*expr, begin);
    return expr;
}

ExprPtr Parser::primary()
{
    const Token& token = lexer_.peek();
    const std::size_t begin = token.offset;
    switch (token.kind) {
    case Kind::dot:
    case Kind::dots:
    case Kind::dollar: return path(begin);
    case Kind::open_paren: {
        take_if(Kind::open_paren);
        auto inner = expression();
        expect(Kind::close_paren, "`)`");
        return stepped(begin, std::move(inner));
    }
    case Kind::open_bracket: {
        take_if(Kind::open_bracket);
        auto list = make(begin, evaluate_list);
        if (!at(Kind::close_bracket)) {
            do
                list->args.push_back(expression());
            while (take_if(Kind::comma));
        }
        expect(Kind::close_bracket, "`]`");
        close(*list, begin);
        return stepped(begin, std::move(list));
    }
    case Kind::string: return stepped(begin, literal(text_value(context_.program.keep(lexer_.take().text)), begin));
    case Kind::number: {
        Value number;
        number.kind = mapping::Kind::number;
        number.text = context_.program.keep(token.text);
        if (const auto parsed = Decimal::parse(number.text); !parsed)
            throw SyntaxError{begin, "number_overflow", "this number has more than 38 digits", ""};
        lexer_.take();
        return stepped(begin, literal(number, begin));
    }
    case Kind::word: {
        if (token.text == "true" || token.text == "false") {
            const bool truth = lexer_.take().text == "true";
            return stepped(begin, literal(boolean_value(truth), begin));
        }
        if (take_word("null"))
            return stepped(begin, literal(Value{}, begin));
        if (is_keyword(token.text))
            unexpected(token, "a value");
        return stepped(begin, call(begin, nullptr));
    }
    default: unexpected(token, "a value");
    }
}

ExprPtr Parser::literal(const Value& value, std::size_t begin)
{
    auto expr = make(begin, evaluate_literal);
    expr->literal = value;
    last_end_ = lexer_.offset();
    close(*expr, begin);
    return expr;
}

void Parser::unexpected(const Token& token, std::string_view wanted)
{
    std::string hint;
    if (token.kind == Kind::dot || token.kind == Kind::open_bracket)
        hint = "put what stands before in parentheses to go on from it: (…).name";
    else if (token.kind == Kind::word &&
             (token.text == "AND" || token.text == "OR" || token.text == "NOT" || token.text == "IF"))
        hint = "keywords are written in lower case";
    else if (token.kind >= Kind::plus && token.kind <= Kind::greater_equal)
        hint = "after a pipe only a function may stand: put the piped part in parentheses";
    throw SyntaxError{token.offset, "syntax", "expected " + std::string(wanted) + " here", hint};
}

bool Parser::take_if(Kind kind)
{
    if (!at(kind))
        return false;
    last_end_ = lexer_.take().end;
    return true;
}

bool Parser::take_word(std::string_view word)
{
    return at_word(word) && take_if(Kind::word);
}

void Parser::expect(Kind kind, std::string_view wanted)
{
    if (!take_if(kind))
        unexpected(lexer_.peek(), wanted);
}

void Parser::expect_word(std::string_view word)
{
    if (!take_word(word))
        unexpected(lexer_.peek(), "`" + std::string(word) + "`");
}

ExprPtr Parser::make(std::size_t offset, Evaluate evaluate)
{
    auto expr = std::make_unique<Expr>();
    expr->evaluate = evaluate;
    expr->site = site_of(context_, offset);
    return expr;
}

/// A chain of operators or pipes is as deep as it is long: what evaluates it calls itself for each.
void Parser::close(Expr& expr, std::size_t begin)
{
    constexpr int deepest = 256;
    for (const ExprPtr& arg : expr.args)
        expr.depth = std::max(expr.depth, arg->depth + 1);
    for (const Step& step : expr.steps)
        if (step.condition)
            expr.depth = std::max(expr.depth, step.condition->depth + 1);
    if (expr.depth > deepest)
        throw SyntaxError{begin, "limit_depth", "the expression is a chain of more than 256 parts",
                          "name some with `let`"};
    expr.source = text_.substr(begin, last_end_ - begin);
}

ExprPtr Parser::pair(std::size_t begin, Evaluate evaluate, ExprPtr left, ExprPtr right)
{
    auto expr = make(begin, evaluate);
    expr->args.push_back(std::move(left));
    expr->args.push_back(std::move(right));
    close(*expr, begin);
    return expr;
}

ExprPtr parse_expression(std::string_view text, std::size_t from, bool until_brace, std::size_t& end,
                         const ParseContext& context)
{
    return Parser(text, from, context).whole(until_brace, end);
}

}  // namespace headgate::mapping
