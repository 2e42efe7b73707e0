#pragma once

#include <string>

#include <boost/json/object.hpp>

#include "core/envelope.hpp"
#include "gateway/api/means.hpp"

namespace headgate::gateway::api {

/// The envelope as accepted: from history, else from Redis; empty when neither has it.
Task<std::string> stored(const Means& with, EventId id);

[[nodiscard]] boost::json::object envelope_json(const Envelope& envelope);

}  // namespace headgate::gateway::api
