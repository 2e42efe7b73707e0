#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace headgate {

/// Equality of short texts without a call: names are compared for every member of every document.
[[nodiscard]] inline bool same_text(std::string_view left, std::string_view right)
{
    if (left.size() != right.size())
        return false;
    const std::size_t size = left.size();
    const auto same = [&]<class Word>(std::size_t at, Word) {
        Word one = 0;
        Word other = 0;
        std::memcpy(&one, left.data() + at, sizeof one);
        std::memcpy(&other, right.data() + at, sizeof other);
        return one == other;
    };
    if (size >= 8) {  // the last eight may overlap those before
        for (std::size_t at = 0; at + 8 < size; at += 8)
            if (!same(at, std::uint64_t{}))
                return false;
        return same(size - 8, std::uint64_t{});
    }
    if (size >= 4)
        return same(0, std::uint32_t{}) && same(size - 4, std::uint32_t{});
    for (std::size_t at = 0; at < size; ++at)
        if (left[at] != right[at])
            return false;
    return true;
}

}  // namespace headgate
