#pragma once

#include <chrono>
#include <cstddef>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "core/result.hpp"
#include "gateway/access.hpp"
#include "net/http/message.hpp"

namespace headgate::gateway::api {

namespace json = boost::json;

// What every resource of the admin API reads and answers with.

/// One request below /api/v1/, taken apart. It lives as long as the request does.
struct Call {
    std::string_view query;
    std::string_view body;
    const Caller& caller;
    std::string_view name{};  // of the one thing it is about; empty: about all
    bool reveal = false;      // what is personal, which `why` says the reason for
    std::string_view why{};
};

[[nodiscard]] net::Response reply(int status, const json::value& body);
/// `{"error":CODE,"detail":DETAIL}`: what, where, and what to do.
[[nodiscard]] net::Response refuse(int status, std::string_view code, std::string_view detail);
/// A failure as it is told: 400 for what is wrong with the request, 404 for a name that nothing has, 409 for what
/// something else forbids, 503 for what may go better later, else 500.
[[nodiscard]] net::Response failed(const Failure& failure);
[[nodiscard]] net::Response not_found(std::string_view what);
[[nodiscard]] net::Response wrong_method(std::string_view allowed);

using Parameters = std::map<std::string, std::string, std::less<>>;
/// The query's parameters, each at most once and of these names.
Result<Parameters> parameters(std::string_view query, std::initializer_list<std::string_view> names);
Result<Parameters> parameters(std::string_view query, const std::vector<std::string_view>& names);
/// `limit`, 1 to 1000.
Result<std::size_t> limit_of(const Parameters& given, std::size_t otherwise);

/// The members of a body, of these names alone; an empty body has none. `bad_body`.
Result<json::object> members(std::string_view body, std::initializer_list<std::string_view> names);
/// A member that is a text of at most so many bytes; "" when it is not given. `bad_body`.
Result<std::string> text_member(const json::object& members, std::string_view name, std::size_t most);

/// A member that is true or false; false when it is not given. `bad_body`.
Result<bool> flag_member(const json::object& members, std::string_view name);

/// What a person gives as a reason, in bytes.
inline constexpr std::size_t longest_why = 500;
/// The member `why`, which must say something; `what` of the failure `why_missing` says what needs it: "a pause".
Result<std::string> reason(const json::object& members, std::string_view what);

/// RFC 3339 in UTC, to the millisecond.
[[nodiscard]] std::string time_text(std::chrono::sys_time<std::chrono::milliseconds> at);
[[nodiscard]] inline std::string time_text(std::chrono::system_clock::time_point at)
{
    return time_text(std::chrono::floor<std::chrono::milliseconds>(at));
}

}  // namespace headgate::gateway::api
