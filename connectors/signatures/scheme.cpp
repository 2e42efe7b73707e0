#include "connectors/signatures/scheme.hpp"

#include <algorithm>

#include "connectors/formats/form.hpp"

namespace headgate::connectors {

namespace {

template <class V, class Recipe, class... More>
Result<std::unique_ptr<Verifier>> made(const Recipe& recipe, std::span<const std::string> secrets, const More&... more)
{
    auto verifier = V::make(recipe, secrets, more...);
    if (!verifier)
        return std::unexpected(std::move(verifier.error()));
    return std::make_unique<V>(std::move(*verifier));
}

template <class Recipe>
void scheme(config::Schema& schema, std::string_view key, std::optional<Recipe>& recipe, std::string_view doc)
{
    Recipe read = recipe.value_or(Recipe{});
    if (!schema.reading() || schema.given(key))
        schema.section(key, read, doc);
    if (schema.reading() && schema.given(key))
        recipe = std::move(read);
}

}  // namespace

void SignatureConfig::describe(config::Schema& schema)
{
    scheme(schema, "hmac", hmac, "A shared secret, RFC 2104.");
    scheme(schema, "public_key", public_key, "The vendor's private key, of which the channel has the public half.");
    scheme(schema, "http_message", http_message, "HTTP Message Signatures, RFC 9421.");
    scheme(schema, "shared_secret", shared_secret, "A secret in the request itself: a token, or HTTP Basic.");
    scheme(schema, "item_hmac", item_hmac, "A shared secret that signs each item of a batch for itself.");
    scheme(schema, "postback", postback, "The vendor is asked whether it sent it.");
    if (schema.given("postback"))
        schema.required("postback");
    scheme(schema, "none", none, "Nothing is signed; {}: what events name is fetched, or addresses are known.");
    if (!schema.reading())
        return;
    const auto count = int{hmac.has_value()} + int{public_key.has_value()} + int{http_message.has_value()} +
                       int{shared_secret.has_value()} + int{item_hmac.has_value()} + int{postback.has_value()} +
                       int{none.has_value()};
    if (count != 1)
        schema.problem("", "signature_scheme",
                       "`signature` names one scheme, and this has " + std::to_string(count) +
                           ": hmac, public_key, "
                           "http_message, shared_secret, item_hmac, postback or none",
                       "for example hmac: { header: X-Vendor-Signature }");
}

bool SignatureConfig::given() const
{
    return hmac || public_key || http_message || shared_secret || item_hmac || postback || none;
}

bool SignatureConfig::needs_secret() const
{
    return given() && !postback && !none && keys() == nullptr;
}

const KeysConfig* SignatureConfig::keys() const
{
    if (public_key && public_key->keys)
        return &*public_key->keys;
    return http_message && http_message->keys ? &*http_message->keys : nullptr;
}

bool SignatureConfig::signs_url() const
{
    return (hmac && hmac->signs_url()) || (public_key && public_key->signs_url()) || http_message.has_value();
}

std::string SignatureConfig::place() const
{
    if (hmac)
        return hmac->place();
    if (public_key)
        return public_key->place();
    if (http_message)
        return "header Signature";
    if (item_hmac)
        return "each item";
    if (postback)
        return "nowhere: the vendor is asked";
    if (none)
        return "nowhere";
    return shared_secret ? shared_secret->place() : "";
}

bool SignatureConfig::stands_in(std::string_view header) const
{
    const auto among = [&](const std::vector<std::string>& names) {
        return std::ranges::any_of(names, [&](const std::string& name) { return same_header(name, header); });
    };
    return (hmac && among(hmac->header)) || (public_key && among(public_key->header)) ||
           (http_message && (same_header(header, "signature") || same_header(header, "signature-input"))) ||
           (shared_secret && same_header(header, shared_secret->header));
}

bool SignatureConfig::stands_on(const SignedRequest& request) const
{
    const auto any = [&](const std::vector<std::string>& names) {
        return std::ranges::any_of(names, [&](const std::string& name) { return !request.headers(name).empty(); });
    };
    const auto detached = [&](const DetachedSignature& signature) {
        return any(signature.header) || (!signature.field.empty() && form_field(request.body, signature.field)) ||
               (!signature.parameter.empty() && form_field(request.query, signature.parameter));
    };
    const auto asked = [&](const PostbackRecipe& recipe) {
        const auto fields = recipe.templates();
        return fields && std::ranges::any_of(*fields, [&](const auto& field) {
                   return std::ranges::any_of(field.second.parts(), [&](const auto& part) {
                       return part.kind == SignedTemplate::Kind::header && !request.headers(part.text).empty();
                   });
               });
    };
    return (hmac && detached(*hmac)) || (public_key && detached(*public_key)) || (postback && asked(*postback)) ||
           (http_message && any({"signature", "signature-input"})) ||
           (shared_secret &&
            ((!shared_secret->header.empty() && any({shared_secret->header})) ||
             (!shared_secret->field.empty() && form_field(request.body, shared_secret->field)) ||
             (!shared_secret->parameter.empty() && form_field(request.query, shared_secret->parameter))));
}

Result<std::unique_ptr<Verifier>> SignatureConfig::verifier(std::span<const std::string> secrets,
                                                            const FormatConfig& format) const
{
    if (hmac)
        return made<HmacVerifier>(*hmac, secrets);
    if (public_key)
        return made<PublicKeyVerifier>(*public_key, secrets);
    if (http_message)
        return made<HttpMessageVerifier>(*http_message, secrets);
    if (shared_secret)
        return made<SharedSecretVerifier>(*shared_secret, secrets, format);
    if (item_hmac)
        return item_hmac->verifier(secrets);
    if (postback) {
        auto made = PostbackVerifier::make(*postback);
        if (!made)
            return std::unexpected(std::move(made.error()));
        return std::make_unique<PostbackVerifier>(std::move(*made));
    }
    if (none)
        return std::make_unique<UnsignedVerifier>();
    return fail(FailureClass::permanent, "no_signature", "the connector names no scheme");
}

}  // namespace headgate::connectors
