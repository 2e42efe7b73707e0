#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/signatures/asymmetric_key.hpp"
#include "connectors/signatures/request.hpp"
#include "core/config/schema.hpp"
#include "core/result.hpp"

namespace headgate::connectors {

/// The key that a request says it is signed with, and where its vendor publishes it.
struct WantedKey {
    std::string url;  // with `login`: what is asked for from the URL of the vendor's API on
    std::string id;   // "": the one that stands there
};

/// A key as it was published. A certificate's counts in its dates alone.
struct PublishedKey {
    PublicKey key;
    std::optional<CertificateDates> dates{};
};
using PublishedKeys = std::map<std::string, std::vector<PublishedKey>, std::less<>>;  // by id

/// Where a vendor publishes the keys that it signs with, and what its answer looks like. A request says which of them
/// it was signed with, and never where keys are, what they are for, or which hosts are asked: that is said here.
struct KeysConfig {
    enum class Form : std::uint8_t { text, jwks };
    std::string url;                                 // with {id}: the id of the key
    std::string url_header;                          // or the header with the URL of a certificate
    std::vector<std::string> hosts;                  // url_header: exactly these, with the port where it is not 443
    std::string path = "/";                          // url_header: what the URL's path begins with
    Form form = Form::text;                          // text: the answer is the key. jwks: RFC 7517 §5
    std::string pointer;                             // text: the key stands there in an answer of JSON
    std::string id_header;                           // the header with the id of the key
    config::Duration cached{std::chrono::hours{1}};  // so long a key is believed without asking again
    bool login = false;                              // asked with the login of the channel's `api`

    void describe(config::Schema& schema);

    /// The key that a request names, by `id_header`, or as `id` when that stands elsewhere in its signature. Failures
    /// are of class auth: `key_id_missing`, `signature_malformed`, `key_url_refused`.
    [[nodiscard]] Result<WantedKey> wanted(const SignedRequest& request, std::string_view id) const;
    /// What an answer publishes. Keys of a set that are for another algorithm, or to encrypt, are left out. Fails with
    /// `key_unusable` when nothing is left.
    [[nodiscard]] Result<PublishedKeys> read(std::string_view answer, const WantedKey& wanted,
                                             SignatureAlgorithm algorithm, std::string_view key_prefix) const;
};

}  // namespace headgate::connectors
