#include "core/ids.hpp"

#include <openssl/rand.h>

#include <algorithm>
#include <stdexcept>

#include "core/encoding.hpp"

namespace headgate {

namespace {

/// Random bytes by the kilobyte: one call to the generator serves a hundred ids.
void random_bytes(std::uint8_t* into, std::size_t count)
{
    thread_local std::array<std::uint8_t, 1024> pool;
    thread_local std::size_t used = pool.size();
    if (used + count > pool.size()) {
        if (RAND_bytes(pool.data(), static_cast<int>(pool.size())) != 1)
            throw std::runtime_error("no random bytes from OpenSSL");
        used = 0;
    }
    std::copy_n(pool.begin() + static_cast<std::ptrdiff_t>(used), count, into);
    used += count;
}

}  // namespace

EventId EventId::make(std::chrono::system_clock::time_point now)
{
    EventId id;
    auto ms = static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count());
    for (int i = 5; i >= 0; --i, ms >>= 8U)
        id.bytes_[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(ms);
    random_bytes(id.bytes_.data() + 6, 10);
    id.bytes_[6] = static_cast<std::uint8_t>(0x70U | (id.bytes_[6] & 0x0fU));
    id.bytes_[8] = static_cast<std::uint8_t>(0x80U | (id.bytes_[8] & 0x3fU));
    return id;
}

EventId EventId::first_at(std::chrono::system_clock::time_point instant)
{
    EventId id;
    auto ms = static_cast<std::uint64_t>(
        std::max<std::int64_t>(0, std::chrono::floor<std::chrono::milliseconds>(instant.time_since_epoch()).count()));
    for (std::size_t i = 6; i-- > 0; ms >>= 8U)
        id.bytes_.at(i) = static_cast<std::uint8_t>(ms & 0xffU);
    return id;
}

std::optional<EventId> EventId::parse(std::string_view text)
{
    if (text.size() != 36)
        return std::nullopt;
    std::string digits;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash && text[i] != '-')
            return std::nullopt;
        if (!dash)
            digits += text[i];
    }
    const auto bytes = from_hex(digits);
    if (!bytes)
        return std::nullopt;
    EventId id;
    std::ranges::copy(*bytes, id.bytes_.begin());
    return id;
}

std::string EventId::text() const
{
    const std::string hex = to_hex(bytes_);
    std::string text;
    text.reserve(36);
    for (std::size_t i = 0; i < hex.size(); ++i) {
        if (i == 8 || i == 12 || i == 16 || i == 20)
            text += '-';
        text += hex[i];
    }
    return text;
}

Partition partition_of(std::string_view source, std::string_view order_key)
{
    return static_cast<Partition>(hash_parts({source, order_key})[0] % partition_count);
}

EffectKey::EffectKey(std::string_view source, std::string_view topic, std::string_view idempotency_key,
                     const Slot& slot, std::string_view system, std::string_view nonce)
    : bytes_(hash_parts({source, topic, idempotency_key, slot.mapping, slot.place, system, nonce}))
{}

}  // namespace headgate
