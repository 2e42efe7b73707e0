#include "connectors/signatures/postback.hpp"

#include <algorithm>

#include "connectors/formats/format.hpp"
#include "connectors/formats/json.hpp"

namespace headgate::connectors {

namespace {

/// A text of JSON (RFC 8259 §7).
std::string json_string(std::string_view text)
{
    constexpr std::string_view digits = "0123456789abcdef";
    std::string written = "\"";
    for (const char letter : text) {
        if (letter == '"' || letter == '\\') {
            written += {'\\', letter};
        } else if (static_cast<unsigned char>(letter) < 0x20) {
            const auto byte = static_cast<unsigned char>(letter);
            written += {'\\', 'u', '0', '0', digits[byte >> 4U], digits[byte & 15U]};
        } else {
            written += letter;
        }
    }
    return written + "\"";
}

}  // namespace

void PostbackRecipe::Answer::describe(config::Schema& schema)
{
    schema.field("pointer", pointer, "JSON pointer: where the answer says it.");
    schema.required("pointer");
    schema.field("equals", equals, "What stands there when the vendor sent it.");
    schema.required("equals");
}

void PostbackRecipe::describe(config::Schema& schema)
{
    schema.field("path", path, "What is asked, from the API's URL on.");
    schema.required("path");
    schema.field("fields", fields, "What the question says: texts with {header:NAME} {setting:NAME}.");
    schema.required("fields");
    schema.field("body", body, "The field of the question in which the event stands as it came.");
    schema.required("body");
    schema.section("answer", answer, "How the vendor says that it sent it.");
    schema.required("answer");
    if (!schema.reading())
        return;
    if (!path.empty() && !path.starts_with('/'))
        schema.problem("path", "wrong_value", "`path` is asked from the API's URL on: it begins with /");
    if (const auto all = templates(); !all)
        schema.problem("fields", all.error().code, all.error().detail);
    if (fields.contains(body))
        schema.problem("body", "same_name", "`fields` has a `" + body + "` too, and the question can have it once");
}

Result<PostbackRecipe::Fields> PostbackRecipe::templates() const
{
    using Kind = SignedTemplate::Kind;
    Fields all;
    for (const auto& [name, text] : fields) {
        auto parsed = SignedTemplate::parse(text.text);
        if (!parsed)
            return std::unexpected(std::move(parsed.error()));
        if (!std::ranges::all_of(parsed->parts(), [](const auto& part) {
                return part.kind == Kind::text || part.kind == Kind::header || part.kind == Kind::setting;
            }))
            return fail(FailureClass::permanent, "signed_template",
                        "the field `" + name + "` has more than text, {header:NAME} and {setting:NAME}");
        all.emplace_back(name, std::move(*parsed));
    }
    return all;
}

Result<PostbackVerifier> PostbackVerifier::make(PostbackRecipe recipe)
{
    PostbackVerifier verifier;
    auto fields = recipe.templates();
    if (!fields)
        return std::unexpected(std::move(fields.error()));
    verifier.fields_ = std::move(*fields);
    verifier.recipe_ = std::move(recipe);
    return verifier;
}

Result<std::size_t> PostbackVerifier::verify(const SignedRequest& request) const
{
    const auto asked = question(request);
    if (!asked)
        return std::unexpected(asked.error());
    return std::size_t{0};
}

Result<Signature> PostbackVerifier::sign(const SignedRequest& /*request*/, std::size_t /*secret*/) const
{
    return fail(FailureClass::permanent, "cannot_sign", "only the vendor can say that it sent something");
}

Result<std::string> PostbackVerifier::question(const SignedRequest& request) const
{
    // One whole value and nothing behind it: else the event could answer for other fields of the question.
    if (!read_json(request.body))
        return fail(FailureClass::auth, "signature_malformed", "the event is no JSON, as which the vendor is asked");
    std::string text = "{";
    for (const auto& [name, value] : fields_) {
        std::string filled;
        auto written = value.write(request, {}, {}, [&](std::string_view piece) { filled += piece; });
        if (!written)
            return std::unexpected(std::move(written.error()));
        text += json_string(name) + ":" + json_string(filled) + ",";
    }
    return text + json_string(recipe_.body) + ":" + std::string(request.body) + "}";
}

Result<bool> PostbackVerifier::confirmed(std::string_view answer) const
{
    const auto document = read_json(answer);
    if (!document)
        return fail(FailureClass::transient, "postback_failed", "what the vendor answered is no JSON");
    return scalar_at(*document, recipe_.answer.pointer) == recipe_.answer.equals;
}

}  // namespace headgate::connectors
