#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/fwd.hpp>

#include "core/problem.hpp"
#include "mapping/run.hpp"
#include "mapping/tree.hpp"

namespace headgate::mapping {

/// What must hold within one transaction of a canonical type, beyond the shape of its fields: `x-invariants` of its
/// schema, written in the mapping language with `.` and `$doc` for the transaction.
struct Invariant {
    enum class Severity : std::uint8_t {
        reject,  // a letter
        hold,    // a person decides; a letter too, until holds exist
        warn,    // noted beside the transaction
    };
    std::string code;
    Severity severity = Severity::reject;
    bool needs_others = false;  // `scope: entity`: other transactions decide; not checked here
    ExprPtr each;               // about each item of this list, which `.` then is
    std::string list;           // its field, when it is one: "lines"
    ExprPtr when;
    ExprPtr holds;
    std::string field;  // what the failure points at; empty: the item, or the transaction
    std::string says;   // what must be so
};

/// All of one type, compiled.
struct Invariants {
    Program program;
    std::string file;
    std::vector<Invariant> all;
    ExprPtr overtakes;  // when older tellings about the entity that were never sent are needless; null: never

    /// Reads `x-invariants`, and the condition of `x-overtakes`, which may be ""; problems name the invariant by its
    /// code or number.
    static std::shared_ptr<const Invariants> read(const std::string& file, const boost::json::value& list,
                                                  const std::string& overtakes, Problems& problems);
};

/// Checks them all in order; a failure for the first that does not hold, a warning where that is enough, at the line of
/// `made_by` that maps the field. `run` stands outside of any item.
bool check_invariants(Run& run, const Block& made_by, const Invariants& invariants, const Value& fields);

/// Whether the transaction makes older ones about its entity needless. Nothing: a failure of its own.
std::optional<bool> overtakes(Run& run, const Invariants& invariants, const Value& fields);

}  // namespace headgate::mapping
