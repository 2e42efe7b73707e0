#pragma once

#include <cstdint>

namespace headgate::test {

// What the command line or the environment asks for.
extern int kills_wanted;
extern std::uint32_t seed_wanted;
extern std::uint64_t events_wanted;  // 0: each test has its own number

inline std::uint64_t events_or(std::uint64_t usual)
{
    return events_wanted != 0 ? events_wanted : usual;
}

}  // namespace headgate::test
