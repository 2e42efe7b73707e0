#include "mapping/compile_values.hpp"

#include <algorithm>
#include <array>

#include "mapping/functions.hpp"
#include "mapping/shapes.hpp"

namespace headgate::mapping {

namespace {

bool is_json_number(std::string_view text)
{
    const auto mark = text.find_first_of("eE");
    std::string_view base = text.substr(0, mark);
    if (!Decimal::has_shape(base))
        return false;
    if (base.starts_with('-'))
        base.remove_prefix(1);
    if (base.size() > 1 && base[0] == '0' && base[1] != '.')
        return false;
    if (mark == std::string_view::npos)
        return true;
    std::string_view power = text.substr(mark + 1);
    if (power.starts_with('-') || power.starts_with('+'))
        power.remove_prefix(1);
    return !power.empty() && power.find_first_not_of("0123456789") == std::string_view::npos;
}

/// What other YAML tools read as something else than the text it looks like.
bool is_misread(std::string_view text)
{
    static constexpr std::array<std::string_view, 6> names{"on", "off", "yes", "no", "y", "n"};
    if (std::ranges::find(names, text) != names.end())
        return true;
    if (text.starts_with('-') || text.starts_with('+'))
        text.remove_prefix(1);
    if (text.empty() || text[0] < '0' || text[0] > '9')
        return false;
    if (text.starts_with("0x") || text.starts_with("0X") || text.starts_with("0o") || text.starts_with("0b"))
        return text.find_first_not_of("0123456789abcdefABCDEF_", 2) == std::string_view::npos;
    return text.find_first_not_of("0123456789_") == std::string_view::npos;
}

bool is_word_letter(char letter)
{
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || (letter >= '0' && letter <= '9') ||
           letter == '_' || static_cast<unsigned char>(letter) >= 0x80;
}

/// Whether a function of the language is piped into or called in a text. `date(s)` calls nothing.
bool calls_function(std::string_view text)
{
    for (std::size_t at = 0; at < text.size();) {
        if (!is_word_letter(text[at])) {
            ++at;
            continue;
        }
        const std::size_t begin = at;
        while (at < text.size() && is_word_letter(text[at]))
            ++at;
        if (find_function(text.substr(begin, at - begin)) == nullptr)
            continue;
        const auto before = begin == 0 ? std::string_view::npos : text.find_last_not_of(" \t\n", begin - 1);
        const bool piped = before != std::string_view::npos && text[before] == '|';
        if (piped && (at == text.size() || std::string_view(" \t\n(|").find(text[at]) != std::string_view::npos))
            return true;
        if (at + 1 < text.size() && text[at] == '(' &&
            std::string_view(".$\"'([)0123456789").find(text[at + 1]) != std::string_view::npos)
            return true;
    }
    return false;
}

bool reads_as_expression(std::string_view text)
{
    for (const std::string_view begin : {"(.", "($", "if .", "if $", "not .", "not $"})
        if (text.starts_with(begin))
            return true;
    return calls_function(text);
}

/// What to write instead of a literal that does not fit its field.
std::string hint_for(const Block& leaf)
{
    if (leaf.literal.kind != Kind::text)
        return {};
    if (reads_as_expression(leaf.literal.text))
        return "begin it with `=`: as it stands it is a text";
    return leaf.shape->kind == Shape::Kind::text ? "" : "an expression begins with `.`, `$` or `=`; this is a text";
}

}  // namespace

ScalarText ValueCompiler::scalar_of(const YAML::Node& node)
{
    ScalarText scalar;
    scalar.text = program_.keep(node.Scalar());
    scalar.quoted = node.Tag() == "!";
    const Site at = site(node);
    scalar.file = at.file;
    scalar.line = at.line;
    const auto column = file_->text_column(node);
    scalar.exact_columns = column.has_value();
    scalar.column = column ? *column + 1 : at.column;
    return scalar;
}

ExprPtr ValueCompiler::expression(const ScalarText& scalar, std::size_t from, const Names& names)
{
    std::size_t end = 0;
    const ParseContext context{program_,      names,   scalar.file, scalar.line, scalar.column, scalar.exact_columns,
                               vocabularies_, request_};
    try {
        return parse_expression(scalar.text, from, false, end, context);
    } catch (const SyntaxError& error) {
        const Site site = site_of(context, error.offset);
        problems_.push_back({*scalar.file, site.line, site.column, error.code, error.message, error.hint});
        return nullptr;
    }
}

Block ValueCompiler::inserted(const ScalarText& scalar, const Names& names)
{
    Block block;
    const ParseContext context{program_,      names,   scalar.file, scalar.line, scalar.column, scalar.exact_columns,
                               vocabularies_, request_};
    block.kind = Block::Kind::inserted_text;
    block.site = site_of(context, 0);
    std::string before;
    const std::string_view text = scalar.text;
    for (std::size_t i = 0; i < text.size();) {
        if (text[i] != '{') {
            before += text[i++];
        } else if (text.substr(i).starts_with("{{")) {
            before += '{';
            i += 2;
        } else {
            std::size_t end = 0;
            try {
                Block::Segment segment;
                segment.insertion = parse_expression(text, i + 1, true, end, context);
                segment.text = program_.keep(before);
                block.segments.push_back(std::move(segment));
            } catch (const SyntaxError& error) {
                const Site site = site_of(context, error.offset);
                problems_.push_back(
                    {*scalar.file, site.line, site.column, error.code, error.message,
                     error.hint.empty() ? "`{…}` inserts an expression; a brace itself is written `{{`" : error.hint});
                return block;
            }
            before.clear();
            i = end;
        }
    }
    if (block.segments.empty()) {
        block.kind = Block::Kind::literal;
        if (!is_blank(before))
            block.literal = text_value(program_.keep(before));
        return block;
    }
    block.segments.push_back({program_.keep(before), nullptr});
    return block;
}

/// An expression that was not begun with `=` is a text, and quietly so.
void ValueCompiler::note_expression(const ScalarText& scalar, const Block& block)
{
    if (notes_ == nullptr)
        return;
    const auto note = [&](const char* hint) {
        notes_->push_back({*scalar.file, scalar.line, scalar.column, "looks_like_expression",
                           "this is a text, and it reads like an expression", hint});
    };
    if (block.kind == Block::Kind::literal && reads_as_expression(scalar.text))
        note("begin it with `=`");
    else if (block.kind == Block::Kind::inserted_text &&
             std::ranges::any_of(block.segments, [](const auto& segment) { return calls_function(segment.text); }))
        note("what is to be computed stands inside the braces; or begin all of it with `=`");
}

Block ValueCompiler::scalar(const ScalarText& scalar, const Names& names)
{
    Block block;
    block.site = {scalar.file, scalar.line, scalar.column};
    const std::string_view text = scalar.text;
    const auto refuse = [&](std::string code, std::string message, std::string hint) {
        problems_.push_back(
            {*scalar.file, scalar.line, scalar.column, std::move(code), std::move(message), std::move(hint)});
    };
    if (text.starts_with('.') || text.starts_with('$') || text.starts_with('=')) {
        block.expression = expression(scalar, text.starts_with('=') ? 1 : 0, names);
        block.kind = block.expression ? Block::Kind::expression : Block::Kind::literal;
        return block;
    }
    if (text == "true" || text == "false") {
        block.literal = boolean_value(text == "true");
    } else if (text == "null") {
        block.literal = Value{};
    } else if (!scalar.quoted && is_json_number(text)) {
        block.literal.kind = Kind::number;
        block.literal.text = text;
        if (!Decimal::parse_json(text))
            refuse("number_overflow", "this number has more than 38 digits", "");
    } else if (!scalar.quoted && is_misread(text)) {
        refuse("misread_scalar", "`" + std::string(text) + "` is read differently by other YAML tools",
               "put it in quotes: it is a text then");
    } else {
        Block text_block = inserted(scalar, names);
        note_expression(scalar, text_block);
        return text_block;
    }
    return block;
}

void ValueCompiler::check_literal(const YAML::Node& node, const Block& leaf)
{
    if (leaf.kind != Block::Kind::literal || leaf.shape == nullptr || leaf.literal.is_null())
        return;
    const Document nothing;
    const MappingContext context{.document = nothing};
    std::pmr::monotonic_buffer_resource arena;
    Run run(context, nullptr, 0, arena);
    if (!check_shape(run, leaf.site, *leaf.shape, leaf.literal, {}))
        problem(node, run.failure.code, "this value " + run.failure.detail, hint_for(leaf));
}

}  // namespace headgate::mapping
