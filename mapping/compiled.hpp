#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "mapping/canonical.hpp"
#include "mapping/mapping.hpp"
#include "mapping/tree.hpp"

namespace headgate::mapping {

/// A value that stands outside of a mapping.
struct CompiledValue {
    Program program;
    std::deque<std::string> files;
    Block block;
};

/// One transaction a mapping makes, or one per item of `each`.
struct Plan {
    std::string name;
    const CanonicalType* type = nullptr;
    Site site;
    std::unique_ptr<Block> entity;
    std::unique_ptr<Block> id;
    std::unique_ptr<Block> version;
    std::vector<std::pair<const CanonicalType*, Block>> parents;
    ExprPtr each;
    int as = -1;
    std::vector<Block::Let> lets;
    ExprPtr when;
    Block fields;
};

struct CompiledMapping {
    Program program;
    std::deque<std::string> files;
    const Vocabularies* vocabularies = nullptr;
    std::string name;
    std::vector<std::string> topics;
    std::vector<Block::Let> lets;  // shared by the plans
    std::vector<Plan> plans;
    Problems notes;  // what is no mistake and worth a look
};

/// Compiles a mapping file; nullptr when there are problems.
std::shared_ptr<const CompiledMapping> compile_mapping(const SourceFile& source, const Canonical& canonical,
                                                       const Vocabularies& vocabularies,
                                                       const FragmentLoader& fragments, const MappingLoader& mappings,
                                                       Problems& problems);

}  // namespace headgate::mapping
