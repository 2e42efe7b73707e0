#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/document.hpp"
#include "core/result.hpp"
#include "mapping/context.hpp"
#include "mapping/expression.hpp"
#include "net/http/call.hpp"

namespace headgate::gateway {

/// What an API's answers hold, and how one leads to the next: compiled `items` and `next`.
struct AnswerPages {
    std::optional<mapping::Expression> items;
    bool link = false;
    std::optional<mapping::Expression> url;
    std::string parameter;
    std::optional<mapping::Expression> value;
    std::string page;

    /// The target of the next answer; nothing: this was the last. `items` of them were in this one. Fails with
    /// `next_elsewhere` (permanent) when it is at another host, and as the expressions do.
    [[nodiscard]] Result<std::optional<std::string>> next(const std::string& target, const net::HttpOrigin& origin,
                                                          const net::HttpAnswer& answer,
                                                          const mapping::MappingContext& context,
                                                          std::size_t items_found) const;
};

/// A target with a parameter of its query set; the first of that name is replaced, others are removed.
[[nodiscard]] std::string with_parameter(const std::string& target, std::string_view name, std::string_view value);
/// The parameter of a target's query, decoded; nothing: it has none.
[[nodiscard]] std::optional<std::string> parameter_of(const std::string& target, std::string_view name);
/// The URL that a Link header gives for rel="next" (RFC 8288); nothing: none.
[[nodiscard]] std::optional<std::string> next_link(const net::HttpAnswer& answer);
/// Path and query of an absolute URL at this origin, or of a relative one that begins with "/" or "?".
[[nodiscard]] Result<std::string> target_at(std::string_view url, const net::HttpOrigin& origin,
                                            const std::string& target);

}  // namespace headgate::gateway
