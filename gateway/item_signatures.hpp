#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "connectors/signatures/request.hpp"
#include "core/document.hpp"
#include "core/result.hpp"
#include "mapping/expression.hpp"

namespace headgate::gateway {

struct Channel;

/// Marks an item whose signature did not hold when its batch was taken apart; no request can set it.
inline constexpr std::string_view wrong_item_header = "headgate-item-signature";

/// Judges batches whose items are signed each for itself. Immutable; calls may overlap.
class ItemSignatures {
public:
    ItemSignatures(mapping::Expression items, mapping::Expression value, mapping::Expression covers)
        : items_(std::move(items)),
          value_(std::move(value)),
          covers_(std::move(covers))
    {}

    /// One good item lets the batch in: the others are letters of their own. The number of the secret that matched.
    /// Failures are of class auth: `signature_missing` when there is no item or none has a signature, else what is
    /// wrong with the first.
    [[nodiscard]] Result<std::size_t> verify(std::string_view body, const Channel& channel) const;
    /// Whether the signature of an item is good, by any secret. `signature_missing` and the verifier's failures.
    [[nodiscard]] Result<std::size_t> judge(const Document& document, NodeIndex item, const Channel& channel) const;
    /// The body with each {signature} replaced by the signature of the item it stands in, as the vendor would.
    [[nodiscard]] Result<std::string> sign(std::string body, const Channel& channel, std::size_t secret) const;

private:
    mapping::Expression items_;
    mapping::Expression value_;
    mapping::Expression covers_;
};

}  // namespace headgate::gateway
