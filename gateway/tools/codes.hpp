#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace headgate::gateway {

/// What a stable code of a failure or problem means to the person who meets it.
struct CodeEntry {
    std::string_view code;
    std::string_view arises;  // where: one of a few headings
    std::string_view means;
    std::string_view remedy;
    std::string_view example;  // what leads to it; may be empty where there is nothing to write
};

/// All codes of the program, by heading and then as they are met.
[[nodiscard]] std::span<const CodeEntry> all_codes();
/// Those of a name; one may arise in several places.
[[nodiscard]] std::vector<const CodeEntry*> entries_of(std::string_view code);

/// For people: what `headgate explain CODE` prints.
[[nodiscard]] std::string text_of(const CodeEntry& entry);
/// docs/codes.md.
[[nodiscard]] std::string codes_markdown();

/// An invariant of a canonical type: its codes stand in the type's file.
struct InvariantCode {
    std::string code;
    std::string type;
    std::string severity;
    std::string says;
};
[[nodiscard]] std::vector<InvariantCode> invariant_codes(const std::string& canonical_folder);

}  // namespace headgate::gateway
