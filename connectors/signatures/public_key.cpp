#include "connectors/signatures/public_key.hpp"

namespace headgate::connectors {

void PublicKeyRecipe::describe(config::Schema& schema)
{
    describe_algorithm(schema, algorithm, ecdsa);
    schema.field("key_prefix", key_prefix, "Taken off a key before it is read.");
    describe_in(schema);
    Envelope read = envelope.value_or(Envelope{});
    schema.section("envelope", read, "Where the header's value is base64 of JSON: what stands where in it.");
    if (schema.given("envelope")) {
        schema.required("envelope");
        envelope = std::move(read);
    }
    KeysConfig published = keys.value_or(KeysConfig{});
    schema.section("keys", published, "Where the vendor publishes its keys; else they are the channel's `secret`.");
    if (schema.given("keys")) {
        schema.required("keys");
        keys = std::move(published);
    }
    if (!schema.reading() || !keys || keys->url.empty())
        return;
    const bool in_envelope = envelope && !envelope->key.empty();
    if (in_envelope == !keys->id_header.empty())
        schema.problem("keys", "key_id_missing",
                       "the id of the key stands in one place: the header `id_header`, or at `key` of the `envelope`",
                       "for example keys: { id_header: X-Vendor-Key-Id }");
}

Result<PublicKeyVerifier> PublicKeyVerifier::make(PublicKeyRecipe recipe, std::span<const std::string> keys)
{
    PublicKeyVerifier verifier;
    auto templates = recipe.templates();
    if (!templates)
        return std::unexpected(std::move(templates.error()));
    verifier.templates_ = std::move(*templates);
    if (recipe.keys) {
        verifier.ring_ = std::make_shared<KeyRing>(*recipe.keys, recipe.algorithm, recipe.key_prefix);
        keys = {};
    }
    for (const std::string& text : keys) {
        std::string_view written = text;
        if (written.starts_with(recipe.key_prefix))
            written.remove_prefix(recipe.key_prefix.size());
        auto key = PublicKey::read(written, recipe.algorithm);
        if (!key)
            return fail(FailureClass::permanent, key.error().code,
                        "key " + std::to_string(&text - keys.data() + 1) + " " + key.error().detail);
        verifier.keys_.push_back(std::move(*key));
    }
    verifier.recipe_ = std::move(recipe);
    return verifier;
}

Result<DetachedSignature::Claim> PublicKeyVerifier::fresh_claim(const SignedRequest& request) const
{
    auto claim = recipe_.claim(request);
    if (!claim)
        return claim;
    // Old requests are cheap to send again and dear to look at.
    if (auto fresh = recipe_.fresh(claim->timestamp, request.now); !fresh)
        return std::unexpected(std::move(fresh.error()));
    return claim;
}

std::optional<WantedKey> PublicKeyVerifier::wanted_key(const SignedRequest& request) const
{
    if (!ring_)
        return std::nullopt;
    const auto claim = fresh_claim(request);
    if (!claim)
        return std::nullopt;
    auto wanted = ring_->config().wanted(request, claim->key);
    return wanted ? std::optional(std::move(*wanted)) : std::nullopt;
}

Result<std::size_t> PublicKeyVerifier::verify(const SignedRequest& request) const
{
    const auto claim = fresh_claim(request);
    if (!claim)
        return std::unexpected(claim.error());
    std::vector<PublicKey> fetched;
    if (ring_) {
        const auto wanted = ring_->config().wanted(request, claim->key);
        if (!wanted)
            return std::unexpected(wanted.error());
        auto known = ring_->keys(*wanted, request.now);
        if (!known)
            return std::unexpected(std::move(known.error()));
        fetched = std::move(*known);
    }
    const auto& keys = ring_ ? fetched : keys_;
    for (const SignedTemplate& covered : templates_) {
        std::string bytes;
        auto written = covered.write(request, claim->timestamp, {}, [&](std::string_view piece) { bytes += piece; });
        if (!written)
            return std::unexpected(std::move(written.error()));
        for (std::size_t i = 0; i < keys.size(); ++i)
            for (const auto& signature : claim->signatures)
                if (keys[i].verify(bytes, signature, recipe_.ecdsa))
                    return i;
    }
    return fail(FailureClass::auth, "signature_wrong", "the signature fits none of the channel's keys");
}

Result<Signature> PublicKeyVerifier::sign(const SignedRequest& /*request*/, std::size_t /*secret*/) const
{
    return fail(FailureClass::permanent, "cannot_sign",
                "the vendor signs with a key that only it has; send what it sent, or a channel of your own key");
}

}  // namespace headgate::connectors
