#pragma once

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/currency.hpp"
#include "core/document.hpp"
#include "mapping/missed_word.hpp"

namespace headgate::mapping {

class UnmappedWords;

/// What a system calls a thing that a source calls otherwise. It changes with every delivery, so only requests are
/// given one.
class CrossReferences {
public:
    virtual ~CrossReferences() = default;
    /// The system's id of what is `id` of a kind ("item", "customer") here; nullopt when none is known.
    [[nodiscard]] virtual std::optional<std::string> find(std::string_view kind, std::string_view id,
                                                          std::string_view system) const = 0;
};

/// Of each canonical type the fields that people look for: "customer.email", "lines.sku".
using SearchedFields = std::map<std::string, std::vector<std::string>, std::less<>>;

/// What is known of a transaction that could not be made, for whoever looks for it.
struct Unmade {
    struct Part {
        std::string name;  // of a field that is searched
        std::string rest;  // of it, within `json`; "": all of that
        std::string json;
    };
    std::string type;
    std::string entity;        // "": that failed, too
    std::string order_number;  // "": it has none, or that failed, too
    std::vector<Part> parts{};
};

/// All that an expression may see of one event. Borrows everything: it must outlive the call it is handed to.
struct MappingContext {
    const Document& document;
    NodeIndex root = 0;  // where `.` and `$doc` start: a vendor may wrap the object that matters
    std::span<const std::pair<std::string, std::string>> headers{};  // names in lower case
    std::string_view event_id{};
    std::string_view topic{};
    std::string_view received_at{};
    std::string_view channel_name{};
    const SourceRounding* rounding = nullptr;  // of the source; none: its totals are exact
    std::string_view channel_zone{};           // "UTC", "+02:00" or an IANA name; empty: times must carry their offset
    const Document* channel_settings = nullptr;   // `$channel.settings`
    const MinorUnits* minor_units = nullptr;      // the connector's, where they differ from ISO 4217
    UnmappedWords* unmapped = nullptr;            // counts what vocabularies miss
    const CrossReferences* references = nullptr;  // requests only
    Unmade* unmade = nullptr;                     // the transaction that failed
    const SearchedFields* searched = nullptr;     // what is to be known of it; none: nothing
    std::optional<MissedWord>* missed = nullptr;  // behind `unmapped`: what a vocabulary that parks has not
};

}  // namespace headgate::mapping
