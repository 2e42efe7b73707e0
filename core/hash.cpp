#include "core/hash.hpp"

#include <algorithm>
#include <memory>
#include <stdexcept>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

namespace headgate {

namespace {

/// One context a thread: making one costs more than hashing a few hundred bytes.
EVP_MD_CTX* context()
{
    static const std::unique_ptr<EVP_MD, decltype(&EVP_MD_free)> algorithm{EVP_MD_fetch(nullptr, "SHA256", nullptr),
                                                                           &EVP_MD_free};
    thread_local const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> made{EVP_MD_CTX_new(), &EVP_MD_CTX_free};
    if (!made || EVP_DigestInit_ex2(made.get(), algorithm.get(), nullptr) != 1)
        throw std::runtime_error("SHA-256 is not available in this OpenSSL");
    return made.get();
}

Digest finish(EVP_MD_CTX* hash)
{
    Digest digest{};
    EVP_DigestFinal_ex(hash, digest.data(), nullptr);
    return digest;
}

}  // namespace

struct Sha256::State {
    std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> hash{EVP_MD_CTX_new(), &EVP_MD_CTX_free};
};

Sha256::Sha256() : state_(std::make_unique<State>())
{
    if (!state_->hash || EVP_DigestInit_ex(state_->hash.get(), EVP_sha256(), nullptr) != 1)
        throw std::runtime_error("SHA-256 is not available in this OpenSSL");
}

Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;
Sha256::~Sha256() = default;

void Sha256::feed(std::string_view bytes)
{
    EVP_DigestUpdate(state_->hash.get(), bytes.data(), bytes.size());
}

Digest Sha256::finish()
{
    return headgate::finish(state_->hash.get());
}

Digest sha256(std::string_view bytes)
{
    EVP_MD_CTX* hash = context();
    EVP_DigestUpdate(hash, bytes.data(), bytes.size());
    return finish(hash);
}

Digest body_digest(std::string_view bytes)
{
    Digest digest{};
    for (std::size_t half = 0; half < 2; ++half) {
        XXH128_canonical_t canonical;
        XXH128_canonicalFromHash(&canonical, XXH3_128bits_withSeed(bytes.data(), bytes.size(), half));
        std::copy_n(canonical.digest, 16, digest.begin() + static_cast<std::ptrdiff_t>(16 * half));
    }
    return digest;
}

Digest hash_parts(std::initializer_list<std::string_view> parts)
{
    EVP_MD_CTX* hash = context();
    for (const auto part : parts) {
        const auto size = static_cast<std::uint32_t>(part.size());
        const std::array<std::uint8_t, 4> length{
            static_cast<std::uint8_t>(size >> 24U), static_cast<std::uint8_t>(size >> 16U),
            static_cast<std::uint8_t>(size >> 8U), static_cast<std::uint8_t>(size)};
        EVP_DigestUpdate(hash, length.data(), length.size());
        EVP_DigestUpdate(hash, part.data(), part.size());
    }
    return finish(hash);
}

Hash16 hash16(std::initializer_list<std::string_view> parts)
{
    const Digest digest = hash_parts(parts);
    Hash16 head{};
    std::copy_n(digest.begin(), head.size(), head.begin());
    return head;
}

std::string to_hex(std::span<const std::uint8_t> bytes)
{
    static constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    text.reserve(bytes.size() * 2);
    for (const auto byte : bytes) {
        text += digits[byte >> 4U];
        text += digits[byte & 15U];
    }
    return text;
}

bool same_bytes(std::string_view left, std::string_view right)
{
    return left.size() == right.size() && CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

}  // namespace headgate
