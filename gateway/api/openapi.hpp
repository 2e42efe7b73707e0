#pragma once

#include <span>
#include <string>
#include <vector>

#include "gateway/api/route.hpp"

namespace headgate::gateway::api {

// The admin API as an OpenAPI 3.1 document, made of the table of routes and the descriptions in described/*.yaml, one
// file an area. There a key in two words is a route:
//
//     POST dlq/ID/discard:
//       is: Lets go of a letter that nobody needs.    a sentence or two
//       named: ID, an event id                        the word in capitals of its path, when it has one
//       query: { system: text }                       its parameters; `reveal` and `why` of a payload go without saying
//       body: { why: Why }                            or `lines of Reference`, a file of one a line
//       answer: { letters: [Letter] }                 or `bytes`, or `lines of Letter`
//       refusals: { 404: [not_found] }                codes by status, beyond those that any request may meet
//
// and a key in one word is a shape for all of them (gateway/api/shapes.hpp).

/// Of all routes there are. Throws std::logic_error where `undescribed` finds something.
[[nodiscard]] std::string openapi_document();

/// What routes and descriptions have of each other that does not fit, a sentence each.
[[nodiscard]] std::vector<std::string> undescribed(std::span<const Route> routes);

}  // namespace headgate::gateway::api
