#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/signatures/detached.hpp"
#include "connectors/signatures/verifier.hpp"

namespace headgate::connectors {

/// How a vendor signs a request with a shared secret, said in configuration: RFC 2104 HMAC, or a hash over bytes that
/// have the secret among them.
struct HmacRecipe : DetachedSignature {
    enum class Construction : std::uint8_t { hmac, hash };
    enum class Hash : std::uint8_t { sha1, sha256, sha512 };
    enum class KeyDecoding : std::uint8_t { text, nfkd_text, hex, base64, sha1_of_text };

    Construction construction = Construction::hmac;
    Hash hash = Hash::sha256;
    KeyDecoding key = KeyDecoding::text;
    std::string key_prefix;  // taken off the secret before it is decoded: "whsec_"

    void describe(config::Schema& schema);
    /// Hash and key alone, for what stands nowhere in a request.
    void describe_key(config::Schema& schema);
    /// The bytes of a secret as the recipe reads it; `secret_unusable` says why not, and no part of it.
    [[nodiscard]] Result<std::string> key_bytes(std::string_view secret) const;
};

/// A recipe with its live secrets, keys prepared once.
class HmacVerifier final : public Verifier {
public:
    /// Fails with `secret_unusable` when a secret cannot be decoded as the recipe says (names its place among them and
    /// no part of it) and with `signed_template`.
    static Result<HmacVerifier> make(HmacRecipe recipe, std::span<const std::string> secrets);

    /// Failures are of class auth: `signature_missing`, `signature_repeated`, `signature_malformed`, `signature_wrong`,
    /// `timestamp_missing`, `timestamp_outside_window`.
    [[nodiscard]] Result<std::size_t> verify(const SignedRequest& request) const override;
    [[nodiscard]] Result<Signature> sign(const SignedRequest& request, std::size_t secret) const override;

    /// The HMAC of what a request's template covers, written as the recipe says.
    [[nodiscard]] Result<std::string> written_mac(const SignedRequest& request) const;

    HmacVerifier(HmacVerifier&&) noexcept;
    HmacVerifier& operator=(HmacVerifier&&) noexcept;
    ~HmacVerifier() override;

private:
    struct Key;
    explicit HmacVerifier(HmacRecipe recipe);
    [[nodiscard]] Result<std::string> mac(const Key& key, const SignedTemplate& covered, const SignedRequest& request,
                                          std::string_view timestamp) const;

    HmacRecipe recipe_;
    std::vector<SignedTemplate> templates_;
    std::vector<Key> keys_;
};

}  // namespace headgate::connectors
