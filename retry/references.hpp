#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/async.hpp"
#include "net/redis/connection.hpp"
#include "retry/delivery.hpp"
#include "retry/scripts.hpp"

namespace headgate::retry {

struct ReferencePage {
    std::vector<Reference> references;
    std::string next;  // "" at the end
};

/// What systems call things of ours, by system and kind. Not fenced: a later word replaces an earlier one. Calls may
/// overlap, all on the connection's thread; each fails as a Redis command does, but never with unknown_outcome: it may
/// be repeated.
class References {
public:
    References(net::Redis& redis, const Scripts& scripts);

    /// Those with no `theirs` are forgotten. At most 128 leave in one step. `redis_error` (BADARG) for a system or kind
    /// that is none.
    Task<void> put(std::vector<Reference> references);
    /// In the order asked; nothing where none is known.
    Task<std::vector<std::optional<std::string>>> find(std::string system, std::string kind,
                                                       std::vector<std::string> ids);
    /// In no order; what changes meanwhile may come twice or not at all.
    Task<ReferencePage> list(std::string system, std::string kind, std::string cursor = {});

private:
    net::Redis& redis_;
    const Scripts& scripts_;
};

}  // namespace headgate::retry
