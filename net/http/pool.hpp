#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/address.hpp>

#include "core/async.hpp"
#include "core/result.hpp"
#include "net/http/answer_reader.hpp"
#include "net/http/call.hpp"
#include "net/http/egress.hpp"

namespace headgate::net {

/// Certificates are always verified, chain and name; nothing here switches that off. PEM files, read once.
struct TlsOptions {
    std::string ca_file;           // the only roots that count; empty: the system's
    std::string certificate_file;  // of the client, with its chain; empty: none
    std::string key_file;          // without a password; empty: it stands in the certificate's file
};

/// Addresses of a host, all of them, in the order to try. `done` is called once, on the pool's thread, at any time.
using Addresses = std::vector<asio::ip::address>;
using Resolve = std::function<void(const std::string& host,
                                   std::function<void(boost::system::error_code error, Addresses addresses)> done)>;

struct HttpPoolOptions {
    std::size_t connections = 8;                   // at most, whatever they do
    std::chrono::milliseconds idle_limit{15'000};  // of one that waits for its next call; a peer may ask for less
    AnswerLimits answer;
    TlsOptions tls;
    std::vector<Network> allow;  // what else than public addresses may be connected to
    Resolve resolve;             // empty: the system's. Its `getaddrinfo` has one thread for a context
};

struct HttpPoolCounts {
    std::size_t open = 0;  // being made, in use or idle
    std::size_t idle = 0;
    std::size_t queued = 0;  // calls that wait for a connection
};

/// HTTP/1.1 calls to one origin over kept connections, on one single-threaded io_context; every call comes from its
/// thread and calls may overlap. One call at a time on a connection, the others wait in order. No redirects, no
/// proxies, no second try: what was sent once is never sent again by the pool.
///
/// The name is resolved for each connection; of its addresses those that are not public and not in `allow` are passed
/// over, the others tried in order, each with its share of the time that is left.
///
/// Failures. Nothing was sent:
///   transient  `dns_failed`, `connect_refused`, `connect_timeout`, `tls_failed` (certificates too: they get renewed),
///              `queue_timeout` (no connection was free, or the deadline had passed), `pool_closed`, `call_cancelled`
///   permanent  `egress_refused`, `call_malformed`, `origin_malformed`, `tls_unusable` (a file of `TlsOptions`)
///   and whatever `may_send` gives
/// A byte of the request may have left and no complete answer has come, unknown_outcome:
///   `no_answer`          the connection ended before any byte of an answer, the pool was closed or the call cancelled
///   `connection_closed`  the same on a connection that had been used before: perhaps it was just closing
///   `answer_timeout`     the deadline
///   `answer_broken`      cut off, or not HTTP
///   `answer_too_large`   beyond `HttpPoolOptions::answer`
/// Details name the host and the cause, never a path, a header or a body.
class HttpPool {
public:
    /// Reads the files of `TlsOptions`; nothing is connected.
    HttpPool(asio::any_io_executor executor, HttpOrigin origin, HttpPoolOptions options);
    HttpPool(const HttpPool&) = delete;
    HttpPool& operator=(const HttpPool&) = delete;
    /// As `close`. Calls under way end at the next turn of the loop and need this object no more.
    ~HttpPool();

    /// What is wrong with the origin or the options, for good; then it is what every call gets.
    [[nodiscard]] const std::optional<Failure>& fault() const;

    /// May be cancelled (terminal). Never throws.
    [[nodiscard]] Task<HttpAnswer> send(HttpCall call);

    [[nodiscard]] HttpPoolCounts counts() const;
    /// Ends every call and connection, for good. May be repeated.
    void close();

private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace headgate::net
