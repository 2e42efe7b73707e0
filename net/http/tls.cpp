#include "net/http/tls.hpp"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <boost/asio/ip/address.hpp>

namespace headgate::net {

namespace {

/// Takes the queue's first error and empties it.
std::string openssl_error()
{
    const auto code = ERR_get_error();
    ERR_clear_error();
    const char* reason = ERR_reason_error_string(code);
    return reason != nullptr ? reason : "it cannot be read";
}

std::unexpected<Failure> unusable(const std::string& what, const std::string& why)
{
    return fail(FailureClass::permanent, "tls_unusable", what + ": " + why);
}

}  // namespace

Result<std::shared_ptr<asio::ssl::context>> client_context(const TlsOptions& options)
{
    ERR_clear_error();
    auto context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_client);
    SSL_CTX* native = context->native_handle();
    SSL_CTX_set_verify(native, SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_options(native, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_session_cache_mode(native, SSL_SESS_CACHE_OFF);
    // A key that has a password is refused: OpenSSL would ask the terminal for it.
    SSL_CTX_set_default_passwd_cb(native, [](char*, int, int, void*) { return 0; });
    if (SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION) != 1)
        return unusable("TLS 1.2", openssl_error());

    if (options.ca_file.empty()) {
        if (SSL_CTX_set_default_verify_paths(native) != 1)
            return unusable("the system's certificates", openssl_error());
    } else if (SSL_CTX_load_verify_locations(native, options.ca_file.c_str(), nullptr) != 1) {
        return unusable(options.ca_file, openssl_error());
    }

    if (options.certificate_file.empty()) {
        if (!options.key_file.empty())
            return unusable(options.key_file, "a key without a certificate");
        return context;
    }
    if (SSL_CTX_use_certificate_chain_file(native, options.certificate_file.c_str()) != 1)
        return unusable(options.certificate_file, openssl_error());
    const auto& key_file = options.key_file.empty() ? options.certificate_file : options.key_file;
    if (SSL_CTX_use_PrivateKey_file(native, key_file.c_str(), SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(native) != 1)
        return unusable(key_file, openssl_error());
    return context;
}

bool expect_peer(SSL* connection, const std::string& host)
{
    boost::system::error_code no_address;
    const auto address = asio::ip::make_address(host, no_address);
    if (!no_address)
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(connection), address.to_string().c_str()) == 1;

    const auto name = host.substr(0, host.ends_with('.') ? host.size() - 1 : host.size());
    SSL_set_hostflags(connection, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return SSL_set_tlsext_host_name(connection, name.c_str()) == 1 && SSL_set1_host(connection, name.c_str()) == 1;
}

std::string handshake_trouble(const SSL* connection, const boost::system::error_code& error)
{
    const auto verdict = SSL_get_verify_result(connection);
    if (verdict != X509_V_OK)
        return std::string("its certificate is not accepted: ") + X509_verify_cert_error_string(verdict);
    return error.message();
}

bool has_unread(const SSL* connection)
{
    return SSL_pending(connection) > 0 || BIO_pending(SSL_get_rbio(connection)) > 0;
}

}  // namespace headgate::net
