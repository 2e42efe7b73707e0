#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/signatures/request.hpp"
#include "core/result.hpp"

namespace headgate::connectors {

/// Which bytes of a request a signature covers, as a text with parts in braces: `{timestamp}.{body}`; `{{` is a brace.
class SignedTemplate {
public:
    enum class Kind : std::uint8_t {
        text,
        body,          // the raw bytes
        body_base64,   // their base64 (RFC 4648 §4) text
        body_sha256,   // their SHA-256 in lower-case hex
        body_crc32,    // their CRC-32 (ISO 3309) as an unsigned decimal number
        body_slashes,  // the body with / written \/ and without line breaks
        url,           // the channel's public URL
        method,
        path,            // of the request, without the query
        query,           // without the ?
        request_target,  // path, and ?query when there is one
        timestamp,
        secret,
        header,   // all values of a header, one behind the other
        field,    // a decoded field of a form
        json,     // the value at a JSON pointer of the body: a text without its quotes and escapes, else as it stands
        setting,  // of the channel
    };
    struct Part {
        Kind kind = Kind::text;
        std::string text;  // the text, or the name
    };

    /// Fails with `signed_template`.
    static Result<SignedTemplate> parse(std::string_view text);

    [[nodiscard]] bool has(Kind kind) const;
    [[nodiscard]] const std::vector<Part>& parts() const { return parts_; }

    /// Gives the covered bytes piece by piece. `signature_malformed` when the request lacks a field, a value or a
    /// setting, so that nothing is ever signed as the empty text by being left out.
    Result<void> write(const SignedRequest& request, std::string_view timestamp, std::string_view secret,
                       const std::function<void(std::string_view)>& sink) const;

private:
    std::vector<Part> parts_;
};

}  // namespace headgate::connectors
