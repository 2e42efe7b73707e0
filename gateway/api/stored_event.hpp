#pragma once

#include <string>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "core/envelope.hpp"
#include "gateway/api/answers.hpp"
#include "gateway/api/means.hpp"

namespace headgate::gateway::api {

/// The envelope: from Redis, which has what was edited lately, else from history; empty when neither has it.
Task<std::string> stored(const Means& with, EventId id);

/// What people changed of its document: `op`, `path`, `value` as JSON text, `who`, `why`, `at`.
[[nodiscard]] boost::json::array edits_json(const Means& with, const Call& call, const Envelope& envelope);
/// With headers and edits masked, unless the call has them revealed.
[[nodiscard]] boost::json::object envelope_json(const Means& with, const Call& call, const Envelope& envelope);

}  // namespace headgate::gateway::api
