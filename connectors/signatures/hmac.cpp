#include "connectors/signatures/hmac.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include <openssl/evp.h>

#include "core/encoding.hpp"
#include "core/hash.hpp"

namespace headgate::connectors {

namespace {

struct ContextFree {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_MD_CTX, ContextFree>;

const EVP_MD* algorithm(HmacRecipe::Hash hash)
{
    switch (hash) {
    case HmacRecipe::Hash::sha1: return EVP_sha1();
    case HmacRecipe::Hash::sha256: return EVP_sha256();
    case HmacRecipe::Hash::sha512: return EVP_sha512();
    }
    std::unreachable();
}

std::unexpected<Failure> refused(std::string code, std::string detail)
{
    return fail(FailureClass::auth, std::move(code), std::move(detail));
}

std::string_view trim(std::string_view text)
{
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
        text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
        text.remove_suffix(1);
    return text;
}

std::vector<std::string_view> split(std::string_view text, std::string_view separator)
{
    if (separator.empty())
        return {trim(text)};
    std::vector<std::string_view> parts;
    for (;;) {
        const auto at = text.find(separator);
        parts.push_back(trim(text.substr(0, at)));
        if (at == std::string_view::npos)
            return parts;
        text.remove_prefix(at + separator.size());
    }
}

/// What would read well and protect less than it seems to.
void check(const HmacRecipe& recipe, config::Schema& schema)
{
    const auto parts = recipe.parts();
    if (!parts)
        return schema.problem("signed", parts.error().code, parts.error().detail);
    const auto signs = [&](SignedPart::Kind kind) {
        return std::ranges::find(*parts, kind, &SignedPart::kind) != parts->end();
    };
    const bool in_header = !recipe.timestamp_header.empty();
    const bool in_list = !recipe.timestamp_prefix.empty();
    if (!signs(SignedPart::Kind::body))
        schema.problem("signed", "body_unsigned", "`signed` has no {body}, so any body would be accepted",
                       "for example signed: \"{body}\"");
    if (in_header && in_list)
        schema.problem("timestamp_header", "timestamp_twice",
                       "the time of signing stands in one place: `timestamp_header` or `timestamp_prefix`",
                       "remove one of them");
    if (in_list && recipe.list.empty())
        schema.problem("timestamp_prefix", "list_missing",
                       "`timestamp_prefix` is about a part of a list, and `list` does not say what separates the parts",
                       "for example list: \",\"");
    if (signs(SignedPart::Kind::timestamp) && !in_header && !in_list)
        schema.problem("signed", "timestamp_missing",
                       "`signed` has {timestamp}, and nothing says where the request carries the time of signing",
                       "give `timestamp_header` or `timestamp_prefix`");
    if (recipe.window.count() == 0)
        return;
    if (!in_header && !in_list)
        schema.problem("window", "timestamp_missing", "a window needs `timestamp_header` or `timestamp_prefix`");
    else if (!signs(SignedPart::Kind::timestamp) &&
             (in_list || std::ranges::none_of(*parts, [&](const SignedPart& part) {
                  return part.kind == SignedPart::Kind::header && same_header(part.text, recipe.timestamp_header);
              })))
        schema.problem("window", "timestamp_unsigned",
                       "the time of signing is not signed, so an old request would pass with a fresh time",
                       "put {timestamp} into `signed` as the vendor does, or remove `window`");
}

std::string sha1(std::string_view text)
{
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(), nullptr);
    return {reinterpret_cast<const char*>(digest.data()), size};
}

}  // namespace

bool same_header(std::string_view left, std::string_view right)
{
    const auto lower = [](char letter) { return letter >= 'A' && letter <= 'Z' ? letter - 'A' + 'a' : letter; };
    return std::ranges::equal(left, right, {}, lower, lower);
}

void HmacRecipe::describe(config::Schema& schema)
{
    schema.choice("hash", hash, {{"sha1", Hash::sha1}, {"sha256", Hash::sha256}, {"sha512", Hash::sha512}},
                  "The hash of the HMAC.");
    schema.choice("key", key,
                  {{"text", KeyDecoding::text},
                   {"hex", KeyDecoding::hex},
                   {"base64", KeyDecoding::base64},
                   {"sha1_of_text", KeyDecoding::sha1_of_text}},
                  "How the secret's text becomes the key's bytes.");
    schema.field("key_prefix", key_prefix, "Taken off the secret before it is decoded.");
    schema.field("header", header, "The header with the signature; of several names the first that is there.");
    schema.required("header");
    schema.not_empty("header", "name the header the vendor puts its signature in");
    schema.field("list", list, "What separates several signatures in the header.");
    schema.field("prefix", prefix, "What a signature starts with; in a list, parts that start otherwise are skipped.");
    schema.choice("encoding", encoding, {{"base64", Encoding::base64}, {"hex", Encoding::hex}},
                  "How the signature is written.");
    schema.field("signed", signed_bytes, "What is signed: text with {body} {url} {timestamp} {header:NAME}.");
    schema.field("timestamp_header", timestamp_header, "The header with the time of signing, in Unix seconds.");
    schema.field("timestamp_prefix", timestamp_prefix, "What the time starts with in the signature's own list.");
    schema.field("window", window, {config::Duration{0}, std::chrono::hours{24}}, "Oldest time accepted; 0ms: any.");
    schema.choice("freshness", freshness, {{"both", Freshness::both}, {"past", Freshness::past}},
                  "Whether a time too far in the future is refused as well.");
    if (schema.reading())
        check(*this, schema);
}

Result<std::vector<SignedPart>> HmacRecipe::parts() const
{
    using Kind = SignedPart::Kind;
    std::vector<SignedPart> parts;
    std::string literal;
    const auto flush = [&] {
        if (!literal.empty())
            parts.push_back({Kind::text, std::exchange(literal, {})});
    };
    std::string_view left = signed_bytes;
    while (!left.empty()) {
        if (left.starts_with("{{")) {
            literal += '{';
            left.remove_prefix(2);
            continue;
        }
        if (left.front() != '{') {
            literal += left.front();
            left.remove_prefix(1);
            continue;
        }
        const auto close = left.find('}');
        if (close == std::string_view::npos)
            return fail(FailureClass::permanent, "signed_template",
                        "in `signed` a { has no }; a brace that is signed itself is written {{");
        const auto name = left.substr(1, close - 1);
        flush();
        if (name == "body")
            parts.push_back({Kind::body, {}});
        else if (name == "url")
            parts.push_back({Kind::url, {}});
        else if (name == "timestamp")
            parts.push_back({Kind::timestamp, {}});
        else if (name.starts_with("header:") && name.size() > 7)
            parts.push_back({Kind::header, std::string(name.substr(7))});
        else
            return fail(FailureClass::permanent, "signed_template",
                        "`signed` knows {body} {url} {timestamp} {header:NAME}, not {" + std::string(name) + "}");
        left.remove_prefix(close + 1);
    }
    flush();
    return parts;
}

bool HmacRecipe::signs_url() const
{
    const auto all = parts();
    return all && std::ranges::find(*all, SignedPart::Kind::url, &SignedPart::kind) != all->end();
}

struct HmacVerifier::Key {
    Context inner;  // the hash after the padded key: copying it saves two blocks a request
    Context outer;
};

HmacVerifier::HmacVerifier(HmacRecipe recipe) : recipe_(std::move(recipe)) {}
HmacVerifier::HmacVerifier(HmacVerifier&&) noexcept = default;
HmacVerifier& HmacVerifier::operator=(HmacVerifier&&) noexcept = default;
HmacVerifier::~HmacVerifier() = default;

Result<HmacVerifier> HmacVerifier::make(HmacRecipe recipe, std::span<const std::string> secrets)
{
    HmacVerifier verifier(std::move(recipe));
    const auto& r = verifier.recipe_;

    auto parts = r.parts();
    if (!parts)
        return std::unexpected(std::move(parts.error()));
    verifier.parts_ = std::move(*parts);

    for (const std::string& secret : secrets) {
        std::string_view text = secret;
        if (text.starts_with(r.key_prefix))
            text.remove_prefix(r.key_prefix.size());
        std::optional<std::string> bytes;
        switch (r.key) {
        case HmacRecipe::KeyDecoding::text: bytes = std::string(text); break;
        case HmacRecipe::KeyDecoding::hex: bytes = from_hex(text); break;
        case HmacRecipe::KeyDecoding::base64: bytes = from_base64(text); break;
        case HmacRecipe::KeyDecoding::sha1_of_text: bytes = sha1(text); break;
        }
        if (!bytes || bytes->empty()) {
            const std::string written = r.key == HmacRecipe::KeyDecoding::hex ? "hex" : "base64";
            return fail(
                FailureClass::permanent, "secret_unusable",
                "secret " + std::to_string(&secret - secrets.data() + 1) +
                    (bytes ? " is empty" : " is not written in " + written + ", as the connector's `key` says") +
                    (r.key_prefix.empty() ? "" : " (behind `" + r.key_prefix + "`)"));
        }
        const EVP_MD* hash = algorithm(r.hash);
        const auto block = static_cast<std::size_t>(EVP_MD_get_block_size(hash));
        if (bytes->size() > block) {
            std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
            unsigned size = 0;
            EVP_Digest(bytes->data(), bytes->size(), digest.data(), &size, hash, nullptr);
            bytes->assign(reinterpret_cast<const char*>(digest.data()), size);
        }
        bytes->resize(block, '\0');
        const auto padded = [&](unsigned char pad) {
            std::string key = *bytes;
            for (char& byte : key)
                byte = static_cast<char>(static_cast<unsigned char>(byte) ^ pad);
            Context context(EVP_MD_CTX_new());
            EVP_DigestInit_ex2(context.get(), hash, nullptr);
            EVP_DigestUpdate(context.get(), key.data(), key.size());
            return context;
        };
        verifier.keys_.push_back({padded(0x36), padded(0x5c)});
    }
    return verifier;
}

std::string HmacVerifier::mac(const Key& key, const SignedRequest& request, std::string_view timestamp) const
{
    thread_local const Context scratch(EVP_MD_CTX_new());
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    EVP_MD_CTX_copy_ex(scratch.get(), key.inner.get());
    const auto update = [&](std::string_view bytes) { EVP_DigestUpdate(scratch.get(), bytes.data(), bytes.size()); };
    for (const SignedPart& part : parts_) {
        switch (part.kind) {
        case SignedPart::Kind::text: update(part.text); break;
        case SignedPart::Kind::body: update(request.body); break;
        case SignedPart::Kind::url: update(request.url); break;
        case SignedPart::Kind::timestamp: update(timestamp); break;
        case SignedPart::Kind::header:
            for (const auto value : request.headers(part.text))
                update(value);
            break;
        }
    }
    EVP_DigestFinal_ex(scratch.get(), digest.data(), &size);
    EVP_MD_CTX_copy_ex(scratch.get(), key.outer.get());
    EVP_DigestUpdate(scratch.get(), digest.data(), size);
    EVP_DigestFinal_ex(scratch.get(), digest.data(), &size);
    return {reinterpret_cast<const char*>(digest.data()), size};
}

Result<std::size_t> HmacVerifier::verify(const SignedRequest& request) const
{
    std::string_view value;
    bool found = false;
    for (const auto& name : recipe_.header) {
        const auto values = request.headers(name);
        if (values.size() > 1)
            return refused("signature_repeated", "the header " + name + " stands more than once");
        if (values.size() == 1 && !found) {
            value = values.front();
            found = true;
        }
    }
    if (!found)
        return refused("signature_missing", "no header " + recipe_.header.front());

    const auto parts = split(value, recipe_.list);
    std::string_view timestamp;
    if (!recipe_.timestamp_prefix.empty()) {
        for (const auto part : parts)
            if (part.starts_with(recipe_.timestamp_prefix))
                timestamp = part.substr(recipe_.timestamp_prefix.size());
    } else if (!recipe_.timestamp_header.empty()) {
        const auto values = request.headers(recipe_.timestamp_header);
        if (values.size() == 1)
            timestamp = trim(values.front());
    }
    if ((!recipe_.timestamp_header.empty() || !recipe_.timestamp_prefix.empty()) && timestamp.empty())
        return refused("timestamp_missing", "the time of signing is missing or stands more than once");

    bool readable = false;
    std::vector<std::string> expected(keys_.size());
    std::optional<std::size_t> match;
    for (auto part : parts) {
        if (!part.starts_with(recipe_.prefix))
            continue;
        part.remove_prefix(recipe_.prefix.size());
        const auto given = recipe_.encoding == HmacRecipe::Encoding::hex ? from_hex(part) : from_base64(part);
        if (!given)
            continue;
        readable = true;
        for (std::size_t i = 0; i < keys_.size() && !match; ++i) {
            if (expected[i].empty())
                expected[i] = mac(keys_[i], request, timestamp);
            if (same_bytes(*given, expected[i]))
                match = i;
        }
    }
    if (!readable)
        return refused("signature_malformed",
                       "the header " + recipe_.header.front() + " holds no signature as expected");
    if (!match)
        return refused("signature_wrong", "the signature fits none of the channel's secrets");

    if (recipe_.window.count() > 0) {
        std::int64_t seconds = 0;
        const auto [end, error] = std::from_chars(timestamp.data(), timestamp.data() + timestamp.size(), seconds);
        if (error == std::errc::invalid_argument || end != timestamp.data() + timestamp.size())
            return refused("signature_malformed", "the time of signing is no Unix time");
        // What the clock cannot hold is outside of any window: milliseconds, for one, where seconds are meant.
        if (error != std::errc{} || seconds < 0 || seconds > 9'000'000'000)
            return refused("timestamp_outside_window", "the time of signing is outside the window");
        const auto age = request.now - std::chrono::system_clock::time_point{std::chrono::seconds{seconds}};
        if (age > recipe_.window || (recipe_.freshness == HmacRecipe::Freshness::both && -age > recipe_.window))
            return refused("timestamp_outside_window", "the time of signing is outside the window");
    }
    return *match;
}

Result<HmacVerifier::Signature> HmacVerifier::sign(const SignedRequest& request) const
{
    if (keys_.empty())
        return fail(FailureClass::permanent, "secret_missing", "there is no secret to sign with");
    const auto seconds =
        std::to_string(std::chrono::duration_cast<std::chrono::seconds>(request.now.time_since_epoch()).count());
    const auto bytes = mac(keys_.front(), request, seconds);
    const std::span raw{reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()};
    Signature signature;
    signature.header = recipe_.header.front();
    signature.value = recipe_.prefix + (recipe_.encoding == HmacRecipe::Encoding::hex ? to_hex(raw) : to_base64(bytes));
    if (!recipe_.timestamp_prefix.empty())
        signature.value = recipe_.timestamp_prefix + seconds + recipe_.list + signature.value;
    if (!recipe_.timestamp_header.empty())
        signature.timestamp_value = seconds;
    return signature;
}

}  // namespace headgate::connectors
