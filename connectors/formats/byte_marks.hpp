#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace headgate::connectors {

/// Where the bytes that mean something stand in a text, sixty-four bytes at a time: up to five of them, each other byte
/// is passed over at no cost of its own. For readers that go through a text once, from front to back.
class ByteMarks {
public:
    static constexpr std::size_t block_size = 64;

    void look_for(char byte)
    {
        if (count_ == 0)
            sought_.fill(each_byte * static_cast<unsigned char>(byte));
        sought_[count_++] = each_byte * static_cast<unsigned char>(byte);
    }

    /// The next of them, not in front of where it was told to go on; the text's size when there is none. The text is
    /// the one of before, or `start` was called.
    [[nodiscard]] std::size_t next(std::string_view text)
    {
        while (bits_ == 0) {
            if (end_ >= text.size())
                return text.size();
            take_block(text);
        }
        return begin_ + static_cast<std::size_t>(std::countr_zero(bits_));
    }

    /// Goes on there; what is known of the text is forgotten.
    void start(std::size_t at)
    {
        bits_ = 0;
        end_ = at;
    }

    /// Goes on there, which is not in front of the last that was found.
    void go_to(std::size_t at)
    {
        if (at < end_)
            bits_ &= ~std::uint64_t{0} << (at - begin_);
        else
            start(at);
    }

    /// The block of what was found last: a bit for each that is still to come, and what the first and the one behind
    /// the last are about.
    [[nodiscard]] std::uint64_t bits() const { return bits_; }
    [[nodiscard]] std::size_t begin() const { return begin_; }
    [[nodiscard]] std::size_t end() const { return end_; }

private:
    static_assert(std::endian::native == std::endian::little);
    static constexpr std::uint64_t each_byte = 0x0101010101010101U;

    void take_block(std::string_view text)
    {
        const auto left = std::min(text.size() - end_, block_size);
        begin_ = end_;
        end_ += left;
        const char* from = text.data() + begin_;
        std::array<char, block_size> last{};
        if (left < block_size) {
            std::memcpy(last.data(), from, left);
            from = last.data();
        }
        for (std::size_t i = 0; i < block_size; i += 8)
            bits_ |= found_in(from + i) << i;
        if (left < block_size)
            bits_ &= (std::uint64_t{1} << left) - 1;
    }

    /// A bit for each of eight bytes that is sought.
    [[nodiscard]] std::uint64_t found_in(const char* bytes) const
    {
        constexpr std::uint64_t low = each_byte * 0x7FU;
        std::uint64_t word = 0;
        std::memcpy(&word, bytes, sizeof word);
        std::uint64_t others = ~std::uint64_t{0};  // in their top bits
        for (const auto sought : sought_) {
            const auto difference = word ^ sought;
            others &= ((difference & low) + low) | difference;
        }
        return ((~others >> 7U & each_byte) * 0x0102040810204080U) >> 56U;
    }

    std::array<std::uint64_t, 5> sought_{};
    std::size_t count_ = 0;
    std::uint64_t bits_ = 0;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

}  // namespace headgate::connectors
