#pragma once

#include <chrono>
#include <filesystem>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include "gateway/system_config.hpp"
#include "observability/log.hpp"

namespace headgate::gateway {

/// The refresh tokens that were given in place of configured ones (RFC 6749, 6): who gives a new one with each use
/// takes the one before no more, also of the next process. One file each, mode 0600, named by a hash of the address,
/// the client and the configured token: so whoever configures another begins with that one, and two logins that have
/// one configured token go on with one, one after the other. One thread: its executor's.
class RefreshTokens {
public:
    RefreshTokens(boost::asio::any_io_executor executor, std::filesystem::path folder, observability::Log& log)
        : executor_(std::move(executor)),
          folder_(std::move(folder)),
          log_(log)
    {}
    RefreshTokens(const RefreshTokens&) = delete;
    RefreshTokens& operator=(const RefreshTokens&) = delete;

    /// The token that counts, for one who asks with it and ends that by `asked`; until then others wait. Empty when
    /// that takes longer than `deadline`, and nothing is to be ended then. A file that cannot be read is told in the
    /// log, and the configured token is given.
    boost::asio::awaitable<std::string> begin(const AuthConfig& config, std::string configured,
                                              std::chrono::steady_clock::time_point deadline);
    /// `given`: what counts from now on, or empty. What cannot be written is told in the log, and counts until the
    /// process ends.
    void asked(const AuthConfig& config, const std::string& configured, const std::string& given);
    /// Nobody asks just now: no answer with a new token is on its way.
    [[nodiscard]] bool idle() const { return asking_.empty(); }

private:
    using Waiting = std::list<std::shared_ptr<boost::asio::steady_timer>>;

    [[nodiscard]] std::string read(const AuthConfig& config, const std::string& name, const std::string& configured);
    void keep(const AuthConfig& config, const std::string& name, const std::string& given);

    boost::asio::any_io_executor executor_;
    std::filesystem::path folder_;
    observability::Log& log_;
    std::map<std::string, Waiting> asking_;      // by file: who waits for one that asks
    std::map<std::string, std::string> unkept_;  // the same: what could not be written
};

}  // namespace headgate::gateway
