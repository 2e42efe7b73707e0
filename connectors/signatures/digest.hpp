#pragma once

#include <array>
#include <string>
#include <string_view>

#include <openssl/evp.h>

namespace headgate::connectors {

/// The bytes of a hash that OpenSSL knows.
[[nodiscard]] inline std::string digest_of(std::string_view bytes, const EVP_MD* hash)
{
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, hash, nullptr);
    return {reinterpret_cast<const char*>(digest.data()), size};
}

}  // namespace headgate::connectors
