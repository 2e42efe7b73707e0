#include "gateway/tools/yaml.hpp"

#include <algorithm>
#include <set>

#include "core/config/tabs.hpp"
#include "gateway/tools/document_text.hpp"

namespace headgate::gateway {

namespace {

constexpr int deepest = 100;
constexpr std::size_t most_values = 100'000;  // aliases of aliases make more of a few lines than memory holds

void find_repeated(const std::string& file, const YAML::Node& node, int depth, std::size_t& values,
                   Problems& problems)  // NOLINT(misc-no-recursion)
{
    if (depth > deepest) {
        problems.push_back(problem_at(file, node, "limit_depth", "the file is nested more than 100 deep"));
        return;
    }
    if (++values == most_values)
        problems.push_back(problem_at(file, node, "limit_items", "the file holds more than 100,000 values"));
    if (values >= most_values)
        return;
    if (node.IsSequence())
        for (const auto& item : node)
            find_repeated(file, item, depth + 1, values, problems);
    if (!node.IsMap())
        return;
    std::set<std::string> names;
    for (const auto& entry : node) {
        if (!entry.first.IsScalar())
            problems.push_back(problem_at(file, entry.first, "wrong_value", "a key is a word"));
        else if (!names.insert(entry.first.Scalar()).second)
            problems.push_back(
                problem_at(file, entry.first, "repeated_key", "`" + entry.first.Scalar() + "` stands here twice"));
        find_repeated(file, entry.second, depth + 1, values, problems);
    }
}

void add(DocumentBuilder& builder, const YAML::Node& node)  // NOLINT(misc-no-recursion)
{
    switch (node.Type()) {
    case YAML::NodeType::Undefined:
    case YAML::NodeType::Null: return builder.null();
    case YAML::NodeType::Sequence:
        builder.open_list();
        for (const auto& item : node)
            add(builder, item);
        return builder.close();
    case YAML::NodeType::Map:
        builder.open_object();
        for (const auto& entry : node) {
            builder.name(builder.own(entry.first.Scalar()));
            add(builder, entry.second);
        }
        return builder.close();
    case YAML::NodeType::Scalar: break;
    }
    const std::string& text = node.Scalar();
    if (is_plain(node) && (text == "true" || text == "false"))
        return builder.boolean(text == "true");
    if (is_plain(node) && is_json_number(text))
        return builder.number(builder.own(text));
    builder.text(builder.own(text));
}

}  // namespace

std::optional<YAML::Node> load_yaml(const std::string& file, const std::string& text, Problems& problems)
{
    try {
        const auto documents = YAML::LoadAll(text);
        if (documents.size() > 1) {
            problems.push_back(problem_at(file, documents[1], "several_documents", "one file holds one YAML document"));
            return std::nullopt;
        }
        const YAML::Node root = documents.empty() ? YAML::Node() : documents.front();
        const std::size_t before = problems.size();
        std::size_t values = 0;
        find_repeated(file, root, 0, values, problems);
        if (problems.size() > before)
            return std::nullopt;
        return root;
    } catch (const YAML::Exception& error) {
        if (auto tab = config::tab_problem(file, text, error.mark.line + 1, "yaml")) {
            problems.push_back(std::move(*tab));
            return std::nullopt;
        }
        problems.push_back({file, error.mark.line + 1, error.mark.column + 1, "yaml", error.msg,
                            "a value that holds `: `, ` #` or starts with one of [ { \" ' * & ! % @ goes in quotes"});
        return std::nullopt;
    }
}

Problem problem_at(const std::string& file, const YAML::Node& node, std::string code, std::string message,
                   std::string hint)
{
    const YAML::Mark mark = node.Mark();
    return {file, mark.line + 1, mark.column + 1, std::move(code), std::move(message), std::move(hint)};
}

bool is_plain(const YAML::Node& scalar)
{
    return scalar.Tag() == "?";
}

bool is_json_number(std::string_view text)
{
    const auto digits = [&] {
        const std::size_t before = text.size();
        while (!text.empty() && text.front() >= '0' && text.front() <= '9')
            text.remove_prefix(1);
        return before - text.size();
    };
    if (text.starts_with('-'))
        text.remove_prefix(1);
    const bool zero = text.starts_with('0');
    const std::size_t whole = digits();
    if (whole == 0 || (zero && whole > 1))
        return false;
    if (text.starts_with('.')) {
        text.remove_prefix(1);
        if (digits() == 0)
            return false;
    }
    if (text.starts_with('e') || text.starts_with('E')) {
        text.remove_prefix(1);
        if (text.starts_with('+') || text.starts_with('-'))
            text.remove_prefix(1);
        if (digits() == 0)
            return false;
    }
    return text.empty();
}

Document document_of(const YAML::Node& node)
{
    DocumentBuilder builder;
    add(builder, node);
    return std::move(builder).finish();
}

std::string json_of(const YAML::Node& node)
{
    const Document document = document_of(node);
    return json_text(document, document.root());
}

bool same_yaml(const YAML::Node& left, const YAML::Node& right)  // NOLINT(misc-no-recursion)
{
    if (left.Type() != right.Type() || left.Tag() != right.Tag())
        return false;
    switch (left.Type()) {
    case YAML::NodeType::Undefined:
    case YAML::NodeType::Null: return true;
    case YAML::NodeType::Scalar: return left.Scalar() == right.Scalar();
    case YAML::NodeType::Sequence:
        return left.size() == right.size() &&
               std::equal(left.begin(), left.end(), right.begin(),
                          [](const auto& one, const auto& other) { return same_yaml(one, other); });
    case YAML::NodeType::Map:
        return left.size() == right.size() && std::all_of(left.begin(), left.end(), [&](const auto& entry) {
                   if (!entry.first.IsScalar())
                       return false;
                   const YAML::Node other = right[entry.first.Scalar()];
                   return other.IsDefined() && same_yaml(entry.second, other);
               });
    }
    return false;
}

}  // namespace headgate::gateway
