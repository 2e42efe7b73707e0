#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.hpp"
#include "net/redis/script.hpp"

namespace headgate::retry {

namespace embedded {

/// One file of scripts/ as the build compiled it in (cmake/embed.cmake).
struct Source {
    const char* name;
    const char* body;
};
extern const Source sources[];
extern const std::size_t source_count;

}  // namespace embedded

/// The Lua scripts, whole and hashed: the only way state in Redis is written. A line `--include NAME` in a script
/// stands for the file NAME.lua. Plain values; reading may overlap.
struct Scripts {
    net::Script accept, lease, reserve, finish, bury, readmit, reopen, archive, tally, verify, letters, sequence;
    net::Script place, take, resolve, release, decide, spill, waiting, next, known, overdue, pause, xref, entry, words;
    net::Script discard, job, edit, behind, resident, supersede;

    /// The scripts of this binary; a file of the same name in `overrides` wins (tests, and a mend in an emergency).
    /// `script_missing` (permanent) when one is nowhere to be found.
    static Result<Scripts> load(const std::optional<std::filesystem::path>& overrides = {});
};

}  // namespace headgate::retry
