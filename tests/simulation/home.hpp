#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace headgate::simulation {

/// A line of a script broken on purpose.
struct ScriptBreak {
    std::string_view script, line, instead;
};

/// A Redis, a configuration and scripts that take their time from the simulation: what all lives of a program share.
class Simulation {
public:
    explicit Simulation(const ScriptBreak& broken = {});
    ~Simulation();

    /// What was wrong in the life of this seed, a line each.
    std::string run(std::uint64_t seed, bool traced = false);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace headgate::simulation
