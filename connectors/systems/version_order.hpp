#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/transaction.hpp"

namespace headgate::connectors {

/// How `left` stands to `right`, when their texts can say it: integers by value whatever their length, times by
/// instant (both in the form `Version` prescribes), texts only as equal. Nothing when arrival has to decide: different
/// kinds, `none`, two different texts, or a text that is not what its kind promises. `once` is always equal.
[[nodiscard]] std::optional<std::strong_ordering> compare_versions(const Version& left, const Version& right);

/// One telling of a fact, as the guard remembers it.
struct Telling {
    Version version;
    std::string_view digest;       // of the content
    std::uint64_t origin_seq = 0;  // arrival
};

enum class Verdict : std::uint8_t {
    apply,     // newer, or the first
    repeated,  // says what is there already
    stale,     // something newer is there
    changed,   // a fact that never changes came with another content
};

/// What to do with a telling, given the last one that was applied. Ties in version go by arrival; the same arrival
/// again (a replay that asks to be new, the second transaction of one event) counts as later.
[[nodiscard]] Verdict judge(const Telling& held, const Telling& arrived);

}  // namespace headgate::connectors
