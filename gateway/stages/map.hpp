#pragma once

#include "gateway/stages/types.hpp"
#include "mapping/unmapped_words.hpp"

namespace headgate::gateway {

/// The transactions of a document in the order they are to be applied; empty: filtered. Fails permanently with the
/// mapping's codes; the same document and configuration give the same bytes.
/// `unmapped` counts the words that vocabularies missed.
Result<std::vector<Transaction>> map(const Event& event, const Decoded& decoded,
                                     mapping::UnmappedWords* unmapped = nullptr);

}  // namespace headgate::gateway
