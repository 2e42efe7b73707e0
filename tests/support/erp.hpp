#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace headgate::test {

/// A request as the ERP heard it.
struct ErpCall {
    std::string method;
    std::string target;
    std::map<std::string, std::string> headers;  // names in lower case
    std::string body;
};

/// What becomes of one call.
enum class ErpFault {
    none,
    unavailable,            // 503, nothing done
    throttled,              // 429 with Retry-After: 0
    commit_and_reset,       // done, and the connection is reset before any answer
    reset,                  // not done, and reset
    commit_and_keep_quiet,  // done, and no answer until the caller gives up
    error_inside,           // 200 with an error in the body, nothing done
    refuse_login,           // 401, nothing done
    refuse,                 // 422, nothing done
    half_an_answer,         // done, and the answer is cut off
    commit_and_babble,      // done, and 200 with a page that is no JSON
};

/// An ERP of the tests' own on a real socket: it lives in the test's process and so survives what it is meant to see
/// die. `POST /orders` makes a document of a body `{"ref": …}` and answers its number; `GET /orders?ref=…` finds it.
/// With a unique key it answers 409 to a reference it has; with idempotency it answers the same key as the first time.
/// `POST /token` gives a token that lasts `token_calls` calls.
class Erp {
public:
    struct Options {
        bool unique_reference = false;
        bool upserts = false;     // the same reference again is the same document
        bool knows_keys = false;  // of the header Idempotency-Key
        bool wants_token = false;
        int token_calls = 1'000'000;
        bool remembers_calls = true;  // `calls` and `count` have them; without, many events cost little memory
    };
    explicit Erp(Options options);
    Erp() : Erp(Options{}) {}
    ~Erp();
    Erp(const Erp&) = delete;
    Erp& operator=(const Erp&) = delete;

    [[nodiscard]] int port() const { return port_; }
    /// From here on connections are refused, and those that stand are cut; the port stays its own.
    void go_away();
    void come_back();
    /// The next calls of POST /orders go like this, one after the other; then all go well.
    void next(std::vector<ErpFault> faults);
    /// It has had this order from before.
    void has(const std::string& reference);
    /// The next searches for an order are answered 200 with a page that is no JSON.
    void babble_at_searches(int count);
    /// So many `POST /confirm` are answered 503.
    void fail_confirmations(int count);
    /// Asked for every POST /orders that `next` does not speak of.
    void fate(std::function<ErpFault(const ErpCall&)> fate);

    [[nodiscard]] std::vector<ErpCall> calls() const;
    /// References of the documents, in the order they were made; a doubled one stands twice.
    [[nodiscard]] std::vector<std::string> made() const;
    [[nodiscard]] std::size_t made_count() const;
    [[nodiscard]] std::size_t count(const std::string& method_and_path) const;

private:
    void open();
    void accept();
    void serve(int socket);
    bool answer(int socket, const ErpCall& call);
    bool order(int socket, const ErpCall& call);
    [[nodiscard]] ErpFault fault_of(const ErpCall& call);

    Options options_;
    int reserved_ = -1;  // bound and not listening: nobody else gets the port while this is away
    int listener_ = -1;  // away: -1
    int port_ = 0;
    std::atomic<bool> away_{false};
    mutable std::mutex mutex_;
    std::deque<ErpFault> next_;
    std::function<ErpFault(const ErpCall&)> fate_;
    std::vector<ErpCall> calls_;
    std::vector<std::string> made_;
    std::map<std::string, int> by_reference_;
    std::map<std::string, int> by_key_;
    int confirmations_to_fail_ = 0;
    int searches_to_babble_ = 0;
    int token_ = 0;
    int token_left_ = 0;
    std::map<int, std::thread> serving_;  // by socket
    std::vector<std::thread> ended_;      // to be joined
    std::thread acceptor_;
};

}  // namespace headgate::test
