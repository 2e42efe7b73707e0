#pragma once

#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/problem.hpp"
#include "core/result.hpp"
#include "core/transaction.hpp"
#include "mapping/canonical.hpp"
#include "mapping/context.hpp"
#include "mapping/headers_read.hpp"
#include "mapping/listed_words.hpp"
#include "mapping/trace.hpp"
#include "mapping/vocabularies.hpp"

namespace headgate::mapping {

/// A file of the configuration as it was read.
struct SourceFile {
    std::string file;  // as problems name it
    std::string text;
};

/// Finds the fragment of a name: the connector's `mappings/fragments/<name>.yaml`, else the configuration's.
using FragmentLoader = std::function<std::optional<SourceFile>(std::string_view name)>;

/// Looks for `<name>.yaml` in each folder in turn.
[[nodiscard]] FragmentLoader fragments_in(std::vector<std::string> folders);

/// A mapping that another one may extend, and where the fragments it uses stand.
struct BaseMapping {
    SourceFile source;
    FragmentLoader fragments{};
};

/// Finds the mappings of a name like `shop/sales_order`, the nearest first: a deployment's own may extend the one
/// that ships under the same name.
using MappingLoader = std::function<std::vector<BaseMapping>(std::string_view name)>;

/// Looks for `<folder>/connectors/<connector>/mappings/<rest>.yaml` in each folder in turn.
[[nodiscard]] MappingLoader mappings_in(std::vector<std::string> folders);

/// A transaction that `explain` tried to make.
struct ExplainedTransaction {
    std::string slot;                        // what it is called, with its place
    std::optional<Transaction> transaction;  // when nothing failed
    std::vector<Failure> failures;           // in output order
    std::vector<FieldTrace> fields;          // in output order, when it was asked to trace
};

struct Explain {
    bool all = false;    // every failure, not the first of each transaction alone
    bool trace = false;  // where each output field comes from
};

struct CompiledMapping;

/// One mapping file, compiled: a document becomes canonical transactions. Pure: the same document, settings and
/// configuration give the same bytes. Immutable once loaded; calls to `run` may overlap. Fails with `permanent` and in
/// no other way.
class Mapping {
public:
    /// Every problem of the file, its fragments and what it extends together. `canonical` and `vocabularies` must
    /// outlive the mapping.
    static std::expected<Mapping, Problems> load(const std::string& path, const Canonical& canonical,
                                                 const Vocabularies& vocabularies, const FragmentLoader& fragments = {},
                                                 const MappingLoader& mappings = {});
    static std::expected<Mapping, Problems> load(const SourceFile& source, const Canonical& canonical,
                                                 const Vocabularies& vocabularies, const FragmentLoader& fragments = {},
                                                 const MappingLoader& mappings = {});

    [[nodiscard]] const std::string& name() const;
    [[nodiscard]] std::span<const std::string> topics() const;
    /// What its transactions are called: part of their effect keys.
    [[nodiscard]] std::vector<std::string> names() const;
    /// Whether transactions of it wait for others (`depends_on`).
    [[nodiscard]] bool has_parents() const;
    /// What is no mistake and worth a look when the file is checked.
    [[nodiscard]] Problems notes() const;
    /// The fields with a closed list that words of vocabularies go straight into.
    [[nodiscard]] std::vector<ListedField> listed_fields() const;
    /// The headers it reads; those that are not stored with an event are null.
    [[nodiscard]] std::vector<HeaderRead> headers() const;
    /// No `topics:` takes every topic.
    [[nodiscard]] bool takes(std::string_view topic) const;
    /// What the document says, in the order it is to be applied; empty: filtered. The first failure in output order is
    /// the answer.
    [[nodiscard]] Result<std::vector<Transaction>> run(const MappingContext& context) const;
    /// The same for people: what each transaction failed with and where its fields come from. Transactions that do not
    /// count (`when`) are not among them.
    [[nodiscard]] std::vector<ExplainedTransaction> explain(const MappingContext& context, Explain what) const;

private:
    explicit Mapping(std::shared_ptr<const CompiledMapping> compiled) : compiled_(std::move(compiled)) {}
    std::shared_ptr<const CompiledMapping> compiled_;
};

}  // namespace headgate::mapping
