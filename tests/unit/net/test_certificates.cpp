#include "test_certificates.hpp"

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <stdexcept>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

namespace headgate::net {

namespace {

void require(bool good, const char* what)
{
    if (!good)
        throw std::runtime_error(std::string("certificates for a test: ") + what);
}

void add_extension(X509* x509, X509* issuer, int id, const std::string& value)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, x509, nullptr, nullptr, 0);
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, id, value.c_str());
    require(extension != nullptr && X509_add_ext(x509, extension, -1) == 1, value.c_str());
    X509_EXTENSION_free(extension);
}

struct File {
    explicit File(const std::filesystem::path& path) : handle(std::fopen(path.c_str(), "w")) {}
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    ~File() { std::fclose(handle); }
    std::FILE* handle;
};

}  // namespace

Certificate make_certificate(const CertificateWish& wish, const Certificate* issuer)
{
    Certificate made;
    made.key = {EVP_EC_gen("P-256"), EVP_PKEY_free};
    made.x509 = {X509_new(), X509_free};
    require(made.key != nullptr && made.x509 != nullptr, "a key");
    X509* x509 = made.x509.get();
    X509* signer = issuer != nullptr ? issuer->x509.get() : x509;

    static long serial = 1;
    constexpr long day = 86'400;
    X509_set_version(x509, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(x509), serial++);
    X509_gmtime_adj(X509_getm_notBefore(x509), wish.from_days * day);
    X509_gmtime_adj(X509_getm_notAfter(x509), wish.to_days * day);
    X509_set_pubkey(x509, made.key.get());
    X509_NAME* name = X509_get_subject_name(x509);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(wish.name.c_str()), -1,
                               -1, 0);
    X509_set_issuer_name(x509, X509_get_subject_name(signer));
    add_extension(x509, signer, NID_basic_constraints, wish.is_authority ? "critical,CA:TRUE" : "CA:FALSE");
    if (!wish.alternatives.empty())
        add_extension(x509, signer, NID_subject_alt_name, wish.alternatives);
    const auto& key = issuer != nullptr ? issuer->key : made.key;
    require(X509_sign(x509, key.get(), EVP_sha256()) > 0, "a signature");
    return made;
}

TemporaryFolder::TemporaryFolder()
{
    std::string pattern = (std::filesystem::temp_directory_path() / "headgate-test-XXXXXX").string();
    require(::mkdtemp(pattern.data()) != nullptr, "a folder");
    path_ = pattern;
}

TemporaryFolder::~TemporaryFolder()
{
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

std::string TemporaryFolder::write(const std::string& name, const Certificate& certificate) const
{
    const File file(path_ / name);
    require(PEM_write_X509(file.handle, certificate.x509.get()) == 1, name.c_str());
    return path_ / name;
}

std::string TemporaryFolder::write_key(const std::string& name, const Certificate& certificate,
                                       const char* password) const
{
    const File file(path_ / name);
    require(PEM_write_PKCS8PrivateKey(
                file.handle, certificate.key.get(), password != nullptr ? EVP_aes_128_cbc() : nullptr, password,
                password != nullptr ? static_cast<int>(std::strlen(password)) : 0, nullptr, nullptr) == 1,
            name.c_str());
    return path_ / name;
}

std::string TemporaryFolder::write_text(const std::string& name, const std::string& text) const
{
    std::ofstream(path_ / name) << text;
    return path_ / name;
}

}  // namespace headgate::net
