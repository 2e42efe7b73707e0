#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/config/schema.hpp"
#include "core/result.hpp"

namespace headgate::gateway {

/// How Headgate shows a system who it is. One kind a system; what belongs to another kind is refused.
struct AuthConfig {
    enum class Kind : std::uint8_t { none, basic, bearer, api_key, client_credentials, refresh_token };
    Kind kind = Kind::none;
    std::string username;              // basic
    config::SecretSources password;    // basic
    config::SecretSources token;       // bearer
    config::SecretSources key;         // api_key
    std::string header = "X-Api-Key";  // api_key: where it goes
    std::string token_url;             // client_credentials (RFC 6749, 4.4)
    std::string client_id;
    config::SecretSources client_secret;
    std::string scope;
    config::SecretSources refresh_token;  // refresh_token (RFC 6749, 6)
    std::string token_header;             // what carries the token; "" = Authorization: Bearer
    bool client_in_body = false;          // whether client and secret stand in the body of the token's request
    void describe(config::Schema& schema);
};

/// When a delivery that failed and may be tried again is tried again.
struct RetryConfig {
    config::Duration first_delay{500};
    config::Duration ceiling{std::chrono::minutes(15)};
    config::Duration max_age{std::chrono::days(3)};
    void describe(config::Schema& schema);
};

/// When a system that keeps failing is left alone, and how often it is tried then.
struct BreakerConfig {
    std::int64_t open_after = 10;  // failures in a row
    config::Duration probe_every{std::chrono::seconds(30)};
    void describe(config::Schema& schema);
};

/// One answer of a system and what it means. The first that fits decides.
struct AnswerConfig {
    std::string where;
    std::string status;  // "422", "4xx", "*"
    std::string code;    // of the error code that the answer holds: "*.UserError"; empty: any
    FailureClass meaning = FailureClass::permanent;
    void describe(config::Schema& schema);
};

struct SystemConfig {
    enum class Preset : std::uint8_t { unset, sqlite, http };
    std::string name;
    std::string where;
    Preset preset = Preset::unset;
    // http
    std::string url;       // https://host[:port][/base]
    std::string requests;  // the folder of its request files, beside headgate.yaml
    AuthConfig auth;
    config::Settings settings;  // `$system.settings`
    std::int64_t concurrency = 4;
    std::optional<config::Rate> rate;
    config::Duration timeout{std::chrono::seconds(30)};
    RetryConfig retry;
    BreakerConfig breaker;
    std::vector<AnswerConfig> answers;
    config::PlacedText error_code;   // expression about an answer's body
    std::string idempotency_header;  // carries `$delivery.key` of every sending; empty: none
    std::vector<std::string> allow;  // networks it may be in although they are private: 10.0.0.0/8
    std::string ca;                  // file of certificates to trust instead of the machine's
    void describe(config::Schema& schema);

private:
    void check(config::Schema& schema) const;
};

}  // namespace headgate::gateway
