#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>

#include "gateway/api/answers.hpp"
#include "gateway/api/means.hpp"

namespace headgate::gateway::api {

// What systems and channels have in common: a person may pause them.

/// What is paused, as Redis has it: "system:erp" to who, why and since when.
using Paused = std::map<std::string, std::string>;

/// Who, why and since when; null when it is not paused.
[[nodiscard]] json::value pause_json(const Paused& paused, const std::string& key);

/// Pauses what `kind` ("system") and the call name; its body says why. The first pause stays. Answered once the owner
/// acts by it.
asio::awaitable<net::Response> pause(const Means& with, std::string_view kind, const Call& call);

/// Undoes it; done when the owner acts by it. Whether it was paused.
Task<bool> go_on(const Means& with, std::string_view kind, const Call& call);

/// The names that are paused of a kind: some may not be configured any more.
[[nodiscard]] std::set<std::string> paused_names(const Paused& paused, std::string_view kind);

}  // namespace headgate::gateway::api
