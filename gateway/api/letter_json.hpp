#pragma once

#include <boost/json/object.hpp>

#include "gateway/api/answers.hpp"
#include "gateway/api/means.hpp"

namespace headgate::gateway::api {

/// A letter as every resource tells it; in letters.cpp.
[[nodiscard]] json::object letter_json(const Means& with, const observability::LetterRow& letter);

}  // namespace headgate::gateway::api
