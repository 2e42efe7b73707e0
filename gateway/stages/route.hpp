#pragma once

#include "gateway/stages/types.hpp"

namespace headgate::gateway {

/// Each transaction with each system it goes to, in the order of the transactions; every route that matches applies,
/// a system named twice gets it once. `unrouted` (permanent) when none matches.
Result<std::vector<Routed>> route(std::vector<Transaction> transactions, const Configuration& configuration,
                                  std::string_view channel);

/// A transaction that was made before, to the system it was made for. `unrouted` when no route leads there any more.
Result<Routed> route_to(const StoredTransaction& stored, const Configuration& configuration, std::string_view channel);

}  // namespace headgate::gateway
