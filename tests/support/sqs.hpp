#pragma once

#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/json.hpp>

#include "net/http/server.hpp"

namespace headgate::test {

/// A queue as Amazon SQS has them, on a real socket in the test's process: it outlives the Headgate that dies. What was
/// received is given again when the test says that its time has passed. Who asks with a wrong signature is refused: it
/// is worked out here, from what arrived and by the secret.
class Sqs {
public:
    Sqs();
    ~Sqs();
    Sqs(const Sqs&) = delete;
    Sqs& operator=(const Sqs&) = delete;

    static constexpr std::string_view key = "AKIDEXAMPLE";
    static constexpr std::string_view secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
    /// Another key that may read the queue as well.
    void add_key(const std::string& id, const std::string& secret);
    [[nodiscard]] std::string url() const;
    /// `sqs: { … }` of a channel, with the secrets in AWS_KEY and AWS_SECRET.
    [[nodiscard]] std::string configured() const;

    /// Gives it the id of the message. `damaged`: its MD5 will be another's.
    std::string send(std::string body, bool damaged = false);
    /// The time of what was received and not deleted has passed.
    void redeliver();
    /// Messages that were damaged are not any more.
    void mend();
    /// Every call is answered so: "RequestThrottled"; "" for none.
    void fails_with(int status, std::string word);
    /// So many entries of deletions are refused, one by one.
    void refuse_deletions(std::size_t count);
    /// Deletions are refused whole.
    void forbid_deletions(bool forbidden);

    [[nodiscard]] std::size_t size() const;       // not deleted
    [[nodiscard]] std::size_t in_flight() const;  // of these, received and hidden
    [[nodiscard]] std::size_t given(const std::string& message) const;

    struct Call {
        std::string action;  // "ReceiveMessage"
        std::string key;     // the id of who asked
        boost::json::object asked;
        std::map<std::string, std::string> headers;  // names in lower case
        std::chrono::steady_clock::time_point at;
        int status = 0;  // 0: it is not answered yet
    };
    [[nodiscard]] std::vector<Call> calls() const;
    [[nodiscard]] std::size_t count(std::string_view action) const;

private:
    struct Message {
        std::string id;
        std::string body;
        std::string receipt{};
        std::size_t given = 0;
        bool hidden = false;
        bool damaged = false;
    };
    boost::asio::awaitable<net::Response> answer(net::Request& request);
    boost::asio::awaitable<net::Response> receive(const boost::json::object& asked);
    net::Response remove(const boost::json::object& asked);
    /// Why the signature is none; "" when it is good. `id`: the key's.
    std::string wrong_signature(const net::Request& request, std::string& id) const;

    boost::asio::io_context io_{1};
    std::unique_ptr<net::HttpServer> server_;
    int port_ = 0;
    mutable std::mutex mutex_;
    std::map<std::string, std::string> keys_;
    std::deque<Message> messages_;
    std::map<std::string, std::size_t> given_;  // of those that were deleted
    std::vector<Call> calls_;
    std::size_t made_ = 0;
    std::size_t refusals_ = 0;
    bool forbidden_ = false;
    int failing_ = 0;
    std::string word_;
    std::thread thread_;
};

}  // namespace headgate::test
