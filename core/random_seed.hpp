#pragma once

#include <cstdint>
#include <random>

namespace headgate {

/// Where seeds come from while a test has set one; null: the machine. Set before threads begin.
inline std::minstd_rand* given_seeds = nullptr;

/// For generators that spread things in time. No secret is drawn by them.
[[nodiscard]] inline std::uint32_t random_seed()
{
    return given_seeds != nullptr ? static_cast<std::uint32_t>((*given_seeds)()) : std::random_device{}();
}

}  // namespace headgate
