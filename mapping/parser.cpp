#include "mapping/parser.hpp"

#include <charconv>

#include "mapping/functions.hpp"
#include "mapping/suggest.hpp"

namespace headgate::mapping {

int Names::find(std::string_view name) const
{
    for (auto at = bound.rbegin(); at != bound.rend(); ++at)
        if (at->first == name)
            return at->second;
    return -1;
}

Site site_of(const ParseContext& context, std::size_t offset)
{
    return {context.file, context.line, context.column + (context.exact_columns ? static_cast<int>(offset) : 0)};
}

namespace {

using Kind = Token::Kind;

bool is_keyword(std::string_view word)
{
    for (const std::string_view keyword :
         {"if", "then", "elif", "else", "and", "or", "not", "in", "true", "false", "null"})
        if (word == keyword)
            return true;
    return false;
}

/// Recursive descent, one function a rule of the grammar in docs/mapping.md.
class Parser {
public:
    Parser(std::string_view text, std::size_t from, const ParseContext& context)
        : text_(text),
          lexer_(text, from),
          context_(context)
    {}

    ExprPtr whole(bool until_brace, std::size_t& end)
    {
        auto expr = expression();
        const Token last = lexer_.take();
        if (until_brace ? last.kind != Kind::close_brace : last.kind != Kind::end)
            unexpected(last, until_brace ? "`}`" : "the end of the expression");
        end = last.end;
        return expr;
    }

private:
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

    [[noreturn]] static void unexpected(const Token& token, std::string_view wanted)
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

    bool at(Kind kind) { return lexer_.peek().kind == kind; }
    bool at_word(std::string_view word) { return at(Kind::word) && lexer_.peek().text == word; }
    bool take_if(Kind kind)
    {
        if (!at(kind))
            return false;
        last_end_ = lexer_.take().end;
        return true;
    }
    bool take_word(std::string_view word)
    {
        if (!at_word(word))
            return false;
        last_end_ = lexer_.take().end;
        return true;
    }
    void expect(Kind kind, std::string_view wanted)
    {
        if (!take_if(kind))
            unexpected(lexer_.peek(), wanted);
    }
    void expect_word(std::string_view word)
    {
        if (!take_word(word))
            unexpected(lexer_.peek(), "`" + std::string(word) + "`");
    }

    ExprPtr make(std::size_t offset, Evaluate evaluate)
    {
        auto expr = std::make_unique<Expr>();
        expr->evaluate = evaluate;
        expr->site = site_of(context_, offset);
        return expr;
    }
    void close(Expr& expr, std::size_t begin) { expr.source = text_.substr(begin, last_end_ - begin); }

    ExprPtr pair(std::size_t begin, Evaluate evaluate, ExprPtr left, ExprPtr right)
    {
        auto expr = make(begin, evaluate);
        expr->args.push_back(std::move(left));
        expr->args.push_back(std::move(right));
        close(*expr, begin);
        return expr;
    }

    ExprPtr expression()
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

    ExprPtr choice()
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

    ExprPtr disjunction()
    {
        const std::size_t begin = lexer_.peek().offset;
        auto left = conjunction();
        while (take_word("or")) {
            auto right = conjunction();
            left = pair(begin, evaluate_or, std::move(left), std::move(right));
        }
        return left;
    }

    ExprPtr conjunction()
    {
        const std::size_t begin = lexer_.peek().offset;
        auto left = negation();
        while (take_word("and")) {
            auto right = negation();
            left = pair(begin, evaluate_and, std::move(left), std::move(right));
        }
        return left;
    }

    ExprPtr negation()
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

    std::optional<Comparison> comparison_here()
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

    ExprPtr comparison()
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

    ExprPtr coalescence()
    {
        const std::size_t begin = lexer_.peek().offset;
        auto left = sum();
        while (take_if(Kind::coalesce)) {
            auto right = sum();
            left = pair(begin, evaluate_coalesce, std::move(left), std::move(right));
        }
        return left;
    }

    ExprPtr sum()
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

    ExprPtr product()
    {
        const std::size_t begin = lexer_.peek().offset;
        auto left = unary();
        while (take_if(Kind::star)) {
            auto right = unary();
            left = pair(begin, evaluate_multiply, std::move(left), std::move(right));
        }
        return left;
    }

    ExprPtr unary()
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

    ExprPtr primary()
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

    ExprPtr literal(const Value& value, std::size_t begin)
    {
        auto expr = make(begin, evaluate_literal);
        expr->literal = value;
        last_end_ = lexer_.offset();
        close(*expr, begin);
        return expr;
    }

    ExprPtr call(std::size_t begin, ExprPtr piped)
    {
        const Token name = lexer_.take();
        last_end_ = name.end;
        const Function* function = find_function(name.text);
        auto expr = make(name.offset, evaluate_call);
        const bool is_piped = piped != nullptr;
        if (is_piped)
            expr->args.push_back(std::move(piped));
        if (at(Kind::open_paren)) {
            take_if(Kind::open_paren);
            if (!at(Kind::close_paren)) {
                do
                    expr->args.push_back(expression());
                while (take_if(Kind::comma));
            }
            expect(Kind::close_paren, "`)`");
        }
        if (function == nullptr) {
            std::string hint = did_you_mean(name.text, function_names());
            if (hint.empty() && !is_piped)
                hint = "a member of the document starts with a dot: ." + name.text;
            throw SyntaxError{name.offset, "unknown_function", "there is no function `" + name.text + "`", hint};
        }
        if (function->apply == nullptr)
            throw SyntaxError{name.offset, "not_yet", "the function `" + name.text + "` is not built yet", ""};
        const auto count = static_cast<int>(expr->args.size()) - 1;
        // `fail("code")` alone is its own subject; piped into, the code is its argument.
        const bool own_rule = function->name == "fail" && (count == 0 || (is_piped && count == 1));
        if (!own_rule && (count < function->least || count > function->most))
            throw SyntaxError{name.offset, "wrong_arguments", arguments_message(*function, count), ""};
        expr->function = function;
        check_table(*expr, name);
        close(*expr, begin);
        return expr;
    }

    static std::string arguments_message(const Function& function, int count)
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

    /// A vocabulary named by a literal must exist, and is resolved once.
    void check_table(Expr& expr, const Token& name)
    {
        if ((name.text != "lookup" && name.text != "lookup_back") || context_.vocabularies == nullptr)
            return;
        const Expr& table = *expr.args[1];
        if (table.evaluate != evaluate_literal || table.literal.kind != mapping::Kind::text)
            return;
        const Vocabulary* found = context_.vocabularies->find(table.literal.text);
        if (found == nullptr)
            throw SyntaxError{name.offset, "unknown_vocabulary",
                              "there is no vocabulary `" + std::string(table.literal.text) + "`",
                              "vocabularies stand in config/vocabularies/<name>.yaml"};
        expr.table = found;
    }

    ExprPtr path(std::size_t begin)
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

    static std::string lower_case(std::string_view name)
    {
        std::string lower(name);
        for (char& letter : lower)
            if (letter >= 'A' && letter <= 'Z')
                letter = static_cast<char>(letter + 32);
        return lower;
    }

    void root(Expr& expr, std::size_t begin)
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
        else if (name == "delivery" || name == "system" || name == "steps" || name == "answer")
            throw SyntaxError{begin, "not_yet", "`$" + name + "` is for requests, which are not built yet", ""};
        else
            throw SyntaxError{begin, "unknown_name", "`$" + name + "` is bound nowhere around here",
                              suggest_name(name)};
    }

    std::string suggest_name(const std::string& name) const
    {
        std::vector<std::string> candidates{"$doc", "$headers", "$event", "$channel"};
        for (const auto& [bound, slot] : context_.names.bound)
            candidates.push_back("$" + bound);
        return did_you_mean("$" + name, std::vector<std::string_view>(candidates.begin(), candidates.end()));
    }

    ExprPtr stepped(std::size_t begin, ExprPtr inner)
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

    bool at_step()
    {
        const Token& token = lexer_.peek();
        return !token.spaced &&
               (token.kind == Kind::dot || token.kind == Kind::dots || token.kind == Kind::open_bracket);
    }

    void add_name(Expr& expr, Step::Kind kind)
    {
        Step step;
        step.kind = kind;
        step.name = context_.program.keep(lexer_.take_name());
        last_end_ = lexer_.offset();
        expr.steps.push_back(std::move(step));
    }

    void steps(Expr& expr)
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

    void bracket(Expr& expr)
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
                const auto read =
                    std::from_chars(digits_text.data(), digits_text.data() + digits_text.size(), step.place);
                if (read.ec != std::errc{} || read.ptr != digits_text.data() + digits_text.size())
                    throw SyntaxError{begin, "syntax", "a place is a whole number", ""};
                if (from_end)
                    step.place = -step.place;
            } else {
                step.kind = Step::Kind::condition;
                step.condition = std::move(inner);
            }
        }
        expr.steps.push_back(std::move(step));
    }

    std::string_view text_;
    Lexer lexer_;
    const ParseContext& context_;
    std::size_t last_end_ = 0;
    int depth_ = 0;
};

}  // namespace

ExprPtr parse_expression(std::string_view text, std::size_t from, bool until_brace, std::size_t& end,
                         const ParseContext& context)
{
    return Parser(text, from, context).whole(until_brace, end);
}

}  // namespace headgate::mapping
