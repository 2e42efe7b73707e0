#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/signatures/request.hpp"
#include "connectors/signatures/signed_template.hpp"
#include "core/config/schema.hpp"
#include "core/result.hpp"

namespace headgate::connectors {

/// A signature that stands beside what it covers: where it stands, how it is written, which bytes it covers and how old
/// it may be. What HMACs and public keys have in common.
struct DetachedSignature {
    enum class Encoding : std::uint8_t { base64, hex };
    enum class Freshness : std::uint8_t { past, both };
    enum class Time : std::uint8_t { unix_seconds, unix_milliseconds, iso };

    std::vector<std::string> header;  // the first of these that the request has
    std::string field;                // or a field of its form
    std::string parameter;            // or a parameter of its query
    std::string list;                 // what separates several signatures; "" = it is one
    std::string pair;                 // what separates the id of a key, which stands before it, from the signature: "|"
    std::string pair_setting;         // the channel's setting with that id; pairs of other ids are skipped
    std::string prefix;               // what a signature starts with: "sha256=", "v1="; others in a list are skipped
    bool prefix_optional = false;     // whether a signature without it counts too
    Encoding encoding = Encoding::base64;
    std::vector<std::string> signed_bytes{"{body}"};  // templates; any of them may be what was signed
    std::string timestamp_header;
    std::string timestamp_prefix;  // the part of the signature's own list that holds it: "t="
    Time timestamp_format = Time::unix_seconds;
    config::Duration window{0};  // 0: the time is not judged
    Freshness freshness = Freshness::both;
    /// Where the header's value is base64 of JSON: what stands where in it, as JSON pointers.
    struct Envelope {
        std::string signature;
        std::string key;  // the id of the key; "": it is not there
        void describe(config::Schema& schema);
    };
    std::optional<Envelope> envelope;

    void describe_in(config::Schema& schema);
    [[nodiscard]] Result<std::vector<SignedTemplate>> templates() const;
    [[nodiscard]] bool signs_url() const;
    /// Where it stands, in words: "header X-Signature".
    [[nodiscard]] std::string place() const;

    /// The signatures a request carries, decoded, the text of the time it claims, and of the envelope the key's id.
    struct Claim {
        std::vector<std::string> signatures;
        std::string timestamp;
        std::string key;
    };
    /// Failures are of class auth: `signature_missing`, `signature_repeated`, `signature_malformed`,
    /// `timestamp_missing`. Of what is a list at most 16 signatures are looked at.
    [[nodiscard]] Result<Claim> claim(const SignedRequest& request) const;
    /// `timestamp_outside_window` and `signature_malformed`.
    [[nodiscard]] Result<void> fresh(std::string_view timestamp, std::chrono::system_clock::time_point now) const;

    [[nodiscard]] std::string timestamp(std::chrono::system_clock::time_point now) const;
    /// What to add to a request whose signature has these bytes.
    [[nodiscard]] Result<Signature> written(std::string_view bytes, std::string_view timestamp,
                                            const SignedRequest& request) const;
};

}  // namespace headgate::connectors
