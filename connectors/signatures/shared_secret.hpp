#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "connectors/formats/format.hpp"
#include "connectors/signatures/verifier.hpp"
#include "core/config/schema.hpp"
#include "core/result.hpp"

namespace headgate::connectors {

/// A secret that the request itself carries: in a header, a parameter of the URL, a field of its form, a place of its
/// document, or as HTTP Basic (RFC 7617), whose secret is `user:password`. It protects as long as nobody reads along,
/// so only over TLS.
struct SharedSecretRecipe {
    enum class Scheme : std::uint8_t { plain, basic };
    Scheme scheme = Scheme::plain;
    std::string header;     // "Authorization", "X-Api-Key"
    std::string prefix;     // in front of it: "Bearer "; ignoring case, as schemes of RFC 9110 §11.1
    std::string parameter;  // of the URL
    std::string field;      // of the form
    std::string pointer;    // members of the document: "/cXML/Header/Sender/Credential/SharedSecret"

    void describe(config::Schema& schema);
    [[nodiscard]] std::string place() const;
};

class SharedSecretVerifier final : public Verifier {
public:
    /// Fails with `secret_unusable`: for Basic, a secret without a colon.
    /// `format`: what bodies are written in, for `pointer`.
    static Result<SharedSecretVerifier> make(SharedSecretRecipe recipe, std::span<const std::string> secrets,
                                             FormatConfig format = {});

    /// `secret_not_given`, `signature_repeated`, `secret_wrong`.
    [[nodiscard]] Result<std::size_t> verify(const SignedRequest& request) const override;
    [[nodiscard]] Result<Signature> sign(const SignedRequest& request, std::size_t secret) const override;

private:
    [[nodiscard]] std::optional<std::string> given(const SignedRequest& request) const;

    SharedSecretRecipe recipe_;
    FormatConfig format_;
    std::vector<std::string> secrets_;
};

}  // namespace headgate::connectors
