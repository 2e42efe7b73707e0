#include "gateway/tokens.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include <openssl/rand.h>

#include "core/encoding.hpp"

namespace headgate::gateway {

namespace {

constexpr std::string_view token_prefix = "hg_";  // so that one that strays is recognised
constexpr std::string_view hash_prefix = "sha256:";

Timestamp timestamp_of(std::chrono::system_clock::time_point instant)
{
    const auto second = std::chrono::floor<std::chrono::seconds>(instant);
    Timestamp time;
    time.seconds = second.time_since_epoch().count();
    time.nanos =
        static_cast<std::uint32_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(instant - second).count());
    return time;
}

}  // namespace

Result<std::string> new_token()
{
    std::array<std::uint8_t, 32> random{};
    if (RAND_bytes(random.data(), static_cast<int>(random.size())) != 1)
        return fail(FailureClass::permanent, "secret_missing", "no random bytes for a new token");
    return std::string(token_prefix) + to_hex(random);
}

std::string hash_text(std::string_view token)
{
    return std::string(hash_prefix) + to_hex(sha256(token));
}

std::optional<Digest> read_hash(std::string_view text)
{
    if (!text.starts_with(hash_prefix))
        return std::nullopt;
    const auto raw = from_hex(text.substr(hash_prefix.size()));
    Digest digest{};
    if (!raw || raw->size() != digest.size())
        return std::nullopt;
    std::ranges::transform(*raw, digest.begin(), [](char byte) { return static_cast<std::uint8_t>(byte); });
    return digest;
}

std::expected<const Caller*, Tokens::Refused> Tokens::whose(std::string_view given,
                                                            std::chrono::system_clock::time_point now) const
{
    const Digest digest = sha256(given);
    const Token* found = nullptr;
    for (const Token& token : tokens_)
        for (const Digest& known : token.hashes)
            if (same_bytes(view(digest), view(known)))
                found = &token;
    if (found == nullptr)
        return std::unexpected(Refused::wrong);
    if (found->expires && timestamp_of(now) >= *found->expires)
        return std::unexpected(Refused::expired);
    return &found->caller;
}

}  // namespace headgate::gateway
