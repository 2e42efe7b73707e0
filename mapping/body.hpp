#pragma once

#include <expected>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "core/problem.hpp"
#include "core/result.hpp"
#include "mapping/context.hpp"
#include "mapping/mapping.hpp"
#include "mapping/request_body.hpp"

namespace headgate::mapping {

struct CompiledValue;

/// The body of a call as it is written inside of a larger YAML file: any value of the language, as JSON or a form.
/// Immutable once loaded; calls may overlap. Fails with `permanent` and in no other way.
class Body {
public:
    /// What stands in the file under these keys, one inside the other. It may not look up words: there are no
    /// vocabularies.
    static std::expected<Body, Problems> load(const SourceFile& source, std::span<const std::string_view> keys,
                                              BodyFormat format);

    [[nodiscard]] Result<std::string> text(const MappingContext& context) const;
    [[nodiscard]] std::string_view content_type() const { return mapping::content_type(format_); }

private:
    Body(std::shared_ptr<const CompiledValue> value, BodyFormat format) : value_(std::move(value)), format_(format) {}
    std::shared_ptr<const CompiledValue> value_;
    BodyFormat format_;
};

}  // namespace headgate::mapping
