#pragma once

#include <cstddef>

namespace headgate::gateway::api::embedded {

/// One file of described/ as the build compiled it in (cmake/embed.cmake).
struct Source {
    const char* name;
    const char* body;
};
extern const Source sources[];
extern const std::size_t source_count;

}  // namespace headgate::gateway::api::embedded
