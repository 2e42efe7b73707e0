#include "connectors/signatures/shared_secret.hpp"

#include <optional>

#include "connectors/formats/form.hpp"
#include "core/encoding.hpp"
#include "core/hash.hpp"

namespace headgate::connectors {

namespace {

/// Of any two texts in the same time, whatever their lengths: a secret's length is not to be found out either.
bool same_secret(std::string_view given, std::string_view secret)
{
    return same_bytes(view(sha256(given)), view(sha256(secret)));
}

}  // namespace

void SharedSecretRecipe::describe(config::Schema& schema)
{
    schema.choice("scheme", scheme, {{"plain", Scheme::plain}, {"basic", Scheme::basic}},
                  "The secret as it is, or HTTP Basic: then the secret is user:password.");
    schema.field("header", header, "The header with the secret.");
    schema.field("prefix", prefix, "What stands before it, in either case: \"Bearer \".");
    schema.field("parameter", parameter, "Instead: the parameter of the URL.");
    schema.field("field", field, "Instead: the field of the form.");
    schema.field("pointer", pointer, "Instead: the place in the document, names of members behind a / each.");
    if (!schema.reading())
        return;
    if (scheme == Scheme::basic) {
        if (!header.empty() || !prefix.empty() || !parameter.empty() || !field.empty() || !pointer.empty())
            schema.problem("scheme", "secret_place", "HTTP Basic stands in the header Authorization and nowhere else",
                           "remove the other keys");
        header = "Authorization";
        prefix = "Basic ";
        return;
    }
    const auto places = int{!header.empty()} + int{!parameter.empty()} + int{!field.empty()} + int{!pointer.empty()};
    if (places != 1)
        schema.problem("", "secret_place",
                       "the secret stands in one place: `header`, `parameter`, `field` or `pointer`, of which " +
                           std::to_string(places) + " are given",
                       "for example header: X-Api-Key");
    if (!pointer.empty() && !pointer.starts_with('/'))
        schema.problem("pointer", "secret_place", "`pointer` begins with a /", "for example /header/token");
}

std::string SharedSecretRecipe::place() const
{
    if (!parameter.empty())
        return "parameter " + parameter;
    if (!pointer.empty())
        return "member " + pointer;
    return field.empty() ? "header " + header : "form field " + field;
}

Result<SharedSecretVerifier> SharedSecretVerifier::make(SharedSecretRecipe recipe, std::span<const std::string> secrets,
                                                        FormatConfig format)
{
    SharedSecretVerifier verifier;
    for (const std::string& secret : secrets) {
        const bool basic = recipe.scheme == SharedSecretRecipe::Scheme::basic;
        if (secret.empty() || (basic && !secret.contains(':')))
            return fail(FailureClass::permanent, "secret_unusable",
                        "secret " + std::to_string(&secret - secrets.data() + 1) +
                            (basic ? " is not user:password, which HTTP Basic needs" : " is empty"));
        verifier.secrets_.push_back(basic ? to_base64(secret) : secret);
    }
    verifier.recipe_ = std::move(recipe);
    verifier.format_ = std::move(format);
    return verifier;
}

std::optional<std::string> SharedSecretVerifier::given(const SignedRequest& request) const
{
    if (!recipe_.parameter.empty())
        return form_field(request.query, recipe_.parameter);
    if (!recipe_.field.empty())
        return form_field(request.body, recipe_.field);
    if (!recipe_.pointer.empty()) {
        const auto document = read_document(request.body, format_);
        return document ? scalar_at(*document, recipe_.pointer) : std::nullopt;
    }
    const auto values = request.headers(recipe_.header);
    if (values.empty() || values.front().size() < recipe_.prefix.size() ||
        !same_header(values.front().substr(0, recipe_.prefix.size()), recipe_.prefix))
        return std::nullopt;
    return std::string(values.front().substr(recipe_.prefix.size()));
}

Result<std::size_t> SharedSecretVerifier::verify(const SignedRequest& request) const
{
    if (!recipe_.header.empty() && request.headers(recipe_.header).size() > 1)
        return fail(FailureClass::auth, "signature_repeated",
                    "the header " + recipe_.header + " stands more than once");
    const auto secret = given(request);
    if (!secret)
        return fail(FailureClass::auth, "secret_not_given", "the request has no " + recipe_.place());
    for (std::size_t i = 0; i < secrets_.size(); ++i)
        if (same_secret(*secret, secrets_[i]))
            return i;
    return fail(FailureClass::auth, "secret_wrong", "the " + recipe_.place() + " holds none of the channel's secrets");
}

Result<Signature> SharedSecretVerifier::sign(const SignedRequest& /*request*/, std::size_t secret) const
{
    if (secret >= secrets_.size())
        return fail(FailureClass::permanent, "secret_missing", "there is no secret to send");
    Signature signature;
    if (!recipe_.header.empty())
        signature.headers.emplace_back(recipe_.header, recipe_.prefix + secrets_[secret]);
    else if (!recipe_.parameter.empty())
        signature.query.emplace_back(recipe_.parameter, secrets_[secret]);
    else if (!recipe_.field.empty())
        signature.form.emplace_back(recipe_.field, secrets_[secret]);
    else
        signature.in_body = secrets_[secret];
    return signature;
}

}  // namespace headgate::connectors
