#pragma once

#include <cstdint>

#include "core/async.hpp"
#include "gateway/api/answers.hpp"
#include "gateway/api/route.hpp"
#include "net/http/message.hpp"
#include "observability/audit.hpp"

namespace headgate::gateway::api {

// What the audit log keeps of a request and its answer: names, ids, reasons and small values from a list of members.
// What is not on the list is left out, so that no payload and no secret can come in; of a body that has more, its size
// and hash stand for the rest.

/// Before anything is changed.
[[nodiscard]] observability::AuditLine intent_of(const Route& route, const Call& call);
/// Behind it.
[[nodiscard]] observability::AuditLine result_of(std::uint64_t intent, const net::Response& response);

/// Writes a line and waits until it is on disk. Its number; fails as the log does.
Task<std::uint64_t> written(observability::AuditLog& log, observability::AuditLine line);

}  // namespace headgate::gateway::api
