#pragma once

#include "gateway/stages/types.hpp"

namespace headgate::gateway {

/// A request as signatures see it; views of all three.
[[nodiscard]] connectors::SignedRequest signed_request(const Channel& channel, const net::Request& request,
                                                       std::chrono::system_clock::time_point now);

/// Where it comes from: 401 `address_not_allowed`.
Intake<void> from_known_address(const Channel& channel, const net::Request& request,
                                const connectors::AddressRanges& trusted_proxies);

/// Who sent it: the number of the secret that matched, or 401 with the verifier's code or `secret_out_of_date`. A
/// channel whose secret is not known refuses everything.
Intake<std::size_t> verify(const Received& received);
/// The same of a request whose body stands elsewhere.
Intake<std::size_t> verify(const Channel& channel, const net::Request& request, std::string_view body,
                           std::chrono::system_clock::time_point at);

}  // namespace headgate::gateway
