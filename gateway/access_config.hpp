#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/config/schema.hpp"
#include "core/time.hpp"
#include "gateway/access.hpp"

namespace headgate::gateway {

/// Somebody who may call the admin API. The token itself stands nowhere: `hash` says where its hash is read.
struct TokenConfig {
    std::string name;
    std::string where;
    Role role = Role::viewer;
    std::vector<std::string> channels;
    std::vector<std::string> types;
    std::vector<std::string> queues;
    bool machine = false;
    std::string expires;
    config::SecretSources hash;
    void describe(config::Schema& schema);
};

/// `access`: who may call the admin API besides the data folder's own token.
struct AccessConfig {
    std::vector<TokenConfig> tokens;
    void describe(config::Schema& schema);
};

/// From when on a token counts no more: a day (from its beginning in UTC) or an RFC 3339 time.
[[nodiscard]] std::optional<Timestamp> expiry_of(std::string_view text);

}  // namespace headgate::gateway
