#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/schema.hpp"
#include "core/result.hpp"

namespace headgate::connectors {

/// Names of headers are compared without regard to case.
[[nodiscard]] bool same_header(std::string_view left, std::string_view right);

/// A piece of what is signed.
struct SignedPart {
    enum class Kind : std::uint8_t { text, body, url, timestamp, header };
    Kind kind = Kind::text;
    std::string text;  // the text, or the header's name
};

/// How a vendor signs a request with a shared secret, said in configuration: RFC 2104 HMAC over bytes that a template
/// puts together, written into a header in one of the usual ways.
struct HmacRecipe {
    enum class Hash : std::uint8_t { sha1, sha256, sha512 };
    enum class KeyDecoding : std::uint8_t { text, hex, base64, sha1_of_text };
    enum class Encoding : std::uint8_t { base64, hex };
    enum class Freshness : std::uint8_t { past, both };

    Hash hash = Hash::sha256;
    KeyDecoding key = KeyDecoding::text;
    std::string key_prefix;           // taken off the secret before it is decoded: "whsec_"
    std::vector<std::string> header;  // the first of these that the request has
    std::string list;                 // what separates several signatures in the header; "" = the header is one
    std::string prefix;               // what a signature starts with: "sha256=", "v1="; others in a list are skipped
    Encoding encoding = Encoding::base64;
    std::string signed_bytes = "{body}";  // template of {body} {url} {timestamp} {header:NAME}; {{ is a brace
    std::string timestamp_header;
    std::string timestamp_prefix;  // the part of the signature's own list that holds it: "t="
    config::Duration window{0};    // 0: the time is not judged
    Freshness freshness = Freshness::both;

    void describe(config::Schema& schema);
    /// `signed_bytes` taken apart; `signed_template` when it cannot be.
    [[nodiscard]] Result<std::vector<SignedPart>> parts() const;
    /// Whether the URL is signed, so that it must be known as the vendor was told it.
    [[nodiscard]] bool signs_url() const;
};

/// What a verifier needs of a request; the views outlive the call only.
struct SignedRequest {
    std::string_view body;
    std::string_view url;  // the public URL of the channel as the vendor was told
    /// All values of a header, by case-insensitive name.
    std::function<std::vector<std::string_view>(std::string_view name)> headers;
    std::chrono::system_clock::time_point now;
};

/// A recipe with its live secrets, keys prepared once. Verifying may overlap.
class HmacVerifier {
public:
    /// Fails with `secret_unusable` when a secret cannot be decoded as the recipe says (names its place among them and
    /// no part of it) and with `signed_template`.
    static Result<HmacVerifier> make(HmacRecipe recipe, std::span<const std::string> secrets);

    /// The number of the secret that matched (0 = the first). Failures are of class auth: `signature_missing`,
    /// `signature_repeated`, `signature_malformed`, `signature_wrong`, `timestamp_missing`, `timestamp_outside_window`.
    /// Compares decoded bytes in constant time.
    [[nodiscard]] Result<std::size_t> verify(const SignedRequest& request) const;

    /// The header value a vendor would send, for `headgate send`; signs with the first secret.
    struct Signature {
        std::string header;
        std::string value;
        std::optional<std::string> timestamp_value;  // for `timestamp_header`
    };
    [[nodiscard]] Result<Signature> sign(const SignedRequest& request) const;

    HmacVerifier(HmacVerifier&&) noexcept;
    HmacVerifier& operator=(HmacVerifier&&) noexcept;
    ~HmacVerifier();

private:
    struct Key;
    explicit HmacVerifier(HmacRecipe recipe);
    [[nodiscard]] std::string mac(const Key& key, const SignedRequest& request, std::string_view timestamp) const;

    HmacRecipe recipe_;
    std::vector<SignedPart> parts_;
    std::vector<Key> keys_;
};

}  // namespace headgate::connectors
