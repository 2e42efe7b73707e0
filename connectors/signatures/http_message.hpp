#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "connectors/signatures/asymmetric_key.hpp"
#include "connectors/signatures/hmac.hpp"
#include "connectors/signatures/published_keys.hpp"
#include "connectors/signatures/verifier.hpp"
#include "core/config/schema.hpp"

namespace headgate::connectors {

/// HTTP Message Signatures (RFC 9421) with Content-Digest (RFC 9530), for requests. Components of a covered field may
/// have no parameters, and of the derived ones only @query-param its name; a signature that needs more is refused.
struct HttpMessageRecipe {
    std::optional<SignatureAlgorithm> algorithm;  // none: hmac-sha256 (§3.3.3)
    HmacRecipe::KeyDecoding key = HmacRecipe::KeyDecoding::base64;
    std::string label;  // of the signature; "": any
    std::string tag;    // that the signature must carry; "": any
    std::vector<std::string> covers{"@method", "@target-uri", "content-digest"};  // at least these
    config::Duration window{std::chrono::minutes{5}};  // of `created`, both ways; 0: it need not be there
    std::string keyid_setting;                         // the channel's setting with the keyid, for `headgate send`
    std::optional<KeysConfig> keys;                    // fetched by the signature's keyid; none: the channel's `secret`
    void describe(config::Schema& schema);
};

class HttpMessageVerifier final : public Verifier {
public:
    /// Fails with `secret_unusable` or `key_unusable`, which say which of them.
    static Result<HttpMessageVerifier> make(HttpMessageRecipe recipe, std::span<const std::string> keys);

    /// Beside the codes of HmacVerifier: `content_digest_wrong`, `signature_covers_too_little`; and where keys are
    /// fetched those of KeysConfig::wanted and KeyRing::keys.
    [[nodiscard]] Result<std::size_t> verify(const SignedRequest& request) const override;
    [[nodiscard]] Result<Signature> sign(const SignedRequest& request, std::size_t secret) const override;
    [[nodiscard]] KeyRing* key_ring() const override { return ring_.get(); }
    /// That of the first signature with the label and tag.
    [[nodiscard]] std::optional<WantedKey> wanted_key(const SignedRequest& request) const override;

private:
    HttpMessageRecipe recipe_;
    std::vector<std::string> secrets_;
    std::vector<PublicKey> keys_;
    std::shared_ptr<KeyRing> ring_;
};

}  // namespace headgate::connectors
