#include <algorithm>
#include <charconv>

#include "core/suggest.hpp"
#include "mapping/parser_inside.hpp"

namespace headgate::mapping {

namespace {

std::string lower_case(std::string_view name)
{
    std::string lower(name);
    for (char& letter : lower)
        if (letter >= 'A' && letter <= 'Z')
            letter = static_cast<char>(letter + 32);
    return lower;
}

/// What to write where brackets hold a name, as they would in other languages: `.a["b"]`.
std::string as_member(std::string_view name)
{
    const bool plain = !name.empty() && (name[0] < '0' || name[0] > '9') && std::ranges::all_of(name, [](char letter) {
        return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
               (letter >= '0' && letter <= '9') || letter == '_';
    });
    return plain ? "." + std::string(name) : ".\"" + std::string(name) + "\"";
}

}  // namespace

ExprPtr Parser::path(std::size_t begin)
{
    auto expr = make(begin, evaluate_path);
    expr->is_path = true;
    const Token first = lexer_.take();
    last_end_ = first.end;
    if (first.kind == Kind::dollar) {
        root(*expr, begin);
    } else if (first.kind == Kind::dots) {
        add_name(*expr, Step::Kind::descend);
    } else if (lexer_.at_name()) {
        add_name(*expr, Step::Kind::name);
    }
    steps(*expr);
    if (expr->root == Root::headers && !expr->steps.empty() && expr->steps.front().kind == Step::Kind::name)
        expr->steps.front().name = context_.program.keep(lower_case(expr->steps.front().name));
    close(*expr, begin);
    return expr;
}

void Parser::root(Expr& expr, std::size_t begin)
{
    if (!lexer_.at_name())
        throw SyntaxError{begin, "syntax", "a name is missing behind `$`",
                          "$doc, $headers, $event, $channel, $index, or a name of `let`"};
    const std::string name = lexer_.take_name();
    last_end_ = lexer_.offset();
    expr.slot = context_.names.find(name);
    if (expr.slot >= 0)
        expr.root = Root::slot;
    else if (name == "doc")
        expr.root = Root::document;
    else if (name == "headers")
        expr.root = Root::headers;
    else if (name == "event")
        expr.root = Root::event;
    else if (name == "channel")
        expr.root = Root::channel;
    else if (name == "index" && context_.names.in_each)
        expr.root = Root::index;
    else if (name == "index")
        throw SyntaxError{begin, "unknown_name", "`$index` counts the items of an `each`, and here is none", ""};
    else if (name == "answer" && context_.request)
        throw SyntaxError{begin, "unknown_name", "`$answer` is not there yet: this is read before anything is answered",
                          "ask for it in `found`, `success_when` or `capture`"};
    else if (name == "delivery" || name == "system" || name == "steps" || name == "answer")
        throw SyntaxError{begin, "requests_only", "`$" + name + "` is there in requests only", ""};
    else
        throw SyntaxError{begin, "unknown_name", "`$" + name + "` is bound nowhere around here", suggest_name(name)};
}

std::string Parser::suggest_name(const std::string& name) const
{
    std::vector<std::string> candidates{"$doc", "$headers", "$event", "$channel"};
    for (const auto& [bound, slot] : context_.names.bound)
        candidates.push_back("$" + bound);
    return did_you_mean("$" + name, std::vector<std::string_view>(candidates.begin(), candidates.end()));
}

ExprPtr Parser::stepped(std::size_t begin, ExprPtr inner)
{
    if (!at_step())
        return inner;
    auto expr = make(begin, evaluate_path);
    expr->root = Root::primary;
    expr->args.push_back(std::move(inner));
    steps(*expr);
    close(*expr, begin);
    return expr;
}

bool Parser::at_step()
{
    const Token& token = lexer_.peek();
    return !token.spaced && (token.kind == Kind::dot || token.kind == Kind::dots || token.kind == Kind::open_bracket);
}

void Parser::add_name(Expr& expr, Step::Kind kind)
{
    Step step;
    step.kind = kind;
    step.name = context_.program.keep(lexer_.take_name());
    last_end_ = lexer_.offset();
    expr.steps.push_back(std::move(step));
}

void Parser::steps(Expr& expr)
{
    while (at_step()) {
        if (expr.steps.size() >= static_cast<std::size_t>(limits::depth))
            throw SyntaxError{lexer_.offset(), "limit_depth", "the path has more than 64 steps", ""};
        const Token token = lexer_.take();
        last_end_ = token.end;
        if (token.kind == Kind::dot) {
            add_name(expr, Step::Kind::name);
        } else if (token.kind == Kind::dots) {
            add_name(expr, Step::Kind::descend);
        } else {
            bracket(expr);
            expect(Kind::close_bracket, "`]`");
        }
    }
}

void Parser::bracket(Expr& expr)
{
    Step step;
    if (at(Kind::close_bracket)) {
        step.kind = Step::Kind::every;
    } else {
        const std::size_t begin = lexer_.peek().offset;
        auto inner = expression();
        const Expr* digits = inner.get();
        const bool from_end = digits->evaluate == evaluate_negate;
        if (from_end)
            digits = digits->args[0].get();
        if (digits->evaluate == evaluate_literal && digits->literal.kind == mapping::Kind::number) {
            step.kind = Step::Kind::place;
            const auto digits_text = digits->literal.text;
            const auto read = std::from_chars(digits_text.data(), digits_text.data() + digits_text.size(), step.place);
            if (read.ec != std::errc{} || read.ptr != digits_text.data() + digits_text.size())
                throw SyntaxError{begin, "syntax", "a place is a whole number", ""};
            if (from_end)
                step.place = -step.place;
        } else if (inner->evaluate == evaluate_literal) {
            const bool name = inner->literal.kind == mapping::Kind::text;
            throw SyntaxError{
                begin, "syntax", "in brackets stands a place or a condition, and this is a constant",
                name ? "a member is `" + as_member(inner->literal.text) + "`" : "`[0]`, or `[.name == value]`"};
        } else {
            step.kind = Step::Kind::condition;
            step.condition = std::move(inner);
        }
    }
    expr.steps.push_back(std::move(step));
}

}  // namespace headgate::mapping
