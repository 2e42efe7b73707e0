#pragma once

#include <string>
#include <string_view>

#include "core/hash.hpp"
#include "core/ids.hpp"

namespace headgate::retry {

/// Names of Redis keys, for what is read without a script. Writing is the scripts' alone (ARCHITECTURE.md, "State in
/// Redis").
inline constexpr std::string_view key_prefix = "hg:";

/// "hg:in:3" from ("in", 3).
[[nodiscard]] inline std::string partition_key(std::string_view kind, Partition partition)
{
    return std::string(key_prefix).append(kind).append(":").append(std::to_string(partition));
}

/// "hg:b:<16 raw bytes>" from ("b", event).
[[nodiscard]] inline std::string event_key(std::string_view kind, const EventId& event)
{
    return std::string(key_prefix).append(kind).append(":").append(view(event.bytes()));
}

/// Key `i:` of an idempotency key: the source, the topic and the key itself.
[[nodiscard]] inline Hash16 idempotency_hash(std::string_view source, std::string_view topic, std::string_view key)
{
    return hash16({source, topic, key});
}

/// Key `g:` of a fact at a system; `fact` is the entity and the transaction's id within it.
[[nodiscard]] inline Hash16 guard_hash(std::string_view system, std::string_view family, std::string_view fact)
{
    return hash16({system, family, fact});
}

/// The hash `x:` of cross-references, id to the system's name for it.
[[nodiscard]] inline std::string reference_hash(std::string_view system, std::string_view kind)
{
    return std::string("hg:x:").append(system).append(1, '\0').append(kind);
}

/// Key `blk:` of a lane: the deliveries of one (system, source, entity), in order.
[[nodiscard]] inline Hash16 lane_hash(std::string_view system, std::string_view source, std::string_view entity)
{
    return hash16({system, source, entity});
}

}  // namespace headgate::retry
