#include "tests/support/order_sender.hpp"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cctype>
#include <cstdlib>

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

namespace headgate::test {

Sender::~Sender()
{
    disconnect();
}

void Sender::disconnect()
{
    if (socket_ >= 0)
        ::close(socket_);
    socket_ = -1;
    left_.clear();
}

bool Sender::connect(int port)
{
    if (socket_ >= 0)
        return true;
    socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0)
        return true;
    disconnect();
    return false;
}

std::string Sender::signature(const std::string& body) const
{
    std::array<unsigned char, EVP_MAX_MD_SIZE> mac{};
    unsigned size = 0;
    HMAC(EVP_sha256(), secret_.data(), static_cast<int>(secret_.size()),
         reinterpret_cast<const unsigned char*>(body.data()), body.size(), mac.data(), &size);
    std::array<unsigned char, 64> text{};
    EVP_EncodeBlock(text.data(), mac.data(), static_cast<int>(size));
    return reinterpret_cast<const char*>(text.data());
}

std::string Sender::request(const Webhook& webhook) const
{
    std::string head = fmt::format(
        "POST {} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nX-Shopify-Topic: {}\r\n"
        "X-Shopify-Hmac-Sha256: {}\r\nContent-Length: {}\r\n",
        path_, webhook.topic, signature(webhook.body), webhook.body.size());
    if (!webhook.event_id.empty())
        head += "X-Shopify-Event-Id: " + webhook.event_id + "\r\n";
    for (const auto& [name, value] : webhook.extra)
        head += name + ": " + value + "\r\n";
    return head + "\r\n" + webhook.body;
}

Answer Sender::post(int port, const Webhook& webhook, int seconds)
{
    return raw(port, request(webhook), seconds);
}

Answer Sender::raw(int port, const std::string& bytes, int seconds)
{
    if (!connect(port))
        return {};
    const timeval limit{seconds, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    for (std::size_t sent = 0; sent < bytes.size();) {
        const auto count = ::send(socket_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
        if (count <= 0)
            break;  // a server that refuses early may close before it has read all; its answer is still there
        sent += static_cast<std::size_t>(count);
    }
    return read_answer();
}

Answer Sender::read_answer()
{
    Answer answer;
    std::array<char, 65536> buffer{};
    for (;;) {
        const auto end = left_.find("\r\n\r\n");
        if (end != std::string::npos) {
            std::string head = left_.substr(0, end + 2);
            for (char& letter : head)
                letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
            std::size_t length = 0;
            if (const auto at = head.find("\r\ncontent-length:"); at != std::string::npos)
                length = std::strtoul(head.c_str() + at + 17, nullptr, 10);
            if (left_.size() >= end + 4 + length) {
                answer.status = std::atoi(left_.c_str() + 9);
                answer.body = left_.substr(end + 4, length);
                answer.closed = head.find("\r\nconnection: close") != std::string::npos;
                answer.head = std::move(head);
                left_.erase(0, end + 4 + length);
                if (answer.status == 100)
                    continue;
                if (answer.closed)
                    disconnect();
                return answer;
            }
        }
        const auto count = ::recv(socket_, buffer.data(), buffer.size(), 0);
        if (count <= 0) {
            disconnect();
            return {};
        }
        left_.append(buffer.data(), static_cast<std::size_t>(count));
    }
}

bool Sender::closed_by_peer(int seconds)
{
    if (socket_ < 0)
        return true;
    const timeval limit{seconds, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    char byte = 0;
    return ::recv(socket_, &byte, 1, 0) == 0;
}

std::string order_body(std::uint64_t id, std::uint32_t version, int lines)
{
    std::string items;
    for (int i = 0; i < lines; ++i)
        items += fmt::format(
            R"({}{{"id":{},"sku":"SKU-{}","title":"Thing {}","variant_id":{},"quantity":1,"price":"19.99","discount_allocations":[],"tax_lines":[],"duties":[]}})",
            i == 0 ? "" : ",", id * 100 + static_cast<std::uint64_t>(i), i, i, 7000 + i);
    return fmt::format(
        R"({{"id":{},"name":"#{}","created_at":"2026-01-01T00:00:00Z","processed_at":"2026-01-01T00:00:00Z","updated_at":"2026-01-{:02}T{:02}:{:02}:00Z","cancelled_at":null,"closed_at":null,"currency":"EUR","presentment_currency":"EUR","financial_status":"paid","source_name":"web","test":false,"taxes_included":false,"total_line_items_price":"{}","total_discounts":"0.00","total_tax":"0.00","total_price":"{}","line_items":[{}],"shipping_lines":[],"discount_applications":[],"tax_lines":[]}})",
        id, id, 1 + version / 1440, version / 60 % 24, version % 60, order_total(lines), order_total(lines), items);
}

std::string order_total(int lines)
{
    const int cents = 1999 * lines;
    return fmt::format("{}.{:02}", cents / 100, cents % 100);
}

std::string event_of(const std::string& answer)
{
    static constexpr std::string_view key = "\"event\":\"";
    const auto at = answer.find(key);
    return at == std::string::npos ? "" : answer.substr(at + key.size(), 36);
}

}  // namespace headgate::test
