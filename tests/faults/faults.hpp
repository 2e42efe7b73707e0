#pragma once

#include <cstdint>

namespace headgate::test {

// What the command line or the environment asks for.
extern int kills_wanted;
extern std::uint32_t seed_wanted;
extern std::uint64_t events_wanted;  // of each storm

}  // namespace headgate::test
