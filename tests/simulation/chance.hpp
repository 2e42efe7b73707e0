#pragma once

#include <chrono>
#include <cstdint>
#include <random>

namespace headgate::simulation {

/// Everything that is drawn in one life comes from here.
class Chance {
public:
    explicit Chance(std::uint64_t seed) : random_(seed) {}

    /// 0 to n - 1.
    std::uint64_t pick(std::uint64_t n) { return random_() % n; }
    bool percent(std::uint64_t p) { return pick(100) < p; }
    bool per_mille(std::uint64_t p) { return pick(1000) < p; }
    std::chrono::milliseconds between(std::chrono::milliseconds least, std::chrono::milliseconds most)
    {
        return least + std::chrono::milliseconds(pick(static_cast<std::uint64_t>((most - least).count()) + 1));
    }

private:
    std::mt19937_64 random_;
};

}  // namespace headgate::simulation
