#pragma once

#include <cstddef>
#include <optional>

#include "connectors/signatures/key_ring.hpp"
#include "connectors/signatures/request.hpp"
#include "core/result.hpp"

namespace headgate::connectors {

/// Tells whether a request comes from who holds one of the channel's secrets, or the key to which it has the public
/// half. Verifying may overlap. Compares in constant time what a sender could guess at.
class Verifier {
public:
    virtual ~Verifier() = default;

    /// The number of the secret or key that matched (0 = the first). Failures are of class auth; none says more of a
    /// secret than its number.
    [[nodiscard]] virtual Result<std::size_t> verify(const SignedRequest& request) const = 0;

    /// What the vendor would add to this request, with the secret of this number; `cannot_sign` where only the vendor
    /// can.
    [[nodiscard]] virtual Result<Signature> sign(const SignedRequest& request, std::size_t secret) const = 0;

    /// Where the vendor's keys are that have to be fetched; null where they stand in the configuration, or there are
    /// none.
    [[nodiscard]] virtual KeyRing* key_ring() const { return nullptr; }
    /// Which of them `verify` will look for; nothing when the request is refused whatever they are.
    [[nodiscard]] virtual std::optional<WantedKey> wanted_key(const SignedRequest& /*request*/) const
    {
        return std::nullopt;
    }
};

}  // namespace headgate::connectors
