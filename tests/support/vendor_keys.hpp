#pragma once

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include "core/encoding.hpp"

namespace headgate::test {

/// A key of a vendor's, made on the spot, in the forms in which vendors publish theirs.
class VendorKey {
public:
    static VendorKey rsa() { return VendorKey(EVP_RSA_gen(2048), EVP_sha256()); }
    static VendorKey p256(const EVP_MD* hash = EVP_sha256()) { return VendorKey(EVP_EC_gen("P-256"), hash); }
    static VendorKey ed25519() { return VendorKey(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"), nullptr); }

    [[nodiscard]] EVP_PKEY* get() const { return key_.get(); }

    /// PKCS #1 v1.5, ECDSA in DER, or Ed25519.
    [[nodiscard]] std::string sign(std::string_view bytes) const
    {
        const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
        const auto* data = reinterpret_cast<const unsigned char*>(bytes.data());
        std::size_t size = 0;
        EVP_DigestSignInit(context.get(), nullptr, hash_, nullptr, key_.get());
        EVP_DigestSign(context.get(), nullptr, &size, data, bytes.size());
        std::string signature(size, '\0');
        if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, data,
                           bytes.size()) != 1)
            throw std::runtime_error("a signature for a test");
        signature.resize(size);
        return signature;
    }

    [[nodiscard]] std::string pem() const
    {
        return written([&](BIO* out) { return PEM_write_bio_PUBKEY(out, key_.get()); });
    }
    [[nodiscard]] std::string private_pem() const
    {
        return written([&](BIO* out) {
            return PEM_write_bio_PKCS8PrivateKey(out, key_.get(), nullptr, nullptr, 0, nullptr, nullptr);
        });
    }

    /// RFC 7517. `more`: other members, each with a comma in front.
    [[nodiscard]] std::string jwk(const std::string& id, const std::string& more = {}) const
    {
        const std::string start = R"({"kid":")" + id + "\"" + more + ",";
        if (EVP_PKEY_is_a(get(), "RSA") == 1)
            return start + R"("kty":"RSA","n":")" + number(OSSL_PKEY_PARAM_RSA_N, 0) + R"(","e":")" +
                   number(OSSL_PKEY_PARAM_RSA_E, 0) + "\"}";
        if (EVP_PKEY_is_a(get(), "EC") == 1)
            return start + R"("kty":"EC","crv":"P-256","x":")" + number(OSSL_PKEY_PARAM_EC_PUB_X, 32) + R"(","y":")" +
                   number(OSSL_PKEY_PARAM_EC_PUB_Y, 32) + "\"}";
        std::string raw(32, '\0');
        std::size_t size = raw.size();
        EVP_PKEY_get_raw_public_key(get(), reinterpret_cast<unsigned char*>(raw.data()), &size);
        return start + R"("kty":"OKP","crv":"Ed25519","x":")" + base64url(raw) + "\"}";
    }

    /// A certificate of this key in PEM, signed by `issuer`, good from and to so many days from now.
    [[nodiscard]] std::string certificate(const VendorKey& issuer, const std::string& name, long from_days,
                                          long to_days, const std::string& alternatives = {}) const
    {
        const std::unique_ptr<X509, decltype(&X509_free)> made(X509_new(), &X509_free);
        constexpr long day = 86'400;
        X509_set_version(made.get(), X509_VERSION_3);
        static long serial = 1;
        ASN1_INTEGER_set(X509_get_serialNumber(made.get()), serial++);
        X509_gmtime_adj(X509_getm_notBefore(made.get()), from_days * day);
        X509_gmtime_adj(X509_getm_notAfter(made.get()), to_days * day);
        X509_set_pubkey(made.get(), get());
        const auto named = [](X509_NAME* into, const std::string& text) {
            X509_NAME_add_entry_by_txt(into, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(text.c_str()),
                                       -1, -1, 0);
        };
        named(X509_get_subject_name(made.get()), name);
        named(X509_get_issuer_name(made.get()), &issuer == this ? name : "A CA of the tests");
        const auto extended = [&](int id, const std::string& value) {
            X509V3_CTX context;
            X509V3_set_ctx(&context, made.get(), made.get(), nullptr, nullptr, 0);
            X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, id, value.c_str());
            X509_add_ext(made.get(), extension, -1);
            X509_EXTENSION_free(extension);
        };
        if (&issuer == this)
            extended(NID_basic_constraints, "critical,CA:TRUE");
        if (!alternatives.empty())
            extended(NID_subject_alt_name, alternatives);
        if (X509_sign(made.get(), issuer.get(), issuer.hash_) <= 0)
            throw std::runtime_error("a certificate for a test");
        return written([&](BIO* out) { return PEM_write_bio_X509(out, made.get()); });
    }

private:
    VendorKey(EVP_PKEY* key, const EVP_MD* hash) : key_(key, &EVP_PKEY_free), hash_(hash) {}

    template <class Write>
    static std::string written(Write write)
    {
        const std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()), &BIO_free);
        write(out.get());
        char* text = nullptr;
        const long size = BIO_get_mem_data(out.get(), &text);
        return {text, static_cast<std::size_t>(size)};
    }

    static std::string base64url(std::string_view bytes)
    {
        std::string text = to_base64(bytes);
        std::ranges::replace(text, '+', '-');
        std::ranges::replace(text, '/', '_');
        std::erase(text, '=');
        return text;
    }

    /// A number of the key, big endian, `size` bytes long where that is said.
    [[nodiscard]] std::string number(const char* name, int size) const
    {
        BIGNUM* value = nullptr;
        EVP_PKEY_get_bn_param(get(), name, &value);
        std::string bytes(static_cast<std::size_t>(size == 0 ? BN_num_bytes(value) : size), '\0');
        BN_bn2binpad(value, reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
        BN_free(value);
        return base64url(bytes);
    }

    std::shared_ptr<EVP_PKEY> key_;
    const EVP_MD* hash_;
};

}  // namespace headgate::test
