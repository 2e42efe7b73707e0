#pragma once

#include <string>
#include <vector>

#include "core/document.hpp"
#include "mapping/canonical.hpp"
#include "mapping/vocabularies.hpp"

namespace headgate::gateway {

/// What a mapping is drafted from.
struct Samples {
    std::vector<Document> documents;
    std::vector<NodeIndex> starts{};  // where `.` of a mapping is in each; none: at their roots
    std::string from{};               // for people: the files
    std::string document{};           // the connector's `document:`, when it led to `starts`
};

/// Drafts a mapping of samples to a canonical type, as commented YAML: by names (in any case, with synonyms), the
/// shapes of values and the vocabularies there are. What is likely stands as a value, what is doubtful as a comment
/// `# perhaps: …`, what is required and was not found as `# TODO …`; at the end, what was not placed in both
/// directions. No constant is invented, so the file does not load until what is to do is done. An amount that is whole
/// in every sample is doubtful: it may be minor units.
[[nodiscard]] std::string suggested_mapping(const mapping::CanonicalType& type,
                                            const mapping::Vocabularies& vocabularies, const Samples& samples);

}  // namespace headgate::gateway
