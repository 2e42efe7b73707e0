#include "retry/guard.hpp"

#include <algorithm>

#include "retry/replies.hpp"

namespace headgate::retry {

namespace {

void append_big_endian(std::string& out, std::uint64_t value, int bytes)
{
    for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8)
        out.push_back(static_cast<char>(value >> shift & 0xffU));
}

std::uint64_t big_endian(std::string_view bytes)
{
    std::uint64_t value = 0;
    for (char byte : bytes)
        value = value << 8U | static_cast<unsigned char>(byte);
    return value;
}

/// Sign, length, digits; of a negative one length and digits are turned over, so that -10 comes before -9.
std::string ordered_integer(std::string_view digits)
{
    bool negative = digits.starts_with('-');
    if (negative || digits.starts_with('+'))
        digits.remove_prefix(1);
    digits.remove_prefix(std::min(digits.find_first_not_of('0'), digits.size()));
    if (digits.empty())
        negative = false;

    std::string magnitude;
    append_big_endian(magnitude, digits.size(), 2);
    magnitude.append(digits);
    if (negative)
        std::ranges::transform(magnitude, magnitude.begin(), [](char c) { return static_cast<char>(~c); });
    return (negative ? '\0' : '\1') + magnitude;
}

}  // namespace

std::string ordered_version(const Version& version)
{
    std::string out(1, static_cast<char>(version.kind));
    switch (version.kind) {
    case Version::Kind::none: return {};
    case Version::Kind::integer: return out + ordered_integer(version.text);
    case Version::Kind::time:
    case Version::Kind::text: return out + version.text;
    case Version::Kind::once: return out;
    }
    std::unreachable();
}

bool may_replace(const Guard& held, const Guard& next)
{
    if (!held.version.empty() && !next.version.empty() && held.version[0] == next.version[0]) {
        auto newer = next.version.compare(held.version);  // char_traits<char> compares as unsigned bytes
        if (newer != 0)
            return newer > 0;
    }
    return next.seq >= held.seq;
}

std::string encode(const Guard& guard)
{
    std::string out;
    auto version = std::string_view(guard.version).substr(0, 0xffff);
    append_big_endian(out, version.size(), 2);
    out.append(version);
    append_big_endian(out, guard.seq, 8);
    out.append(view(guard.digest));
    out.push_back(guard.tombstone ? '\1' : '\0');
    out.append(guard.target_id);
    return out;
}

Result<Guard> decode_guard(std::string_view bytes)
{
    constexpr std::size_t fixed = 2 + 8 + 32 + 1;
    auto version_size = bytes.size() >= 2 ? big_endian(bytes.substr(0, 2)) : 0;
    if (bytes.size() < fixed + version_size)
        return fail(FailureClass::permanent, "guard_unreadable", "too short");
    Guard guard;
    guard.version = bytes.substr(2, version_size);
    bytes.remove_prefix(2 + version_size);
    guard.seq = big_endian(bytes.substr(0, 8));
    std::ranges::copy(bytes.substr(8, 32), guard.digest.begin());
    guard.tombstone = bytes[40] != '\0';
    guard.target_id = bytes.substr(41);
    return guard;
}

}  // namespace headgate::retry
