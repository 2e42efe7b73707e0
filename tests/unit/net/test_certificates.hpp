#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include <openssl/ssl.h>

namespace headgate::net {

/// A certificate with its key, made on the spot.
struct Certificate {
    std::shared_ptr<X509> x509;
    std::shared_ptr<EVP_PKEY> key;
};

struct CertificateWish {
    std::string name = "erp.test";
    std::string alternatives = "DNS:erp.test";  // subjectAltName as OpenSSL writes it; empty: none
    long from_days = -1;
    long to_days = 1;
    bool is_authority = false;
};

/// Signed by `issuer`, or by itself.
[[nodiscard]] Certificate make_certificate(const CertificateWish& wish, const Certificate* issuer = nullptr);

/// A folder of its own that goes with it.
class TemporaryFolder {
public:
    TemporaryFolder();
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    ~TemporaryFolder();

    /// Each returns the path.
    std::string write(const std::string& name, const Certificate& certificate) const;
    std::string write_key(const std::string& name, const Certificate& certificate,
                          const char* password = nullptr) const;
    std::string write_text(const std::string& name, const std::string& text) const;

private:
    std::filesystem::path path_;
};

}  // namespace headgate::net
