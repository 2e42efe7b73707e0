#pragma once

#include <memory>
#include <span>
#include <string>

#include "connectors/signatures/hmac.hpp"
#include "core/config/schema.hpp"

namespace headgate::connectors {

/// A batch whose items are signed each for itself, with the signature inside of the item. The expressions are the
/// gateway's to evaluate: what they give is judged as the body and the signature of a request.
/// Source: docs.adyen.com "Verify HMAC signatures".
struct ItemHmacRecipe : HmacRecipe {
    config::PlacedText items;   // expression: the list of items in the body
    config::PlacedText value;   // expression: the signature in an item
    config::PlacedText covers;  // text: what is signed of an item

    void describe(config::Schema& schema);
    [[nodiscard]] Result<std::unique_ptr<Verifier>> verifier(std::span<const std::string> secrets) const;
};

/// The header under which the signature of an item is given to the verifier.
inline constexpr std::string_view item_signature_header = "item-signature";

}  // namespace headgate::connectors
