#pragma once

#include <cstdint>
#include <string>

namespace headgate::mapping {

/// What a vocabulary that parks (`unmapped: park`) had no entry for.
struct MissedWord {
    enum class Asked : std::uint8_t {
        word,    // `lookup`: what the word means
        code,    // `lookup_back`: which word means the code
        text,    // `classify`: what people write is not kept
        factor,  // `convert`: how many of one unit another is
    };
    static constexpr std::size_t most_bytes = 500;  // what is longer is no word

    std::string vocabulary;
    Asked asked = Asked::word;
    std::string word;  // of a text: which rules it was held against; of a factor: "CS EA", "CS EA ITEM"
    bool operator==(const MissedWord&) const = default;
};

}  // namespace headgate::mapping
