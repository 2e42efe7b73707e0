#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace headgate::test {

/// What a sender knows of an answer. status 0: none came, the connection was lost or refused.
struct Answer {
    int status = 0;
    std::string head;  // status line and fields, in lower case
    std::string body;
    bool closed = false;  // the server closed the connection behind it
};

/// A signed webhook as the demo connector's vendor sends it.
struct Webhook {
    std::string topic = "orders/updated";
    std::string event_id;
    std::string body;
    std::vector<std::pair<std::string, std::string>> extra;
};

/// One keep-alive connection of a vendor, on plain blocking sockets, so that no code of ours stands on both sides.
class Sender {
public:
    Sender(std::string path, std::string secret) : path_(std::move(path)), secret_(std::move(secret)) {}
    ~Sender();
    Sender(const Sender&) = delete;
    Sender& operator=(const Sender&) = delete;

    /// Signs and posts; connects when there is no connection. At most `seconds` for the whole.
    Answer post(int port, const Webhook& webhook, int seconds = 10);
    /// Any bytes as they are; reads one answer.
    Answer raw(int port, const std::string& bytes, int seconds = 10);
    [[nodiscard]] std::string signature(const std::string& body) const;
    [[nodiscard]] std::string request(const Webhook& webhook) const;
    void disconnect();
    /// Has the other side closed the connection?
    bool closed_by_peer(int seconds = 5);

private:
    bool connect(int port);
    Answer read_answer();
    std::string path_;
    std::string secret_;
    std::string left_;
    int socket_ = -1;
};

/// A small order in the vendor's shape whose totals balance: `lines` lines at 19.99, `version` minutes after midnight
/// as its time of change.
std::string order_body(std::uint64_t id, std::uint32_t version, int lines = 2);
/// What its grand total is, worked out the long way.
std::string order_total(int lines = 2);

/// The value of `"event":"…"` in an answer.
std::string event_of(const std::string& answer);

}  // namespace headgate::test
