#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "connectors/signatures/asymmetric_key.hpp"
#include "connectors/signatures/detached.hpp"
#include "connectors/signatures/published_keys.hpp"
#include "connectors/signatures/verifier.hpp"

namespace headgate::connectors {

/// How a vendor signs a request with a key of its own, of which the channel has the public half, or which the vendor
/// publishes.
struct PublicKeyRecipe : DetachedSignature {
    SignatureAlgorithm algorithm = SignatureAlgorithm::rsa_pkcs1_sha256;
    EcdsaForm ecdsa = EcdsaForm::der;
    std::string key_prefix;          // taken off a key before it is read: "whpk_"
    std::optional<KeysConfig> keys;  // none: they are the channel's `secret`
    void describe(config::Schema& schema);
};

/// A recipe with the vendor's keys. Only the vendor can sign.
class PublicKeyVerifier final : public Verifier {
public:
    /// Fails with `key_unusable` (says which of the keys) and `signed_template`. Where keys are fetched, `keys` are
    /// not looked at.
    static Result<PublicKeyVerifier> make(PublicKeyRecipe recipe, std::span<const std::string> keys);

    /// The codes of HmacVerifier, and where keys are fetched those of KeysConfig::wanted and KeyRing::keys.
    [[nodiscard]] Result<std::size_t> verify(const SignedRequest& request) const override;
    [[nodiscard]] Result<Signature> sign(const SignedRequest& request, std::size_t secret) const override;
    [[nodiscard]] KeyRing* key_ring() const override { return ring_.get(); }
    [[nodiscard]] std::optional<WantedKey> wanted_key(const SignedRequest& request) const override;

private:
    [[nodiscard]] Result<DetachedSignature::Claim> fresh_claim(const SignedRequest& request) const;

    PublicKeyRecipe recipe_;
    std::vector<SignedTemplate> templates_;
    std::vector<PublicKey> keys_;
    std::shared_ptr<KeyRing> ring_;
};

}  // namespace headgate::connectors
