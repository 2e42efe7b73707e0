#pragma once

#include <expected>

#include "core/async.hpp"
#include "gateway/api/answers.hpp"
#include "gateway/api/means.hpp"
#include "retry/letters.hpp"

namespace headgate::gateway::api {

/// The letter that a call names, which has no parameters; of an event that is none itself, the letter of its one
/// delivery that is.
asio::awaitable<std::expected<retry::Letter, net::Response>> find_letter(const Means& with, retry::Letters& letters,
                                                                         const Call& call);

}  // namespace headgate::gateway::api
