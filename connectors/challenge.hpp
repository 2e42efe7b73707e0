#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/signatures/hmac.hpp"
#include "connectors/signatures/request.hpp"
#include "core/config/schema.hpp"
#include "core/result.hpp"

namespace headgate::connectors {

/// What a vendor asks of a URL before it sends there: whether somebody is there who knows of it. Nothing is stored of
/// it.
struct ChallengeConfig {
    enum class Method : std::uint8_t { get, post };
    std::string where;
    Method method = Method::get;
    std::string parameter;        // get: the parameter with the challenge
    std::string field;            // post: the form's one field; a signed request is never a challenge
    std::string token_parameter;  // get: the parameter that must be one of the channel's secrets
    std::optional<HmacRecipe> proof;
    std::string answer = "{challenge}";  // text with {challenge} {proof} {setting:NAME}; {{ is a brace
    std::string content_type = "text/plain";

    void describe(config::Schema& schema);
};

/// What the gateway answers to an event that it has, new or known.
struct AnswerConfig {
    std::int64_t status = 200;
    std::string body;  // text with {event} {now}; {{ is a brace
    std::string content_type = "text/plain";
    void describe(config::Schema& schema);
};

/// A challenge of a channel, ready.
class Challenge {
public:
    /// Fails with `secret_unusable` and `signed_template`.
    static Result<Challenge> make(ChallengeConfig config, const std::vector<std::string>& secrets);

    [[nodiscard]] const ChallengeConfig& config() const { return config_; }
    /// The body to answer with; nothing when the request is no such challenge. `challenge_refused` (auth): the token is
    /// wrong, or the challenge is no text of 1 to 512 printable characters of ASCII; where a proof is answered, of 1 to
    /// 64 of 0-9 a-f and -, so that nobody gets a body of an event signed by asking.
    [[nodiscard]] std::optional<Result<std::string>> answer(const SignedRequest& request) const;

private:
    ChallengeConfig config_;
    std::vector<std::string> secrets_;
    std::optional<HmacVerifier> proof_;
};

/// A text with its {names} put in: `value` gives what a name stands for, or nothing, and then it stays as it is.
[[nodiscard]] std::string filled_in(std::string_view text,
                                    const std::function<std::optional<std::string>(std::string_view name)>& value);

}  // namespace headgate::connectors
