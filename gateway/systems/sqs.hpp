#pragma once

#include <memory>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>

#include "gateway/systems/sqs_wire.hpp"
#include "net/http/pool.hpp"

namespace headgate::gateway {

/// A queue of Amazon SQS and the key that reads it, as it was configured.
struct SqsPlan {
    std::string url;
    std::string region;
    net::HttpOrigin origin;
    std::vector<net::Network> allow;
    std::string ca;
    net::AwsCredentials credentials;
};

/// A queue of Amazon SQS. Calls may overlap; one thread: its executor's.
class Sqs {
public:
    /// Throws std::runtime_error when it could never be reached: a host that is none, an unreadable `ca`. `plan`
    /// outlives it.
    Sqs(asio::any_io_executor executor, const SqsPlan& plan);

    /// Waits up to `sqs_wait` for messages; none is no failure. What is given is given to nobody else for
    /// `sqs_hidden`, and then again unless it was deleted. Fails as the pool does, as `sqs_failure` and
    /// `sqs_answer_unreadable`; nothing is of unknown outcome, since what was given and lost comes again.
    Task<std::vector<SqsMessage>> receive();
    /// Of these messages, at most `sqs_most_messages`, those that were not deleted: they come again.
    Task<std::vector<SqsKept>> remove(std::vector<std::string> receipts);
    /// Ends the calls under way, for good.
    void close() { pool_.close(); }

private:
    Task<std::string> call(std::string action, std::string body, std::chrono::seconds limit);

    const SqsPlan& plan_;
    net::HttpPool pool_;
};

}  // namespace headgate::gateway
