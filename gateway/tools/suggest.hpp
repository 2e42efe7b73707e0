#pragma once

#include <string>
#include <vector>

#include "core/document.hpp"
#include "mapping/canonical.hpp"
#include "mapping/vocabularies.hpp"

namespace headgate::gateway {

/// Drafts a mapping of samples to a canonical type, as commented YAML: by names (in any case, with synonyms), the
/// shapes of values and the vocabularies there are. What is likely stands as a value, what is doubtful as a comment
/// `# perhaps: …`, what is required and was not found as `# TODO …`; at the end, what was not placed in both
/// directions. No constant is invented, so the file does not load until what is to do is done. `name` is what it was
/// drafted from.
[[nodiscard]] std::string suggested_mapping(const mapping::CanonicalType& type,
                                            const mapping::Vocabularies& vocabularies,
                                            const std::vector<Document>& samples, const std::string& name);

}  // namespace headgate::gateway
