#include "net/redis/script.hpp"

#include <array>
#include <span>

#include <openssl/evp.h>

#include "core/hash.hpp"

namespace headgate::net {

Script make_script(std::string name, std::string source)
{
    std::array<unsigned char, 20> sha1{};
    unsigned int size = 0;
    EVP_Digest(source.data(), source.size(), sha1.data(), &size, EVP_sha1(), nullptr);
    return {std::move(name), std::move(source), to_hex(std::span<const std::uint8_t>(sha1))};
}

}  // namespace headgate::net
