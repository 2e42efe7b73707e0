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

struct CompiledMapping;

/// One mapping file, compiled: a document becomes canonical transactions. Pure: the same document, settings and
/// configuration give the same bytes. Immutable once loaded; calls to `run` may overlap. Fails with `permanent` and in
/// no other way.
class Mapping {
public:
    /// Every problem of the file and its fragments together. `canonical` and `vocabularies` must outlive the mapping.
    static std::expected<Mapping, Problems> load(const std::string& path, const Canonical& canonical,
                                                 const Vocabularies& vocabularies,
                                                 const FragmentLoader& fragments = {});
    static std::expected<Mapping, Problems> load(const SourceFile& source, const Canonical& canonical,
                                                 const Vocabularies& vocabularies,
                                                 const FragmentLoader& fragments = {});

    [[nodiscard]] const std::string& name() const;
    [[nodiscard]] std::span<const std::string> topics() const;
    /// What its transactions are called: part of their effect keys.
    [[nodiscard]] std::vector<std::string> names() const;
    /// What is no mistake and worth a look when the file is checked.
    [[nodiscard]] Problems notes() const;
    /// No `topics:` takes every topic.
    [[nodiscard]] bool takes(std::string_view topic) const;
    /// What the document says, in the order it is to be applied; empty: filtered. The first failure in output order is
    /// the answer.
    [[nodiscard]] Result<std::vector<Transaction>> run(const MappingContext& context) const;

private:
    explicit Mapping(std::shared_ptr<const CompiledMapping> compiled) : compiled_(std::move(compiled)) {}
    std::shared_ptr<const CompiledMapping> compiled_;
};

}  // namespace headgate::mapping
