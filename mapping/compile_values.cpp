#include "mapping/compile_values.hpp"

#include <algorithm>
#include <array>

#include "core/suggest.hpp"
#include "mapping/functions.hpp"
#include "mapping/run.hpp"

namespace headgate::mapping {

namespace {

constexpr std::array<std::string_view, 5> openers{"each", "match", "use", "when", "let"};
constexpr std::array<std::string_view, 9> reserved{"doc",      "headers", "event", "channel", "index",
                                                   "delivery", "system",  "steps", "answer"};

bool has(const YAML::Node& node, const char* key)
{
    return static_cast<bool>(node[key]);
}

/// How deep a value nests, expressions and blocks together; names it uses are values of their own.
int depth_of(const Block& block)  // NOLINT(misc-no-recursion)
{
    int deepest = 0;
    const auto expression = [&](const ExprPtr& inside) {
        if (inside)
            deepest = std::max(deepest, inside->depth);
    };
    const auto inner = [&](const Block& inside) { deepest = std::max(deepest, depth_of(inside)); };
    expression(block.expression);
    expression(block.each);
    expression(block.when);
    expression(block.of);
    for (const Block::Segment& segment : block.segments)
        expression(segment.insertion);
    for (const Block& item : block.items)
        inner(item);
    for (const Block::Field& field : block.fields)
        inner(field.value);
    if (block.otherwise)
        inner(*block.otherwise);
    if (block.body)
        inner(*block.body);
    return deepest + 1;
}

/// Null when anything goes.
const Shape* known(const Shape* shape)
{
    return shape == nullptr || shape->kind == Shape::Kind::any ? nullptr : shape;
}

}  // namespace

ValueCompiler::ValueCompiler(Program& program, std::deque<std::string>& files, const Vocabularies* vocabularies,
                             const FragmentLoader* fragments, Problems& problems)
    : program_(program),
      files_(files),
      vocabularies_(vocabularies),
      fragments_(fragments),
      problems_(problems)
{
    names_.push_back(&files_.emplace_back());
}

void ValueCompiler::enter(const YamlFile& file)
{
    file_ = &file;
    names_.clear();
    for (std::string& path : file.paths())
        names_.push_back(&files_.emplace_back(std::move(path)));
}

Site ValueCompiler::site(const YAML::Node& node) const
{
    const YamlFile::Place at = file_->place(node);
    return {names_[at.part], at.line, at.column};
}

void ValueCompiler::problem(const YAML::Node& node, std::string code, std::string message, std::string hint)
{
    problems_.push_back(file_->problem(node, std::move(code), std::move(message), std::move(hint)));
}

void ValueCompiler::know(const YAML::Node& node, const std::vector<std::string_view>& keys, std::string_view what)
{
    for (const auto& entry : node)
        if (std::ranges::find(keys, entry.first.Scalar()) == keys.end())
            problem(entry.first, "unknown_key", std::string(what) + " has no `" + entry.first.Scalar() + "`",
                    did_you_mean(entry.first.Scalar(), keys));
}

ExprPtr ValueCompiler::bare(const YAML::Node& node, const Names& names)
{
    if (!node.IsScalar()) {
        problem(node, "wrong_value", "an expression is asked here");
        return nullptr;
    }
    const ScalarText text = scalar_of(node);
    if (text.text.starts_with('='))
        problem(node, "syntax", "an expression stands here as it is", "leave the `=` out");
    return expression(text, text.text.starts_with('=') ? 1 : 0, names);
}

int ValueCompiler::bind(const YAML::Node& node, const std::string& name, Names& names)
{
    if (std::ranges::find(reserved, name) != reserved.end())
        problem(node, "reserved_name", "`$" + name + "` is a name of the language");
    else if (names.find(name) >= 0)
        problem(node, "bound_twice", "`$" + name + "` is bound already around here", "a name is bound once");
    const int slot = program_.slots++;
    names.bound.emplace_back(name, slot);
    return slot;
}

int ValueCompiler::item_name(const YAML::Node& block, Names& names)
{
    const YAML::Node node = block["as"];
    if (!node)
        return -1;
    if (!block["each"]) {
        problem(node, "wrong_value", "`as` names the item of an `each`, and here is none");
        return -1;
    }
    if (!node.IsScalar() || node.Scalar().empty()) {
        problem(node, "wrong_value", "`as` is a name for the item", "as: line");
        return -1;
    }
    return bind(node, node.Scalar(), names);
}

std::vector<Block::Let> ValueCompiler::lets(const YAML::Node& node, Names& names)
{
    std::vector<Block::Let> lets;
    if (!node.IsMap()) {
        problem(node, "wrong_value", "names and their values are asked here: {x: .value}");
        return lets;
    }
    for (const auto& entry : node) {
        auto bound = std::make_unique<Block>(value(entry.second, nullptr, names));
        bound->depth = depth_of(*bound);
        lets.push_back({bind(entry.first, entry.first.Scalar(), names), std::move(bound)});
    }
    return lets;
}

Block ValueCompiler::value(const YAML::Node& node, const Shape* shape, const Names& names)  // NOLINT(misc-no-recursion)
{
    shape = known(shape);
    if (++depth_ > 64) {
        problem(node, "limit_depth", "values are nested more than 64 deep");
        --depth_;
        return {};
    }
    Block made;
    if (node.IsMap()) {
        const bool is_block = std::ranges::any_of(openers, [&](std::string_view key) { return has(node, key.data()); });
        made = is_block ? block(node, shape, names) : object(node, shape, names, true);
    } else if (node.IsSequence()) {
        made = list(node, shape, names);
    } else if (node.IsScalar()) {
        made = scalar(scalar_of(node), names);
        made.shape = shape;
        check_literal(node, made);
        if (made.kind == Block::Kind::expression && shape != nullptr && !shape->words.empty())
            note_codes(*made.expression, *shape);
    } else {
        made.site = site(node);
    }
    --depth_;
    return made;
}

/// What the expression gives is a word of these tables, or something that no table has.
void ValueCompiler::note_codes(const Expr& gives, const Shape& shape)  // NOLINT(misc-no-recursion)
{
    if (gives.function != nullptr) {
        if (gives.table != nullptr && gives.function->name == "lookup")
            program_.codes.push_back({gives.table, &shape, gives.args.size() < 3});  // the subject, the table
        else if (gives.function->name == "required" || gives.function->name == "default")
            note_codes(*gives.args.front(), shape);
    } else if (gives.evaluate == evaluate_coalesce) {
        for (const ExprPtr& side : gives.args)
            note_codes(*side, shape);
    } else if (gives.evaluate == evaluate_choice) {
        for (std::size_t i = 1; i < gives.args.size(); i += 2)
            note_codes(*gives.args[i], shape);
        note_codes(*gives.args.back(), shape);
    }
}

Block ValueCompiler::fields(const YAML::Node& node, const Shape* shape, const Names& names)
{
    if (node.IsMap())
        return object(node, known(shape), names, true);
    problem(node, "wrong_value", "`fields` holds names and their values");
    return {};
}

Block ValueCompiler::list(const YAML::Node& node, const Shape* shape, const Names& names)  // NOLINT(misc-no-recursion)
{
    Block made;
    made.kind = Block::Kind::list;
    made.site = site(node);
    if (shape != nullptr && shape->kind != Shape::Kind::list)
        problem(node, "wrong_kind", "this field is no list");
    const Shape* item = shape != nullptr && shape->kind == Shape::Kind::list ? &shape->item.front() : nullptr;
    for (const auto& entry : node)
        made.items.push_back(value(entry, item, names));
    return made;
}

Block ValueCompiler::object(const YAML::Node& node, const Shape* shape, const Names& names,
                            bool checks_required)  // NOLINT(misc-no-recursion)
{
    Block made;
    made.kind = Block::Kind::object;
    made.site = site(node);
    if (shape != nullptr && shape->kind != Shape::Kind::object) {
        if (shape->kind == Shape::Kind::list)
            problem(node, "wrong_kind", "this field is a list, and here stands one object",
                    "`each:` says of what, one output for each: { each: .items, fields: {…} }");
        else
            problem(node, "wrong_kind", "this field is no object");
        shape = nullptr;
    }
    for (const auto& entry : node) {
        const std::string name = entry.first.Scalar();
        const Shape::Member* member = shape == nullptr ? nullptr : shape->find(name);
        if (shape != nullptr && member == nullptr && !shape->open) {
            std::vector<std::string_view> candidates;
            for (const Shape::Member& candidate : shape->members)
                candidates.push_back(candidate.name);
            problem(entry.first, "unknown_field", "the canonical type has no field `" + name + "` here",
                    did_you_mean(name, candidates));
        }
        Block::Field field;
        field.name = program_.keep(name);
        field.site = site(entry.first);
        field.required = member != nullptr && member->required;
        field.value = value(entry.second, member == nullptr ? nullptr : &member->shape, names);
        made.fields.push_back(std::move(field));
    }
    if (checks_required)
        check_required(node, made, shape);
    return made;
}

void ValueCompiler::check_required(const YAML::Node& node, const Block& object, const Shape* shape)
{
    if (shape == nullptr)
        return;
    for (const Shape::Member& member : shape->members)
        if (member.required &&
            std::ranges::find(object.fields, member.name, &Block::Field::name) == object.fields.end())
            problem(node, "missing_field", "the canonical type requires `" + member.name + "` here");
}

Block ValueCompiler::block(const YAML::Node& node, const Shape* shape, Names names)  // NOLINT(misc-no-recursion)
{
    Block scope;
    scope.kind = Block::Kind::scope;
    scope.site = site(node);
    know(node, {"each", "as", "when", "let", "match", "cases", "else", "use", "of", "with", "fields", "value"},
         "a block");
    if (node["each"]) {
        scope.each = bare(node["each"], names);
        names.in_each = true;
        if (shape != nullptr && shape->kind != Shape::Kind::list) {
            problem(node["each"], "wrong_kind", "this field is no list");
            shape = nullptr;
        }
        shape = shape == nullptr ? nullptr : known(&shape->item.front());
        scope.keeps_nulls = static_cast<bool>(node["value"]);
    }
    scope.as = item_name(node, names);
    if (node["let"])
        scope.lets = lets(node["let"], names);
    if (node["when"])
        scope.when = bare(node["when"], names);

    if (node["use"])
        fragment(node, shape, names, scope);
    else
        scope.body = std::make_unique<Block>(body(node, shape, names));
    return scope;
}

Block ValueCompiler::body(const YAML::Node& node, const Shape* shape, const Names& names)  // NOLINT(misc-no-recursion)
{
    for (const char* key : {"of", "with"})
        if (node[key])
            problem(node[key], "wrong_value", "`" + std::string(key) + "` goes with `use`, and here is none");
    const int bodies = static_cast<int>(has(node, "fields")) + static_cast<int>(has(node, "value")) +
                       static_cast<int>(has(node, "match"));
    if (bodies != 1) {
        problem(node, "wrong_value", bodies == 0 ? "this block gives nothing" : "this block gives more than one thing",
                "one of `fields:`, `value:`, `match:` and `use:`");
        return {};
    }
    if (node["match"])
        return match(node, shape, names);
    for (const char* key : {"cases", "else"})
        if (node[key])
            problem(node[key], "wrong_value", "`" + std::string(key) + "` goes with `match`, and here is none");
    return node["fields"] ? fields(node["fields"], shape, names) : value(node["value"], shape, names);
}

Block ValueCompiler::match(const YAML::Node& node, const Shape* shape, const Names& names)  // NOLINT(misc-no-recursion)
{
    Block made;
    made.kind = Block::Kind::match;
    made.site = site(node["match"]);
    made.expression = bare(node["match"], names);
    if (!node["cases"] || !node["cases"].IsMap()) {
        problem(node["match"], "wrong_value", "`match` takes its cases from `cases: {text: value}`");
        return made;
    }
    for (const auto& entry : node["cases"]) {
        made.cases.push_back(program_.keep(entry.first.Scalar()));
        made.items.push_back(value(entry.second, shape, names));
    }
    if (node["else"])
        made.otherwise = std::make_unique<Block>(value(node["else"], shape, names));
    return made;
}

void ValueCompiler::fragment(const YAML::Node& node, const Shape* shape, Names& names,
                             Block& scope)  // NOLINT(misc-no-recursion)
{
    scope.body = std::make_unique<Block>();
    for (const char* key : {"value", "match", "cases", "else"})
        if (node[key])
            problem(node[key], "wrong_value", "`" + std::string(key) + "` does not go with `use`");
    if (node["of"])
        scope.of = bare(node["of"], names);
    Names inside;
    if (node["with"]) {
        const std::size_t outer = names.bound.size();
        for (auto& let : lets(node["with"], names))
            scope.lets.push_back(std::move(let));
        inside.bound.assign(names.bound.begin() + static_cast<std::ptrdiff_t>(outer), names.bound.end());
    }
    const std::string name = node["use"].IsScalar() ? node["use"].Scalar() : "";
    const bool names_folder = name.find("..") != std::string::npos || name.starts_with('/');
    const auto source =
        fragments_ != nullptr && *fragments_ && !name.empty() && !names_folder ? (*fragments_)(name) : std::nullopt;
    if (!source) {
        problem(node["use"], "unknown_fragment", "there is no fragment `" + name + "`",
                "fragments stand in mappings/fragments/<name>.yaml");
        return;
    }
    if (std::ranges::find(inside_, name) != inside_.end() || inside_.size() >= 16) {
        problem(node["use"], "fragment_circle", "the fragment `" + name + "` uses itself");
        return;
    }
    const auto file = YamlFile::parse(source->file, source->text, problems_);
    if (!file)
        return;

    const YamlFile* outer_file = file_;
    const auto outer_names = names_;
    inside_.push_back(name);
    enter(*file);
    const YAML::Node& root = file->root();
    Block made;
    made.kind = Block::Kind::scope;
    made.site = site(root);
    if (!root.IsMap() || !root["fields"] || !root["fields"].IsMap()) {
        problem(root, "wrong_value", "a fragment has `fields:`");
    } else {
        know(root, {"fields", "let"}, "a fragment");
        if (root["let"])
            made.lets = lets(root["let"], inside);
        made.body = std::make_unique<Block>(object(root["fields"], shape, inside, false));
    }
    inside_.pop_back();
    file_ = outer_file;
    names_ = outer_names;
    if (!made.body)
        return;

    if (node["fields"] && !node["fields"].IsMap()) {
        problem(node["fields"], "wrong_value", "`fields` holds names and their values");
    } else if (node["fields"]) {
        Block extra = object(node["fields"], shape, names, false);
        for (Block::Field& field : extra.fields) {
            const auto same = std::ranges::find(made.body->fields, field.name, &Block::Field::name);
            if (same != made.body->fields.end())
                *same = std::move(field);
            else
                made.body->fields.push_back(std::move(field));
        }
    }
    check_required(node, *made.body, shape);
    *scope.body = std::move(made);
}

}  // namespace headgate::mapping
