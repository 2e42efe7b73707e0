#pragma once

#include <map>
#include <string>

#include <boost/json/object.hpp>

#include "core/result.hpp"

namespace headgate::gateway {

/// A canonical type as a page of docs/canonical/, in Markdown: its fields, what must hold, an example. `schema` is
/// config/canonical/<name>.json and `common` the definitions it shares.
[[nodiscard]] std::string canonical_page(const std::string& name, const boost::json::object& schema,
                                         const boost::json::object& common);

/// The pages of all types in a folder of canonical types, by name, and `README`, which lists them. `schema` (permanent)
/// for a file that is no JSON object.
[[nodiscard]] Result<std::map<std::string, std::string>> canonical_pages(const std::string& folder);

}  // namespace headgate::gateway
