#pragma once

#include <optional>
#include <string>

#include "gateway/missing.hpp"
#include "observability/history.hpp"

namespace headgate::gateway {

/// Of a missing parent: what its system calls it (may be ""), if history knows that a delivery of that type and entity
/// was applied there; nothing when it knows of none among the latest events of the entity. Fails as history does when
/// it cannot be read, and blocks for as long as SQLite takes.
[[nodiscard]] Result<std::optional<std::string>> applied_before(const observability::HistoryStore& history,
                                                                const MissingText& parent);

}  // namespace headgate::gateway
