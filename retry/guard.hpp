#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/hash.hpp"
#include "core/result.hpp"
#include "core/transaction.hpp"

namespace headgate::retry {

/// What was last applied of one fact at one system (`g:`). It only grows: by version where both tell one of the same
/// kind, else by arrival.
struct Guard {
    std::string version;     // as `ordered_version` makes it; empty: none
    std::uint64_t seq = 0;   // origin seq: arrival order, at most 2^53
    Digest digest{};         // of the canonical transaction
    bool tombstone = false;  // the fact was deleted
    std::string target_id;   // what the system calls it
    bool operator==(const Guard&) const = default;
};

/// How long Redis keeps one after it was written last; as in guards.lua.
constexpr std::int64_t guard_seconds = 7'776'000;

/// A version as bytes whose byte-wise order is the order of versions of that kind; the first byte is the kind, and
/// versions of different kinds do not compare. Empty for `none`. Integers may be negative and of any length.
[[nodiscard]] std::string ordered_version(const Version& version);

/// Whether `next` may take the place of `held`: not older. The same rule as in finish.lua.
[[nodiscard]] bool may_replace(const Guard& held, const Guard& next);

/// be16 length, version, be64 seq, digest, tombstone, target id.
[[nodiscard]] std::string encode(const Guard& guard);
/// `guard_unreadable` (permanent).
[[nodiscard]] Result<Guard> decode_guard(std::string_view bytes);

}  // namespace headgate::retry
