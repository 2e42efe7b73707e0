#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include <openssl/ssl.h>

namespace headgate::test {

/// A server of one file behind another over TLS, on a port of 127.0.0.1: one request a connection. It counts who came,
/// also those who left before they asked.
class TlsServer {
public:
    /// `certificate` and `key` in PEM. `say` gives the body for a target; an empty one is 404.
    TlsServer(const std::string& certificate, const std::string& key,
              std::function<std::string(const std::string&)> say);
    ~TlsServer();
    TlsServer(const TlsServer&) = delete;
    TlsServer& operator=(const TlsServer&) = delete;

    [[nodiscard]] int port() const { return port_; }
    [[nodiscard]] int connections() const { return connections_; }

private:
    void serve(int connection);

    std::shared_ptr<SSL_CTX> tls_;
    std::function<std::string(const std::string&)> say_;
    int socket_ = -1;
    int port_ = 0;
    std::atomic<int> connections_ = 0;
    std::jthread thread_;
};

}  // namespace headgate::test
