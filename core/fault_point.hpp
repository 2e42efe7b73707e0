#pragma once

#include <string_view>

namespace headgate {

/// A named place where the fault tests may let the process die as if by `kill -9`. HEADGATE_FAULT=NAME:N kills it at
/// the N-th time the place is reached; without that variable this is one predictable branch.
void fault_point(std::string_view name);

}  // namespace headgate
