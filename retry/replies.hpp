#pragma once

#include <bit>
#include <charconv>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "core/ids.hpp"
#include "core/result.hpp"
#include "net/redis/reply.hpp"

namespace headgate::retry {

// Reading replies; for the sources of this folder.

/// Redis answered something this binary's scripts never answer.
inline std::unexpected<Failure> odd_reply(std::string_view script)
{
    return fail(FailureClass::permanent, "redis_reply", "unexpected answer to " + std::string(script));
}

inline Failure lease_lost()
{
    return {FailureClass::transient, "lease_lost", "the partition is not ours any more", {}};
}

/// A script's FENCED is `lease_lost`; every other failure stays what it is.
inline Failure through_fence(Failure failure)
{
    return failure.code == "redis_error" && failure.detail == "FENCED" ? lease_lost() : failure;
}

inline std::optional<EventId> event_of(std::string_view raw)
{
    std::array<std::uint8_t, 16> bytes{};
    if (raw.size() != bytes.size())
        return {};
    std::memcpy(bytes.data(), raw.data(), bytes.size());
    static_assert(sizeof(EventId) == sizeof bytes);
    return std::bit_cast<EventId>(bytes);
}

template <class Number>
std::optional<Number> number_of(std::string_view text)
{
    Number value{};
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size())
        return {};
    return value;
}

/// The seq of a stream id "<seq>-0".
inline std::optional<std::uint64_t> seq_of(std::string_view id)
{
    return number_of<std::uint64_t>(id.substr(0, id.find('-')));
}

/// The value of a field in a flat list of names and values; nothing when absent.
inline std::optional<std::string_view> field_of(const net::Reply& fields, std::string_view name)
{
    for (std::size_t i = 0; i + 1 < fields.list.size(); i += 2)
        if (fields.list[i].text == name)
            return fields.list[i + 1].text;
    return {};
}

}  // namespace headgate::retry
