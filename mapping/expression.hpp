#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/problem.hpp"
#include "core/result.hpp"
#include "mapping/canonical.hpp"
#include "mapping/context.hpp"
#include "mapping/headers_read.hpp"
#include "mapping/vocabularies.hpp"

namespace headgate::mapping {

/// Where a text stands in a configuration file.
struct Place {
    std::string file;
    int line = 1;
    int column = 1;
};

/// Whether an expression may read what changes with every delivery (`xref`).
enum class Use : std::uint8_t { anywhere, request };

struct CompiledValue;

/// One value of the language outside of a mapping: a connector's event id, its `order_by`, a condition. The rules are
/// those of a mapping's values (`.`, `$`, `=`, or text with `{…}`). Immutable once compiled; calls may overlap. Fails
/// with `permanent` and in no other way.
class Expression {
public:
    static std::expected<Expression, Problem> compile(std::string_view text, const Place& place = {});
    /// As `each` and `when` take them: an expression without `=`.
    static std::expected<Expression, Problem> compile_bare(std::string_view text, const Place& place = {},
                                                           Use use = Use::anywhere);

    /// nullopt for null; a list, an object, money or a quantity is no text.
    [[nodiscard]] Result<std::optional<std::string>> text(const MappingContext& context) const;
    /// False when the value is the same whatever the document is: headers, constants.
    [[nodiscard]] bool reads_document() const;
    /// Whether it asks for anything of `$event`.
    [[nodiscard]] bool reads_event() const;
    /// As a condition. A failure is neither yes nor no.
    [[nodiscard]] Result<bool> holds(const MappingContext& context) const;
    /// Of an expression about a transaction: what it reads and no transaction of these types has.
    [[nodiscard]] Problems not_in_transaction(std::span<const CanonicalType* const> types) const;
    /// Whether it needs vocabularies (`lookup`, `classify`, `convert`); only `json` is given any.
    [[nodiscard]] bool looks_up() const;
    /// The headers it names.
    [[nodiscard]] std::vector<HeaderRead> headers() const;
    /// When the expression only names members (`.a.b // .c`): the ways to them, so that a format can read them without
    /// making a document; else empty.
    [[nodiscard]] std::vector<std::vector<std::string>> member_paths() const;
    /// Where in the document the value stands; no_node for null. `wrong_kind` for a value that was computed.
    [[nodiscard]] Result<NodeIndex> node(const MappingContext& context) const;
    /// The value as JSON, "null" included: for tools and tests.
    [[nodiscard]] Result<std::string> json(const MappingContext& context,
                                           const Vocabularies* vocabularies = nullptr) const;

private:
    explicit Expression(std::shared_ptr<const CompiledValue> value) : value_(std::move(value)) {}
    std::shared_ptr<const CompiledValue> value_;
};

}  // namespace headgate::mapping
