#include "gateway/searched_fields.hpp"

#include <algorithm>

#include "connectors/formats/json.hpp"
#include "core/document.hpp"

namespace headgate::gateway {

namespace {

/// The first name of several that dots join; it is taken off them.
std::string_view first_name(std::string_view& names)
{
    const auto dot = std::min(names.find('.'), names.size());
    const auto first = names.substr(0, dot);
    names.remove_prefix(std::min(dot + 1, names.size()));
    return first;
}

class Finder {
public:
    explicit Finder(FoundFields& found) : found_(found) {}

    /// All that stands there of a field whose whole name is `name`.
    void find(const Document& document, NodeIndex at, std::string_view rest, const std::string& name)
    {
        const auto& node = document[at];
        if (node.kind == NodeKind::list) {
            for (const NodeIndex item : document.children(at))
                find(document, item, rest, name);
            return;
        }
        if (node.kind == NodeKind::object) {
            for (const auto* value : {"amount", "value"})
                if (rest.empty() && document.member(at, value) != no_node)
                    return find(document, document.member(at, value), rest, name);
            const auto member = rest.empty() ? no_node : document.member(at, first_name(rest));
            if (member != no_node)
                find(document, member, rest, name);
            return;
        }
        if (rest.empty() && node.kind != NodeKind::null)
            keep(name, std::string(node.text));
    }

private:
    void keep(const std::string& name, std::string value)
    {
        std::ranges::replace(value, '\n', ' ');  // Redis has one a line
        const bool fits = !value.empty() && value.size() <= longest_searched_value;
        const auto had = std::ranges::count(found_, name, &FoundFields::value_type::first);
        std::pair one{name, std::move(value)};
        if (fits && had < static_cast<std::ptrdiff_t>(most_searched_values) &&
            std::ranges::find(found_, one) == found_.end())
            found_.push_back(std::move(one));
    }

    FoundFields& found_;
};

}  // namespace

bool has_field(const mapping::CanonicalType& type, std::string_view name)
{
    using Kind = mapping::Shape::Kind;
    const auto* shape = &type.shape;
    while (!name.empty()) {
        while (shape->kind == Kind::list && !shape->item.empty())
            shape = &shape->item.front();
        if (shape->kind == Kind::any)
            return true;
        const auto* member = shape->find(first_name(name));
        if (member == nullptr)
            return shape->open;
        shape = &member->shape;
    }
    while (shape->kind == Kind::list && !shape->item.empty())
        shape = &shape->item.front();
    return shape->kind != Kind::object;
}

FoundFields found_in(const mapping::SearchedFields& searched, const Transaction& transaction)
{
    FoundFields found;
    const auto names = searched.find(transaction.type);
    if (names == searched.end() || transaction.json.empty())
        return found;
    const auto document = connectors::read_json(transaction.json);
    if (document)
        for (const auto& name : names->second)
            Finder(found).find(*document, 0, name, name);
    return found;
}

FoundFields found_in(const mapping::Unmade& unmade)
{
    FoundFields found;
    for (const auto& [name, rest, json] : unmade.parts)
        if (const auto document = connectors::read_json(json))
            Finder(found).find(*document, 0, rest, name);
    return found;
}

}  // namespace headgate::gateway
