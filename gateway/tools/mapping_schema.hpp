#pragma once

#include <map>
#include <string>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

namespace headgate::gateway {

/// JSON Schema of mapping files, made from the canonical types: `fields:` has the names of its `transaction:`'s type.
class CanonicalSchemas {
public:
    /// Reads every type of the folder; what cannot be read is left out, for `check` tells of it.
    explicit CanonicalSchemas(const std::string& folder);

    [[nodiscard]] boost::json::object mapping() const;
    [[nodiscard]] static boost::json::object fragment();
    [[nodiscard]] boost::json::array types() const;

private:
    std::map<std::string, boost::json::object> types_;
    boost::json::object common_;
};

}  // namespace headgate::gateway
