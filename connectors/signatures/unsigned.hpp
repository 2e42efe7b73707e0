#pragma once

#include "connectors/signatures/verifier.hpp"
#include "core/config/schema.hpp"

namespace headgate::connectors {

/// A vendor that signs nothing. Nothing of its events may be believed: they only say what to fetch, or they come from
/// known addresses.
struct UnsignedRecipe {
    void describe(config::Schema& /*schema*/) {}
};

class UnsignedVerifier final : public Verifier {
public:
    [[nodiscard]] Result<std::size_t> verify(const SignedRequest& /*request*/) const override { return std::size_t{0}; }
    [[nodiscard]] Result<Signature> sign(const SignedRequest& /*request*/, std::size_t /*secret*/) const override
    {
        return Signature{};
    }
};

}  // namespace headgate::connectors
