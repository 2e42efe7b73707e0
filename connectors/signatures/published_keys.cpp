#include "connectors/signatures/published_keys.hpp"

#include <algorithm>

#include "connectors/formats/format.hpp"
#include "connectors/formats/json.hpp"
#include "core/ascii.hpp"
#include "net/http/characters.hpp"

namespace headgate::connectors {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t longest_id = 200;
constexpr std::size_t longest_url = 512;
constexpr std::string_view https = "https://";
constexpr std::string_view placeholder = "{id}";

std::unexpected<Failure> key_refused(std::string code, std::string detail)
{
    return fail(FailureClass::auth, std::move(code), std::move(detail));
}

bool unreserved(char letter)
{
    return is_letter(letter) || is_digit(letter) || letter == '-' || letter == '.' || letter == '_' || letter == '~';
}

/// The one value of a header.
std::optional<std::string_view> only_value(const SignedRequest& request, std::string_view header)
{
    const auto values = request.headers(header);
    return values.size() == 1 ? std::optional(net::characters::trim(values.front())) : std::nullopt;
}

/// As a segment of a path; nothing when it could be read as more than a name.
std::optional<std::string> as_segment(std::string_view id)
{
    constexpr std::string_view digits = "0123456789ABCDEF";
    if (id.find_first_not_of('.') == std::string_view::npos)  // . and .. lead elsewhere
        return std::nullopt;
    std::string segment;
    for (const char letter : id) {
        if (unreserved(letter)) {
            segment += letter;
            continue;
        }
        const auto byte = static_cast<unsigned char>(letter);
        segment += {'%', digits[byte >> 4U], digits[byte & 15U]};
    }
    return segment;
}

/// Whether a URL that a stranger wrote leads where the configuration says, read in one way only: no login, no query,
/// nothing encoded, no way up.
bool leads_there(std::string_view url, const std::vector<std::string>& hosts, std::string_view path)
{
    if (url.size() > longest_url || !url.starts_with(https))
        return false;
    url.remove_prefix(https.size());
    const auto slash = url.find('/');
    if (slash == std::string_view::npos || std::ranges::find(hosts, url.substr(0, slash)) == hosts.end())
        return false;
    url.remove_prefix(slash);
    return url.starts_with(path) && !url.contains("..") && !url.contains("//") &&
           std::ranges::all_of(url, [](char letter) { return unreserved(letter) || letter == '/'; });
}

/// A host as `hosts` has it: a name or address in lower case, with or without a port.
bool is_host_text(std::string_view text)
{
    return !text.empty() && std::ranges::all_of(text, [](char letter) {
        return (unreserved(letter) && !is_upper(letter)) || letter == ':' || letter == '[' || letter == ']';
    });
}

/// Whether nobody on the way can put another key in: by TLS, or because there is no way.
bool is_safe_url(std::string_view url)
{
    return url.starts_with(https) || url.starts_with("http://127.0.0.1:") || url.starts_with("http://[::1]:");
}

void check_keys(const KeysConfig& keys, config::Schema& schema)
{
    const bool by_header = !keys.url_header.empty();
    if (by_header == !keys.url.empty())
        return schema.problem("", "key_place",
                              "keys are published in one place: at `url`, or where `url_header` says among `hosts`",
                              "for example url: https://api.vendor.example/jwks");
    const auto unused = [&](std::initializer_list<const char*> names, const std::string& why) {
        for (const auto* name : names)
            if (schema.given(name))
                schema.problem(name, "unused_key", std::string("`") + name + "` " + why, "remove it");
    };
    if (by_header) {
        unused({"form", "pointer", "id_header", "login"}, "is not for what `url_header` leads to, a certificate");
        schema.required("hosts");
        for (const auto& host : keys.hosts)
            if (!is_host_text(host))
                schema.problem("hosts", "key_url", "`" + host + "` is no host",
                               "the name alone, in lower case: api.vendor.example");
        if (!keys.path.starts_with('/'))
            schema.problem("path", "key_url", "`path` is what the URL's path begins with: it begins with /");
        return;
    }
    unused({"hosts", "path"}, "is about the URL that `url_header` names");
    if (keys.form == KeysConfig::Form::jwks)
        unused({"pointer"}, "is not for a set of keys");
    else if (!keys.url.contains(placeholder))
        schema.problem("url", "key_id_missing", "the URL of a single key does not say of which: it has no {id}",
                       "for example https://api.vendor.example/keys/{id}; of a set: form: jwks");
    if (keys.login && !keys.url.starts_with('/'))
        schema.problem("url", "key_url", "with `login` the URL is what is asked for from the URL of `api` on",
                       "for example url: /keys/{id}");
    else if (!keys.login && !is_safe_url(keys.url))
        schema.problem("url", "key_url", "`url` is not https, so that others could answer with a key of theirs",
                       "for example url: https://api.vendor.example/jwks");
}

Result<PublishedKeys> read_set(std::string_view answer, SignatureAlgorithm algorithm)
{
    const auto document = read_json(answer);
    const auto list = document ? document->member(document->root(), "keys") : no_node;
    if (list == no_node || (*document)[list].kind != NodeKind::list)
        return fail(FailureClass::permanent, "key_unusable", "the answer is no set of keys (RFC 7517)");
    const auto member = [&](NodeIndex jwk, std::string_view name) -> std::string_view {
        const auto node = document->member(jwk, name);
        return node == no_node || (*document)[node].kind != NodeKind::text ? "" : (*document)[node].text;
    };
    PublishedKeys keys;
    for (const auto jwk : document->children(list)) {
        const auto id = member(jwk, "kid");
        if (id.empty() || member(jwk, "use") == "enc")
            continue;
        if (auto key = PublicKey::read_jwk(*document, jwk, algorithm))
            keys[std::string(id)].push_back({std::move(*key)});
    }
    if (keys.empty())
        return fail(FailureClass::permanent, "key_unusable",
                    "the set holds no key with an id for the connector's `algorithm`");
    return keys;
}

}  // namespace

void KeysConfig::describe(config::Schema& schema)
{
    schema.field("url", url, "Where they are: {id} is the id of the key. With `login` from the API's URL on.");
    schema.field("url_header", url_header, "Or the header with the URL of a certificate, at one of `hosts`.");
    schema.field("hosts", hosts, "url_header: the only hosts that are asked, by https.");
    schema.not_empty("hosts", "for example hosts: [api.vendor.example]");
    schema.field("path", path, "url_header: what the URL's path begins with.");
    schema.choice("form", form, {{"text", Form::text}, {"jwks", Form::jwks}},
                  "text: the answer is the key. jwks: it is a set of keys (RFC 7517), found by `kid`.");
    schema.field("pointer", pointer, "JSON pointer: where in the answer the key stands.");
    schema.field("id_header", id_header, "The header with the id of the key.");
    schema.field("cached", cached, {1min, 7 * 24h}, "So long a key is believed; it is asked for again before.");
    schema.field("login", login, "Asked with the login of the channel's `api`.");
    if (schema.reading())
        check_keys(*this, schema);
}

Result<WantedKey> KeysConfig::wanted(const SignedRequest& request, std::string_view id) const
{
    if (!url_header.empty()) {
        const auto said = only_value(request, url_header);
        if (!said)
            return key_refused("key_id_missing", "the request has not one header " + url_header);
        if (!leads_there(*said, hosts, path))
            return key_refused("key_url_refused",
                               "the URL in " + url_header + " is not https at one of the connector's `hosts`");
        return WantedKey{std::string(*said), ""};
    }
    if (!id_header.empty()) {
        const auto said = only_value(request, id_header);
        if (!said)
            return key_refused("key_id_missing", "the request has not one header " + id_header);
        id = *said;
    }
    if (id.empty())
        return key_refused("key_id_missing", "the signature does not say by which key it was made");
    const auto segment = as_segment(id);
    if (id.size() > longest_id || !segment ||
        !std::ranges::all_of(id, [](char letter) { return letter > ' ' && letter <= '~'; }))
        return key_refused("signature_malformed", "the id of the key is none of 1 to 200 printable characters");
    WantedKey wanted{url, std::string(id)};
    if (const auto at = wanted.url.find(placeholder); at != std::string::npos)
        wanted.url.replace(at, placeholder.size(), *segment);
    return wanted;
}

Result<PublishedKeys> KeysConfig::read(std::string_view answer, const WantedKey& wanted, SignatureAlgorithm algorithm,
                                       std::string_view key_prefix) const
{
    if (form == Form::jwks)
        return read_set(answer, algorithm);
    std::string text(net::characters::trim(answer));
    if (!pointer.empty()) {
        const auto document = read_json(answer);
        auto found = document ? scalar_at(*document, pointer) : std::nullopt;
        if (!found)
            return fail(FailureClass::permanent, "key_unusable", "the answer has no text at " + pointer);
        text = std::move(*found);
    }
    // Whatever else stands at such a URL, an error that repeats what it was asked among it, is none.
    if (!url_header.empty() && !text.starts_with("-----BEGIN CERTIFICATE-----"))
        return fail(FailureClass::permanent, "key_unusable", "the answer is no certificate in PEM");
    std::string_view written = text;
    if (written.starts_with(key_prefix))
        written.remove_prefix(key_prefix.size());
    auto key = PublicKey::read(written, algorithm);
    if (!key)
        return fail(FailureClass::permanent, key.error().code, "what was answered " + key.error().detail);
    PublishedKeys keys;
    keys[wanted.id].push_back({std::move(*key), certificate_dates(text)});
    return keys;
}

}  // namespace headgate::connectors
