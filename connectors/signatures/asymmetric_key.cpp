#include "connectors/signatures/asymmetric_key.hpp"

#include <algorithm>
#include <array>
#include <ctime>
#include <optional>

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "connectors/formats/json.hpp"
#include "core/encoding.hpp"

namespace headgate::connectors {

namespace {

template <auto Release>
struct Releases {
    void operator()(auto* what) const { Release(what); }
};
using PkeyPtr = std::unique_ptr<EVP_PKEY, Releases<EVP_PKEY_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, Releases<EVP_PKEY_CTX_free>>;
using Certificate = std::unique_ptr<X509, Releases<X509_free>>;
using Number = std::unique_ptr<BIGNUM, Releases<BN_free>>;
using ParamBuilder = std::unique_ptr<OSSL_PARAM_BLD, Releases<OSSL_PARAM_BLD_free>>;
using Params = std::unique_ptr<OSSL_PARAM, Releases<OSSL_PARAM_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, Releases<EVP_MD_CTX_free>>;
using EcdsaSignature = std::unique_ptr<ECDSA_SIG, Releases<ECDSA_SIG_free>>;

const unsigned char* bytes_of(std::string_view text)
{
    return reinterpret_cast<const unsigned char*>(text.data());
}

std::unexpected<Failure> unusable(std::string why)
{
    ERR_clear_error();
    return fail(FailureClass::permanent, "key_unusable", std::move(why));
}

PkeyPtr from_der(std::string_view der)
{
    const unsigned char* at = bytes_of(der);
    PkeyPtr key(d2i_PUBKEY(nullptr, &at, static_cast<long>(der.size())));
    return at == bytes_of(der) + der.size() ? std::move(key) : PkeyPtr{};
}

Certificate certificate_of(std::string_view der)
{
    const unsigned char* at = bytes_of(der);
    return Certificate(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
}

PkeyPtr from_certificate(std::string_view der)
{
    const Certificate certificate = certificate_of(der);
    return certificate ? PkeyPtr(X509_get_pubkey(certificate.get())) : PkeyPtr{};
}

PkeyPtr from_raw(std::string_view bytes)
{
    return PkeyPtr(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes_of(bytes), bytes.size()));
}

std::optional<std::string> from_base64url(std::string_view text)
{
    std::string standard(text);
    std::ranges::replace(standard, '-', '+');
    std::ranges::replace(standard, '_', '/');
    while (standard.size() % 4 != 0)
        standard += '=';
    return from_base64(standard);
}

std::string without_white_space(std::string_view text)
{
    std::string plain;
    for (const char letter : text)
        if (letter != ' ' && letter != '\n' && letter != '\r' && letter != '\t')
            plain += letter;
    return plain;
}

PkeyPtr built(const char* type, const ParamBuilder& builder)
{
    const Params params(OSSL_PARAM_BLD_to_param(builder.get()));
    const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
    EVP_PKEY* key = nullptr;
    if (!params || !context || EVP_PKEY_fromdata_init(context.get()) <= 0 ||
        EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) <= 0)
        return {};
    return PkeyPtr(key);
}

/// RFC 7518 §6, RFC 8037 §2.
PkeyPtr from_jwk(const Document& document, NodeIndex jwk)
{
    const auto member = [&](std::string_view name) -> std::string_view {
        const auto node = document.member(jwk, name);
        return node == no_node || document[node].kind != NodeKind::text ? std::string_view{} : document[node].text;
    };
    const auto bytes = [&](std::string_view name) { return from_base64url(member(name)).value_or(""); };
    if (member("kty") == "OKP" && member("crv") == "Ed25519")
        return from_raw(bytes("x"));
    const ParamBuilder builder(OSSL_PARAM_BLD_new());
    if (member("kty") == "RSA") {
        const std::string n = bytes("n");
        const std::string e = bytes("e");
        const Number modulus(BN_bin2bn(bytes_of(n), static_cast<int>(n.size()), nullptr));
        const Number exponent(BN_bin2bn(bytes_of(e), static_cast<int>(e.size()), nullptr));
        OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get());
        OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get());
        return built("RSA", builder);
    }
    if (member("kty") == "EC") {
        const std::string point = "\x04" + bytes("x") + bytes("y");
        const std::string curve = member("crv") == "P-256" ? "prime256v1" : member("crv") == "P-384" ? "secp384r1" : "";
        OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, curve.c_str(), 0);
        OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size());
        return built("EC", builder);
    }
    return {};
}

struct Pem {
    std::string_view label;
    std::string der;
};

/// The first of what a text holds in PEM (RFC 7468), its line breaks kept or lost.
std::optional<Pem> pem_in(std::string_view text)
{
    constexpr std::string_view begin = "-----BEGIN ";
    const auto from = text.find(begin);
    if (from == std::string_view::npos)
        return std::nullopt;
    text.remove_prefix(from + begin.size());
    const auto dashes = text.find("-----");
    if (dashes == std::string_view::npos)
        return std::nullopt;
    const auto label = text.substr(0, dashes);
    text.remove_prefix(dashes + 5);
    const auto end = text.find("-----END ");
    auto der = from_base64(without_white_space(text.substr(0, end)));
    if (end == std::string_view::npos || !der)
        return std::nullopt;
    return Pem{label, std::move(*der)};
}

PkeyPtr from_pem(std::string_view text)
{
    const auto pem = pem_in(text);
    if (!pem)
        return {};
    if (pem->label == "PUBLIC KEY")
        return from_der(pem->der);
    return pem->label == "CERTIFICATE" ? from_certificate(pem->der) : PkeyPtr{};
}

std::optional<std::chrono::sys_seconds> seconds_of(const ASN1_TIME* time)
{
    std::tm parts{};
    if (ASN1_TIME_to_tm(time, &parts) != 1)
        return std::nullopt;
    return std::chrono::sys_seconds{std::chrono::seconds{::timegm(&parts)}};
}

std::shared_ptr<void> shared(PkeyPtr key)
{
    if (!key)
        return {};
    return {key.release(), [](void* held) { EVP_PKEY_free(static_cast<EVP_PKEY*>(held)); }};
}

std::string group_of(EVP_PKEY* key)
{
    std::array<char, 64> name{};
    std::size_t size = 0;
    return EVP_PKEY_get_group_name(key, name.data(), name.size(), &size) == 1 ? std::string(name.data(), size) : "";
}

/// Why a key does not do for an algorithm; "" when it does.
std::string misfit(EVP_PKEY* key, SignatureAlgorithm algorithm)
{
    switch (algorithm) {
    case SignatureAlgorithm::rsa_pkcs1_sha256:
    case SignatureAlgorithm::rsa_pkcs1_sha1:
    case SignatureAlgorithm::rsa_pss_sha256:
    case SignatureAlgorithm::rsa_pss_sha512:
        if (EVP_PKEY_is_a(key, "RSA") == 0 && EVP_PKEY_is_a(key, "RSA-PSS") == 0)
            return "is no RSA key, as the connector's `algorithm` says";
        return EVP_PKEY_get_bits(key) < 2048 ? "is an RSA key below 2048 bits" : "";
    case SignatureAlgorithm::ecdsa_p256_sha256:
    case SignatureAlgorithm::ecdsa_p256_sha1:
        return EVP_PKEY_is_a(key, "EC") == 1 && group_of(key) == "prime256v1" ? "" : "is no key on the curve P-256";
    case SignatureAlgorithm::ecdsa_p384_sha384:
        return EVP_PKEY_is_a(key, "EC") == 1 && group_of(key) == "secp384r1" ? "" : "is no key on the curve P-384";
    case SignatureAlgorithm::ed25519: return EVP_PKEY_is_a(key, "ED25519") == 1 ? "" : "is no Ed25519 key";
    }
    std::unreachable();
}

const EVP_MD* digest_for(SignatureAlgorithm algorithm)
{
    switch (algorithm) {
    case SignatureAlgorithm::rsa_pkcs1_sha256:
    case SignatureAlgorithm::rsa_pss_sha256:
    case SignatureAlgorithm::ecdsa_p256_sha256: return EVP_sha256();
    case SignatureAlgorithm::rsa_pkcs1_sha1:
    case SignatureAlgorithm::ecdsa_p256_sha1: return EVP_sha1();
    case SignatureAlgorithm::ecdsa_p384_sha384: return EVP_sha384();
    case SignatureAlgorithm::rsa_pss_sha512: return EVP_sha512();
    case SignatureAlgorithm::ed25519: return nullptr;
    }
    std::unreachable();
}

bool is_pss(SignatureAlgorithm algorithm)
{
    return algorithm == SignatureAlgorithm::rsa_pss_sha256 || algorithm == SignatureAlgorithm::rsa_pss_sha512;
}

/// r and s as OpenSSL reads them; "" when they have not the curve's length.
std::string der_of(std::string_view raw, std::size_t half)
{
    if (raw.size() != 2 * half)
        return {};
    const EcdsaSignature signature(ECDSA_SIG_new());
    ECDSA_SIG_set0(signature.get(), BN_bin2bn(bytes_of(raw), static_cast<int>(half), nullptr),
                   BN_bin2bn(bytes_of(raw.substr(half)), static_cast<int>(half), nullptr));
    unsigned char* der = nullptr;
    const int size = i2d_ECDSA_SIG(signature.get(), &der);
    if (size <= 0)
        return {};
    std::string text(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
    OPENSSL_free(der);
    return text;
}

}  // namespace

void describe_algorithm(config::Schema& schema, SignatureAlgorithm& algorithm, EcdsaForm& ecdsa)
{
    using A = SignatureAlgorithm;
    schema.choice("algorithm", algorithm,
                  {{"rsa_pkcs1_sha256", A::rsa_pkcs1_sha256},
                   {"rsa_pkcs1_sha1", A::rsa_pkcs1_sha1},
                   {"rsa_pss_sha256", A::rsa_pss_sha256},
                   {"rsa_pss_sha512", A::rsa_pss_sha512},
                   {"ecdsa_p256_sha256", A::ecdsa_p256_sha256},
                   {"ecdsa_p256_sha1", A::ecdsa_p256_sha1},
                   {"ecdsa_p384_sha384", A::ecdsa_p384_sha384},
                   {"ed25519", A::ed25519}},
                  "How it is signed; nothing in a request can change it.");
    schema.choice("ecdsa", ecdsa, {{"der", EcdsaForm::der}, {"raw", EcdsaForm::raw}},
                  "How an ECDSA signature is written: ASN.1, or r and s one behind the other.");
}

Result<PublicKey> PublicKey::read(std::string_view text, SignatureAlgorithm algorithm)
{
    PkeyPtr key;
    if (text.contains("-----BEGIN ")) {
        key = from_pem(text);
    } else if (text.find_first_not_of(" \t\r\n") != std::string_view::npos &&
               text[text.find_first_not_of(" \t\r\n")] == '{') {
        if (const auto document = read_json(text))
            key = from_jwk(*document, document->root());
    } else if (const auto bytes = from_base64(without_white_space(text))) {
        key = bytes->size() == 32 ? from_raw(*bytes) : from_der(*bytes);
    }
    return fitting(shared(std::move(key)), algorithm);
}

Result<PublicKey> PublicKey::read_jwk(const Document& document, NodeIndex jwk, SignatureAlgorithm algorithm)
{
    return fitting(shared(from_jwk(document, jwk)), algorithm);
}

Result<PublicKey> PublicKey::fitting(std::shared_ptr<void> key, SignatureAlgorithm algorithm)
{
    if (!key)
        return unusable("is no public key: PEM, a certificate, a JWK or base64 of one is meant");
    if (auto why = misfit(static_cast<EVP_PKEY*>(key.get()), algorithm); !why.empty())
        return unusable(std::move(why));
    PublicKey made;
    made.algorithm_ = algorithm;
    made.key_ = std::move(key);
    return made;
}

bool PublicKey::verify(std::string_view bytes, std::string_view signature, EcdsaForm form) const
{
    std::string der;
    const bool ecdsa = algorithm_ == SignatureAlgorithm::ecdsa_p256_sha256 ||
                       algorithm_ == SignatureAlgorithm::ecdsa_p256_sha1 ||
                       algorithm_ == SignatureAlgorithm::ecdsa_p384_sha384;
    if (ecdsa && form == EcdsaForm::raw) {
        der = der_of(signature, algorithm_ == SignatureAlgorithm::ecdsa_p384_sha384 ? 48 : 32);
        signature = der;
    }
    const DigestContext context(EVP_MD_CTX_new());
    EVP_PKEY_CTX* terms = nullptr;
    bool good = EVP_DigestVerifyInit(context.get(), &terms, digest_for(algorithm_), nullptr,
                                     static_cast<EVP_PKEY*>(key_.get())) == 1;
    if (good && is_pss(algorithm_))
        good = EVP_PKEY_CTX_set_rsa_padding(terms, RSA_PKCS1_PSS_PADDING) == 1 &&
               EVP_PKEY_CTX_set_rsa_pss_saltlen(terms, RSA_PSS_SALTLEN_DIGEST) == 1;
    good = good &&
           EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(), bytes_of(bytes), bytes.size()) == 1;
    ERR_clear_error();
    return good;
}

std::optional<CertificateDates> certificate_dates(std::string_view text)
{
    const auto pem = pem_in(text);
    const Certificate certificate = pem && pem->label == "CERTIFICATE" ? certificate_of(pem->der) : Certificate{};
    ERR_clear_error();
    if (!certificate)
        return std::nullopt;
    const auto from = seconds_of(X509_get0_notBefore(certificate.get()));
    const auto until = seconds_of(X509_get0_notAfter(certificate.get()));
    if (!from || !until)
        return std::nullopt;
    return CertificateDates{*from, *until};
}

}  // namespace headgate::connectors
