#pragma once

#include <optional>

#include "gateway/stages/types.hpp"
#include "mapping/context.hpp"
#include "mapping/missed_word.hpp"
#include "mapping/unmapped_words.hpp"

namespace headgate::gateway {

/// The transactions of a document in the order they are to be applied; empty: filtered. Fails permanently with the
/// mapping's codes; the same document and configuration give the same bytes.
/// `unmapped` counts the words that vocabularies missed; behind a failure `missed` is the one that it is for want of,
/// if its vocabulary parks, and `unmade` the transaction that it was about.
Result<std::vector<Transaction>> map(const Event& event, const Decoded& decoded,
                                     mapping::UnmappedWords* unmapped = nullptr,
                                     std::optional<mapping::MissedWord>* missed = nullptr,
                                     mapping::Unmade* unmade = nullptr,
                                     const mapping::SearchedFields* searched = nullptr);

}  // namespace headgate::gateway
