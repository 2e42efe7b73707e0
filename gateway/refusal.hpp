#pragma once

#include <string_view>

#include "gateway/gateway_metrics.hpp"
#include "gateway/stages/types.hpp"
#include "net/http/message.hpp"

namespace headgate::gateway {

/// What a sender hears who is refused, and one more in `headgate_refused_total`. `allow`: the method of the path.
[[nodiscard]] net::Response refusal_answer(GatewayMetrics& metrics, std::string_view channel, const Refused& refused,
                                           std::string_view allow = "POST");

}  // namespace headgate::gateway
