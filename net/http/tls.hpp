#pragma once

#include <memory>
#include <string>

#include <openssl/ssl.h>
#include <boost/asio/ssl/context.hpp>
#include <boost/system/error_code.hpp>

#include "core/async.hpp"
#include "core/result.hpp"
#include "net/http/pool.hpp"

namespace headgate::net {

/// For clients: TLS 1.2 and up, and a peer is always verified. Fails with permanent `tls_unusable`, which names the
/// file.
[[nodiscard]] Result<std::shared_ptr<asio::ssl::context>> client_context(const TlsOptions& options);

/// Whom a connection expects to meet: the name for SNI, and the name or address the certificate has to hold.
[[nodiscard]] bool expect_peer(SSL* connection, const std::string& host);

/// Why a handshake failed: what is wrong with the peer's certificate, when that is it.
[[nodiscard]] std::string handshake_trouble(const SSL* connection, const boost::system::error_code& error);

/// Decrypted or not, bytes have come that nobody has asked for.
[[nodiscard]] bool has_unread(const SSL* connection);

}  // namespace headgate::net
