#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "core/currency.hpp"
#include "core/suggest.hpp"
#include "mapping/functions.hpp"
#include "mapping/parser_inside.hpp"

namespace headgate::mapping {

namespace {

std::string arguments_message(const Function& function, int count)
{
    std::string message = "`" + std::string(function.name) + "` takes " + std::to_string(function.least);
    if (function.most != function.least)
        message += function.most > 100 ? " or more" : " to " + std::to_string(function.most);
    message += function.least == 1 && function.most == 1 ? " argument" : " arguments";
    message += " beside the value it is piped";
    if (count < 0)
        return message + ", and nothing is piped into it";
    return message + "; here are " + std::to_string(count);
}

/// What others call a function of ours, or do without one.
std::string other_word(std::string_view word)
{
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 32> words{{
        {"len", "count"},           {"length", "count"},  {"size", "count"},         {"strip", "trim"},
        {"int", "integer"},         {"toint", "integer"}, {"format", "format_time"}, {"strftime", "format_time"},
        {"concatenate", "join"},    {"implode", "join"},  {"explode", "split"},      {"str", "string"},
        {"tostring", "string"},     {"float", "number"},  {"tonumber", "number"},    {"lowercase", "lower"},
        {"downcase", "lower"},      {"tolower", "lower"}, {"tolowercase", "lower"},  {"uppercase", "upper"},
        {"upcase", "upper"},        {"toupper", "upper"}, {"touppercase", "upper"},  {"filter", "where"},
        {"select", "where"},        {"each", "map"},      {"substr", "substring"},   {"distinct", "unique"},
        {"parsedate", "timestamp"}, {"todate", "date"},   {"append", "concat"},      {"htmldecode", "text"},
    }};
    std::string plain;
    for (const char letter : word)
        if (letter != '_')
            plain += static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
    const auto* known = std::ranges::find(words, plain, &std::pair<std::string_view, std::string_view>::first);
    if (known != words.end())
        return "it is called `" + std::string(known->second) + "` here";
    if (word == "coalesce" || word == "ifnull" || word == "nvl")
        return "write `.a // .b`";
    if (word == "capitalize" || word == "title" || word == "titlecase")
        return "there is none; of a text's case there are `lower`, `upper` and `fold`";
    return {};
}

}  // namespace

ExprPtr Parser::call(std::size_t begin, ExprPtr piped)
{
    const Token name = lexer_.take();
    last_end_ = name.end;
    auto expr = make(name.offset, evaluate_call);
    const bool is_piped = piped != nullptr;
    if (is_piped)
        expr->args.push_back(std::move(piped));
    if (take_if(Kind::open_paren)) {
        if (!at(Kind::close_paren)) {
            do
                expr->args.push_back(expression());
            while (take_if(Kind::comma));
        }
        expect(Kind::close_paren, "`)`");
    }
    expr->function = &function_of(name, is_piped);
    check_count(*expr, name);
    if (expr->function->check != nullptr)
        if (const std::string wrong = expr->function->check(*expr); !wrong.empty())
            throw SyntaxError{name.offset, "wrong_arguments", wrong, ""};
    check_table(*expr, name);
    check_currency(*expr, name);
    close(*expr, begin);
    return expr;
}

const Function& Parser::function_of(const Token& name, bool is_piped) const
{
    const Function* function = find_function(name.text);
    if (function == nullptr) {
        std::string hint = is_piped ? "" : hyphenated(name);
        if (hint.empty())
            hint = other_word(name.text);
        if (hint.empty())
            hint = did_you_mean(name.text, function_names());
        if (hint.empty() && !is_piped)
            hint = "a member of the document starts with a dot: ." + name.text;
        throw SyntaxError{name.offset, "unknown_function", "there is no function `" + name.text + "`", hint};
    }
    if (function->requests_only && !context_.request)
        throw SyntaxError{name.offset, "requests_only",
                          "`" + name.text + "` reads what changes with every delivery, and only requests may",
                          "look it up where the transaction is sent"};
    return *function;
}

/// `.buyer-note` subtracts; the member has another name. Empty when the word does not stand so.
std::string Parser::hyphenated(const Token& name) const
{
    const auto is_letter = [](char letter) {
        return std::isalnum(static_cast<unsigned char>(letter)) != 0 || letter == '_';
    };
    if (name.offset < 2 || text_[name.offset - 1] != '-' || !is_letter(text_[name.offset - 2]))
        return {};
    std::size_t begin = name.offset - 1;
    while (begin > 0 && (is_letter(text_[begin - 1]) || text_[begin - 1] == '-'))
        --begin;
    std::size_t end = name.end;
    while (end < text_.size() && (is_letter(text_[end]) || text_[end] == '-'))
        ++end;
    if (begin == 0 || text_[begin - 1] != '.')
        return {};
    return "a member whose name has a `-` goes in quotes: .\"" + std::string(text_.substr(begin, end - begin)) + "\"";
}

void Parser::check_count(const Expr& call, const Token& name) const
{
    const auto count = static_cast<int>(call.args.size()) - 1;
    if (count < call.function->least || count > call.function->most)
        throw SyntaxError{name.offset, "wrong_arguments", arguments_message(*call.function, count),
                          count < 0 ? hyphenated(name) : ""};
}

void Parser::check_currency(const Expr& call, const Token& name)
{
    const auto currency = call.function->of_currency ? literal_text(*call.args[1]) : std::nullopt;
    if (currency && !currency_decimals(*currency))
        throw SyntaxError{name.offset, "unknown_currency",
                          "`" + std::string(*currency) + "` is no currency of ISO 4217 that a document may carry",
                          "three capital letters: EUR"};
}

/// A vocabulary named by a literal must exist, be of the kind the function reads, and is resolved once.
void Parser::check_table(Expr& call, const Token& name)
{
    if (!call.function->reads || context_.vocabularies == nullptr)
        return;
    const bool converts = *call.function->reads == Vocabulary::Kind::factors;  // its table has one name
    const auto table = converts ? std::optional<std::string_view>("uom_conversion") : literal_text(*call.args[1]);
    if (!table)
        return;
    const Vocabulary* found = context_.vocabularies->find(*table);
    if (found == nullptr) {
        const std::string hint = did_you_mean(*table, context_.vocabularies->names(*call.function->reads));
        throw SyntaxError{name.offset, "unknown_vocabulary", "there is no vocabulary `" + std::string(*table) + "`",
                          hint.empty() ? "vocabularies stand in config/vocabularies/<name>.yaml" : hint};
    }
    if (found->kind != *call.function->reads)
        throw SyntaxError{name.offset, "wrong_arguments",
                          "`" + std::string(*table) + "` is no vocabulary that `" + name.text + "` reads",
                          "`lookup` reads `entries`, `classify` reads `rules`, `convert` reads `factors`"};
    if (!converts)
        call.table = found;
}

}  // namespace headgate::mapping
