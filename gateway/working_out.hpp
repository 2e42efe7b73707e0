#pragma once

#include <expected>
#include <string_view>
#include <vector>

#include "gateway/stages/types.hpp"
#include "mapping/unmapped_words.hpp"

namespace headgate::gateway {

/// Where an event failed on its way to its transactions.
struct FailedAt {
    std::string_view stage;
    Failure failure;
};

/// decode ─▶ map ─▶ route: the transactions of an event and where each goes; none: nothing of it is wanted. The same
/// event under the same configuration gives the same. Afterwards the event has no document and no body any more, only
/// what is stored of it.
std::expected<std::vector<Routed>, FailedAt> work_out(Event& event, const Configuration& configuration,
                                                      mapping::UnmappedWords* unmapped);

}  // namespace headgate::gateway
