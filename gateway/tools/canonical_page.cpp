#include "gateway/tools/canonical_page.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string_view>

#include <boost/json.hpp>

namespace headgate::gateway {

namespace json = boost::json;

namespace {

constexpr std::string_view kinds_table = R"(
## Kinds of fields

| kind | in JSON | made by |
|---|---|---|
| money | `{"amount": "10.50", "currency": "EUR"}`, exactly the decimals of the currency | `.total \| money(.currency)`; of minor units `.cents \| minor(.currency)` |
| unit_price | the same with up to 9 decimals | `.price \| price(.currency)`; money fits as well |
| quantity | `{"value": "3", "uom": "EA"}`, up to 6 decimals, a code of UN/ECE Recommendation 20 | `.count \| quantity("EA")` |
| decimal | a text, `"0.19"` | `.rate \| string`; a computed one too: `.percent \| divide(100, 6) \| string` |
| integer | a number | `.count`; of a text `.count \| integer` |
| timestamp | `"2026-11-02T14:30:00Z"` | `.at \| timestamp`; of seconds `.at \| from_unix`, of milliseconds `.at \| divide(1000, 3) \| from_unix` |
| date | `"2026-11-02"` | `.day \| date` |
| string with words behind it | one of the words | `.status \| lookup("TABLE")`, `match`, or the word itself |
)";

std::string text_in(const json::object& object, std::string_view key)
{
    const json::value* value = object.if_contains(key);
    return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string{};
}

/// A cell of a Markdown table: bars would end it.
std::string cell(std::string_view words)
{
    std::string out;
    for (const char letter : words)
        out.append(letter == '|' ? "\\|" : std::string(1, letter));
    return out;
}

class Page {
public:
    Page(const json::object& schema, const json::object& common) : schema_(schema), common_(common) {}

    std::string write(const std::string& name)
    {
        out_ = "# " + name + "\n\n<!-- written by `headgate schema --pages`; the source is config/canonical/" + name +
               ".json -->\n\n" + text_in(schema_, "description") + "\n\n";
        out_ += "Order: `" + text_in(schema_, "x-order") + "`. Family: `" +
                (text_in(schema_, "x-family").empty() ? name : text_in(schema_, "x-family")) + "`.";
        if (schema_.contains("x-snapshot"))
            out_ += " A snapshot: a route may `coalesce` it.";
        if (schema_.contains("x-overtakes"))
            out_ += " Where `" + text_in(schema_, "x-overtakes") +
                    "`, it overtakes older deliveries about its entity that were never sent.";
        out_ += "\n\n";
        out_ += "## Fields\n\n| field | is | | meaning |\n|---|---|---|---|\n";
        members(schema_, "", 0);
        invariants();
        if (const json::value* examples = schema_.if_contains("examples");
            examples != nullptr && examples->is_array() && !examples->get_array().empty()) {
            out_ += "\n## Example\n\n```json\n";
            pretty(examples->get_array().front(), 0);
            out_ += "\n```\n";
        }
        return std::move(out_);
    }

private:
    static constexpr std::array<std::string_view, 6> kinds{"money",     "unit_price", "quantity",
                                                           "timestamp", "date",       "decimal"};

    /// What a `$ref` leads to; the object itself when there is none. `kind` is set for kinds of the language.
    const json::object* resolved(const json::object* given, std::string& kind) const
    {
        const std::string reference = text_in(*given, "$ref");
        const auto slash = reference.rfind('/');
        if (slash == std::string::npos)
            return given;
        const std::string name = reference.substr(slash + 1);
        if (std::ranges::find(kinds, name) != kinds.end())
            kind = name;
        for (const json::object* root : {&schema_, &common_})
            if (const json::value* defs = root->if_contains("$defs"))
                if (const json::value* found = defs->as_object().if_contains(name))
                    return &found->as_object();
        return given;
    }

    void members(const json::object& object, const std::string& path, int depth)  // NOLINT(misc-no-recursion)
    {
        const json::value* properties = object.if_contains("properties");
        if (properties == nullptr || depth > 8)
            return;
        const json::value* required = object.if_contains("required");
        for (const auto& [key, value] : properties->as_object()) {
            const bool must = required != nullptr &&
                              std::ranges::find(required->as_array(), json::value(key)) != required->as_array().end();
            field(path.empty() ? std::string(key) : path + "." + std::string(key), value.as_object(), must, depth);
        }
    }

    void field(const std::string& path, const json::object& given, bool required,
               int depth)  // NOLINT(misc-no-recursion)
    {
        std::string kind;
        const json::object& schema = *resolved(&given, kind);
        std::string is = kind;
        const json::object* inner = nullptr;
        std::string inner_path = path;
        if (kind.empty()) {
            is = text_in(schema, "type");
            if (is == "object") {
                inner = &schema;
            } else if (is == "array") {
                std::string item_kind;
                const json::object& item = *resolved(&schema.at("items").as_object(), item_kind);
                is = "list of " + (item_kind.empty() ? text_in(item, "type") : item_kind);
                inner_path += "[]";
                if (item_kind.empty() && text_in(item, "type") == "object")
                    inner = &item;
                is += words(item);
            } else {
                is += words(schema);
            }
        }
        const std::string meaning =
            text_in(given, "description").empty() ? text_in(schema, "description") : text_in(given, "description");
        out_ +=
            "| `" + path + "` | " + cell(is) + " | " + (required ? "required" : "") + " | " + cell(meaning) + " |\n";
        if (inner != nullptr)
            members(*inner, inner_path, depth + 1);
    }

    static std::string words(const json::object& schema)
    {
        const json::value* list = schema.if_contains("enum");
        if (list == nullptr)
            return {};
        std::string out = ":";
        for (const json::value& word : list->as_array())
            out += " `" + std::string(word.as_string()) + "`";
        return out;
    }

    /// What is checked of every type that has the fields for it, and is no invariant of its schema.
    std::string implied_rules() const
    {
        const json::value* properties = schema_.if_contains("properties");
        if (properties == nullptr)
            return {};
        std::string rules;
        const auto rule = [&](const std::string& code, const std::string& about, const std::string& says) {
            rules += "| `" + code + "` | reject | " + about + " | " + says + " |\n";
        };
        for (const auto& [name, value] : properties->as_object())
            if (const json::value* least = value.as_object().if_contains("minItems");
                least != nullptr && least->to_number<int>() > 0)
                rule(std::string(name) + "_empty", "`." + std::string(name) + "`", "there is at least one");
        if (properties->as_object().contains("currency"))
            rule("currency_mix", "", "amounts are in the currency of the document; `exchange` and `shop_…` may differ");
        std::string kind;
        if (const json::value* totals = properties->as_object().if_contains("totals"))
            if (const json::value* parts = resolved(&totals->as_object(), kind)->if_contains("properties");
                parts != nullptr && parts->as_object().contains("grand_total"))
                rule("total_mismatch", "`.totals`", "the parts add up to `grand_total` to the last decimal");
        return rules;
    }

    void invariants()
    {
        const std::string implied = implied_rules();
        const json::value* list = schema_.if_contains("x-invariants");
        const bool has_own = list != nullptr && !list->as_array().empty();
        if (!has_own && implied.empty())
            return;
        out_ +=
            "\n## What must hold\n\n`reject` and `hold` make a letter (a hold waits for a person's word once holds "
            "exist); "
            "`warn` is noted beside the transaction.\n\n| code | | about | what must be so |\n|---|---|---|---|\n" +
            implied;
        if (!has_own)
            return;
        for (const json::value& each : list->as_array()) {
            const json::object& rule = each.as_object();
            const std::string about = text_in(rule, "scope") == "entity" ? "other transactions: not checked yet"
                                      : text_in(rule, "each").empty()    ? ""
                                                                         : "each of `" + text_in(rule, "each") + "`";
            out_ += "| `" + text_in(rule, "code") + "` | " + text_in(rule, "severity") + " | " + cell(about) + " | " +
                    cell(text_in(rule, "says")) + " |\n";
        }
    }

    /// Objects of scalars on one line where it is not long.
    void pretty(const json::value& value, int depth)  // NOLINT(misc-no-recursion)
    {
        const std::string flat = json::serialize(value);
        const std::string indent(static_cast<std::size_t>(depth + 1) * 2, ' ');
        constexpr std::size_t widest = 100;
        if (value.is_primitive() || (depth > 0 && flat.size() + indent.size() <= widest)) {
            out_ += flat;
            return;
        }
        const bool object = value.is_object();
        out_ += object ? "{\n" : "[\n";
        bool first = true;
        const auto next = [&](const json::value& inner, std::string_view name) {
            out_.append(first ? "" : ",\n").append(indent);
            first = false;
            if (object)
                out_ += json::serialize(json::string(name)) + ": ";
            pretty(inner, depth + 1);
        };
        if (object)
            for (const auto& [name, inner] : value.get_object())
                next(inner, name);
        else
            for (const json::value& inner : value.get_array())
                next(inner, {});
        out_.append("\n").append(indent.substr(2)).append(object ? "}" : "]");
    }

    const json::object& schema_;
    const json::object& common_;
    std::string out_;
};

}  // namespace

Result<std::map<std::string, std::string>> canonical_pages(const std::string& folder)
{
    std::map<std::string, json::object> schemas;
    std::error_code unreadable;
    for (const auto& entry : std::filesystem::directory_iterator(folder, unreadable)) {
        if (entry.path().extension() != ".json")
            continue;
        std::ifstream file(entry.path(), std::ios::binary);
        json::error_code error;
        json::value parsed = json::parse(std::string{std::istreambuf_iterator<char>(file), {}}, error);
        if (error || !parsed.is_object())
            return fail(FailureClass::permanent, "schema", entry.path().string() + " is no JSON object");
        schemas.emplace(entry.path().stem().string(), std::move(parsed.get_object()));
    }
    const json::object common = schemas.contains("common") ? schemas.at("common") : json::object{};
    schemas.erase("common");
    std::map<std::string, std::string> pages;
    std::string list =
        "# Canonical types\n\n<!-- written by `headgate schema --pages` -->\n\n| type | order | is |\n|---|---|---|\n";
    for (const auto& [name, schema] : schemas) {
        pages.emplace(name, canonical_page(name, schema, common));
        list += "| [" + name + "](" + name + ".md) | " + text_in(schema, "x-order") + " | " +
                cell(text_in(schema, "description")) + " |\n";
    }
    pages.emplace("README", list + std::string(kinds_table));
    return pages;
}

std::string canonical_page(const std::string& name, const json::object& schema, const json::object& common)
{
    return Page(schema, common).write(name);
}

}  // namespace headgate::gateway
