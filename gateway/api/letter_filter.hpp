#pragma once

#include <initializer_list>
#include <string_view>
#include <vector>

#include <boost/json/object.hpp>

#include "core/result.hpp"
#include "gateway/api/answers.hpp"
#include "gateway/api/means.hpp"
#include "observability/history.hpp"

namespace headgate::gateway::api {

/// A time, or how long ago it was: "2026-01-31T08:00:00Z", "2h". `bad_filter`.
Result<std::chrono::system_clock::time_point> instant_of(std::string_view name, std::string_view text,
                                                         std::chrono::system_clock::time_point now);

/// The names of what letters are filtered by, the same in queries and bodies: channel, source, topic, system, type,
/// stage, code, cause, queue, entity, order, event; and since, until (RFC 3339, or how long ago: "2h"), overdue
/// ("true"); and field, NAME=VALUE of fields that `search` declares, one a line.
[[nodiscard]] const std::vector<std::string_view>& letter_filter_names();
/// Of what a query or a body gives under these names, and never beyond what the caller may see. `bad_filter`.
Result<observability::LetterFilter> letter_filter(const Means& with, const Parameters& given, const Caller& caller,
                                                  std::chrono::system_clock::time_point now);
/// The same of a member `filter` of a body, whose members are texts.
Result<observability::LetterFilter> letter_filter(const Means& with, const json::object& members, const Caller& caller,
                                                  std::chrono::system_clock::time_point now);

/// What a query asks for that lists letters: a filter with its `cursor` and `limit` (else 100), and beside those names
/// only `more`.
struct AskedPage {
    Parameters given;
    observability::LetterFilter filter;
};
Result<AskedPage> asked_page(const Means& with, const Call& call, std::initializer_list<std::string_view> more = {});

}  // namespace headgate::gateway::api
