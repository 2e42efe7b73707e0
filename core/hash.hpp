#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace headgate {

using Digest = std::array<std::uint8_t, 32>;  // SHA-256
using Hash16 = std::array<std::uint8_t, 16>;  // the first 16 bytes of one

[[nodiscard]] Digest sha256(std::string_view bytes);

/// SHA-256 of bytes that come piece by piece.
class Sha256 {
public:
    Sha256();
    Sha256(Sha256&&) noexcept;
    Sha256& operator=(Sha256&&) noexcept;
    ~Sha256();
    void feed(std::string_view bytes);
    /// Of all that was fed; once.
    [[nodiscard]] Digest finish();

private:
    struct State;
    std::unique_ptr<State> state_;
};

/// Tells two bodies apart, fast: XXH3 of 128 bits twice, with two seeds. Not for names, nor against someone who looks
/// for two bodies with one digest: whoever can send bodies under a key can only deceive himself.
[[nodiscard]] Digest body_digest(std::string_view bytes);

/// H(a, b, …): SHA-256 over each part preceded by its length (32 bits, big endian), so that no two
/// different lists of parts are the same bytes.
[[nodiscard]] Digest hash_parts(std::initializer_list<std::string_view> parts);
[[nodiscard]] Hash16 hash16(std::initializer_list<std::string_view> parts);

[[nodiscard]] std::string to_hex(std::span<const std::uint8_t> bytes);
[[nodiscard]] inline std::string_view view(std::span<const std::uint8_t> bytes)
{
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Constant time in the contents; false at once when the lengths differ.
[[nodiscard]] bool same_bytes(std::string_view left, std::string_view right);

}  // namespace headgate
