#include "connectors/signatures/public_key.hpp"

namespace headgate::connectors {

void PublicKeyRecipe::describe(config::Schema& schema)
{
    describe_algorithm(schema, algorithm, ecdsa);
    schema.field("key_prefix", key_prefix, "Taken off a key before it is read.");
    describe_in(schema);
}

Result<PublicKeyVerifier> PublicKeyVerifier::make(PublicKeyRecipe recipe, std::span<const std::string> keys)
{
    PublicKeyVerifier verifier;
    auto templates = recipe.templates();
    if (!templates)
        return std::unexpected(std::move(templates.error()));
    verifier.templates_ = std::move(*templates);
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

Result<std::size_t> PublicKeyVerifier::verify(const SignedRequest& request) const
{
    const auto claim = recipe_.claim(request);
    if (!claim)
        return std::unexpected(claim.error());
    // Old requests are cheap to send again and dear to look at.
    if (auto fresh = recipe_.fresh(claim->timestamp, request.now); !fresh)
        return std::unexpected(std::move(fresh.error()));
    for (const SignedTemplate& covered : templates_) {
        std::string bytes;
        auto written = covered.write(request, claim->timestamp, {}, [&](std::string_view piece) { bytes += piece; });
        if (!written)
            return std::unexpected(std::move(written.error()));
        for (std::size_t i = 0; i < keys_.size(); ++i)
            for (const auto& signature : claim->signatures)
                if (keys_[i].verify(bytes, signature, recipe_.ecdsa))
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
