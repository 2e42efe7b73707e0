#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/config/schema.hpp"
#include "core/document.hpp"
#include "core/result.hpp"

namespace headgate::connectors {

/// Ways to sign with a private key. Which one is used is said in configuration, never in a request.
enum class SignatureAlgorithm : std::uint8_t {
    rsa_pkcs1_sha256,  // RSASSA-PKCS1-v1_5 (RFC 8017 §8.2)
    rsa_pkcs1_sha1,    // the same over SHA-1: for vendors that never left it
    rsa_pss_sha256,    // RSASSA-PSS, MGF1 with the same hash, salt as long as the hash (RFC 8017 §8.1)
    rsa_pss_sha512,
    ecdsa_p256_sha256,  // FIPS 186-5
    ecdsa_p256_sha1,
    ecdsa_p384_sha384,
    ed25519,  // RFC 8032
};

/// How an ECDSA signature is written: as ASN.1 DER, or r and s one behind the other (IEEE P1363, RFC 9421 §3.3.4).
enum class EcdsaForm : std::uint8_t { der, raw };

void describe_algorithm(config::Schema& schema, SignatureAlgorithm& algorithm, EcdsaForm& ecdsa);

/// A vendor's public key, good for one algorithm. Verifying may overlap.
class PublicKey {
public:
    /// `text`: PEM of a public key or a certificate, with or without line breaks; a JWK (RFC 7517) in JSON; or base64
    /// of a SubjectPublicKeyInfo, or of the 32 bytes of an Ed25519 key. Fails with `key_unusable`: not readable, of
    /// another kind than the algorithm's, or RSA below 2048 bits.
    static Result<PublicKey> read(std::string_view text, SignatureAlgorithm algorithm);
    /// A JWK that is part of a document. Of its members only those of the key itself are read: what it says of
    /// algorithms counts for nothing.
    static Result<PublicKey> read_jwk(const Document& document, NodeIndex jwk, SignatureAlgorithm algorithm);

    [[nodiscard]] bool verify(std::string_view bytes, std::string_view signature, EcdsaForm form) const;

private:
    static Result<PublicKey> fitting(std::shared_ptr<void> key, SignatureAlgorithm algorithm);

    std::shared_ptr<void> key_;  // EVP_PKEY
    SignatureAlgorithm algorithm_ = SignatureAlgorithm::ed25519;
};

/// When a certificate counts: in the seconds from `from` to `until`, both among them (RFC 5280 §4.1.2.5).
struct CertificateDates {
    std::chrono::sys_seconds from;
    std::chrono::sys_seconds until;
};

/// Those of the first certificate in a text of PEM; nothing when it holds none.
[[nodiscard]] std::optional<CertificateDates> certificate_dates(std::string_view text);

}  // namespace headgate::connectors
