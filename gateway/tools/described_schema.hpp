#pragma once

#include <string>

#include <boost/json/object.hpp>

namespace headgate::gateway {

/// The reference of a described struct (config::reference) as JSON Schema. Keys of later versions are left out, so that
/// an editor marks them; what must be given, and how large a number may be, only `check` knows.
[[nodiscard]] boost::json::object described_schema(const std::string& reference);

}  // namespace headgate::gateway
