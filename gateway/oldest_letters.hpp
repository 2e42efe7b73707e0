#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>

#include "core/ids.hpp"
#include "retry/letters.hpp"

namespace headgate::gateway {

/// Letters of all partitions by when they died, made of pages of each: one pass from the oldest to the newest. Plain
/// values.
class OldestLetters {
public:
    struct Letter {
        Partition partition = 0;
        EventId event;
        std::uint64_t bytes = 0;  // its body's
    };

    /// From the oldest on again.
    void restart();
    /// The page that has to come before the next letter is known; nothing: none has to.
    [[nodiscard]] std::optional<retry::LetterCursor> wanted() const;
    /// The page that was wanted.
    void add(Partition partition, retry::ResidentPage page);
    /// The oldest of those that are left, with no page wanted; nothing: the pass is over.
    std::optional<Letter> take();

private:
    struct Share {
        std::deque<retry::ResidentLetter> letters;
        std::optional<retry::LetterCursor> next;  // nothing: there are no more than those
    };
    std::array<Share, partition_count> shares_;
};

}  // namespace headgate::gateway
