#pragma once

#include <optional>
#include <string>

#include "gateway/tools/name_words.hpp"
#include "gateway/tools/sample_tree.hpp"
#include "mapping/canonical.hpp"

namespace headgate::gateway {

inline constexpr double sure = 0.9;     // from here on a source is taken as a value
inline constexpr double likely = 0.68;  // below it is none

/// A place of the samples that may be a field's source.
struct Candidate {
    const SampleNode* node = nullptr;
    std::string path;  // from where it was looked for: ".customer.email"
    Words words{};     // of its name
    Words with_parent{};
    double distance = 0;                // what standing deeper takes off
    double score = 0;                   // how sure it is
    const std::string* name = nullptr;  // what the samples call it: of `{amount, currency}`, the object's name
};

/// What a field stands among.
struct Around {
    const mapping::Shape* siblings;
    Words parent;        // of the object it is in
    bool inside = true;  // whether objects of the samples are searched as well
};

/// The best source of a field of `type` below `scope`, by names and values; at most doubtful when another is as good.
[[nodiscard]] std::optional<Candidate> best_source(const SampleNode& scope, const mapping::Shape::Member& field,
                                                   const Around& around, const std::string& type);

}  // namespace headgate::gateway
