#pragma once

#include <chrono>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/hash.hpp"
#include "core/result.hpp"
#include "core/time.hpp"
#include "gateway/access.hpp"

namespace headgate::gateway {

/// One of those who may call the admin API. Tokens are 256 random bits and no passwords, which people choose and others
/// guess: one SHA-256 of them cannot be turned back, so a slow hash would cost time and win nothing.
struct Token {
    Caller caller;
    std::vector<Digest> hashes;  // several while it is rolled
    std::optional<Timestamp> expires{};
};

/// The caller with the data folder's own token.
inline constexpr std::string_view admin_name = "admin";

/// A new token, to be shown once.
[[nodiscard]] Result<std::string> new_token();
/// What is kept of one: `sha256:` and 64 hex digits.
[[nodiscard]] std::string hash_text(std::string_view token);
/// Back from it; nothing for what is none.
[[nodiscard]] std::optional<Digest> read_hash(std::string_view text);

/// Whose a token is.
class Tokens {
public:
    enum class Refused { wrong, expired };

    explicit Tokens(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

    /// Compares with all of them, so that the time it takes tells nothing. The caller lives as long as this object.
    [[nodiscard]] std::expected<const Caller*, Refused> whose(std::string_view given,
                                                              std::chrono::system_clock::time_point now) const;

private:
    std::vector<Token> tokens_;
};

}  // namespace headgate::gateway
