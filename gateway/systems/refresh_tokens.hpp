#pragma once

#include <filesystem>
#include <string>

#include "gateway/system_config.hpp"
#include "observability/log.hpp"

namespace headgate::gateway {

/// The refresh tokens that were given in place of configured ones (RFC 6749, 6): who gives a new one with each use
/// takes the one before no more, also of the next process. One file each, mode 0600, named by a hash of the address,
/// the client and the configured token: so whoever configures another begins with that one, and two logins that have
/// one configured token go on with one.
class RefreshTokens {
public:
    RefreshTokens(std::filesystem::path folder, observability::Log& log) : folder_(std::move(folder)), log_(log) {}

    /// Which one counts. A file that cannot be read is told in the log, and the configured one is given.
    [[nodiscard]] std::string current(const AuthConfig& config, const std::string& configured);
    /// False when it cannot be written, which is told in the log: it counts until the process ends.
    bool keep(const AuthConfig& config, const std::string& configured, const std::string& given);

private:
    [[nodiscard]] std::filesystem::path file(const AuthConfig& config, const std::string& configured) const;

    std::filesystem::path folder_;
    observability::Log& log_;
};

}  // namespace headgate::gateway
