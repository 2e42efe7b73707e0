#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "connectors/signatures/hmac.hpp"
#include "connectors/signatures/http_message.hpp"
#include "connectors/signatures/item_hmac.hpp"
#include "connectors/signatures/postback.hpp"
#include "connectors/signatures/public_key.hpp"
#include "connectors/signatures/shared_secret.hpp"
#include "connectors/signatures/unsigned.hpp"
#include "connectors/signatures/verifier.hpp"

namespace headgate::connectors {

/// How a vendor shows that a request is its own: the table of schemes, of which a connector names one.
struct SignatureConfig {
    std::optional<HmacRecipe> hmac;
    std::optional<PublicKeyRecipe> public_key;
    std::optional<HttpMessageRecipe> http_message;
    std::optional<SharedSecretRecipe> shared_secret;
    std::optional<ItemHmacRecipe> item_hmac;
    std::optional<PostbackRecipe> postback;
    std::optional<UnsignedRecipe> none;

    void describe(config::Schema& schema);
    [[nodiscard]] bool given() const;
    /// Whether a channel has to give a secret, or a key: not where keys are fetched, the vendor is asked, or nothing is
    /// signed.
    [[nodiscard]] bool needs_secret() const;
    /// Where the vendor's keys are fetched; null where they are not.
    [[nodiscard]] const KeysConfig* keys() const;
    /// Whether the URL is signed, so that it must be known as the vendor was told it.
    [[nodiscard]] bool signs_url() const;
    /// Where signature or secret stand, in words: "header X-Vendor-Signature".
    [[nodiscard]] std::string place() const;
    /// Whether a header holds a signature or a secret, and so is never stored.
    [[nodiscard]] bool stands_in(std::string_view header) const;
    /// Whether a request carries a signature or a secret at all, right or wrong.
    [[nodiscard]] bool stands_on(const SignedRequest& request) const;
    /// A verifier with the channel's secrets, or the vendor's public keys. Fails with `secret_unusable`, `key_unusable`
    /// and `signed_template`.
    [[nodiscard]] Result<std::unique_ptr<Verifier>> verifier(std::span<const std::string> secrets,
                                                             const FormatConfig& format = {}) const;
};

}  // namespace headgate::connectors
