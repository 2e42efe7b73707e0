#pragma once

// For the .cpp files of this module only: yaml-cpp's types are in it.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <yaml-cpp/yaml.h>
#include <boost/json/object.hpp>

namespace headgate::gateway::api {

/// What a value of the admin API looks like, in a short notation that becomes JSON Schema (2020-12):
///
///     text                      a text; so are time, event, letter, hex, each of its form
///     count whole flag          a number that is not negative, a whole number, true or false
///     object anything null
///     one | other               one of these words
///     Letter                    the shape of that name
///     text or null              either
///     text, what it is          with a description, behind the first comma
///     [Letter]                  a list of these
///     { name: text, NAME: count }
///                               an object; NAME stands for any other name, and one that ends in `?` may be missing
///                               (which YAML reads in block style alone)
///     { like: Letter, more: text }
///                               the members of that shape, and these
class Shapes {
public:
    struct Member {
        std::string name;
        bool needed = true;
        YAML::Node shape;
    };

    /// Throws std::logic_error when there is one of this name.
    void add(const std::string& name, const YAML::Node& shape);
    [[nodiscard]] std::vector<Member> members(const YAML::Node& object) const;
    /// Throws std::logic_error for what is no shape, or the name of none.
    [[nodiscard]] boost::json::object schema(const YAML::Node& shape) const;
    /// Of all that have names, by name.
    [[nodiscard]] boost::json::object schemas() const;

private:
    [[nodiscard]] boost::json::object of_text(const std::string& text) const;
    [[nodiscard]] boost::json::object of_word(std::string_view word) const;
    [[nodiscard]] boost::json::object of_object(const YAML::Node& object) const;

    std::map<std::string, YAML::Node> named_;
};

}  // namespace headgate::gateway::api
