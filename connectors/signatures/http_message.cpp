#include "connectors/signatures/http_message.hpp"

#include <algorithm>
#include <array>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "connectors/formats/form.hpp"
#include "connectors/signatures/digest.hpp"
#include "connectors/signatures/structured_fields.hpp"
#include "core/ascii.hpp"
#include "core/encoding.hpp"
#include "core/hash.hpp"
#include "net/http/characters.hpp"

namespace headgate::connectors {

namespace {

constexpr std::size_t most_in_message = 8;

std::unexpected<Failure> message_refused(std::string code, std::string detail)
{
    return fail(FailureClass::auth, std::move(code), std::move(detail));
}

std::string hmac_sha256(std::string_view key, std::string_view bytes)
{
    std::array<unsigned char, EVP_MAX_MD_SIZE> mac{};
    unsigned size = 0;
    HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(bytes.data()),
         bytes.size(), mac.data(), &size);
    return {reinterpret_cast<const char*>(mac.data()), size};
}

/// The name an algorithm has in the registry of RFC 9421 §6.2.2; "" when it has none.
std::string_view registered(const std::optional<SignatureAlgorithm>& algorithm)
{
    if (!algorithm)
        return "hmac-sha256";
    switch (*algorithm) {
    case SignatureAlgorithm::rsa_pkcs1_sha256: return "rsa-v1_5-sha256";
    case SignatureAlgorithm::rsa_pss_sha512: return "rsa-pss-sha512";
    case SignatureAlgorithm::ecdsa_p256_sha256: return "ecdsa-p256-sha256";
    case SignatureAlgorithm::ecdsa_p384_sha384: return "ecdsa-p384-sha384";
    case SignatureAlgorithm::ed25519: return "ed25519";
    default: return "";
    }
}

/// All values of a field as one (§2.1).
std::optional<std::string> joined(const SignedRequest& request, std::string_view name)
{
    const auto values = request.headers(name);
    if (values.empty())
        return std::nullopt;
    std::string all;
    for (const auto value : values) {
        if (!all.empty())
            all += ", ";
        all += net::characters::trim(value);
    }
    return all;
}

struct Url {
    std::string scheme;
    std::string authority;  // lower case, without the scheme's own port
};

Url parts_of(std::string_view url)
{
    Url parts;
    const auto colon = url.find("://");
    if (colon == std::string_view::npos)
        return parts;
    parts.scheme = lower(url.substr(0, colon));
    url.remove_prefix(colon + 3);
    parts.authority = lower(url.substr(0, url.find('/')));
    const std::string_view port = parts.scheme == "https" ? ":443" : ":80";
    if (parts.authority.ends_with(port))
        parts.authority.resize(parts.authority.size() - port.size());
    return parts;
}

std::string target_of(const SignedRequest& request)
{
    return std::string(request.path) + (request.query.empty() ? "" : "?" + std::string(request.query));
}

/// A component's value (§2); nothing when the request has none, or it is not one of those read here.
std::optional<std::string> value_of(const SfComponent& component, const SignedRequest& request)
{
    const std::string& name = component.name;
    if (name == "@query-param") {
        const auto parameter = text_parameter(component.parameters, "name");
        if (!parameter || component.parameters.size() != 1)
            return std::nullopt;
        const auto value = form_field(request.query, *parameter);
        if (!value)
            return std::nullopt;
        std::string written = form_encoded(*value);
        for (auto at = written.find('+'); at != std::string::npos; at = written.find('+', at))
            written.replace(at, 1, "%20");
        return written;
    }
    if (!component.parameters.empty())
        return std::nullopt;
    if (!name.starts_with('@'))
        return lower(name) == name ? joined(request, name) : std::nullopt;
    const Url url = parts_of(request.url);
    if (name == "@method")
        return std::string(request.method);
    if (name == "@path")
        return std::string(request.path);
    if (name == "@query")
        return "?" + std::string(request.query);
    if (name == "@request-target")
        return target_of(request);
    if (name == "@authority" && !url.authority.empty())
        return url.authority;
    if (name == "@scheme" && !url.scheme.empty())
        return url.scheme;
    if (name == "@target-uri" && !url.authority.empty())
        return url.scheme + "://" + url.authority + target_of(request);
    return std::nullopt;
}

/// The signature base (§2.5).
Result<std::string> base_of(const std::vector<SfComponent>& components, std::string_view parameters,
                            const SignedRequest& request)
{
    std::string base;
    std::vector<std::string> seen;
    for (const auto& component : components) {
        if (std::ranges::find(seen, component.written) != seen.end())
            return message_refused("signature_malformed", "a component is covered twice");
        seen.push_back(component.written);
        const auto value = value_of(component, request);
        if (!value || value->contains('\n'))
            return message_refused("signature_malformed", "it covers " + component.written +
                                                              ", which the request has not, or which is not read here");
        base += component.written + ": " + *value + "\n";
    }
    base += "\"@signature-params\": ";
    base += parameters;
    return base;
}

/// Whether Content-Digest is that of the body (RFC 9530 §2): one known hash at least, and none of them wrong.
Result<void> digest_fits(const SignedRequest& request)
{
    const auto members = parse_dictionary(joined(request, "content-digest").value_or(""));
    bool fits = false;
    bool wrong = !members;
    for (const auto& member : members.value_or(std::vector<SfMember>{})) {
        const EVP_MD* hash = member.name == "sha-256"   ? EVP_sha256()
                             : member.name == "sha-512" ? EVP_sha512()
                                                        : nullptr;
        if (hash == nullptr)
            continue;
        const auto* given = member.item ? std::get_if<SfBytes>(&*member.item) : nullptr;
        const bool same = given != nullptr && same_bytes(given->bytes, digest_of(request.body, hash));
        fits = fits || same;
        wrong = wrong || !same;
    }
    if (!fits || wrong)
        return message_refused("content_digest_wrong", "Content-Digest has no sha-256 or sha-512 of this body");
    return {};
}

/// Whether a member of Signature-Input has the label and tag of the signature that counts.
bool counts(const HttpMessageRecipe& recipe, const SfMember& member)
{
    return !member.item && (recipe.label.empty() || member.name == recipe.label) &&
           (recipe.tag.empty() || text_parameter(member.parameters, "tag") == recipe.tag);
}

bool covers_all(const std::vector<SfComponent>& components, const std::vector<std::string>& wanted)
{
    return std::ranges::all_of(wanted, [&](const std::string& name) {
        return std::ranges::find(components, name, &SfComponent::name) != components.end();
    });
}

}  // namespace

void HttpMessageRecipe::describe(config::Schema& schema)
{
    using A = SignatureAlgorithm;
    schema.choice("algorithm", algorithm,
                  {{"hmac_sha256", std::optional<A>{}},
                   {"rsa_pkcs1_sha256", std::optional(A::rsa_pkcs1_sha256)},
                   {"rsa_pss_sha512", std::optional(A::rsa_pss_sha512)},
                   {"ecdsa_p256_sha256", std::optional(A::ecdsa_p256_sha256)},
                   {"ecdsa_p384_sha384", std::optional(A::ecdsa_p384_sha384)},
                   {"ed25519", std::optional(A::ed25519)}},
                  "How it is signed; nothing in a request can change it.");
    using K = HmacRecipe::KeyDecoding;
    schema.choice("key", key, {{"base64", K::base64}, {"text", K::text}, {"hex", K::hex}},
                  "hmac_sha256: how the secret's text becomes the key's bytes.");
    schema.field("label", label, "The signature's label; without one any signature of the request may pass.");
    schema.field("tag", tag, "The tag that the signature must carry.");
    schema.field("covers", covers,
                 "What must be covered at least: names of fields in lower case, and @method and the like.");
    schema.field("window", window, {config::Duration{0}, std::chrono::hours{24}},
                 "Oldest `created` accepted, and as far in the future; 0ms: any, or none.");
    schema.field("keyid_setting", keyid_setting, "The channel's setting with the keyid, for `headgate send`.");
    KeysConfig published = keys.value_or(KeysConfig{});
    schema.section("keys", published, "Where the vendor publishes its keys; else they are the channel's `secret`.");
    if (schema.given("keys")) {
        schema.required("keys");
        keys = std::move(published);
    }
    if (schema.reading() && keys && (!algorithm || !keys->id_header.empty() || !keys->url_header.empty()))
        schema.problem("keys", "unused_key",
                       "public keys are found by the signature's keyid at `url`, and need another `algorithm` than "
                       "hmac_sha256",
                       "for example algorithm: ed25519, keys: { url: https://api.vendor.example/jwks, form: jwks }");
    if (schema.reading() && std::ranges::find(covers, "content-digest") == covers.end())
        schema.problem("covers", "body_unsigned", "without content-digest among them any body would be accepted",
                       "covers: [\"@method\", \"@target-uri\", content-digest]");
}

Result<HttpMessageVerifier> HttpMessageVerifier::make(HttpMessageRecipe recipe, std::span<const std::string> keys)
{
    HttpMessageVerifier verifier;
    HmacRecipe decoding;
    decoding.key = recipe.key;
    if (recipe.keys && recipe.algorithm) {
        verifier.ring_ = std::make_shared<KeyRing>(*recipe.keys, *recipe.algorithm);
        keys = {};
    }
    for (const std::string& text : keys) {
        const auto number = std::to_string(&text - keys.data() + 1);
        if (recipe.algorithm) {
            auto key = PublicKey::read(text, *recipe.algorithm);
            if (!key)
                return fail(FailureClass::permanent, key.error().code, "key " + number + " " + key.error().detail);
            verifier.keys_.push_back(std::move(*key));
        } else {
            auto bytes = decoding.key_bytes(text);
            if (!bytes)
                return fail(FailureClass::permanent, bytes.error().code,
                            "secret " + number + " " + bytes.error().detail);
            verifier.secrets_.push_back(std::move(*bytes));
        }
    }
    verifier.recipe_ = std::move(recipe);
    return verifier;
}

Result<std::size_t> HttpMessageVerifier::verify(const SignedRequest& request) const
{
    const auto input = joined(request, "signature-input");
    const auto signature = joined(request, "signature");
    if (!input || !signature)
        return message_refused("signature_missing", "the request has no Signature-Input and Signature");
    const auto inputs = parse_dictionary(*input);
    const auto signatures = parse_dictionary(*signature);
    if (!inputs || !signatures)
        return message_refused("signature_malformed", "Signature-Input or Signature is not written as RFC 9421 says");

    const auto now = std::chrono::duration_cast<std::chrono::seconds>(request.now.time_since_epoch()).count();
    const auto window = std::chrono::duration_cast<std::chrono::seconds>(recipe_.window).count();
    auto why = message_refused("signature_missing", "no signature has the label and tag of this connector");
    std::size_t looked_at = 0;
    for (const auto& member : *inputs) {
        if (!counts(recipe_, member))
            continue;
        const auto held = std::ranges::find(*signatures, member.name, &SfMember::name);
        const auto* bytes = held != signatures->end() && held->item ? std::get_if<SfBytes>(&*held->item) : nullptr;
        if (bytes == nullptr || ++looked_at > most_in_message)
            continue;
        if (const auto alg = text_parameter(member.parameters, "alg"); alg && *alg != registered(recipe_.algorithm)) {
            why = message_refused("signature_malformed", "it names another algorithm than the connector's");
            continue;
        }
        if (!covers_all(member.components, recipe_.covers)) {
            why = message_refused("signature_covers_too_little", "it does not cover all of the connector's `covers`");
            continue;
        }
        const auto created = integer_parameter(member.parameters, "created");
        const auto expires = integer_parameter(member.parameters, "expires");
        if (window > 0 && !created) {
            why = message_refused("timestamp_missing", "it has no `created`");
            continue;
        }
        if ((window > 0 && (*created < now - window || *created > now + window)) || (expires && *expires < now)) {
            why = message_refused("timestamp_outside_window", "the time of signing is outside the window");
            continue;
        }
        const auto base = base_of(member.components, member.written, request);
        if (!base) {
            why = std::unexpected(base.error());
            continue;
        }
        std::optional<std::size_t> match;
        for (std::size_t i = 0; i < secrets_.size() && !match; ++i)
            if (same_bytes(bytes->bytes, hmac_sha256(secrets_[i], *base)))
                match = i;
        std::vector<PublicKey> fetched;
        if (ring_) {
            const auto wanted =
                ring_->config().wanted(request, text_parameter(member.parameters, "keyid").value_or(""));
            auto known = wanted ? ring_->keys(*wanted, request.now) : std::unexpected(wanted.error());
            if (!known) {
                why = std::unexpected(std::move(known.error()));
                continue;
            }
            fetched = std::move(*known);
        }
        const auto& keys = ring_ ? fetched : keys_;
        for (std::size_t i = 0; i < keys.size() && !match; ++i)
            if (keys[i].verify(*base, bytes->bytes, EcdsaForm::raw))
                match = i;
        if (!match) {
            why = message_refused("signature_wrong", "the signature fits none of the channel's keys");
            continue;
        }
        if (std::ranges::find(member.components, "content-digest", &SfComponent::name) != member.components.end())
            if (auto fits = digest_fits(request); !fits)
                return std::unexpected(std::move(fits.error()));
        return *match;
    }
    return why;
}

std::optional<WantedKey> HttpMessageVerifier::wanted_key(const SignedRequest& request) const
{
    const auto inputs = parse_dictionary(ring_ ? joined(request, "signature-input").value_or("") : "");
    for (const auto& member : inputs.value_or(std::vector<SfMember>{}))
        if (counts(recipe_, member)) {
            auto wanted = ring_->config().wanted(request, text_parameter(member.parameters, "keyid").value_or(""));
            return wanted ? std::optional(std::move(*wanted)) : std::nullopt;
        }
    return std::nullopt;
}

Result<Signature> HttpMessageVerifier::sign(const SignedRequest& request, std::size_t secret) const
{
    if (recipe_.algorithm)
        return fail(FailureClass::permanent, "cannot_sign",
                    "the vendor signs with a key that only it has; send what it sent, or a channel of your own key");
    if (secret >= secrets_.size())
        return fail(FailureClass::permanent, "secret_missing", "there is no secret to sign with");
    Signature signature;
    const std::string digest = "sha-256=:" + to_base64(digest_of(request.body, EVP_sha256())) + ":";
    SignedRequest with_digest = request;
    with_digest.headers = [&](std::string_view name) {
        return same_header(name, "content-digest") ? std::vector<std::string_view>{digest} : request.headers(name);
    };
    std::vector<SfComponent> components;
    std::string parameters = "(";
    for (const auto& name : recipe_.covers) {
        components.push_back({name, {}, "\"" + name + "\""});
        parameters += (components.size() == 1 ? "" : " ") + components.back().written;
    }
    parameters +=
        ");created=" +
        std::to_string(std::chrono::duration_cast<std::chrono::seconds>(request.now.time_since_epoch()).count());
    if (const auto keyid = request.setting ? request.setting(recipe_.keyid_setting) : std::nullopt)
        parameters += ";keyid=\"" + std::string(*keyid) + "\"";
    if (!recipe_.tag.empty())
        parameters += ";tag=\"" + recipe_.tag + "\"";
    const auto base = base_of(components, parameters, with_digest);
    if (!base)
        return std::unexpected(base.error());
    const std::string label = recipe_.label.empty() ? "sig1" : recipe_.label;
    signature.headers.emplace_back("Content-Digest", digest);
    signature.headers.emplace_back("Signature-Input", label + "=" + parameters);
    signature.headers.emplace_back("Signature", label + "=:" + to_base64(hmac_sha256(secrets_[secret], *base)) + ":");
    return signature;
}

}  // namespace headgate::connectors
