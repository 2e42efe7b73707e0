#pragma once

#include <expected>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "core/problem.hpp"

namespace headgate::mapping {

/// One plain table: a vendor's word to ours. `unmapped` says where a missing entry leads when the call names no
/// default; only `dead` and `default` exist so far, `park` and `hold` are refused as `not_yet`.
struct Vocabulary {
    enum class Unmapped : std::uint8_t { dead, use_default };
    std::string name;
    Unmapped unmapped = Unmapped::dead;
    std::string fallback;  // for use_default
    std::map<std::string, std::string, std::less<>> entries;
};

/// The tables of one configuration generation: `<dir>/<name>.yaml`. Immutable once loaded; reading may overlap.
///
///     unmapped: dead            # or {default: word}
///     entries: { paid: captured, pending: pending }
class Vocabularies {
public:
    /// Adds every *.yaml of a folder; a table named before is replaced as a whole.
    std::expected<void, Problems> load(const std::string& dir);
    void add(Vocabulary table);
    [[nodiscard]] const Vocabulary* find(std::string_view name) const;

private:
    std::map<std::string, Vocabulary, std::less<>> tables_;
};

}  // namespace headgate::mapping
