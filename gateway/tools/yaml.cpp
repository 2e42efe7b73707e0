#include "gateway/tools/yaml.hpp"

#include <algorithm>
#include <iterator>

#include "connectors/formats/json_text.hpp"
#include "gateway/tools/document_text.hpp"
#include "mapping/yaml_problems.hpp"

namespace headgate::gateway {

namespace {

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
    if (is_plain(node) && connectors::json_number(text))
        return builder.number(builder.own(text));
    builder.text(builder.own(text));
}

}  // namespace

std::optional<YAML::Node> load_yaml(const std::string& file, const std::string& text, Problems& problems)
{
    auto found = mapping::yaml_problems(file, text);
    if (found.empty())
        return YAML::Load(text);
    problems.insert(problems.end(), std::make_move_iterator(found.begin()), std::make_move_iterator(found.end()));
    return std::nullopt;
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
