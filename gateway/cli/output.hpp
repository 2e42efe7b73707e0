#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

namespace headgate::gateway {

// How commands print what the admin API answers.

/// What a sender wrote, safe on a terminal: characters that steer it or the direction of writing escaped, and no longer
/// than a line should be.
std::string shown(std::string_view value);
/// At most so many letters, the last of them `…` where there were more.
std::string cut(std::string text, std::size_t letters);

/// A member as text, shown; "" for null and what is not there.
std::string text(const boost::json::object& object, std::string_view name);
/// A member that is a count; 0 for none.
std::uint64_t number(const boost::json::object& object, std::string_view name);

/// An object's members, a line each.
void print_fields(const boost::json::value& value, int indent = 0);

/// Rows under their titles, each column as wide as it must be.
class Table {
public:
    explicit Table(std::vector<std::string> titles) { rows_.push_back(std::move(titles)); }
    void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
    void print() const;

private:
    std::vector<std::vector<std::string>> rows_;
};

}  // namespace headgate::gateway
