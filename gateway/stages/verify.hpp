#pragma once

#include "gateway/stages/types.hpp"

namespace headgate::gateway {

/// A request as signatures see it; views of all three.
[[nodiscard]] connectors::SignedRequest signed_request(const Channel& channel, const net::Request& request,
                                                       std::chrono::system_clock::time_point now);

/// Who sent it: the number of the secret that matched, or 401 with the verifier's code, `address_not_allowed` or
/// `secret_out_of_date`. A channel whose secret is not known refuses everything.
Intake<std::size_t> verify(const Received& received, const connectors::AddressRanges& trusted_proxies);
/// The same of a body that stands elsewhere.
Intake<std::size_t> verify(const Channel& channel, const net::Request& request, std::string_view body,
                           std::chrono::system_clock::time_point at, const connectors::AddressRanges& trusted_proxies);

}  // namespace headgate::gateway
