#include "tests/support/tls_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <stdexcept>

#include <openssl/pem.h>

namespace headgate::test {

namespace {

void needed(bool good, const char* what)
{
    if (!good)
        throw std::runtime_error(std::string("a TLS server for a test: ") + what);
}

std::unique_ptr<BIO, decltype(&BIO_free)> text_of(const std::string& pem)
{
    return {BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free};
}

}  // namespace

TlsServer::TlsServer(const std::string& certificate, const std::string& key,
                     std::function<std::string(const std::string&)> say)
    : tls_(SSL_CTX_new(TLS_server_method()), &SSL_CTX_free),
      say_(std::move(say))
{
    const auto certificate_text = text_of(certificate);
    const auto key_text = text_of(key);
    const std::unique_ptr<X509, decltype(&X509_free)> x509(
        PEM_read_bio_X509(certificate_text.get(), nullptr, nullptr, nullptr), &X509_free);
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> pkey(
        PEM_read_bio_PrivateKey(key_text.get(), nullptr, nullptr, nullptr), &EVP_PKEY_free);
    needed(SSL_CTX_use_certificate(tls_.get(), x509.get()) == 1, "its certificate");
    needed(SSL_CTX_use_PrivateKey(tls_.get(), pkey.get()) == 1, "its key");

    socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    needed(::bind(socket_, reinterpret_cast<sockaddr*>(&address), size) == 0, "its address");
    needed(::listen(socket_, 64) == 0, "its port");
    ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ::ntohs(address.sin_port);
    thread_ = std::jthread([this] {
        for (int connection = 0; (connection = ::accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC)) >= 0;) {
            ++connections_;
            serve(connection);
            ::close(connection);
        }
    });
}

TlsServer::~TlsServer()
{
    ::shutdown(socket_, SHUT_RDWR);
    thread_.join();
    ::close(socket_);
}

void TlsServer::serve(int connection)
{
    timeval patience{5, 0};
    ::setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    const std::unique_ptr<SSL, decltype(&SSL_free)> ssl(SSL_new(tls_.get()), &SSL_free);
    SSL_set_fd(ssl.get(), connection);
    if (SSL_accept(ssl.get()) != 1)
        return;
    std::string head;
    std::array<char, 1024> piece{};
    while (!head.contains("\r\n\r\n")) {
        const int got = SSL_read(ssl.get(), piece.data(), static_cast<int>(piece.size()));
        if (got <= 0)
            return;
        head.append(piece.data(), static_cast<std::size_t>(got));
    }
    const auto from = head.find(' ') + 1;
    const std::string body = say_(head.substr(from, head.find(' ', from) - from));
    const std::string answer = std::string("HTTP/1.1 ") + (body.empty() ? "404 Not Found" : "200 OK") +
                               "\r\nConnection: close\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
                               body;
    SSL_write(ssl.get(), answer.data(), static_cast<int>(answer.size()));
    SSL_shutdown(ssl.get());
}

}  // namespace headgate::test
