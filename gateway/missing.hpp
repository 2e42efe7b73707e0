#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/hash.hpp"
#include "core/system.hpp"
#include "gateway/config.hpp"
#include "mapping/missed_word.hpp"
#include "retry/delivery.hpp"
#include "retry/letter.hpp"

namespace headgate::gateway {

/// Something that a delivery waits for in Redis.
struct Missing {
    Hash16 key{};                   // its name in `pk:`
    std::string code;               // "channel_paused"
    std::string what;               // JSON, for people and for whoever looks what is missing
    retry::Millis until;            // so long; then the delivery is a letter
    std::vector<retry::Come> come;  // what tells that it is there after all
    bool in_own_lane = false;       // it is told of by a delivery of the same lane, which must get by
};

/// That a channel which is paused goes on.
[[nodiscard]] Missing channel_missing(std::string_view channel);

/// What a delivery to `system` could not do without.
[[nodiscard]] Missing missing_of(const Needed& needed, const Delivery& delivery, std::string_view system,
                                 const ParkingConfig& parking, std::chrono::system_clock::time_point now);

/// The name of a parent: entities mean nothing in another source.
[[nodiscard]] Hash16 parent_key(std::string_view system, std::string_view source, std::string_view type,
                                std::string_view entity);
/// The name of a cross-reference. It holds no source: whoever waits looks again, and waits on if it was another's.
[[nodiscard]] Hash16 reference_key(std::string_view system, std::string_view kind, std::string_view id);

/// What stands in Missing::what and AwaitedWord::what.
struct MissingText {
    std::string kind;  // channel, parent, reference; of a vocabulary: word, code, text, factor
    std::string system;
    std::string of;  // the parent's type, the reference's kind, the vocabulary
    std::string id;
    std::string source;             // of whoever missed it first
    std::optional<Hash16> guard{};  // parent: of the fact that tells of it
};
/// Nothing when it was not written here.
[[nodiscard]] std::optional<MissingText> read_missing(std::string_view what);
/// The same for a sentence: "the sales_order order/5 at erp".
[[nodiscard]] std::string missing_words(std::string_view what);
/// What an event of the channel waits for as a letter.
[[nodiscard]] retry::AwaitedWord awaited(const mapping::MissedWord& missed, std::string_view channel);
/// Nothing when it is no word's.
[[nodiscard]] std::optional<mapping::MissedWord> missed_word(const MissingText& text);
/// Its id as people see it: a word as the list of unmapped words has it, and of a text nothing.
[[nodiscard]] std::string shown_id(const MissingText& text);
/// What tells that it has come.
[[nodiscard]] std::vector<retry::Come> come_of(const MissingText& missing);

}  // namespace headgate::gateway
