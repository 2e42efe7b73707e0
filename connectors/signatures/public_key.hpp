#pragma once

#include <span>
#include <string>
#include <vector>

#include "connectors/signatures/asymmetric_key.hpp"
#include "connectors/signatures/detached.hpp"
#include "connectors/signatures/verifier.hpp"

namespace headgate::connectors {

/// How a vendor signs a request with a key of its own, of which the channel has the public half.
struct PublicKeyRecipe : DetachedSignature {
    SignatureAlgorithm algorithm = SignatureAlgorithm::rsa_pkcs1_sha256;
    EcdsaForm ecdsa = EcdsaForm::der;
    std::string key_prefix;  // taken off a key before it is read: "whpk_"
    void describe(config::Schema& schema);
};

/// A recipe with the vendor's keys. Only the vendor can sign.
class PublicKeyVerifier final : public Verifier {
public:
    /// Fails with `key_unusable` (says which of the keys) and `signed_template`.
    static Result<PublicKeyVerifier> make(PublicKeyRecipe recipe, std::span<const std::string> keys);

    /// The codes of HmacVerifier.
    [[nodiscard]] Result<std::size_t> verify(const SignedRequest& request) const override;
    [[nodiscard]] Result<Signature> sign(const SignedRequest& request, std::size_t secret) const override;

private:
    PublicKeyRecipe recipe_;
    std::vector<SignedTemplate> templates_;
    std::vector<PublicKey> keys_;
};

}  // namespace headgate::connectors
