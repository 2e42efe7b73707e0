#include "connectors/signatures/hmac.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>

#include <openssl/evp.h>
#include <utf8proc.h>

#include "connectors/signatures/digest.hpp"
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

/// Normalization Form KD (Unicode Standard Annex 15); nothing when the text is no UTF-8.
std::optional<std::string> nfkd(std::string_view text)
{
    utf8proc_uint8_t* made = nullptr;
    const auto size =
        utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()), static_cast<utf8proc_ssize_t>(text.size()),
                     &made, static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT));
    const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owned(made, &std::free);
    if (size < 0)
        return std::nullopt;
    return std::string(reinterpret_cast<const char*>(made), static_cast<std::size_t>(size));
}

}  // namespace

void HmacRecipe::describe_key(config::Schema& schema)
{
    schema.choice("construction", construction, {{"hmac", Construction::hmac}, {"hash", Construction::hash}},
                  "HMAC, or a bare hash over what is signed, which then has {secret} in it.");
    schema.choice("hash", hash, {{"sha1", Hash::sha1}, {"sha256", Hash::sha256}, {"sha512", Hash::sha512}},
                  "The hash of the HMAC.");
    schema.choice("key", key,
                  {{"text", KeyDecoding::text},
                   {"nfkd_text", KeyDecoding::nfkd_text},
                   {"hex", KeyDecoding::hex},
                   {"base64", KeyDecoding::base64},
                   {"sha1_of_text", KeyDecoding::sha1_of_text}},
                  "How the secret's text becomes the key's bytes.");
    schema.field("key_prefix", key_prefix, "Taken off the secret before it is decoded.");
}

void HmacRecipe::describe(config::Schema& schema)
{
    describe_key(schema);
    describe_in(schema);
    if (!schema.reading())
        return;
    const auto all = templates();
    const bool covers_secret = all && std::ranges::all_of(*all, [](const SignedTemplate& text) {
                                   return text.has(SignedTemplate::Kind::secret);
                               });
    if (all && construction == Construction::hash && !covers_secret)
        schema.problem("signed", "secret_unsigned", "a bare hash proves nothing unless {secret} is in what is hashed",
                       "for example signed: \"{body}/{secret}\"");
}

Result<std::string> HmacRecipe::key_bytes(std::string_view secret) const
{
    if (secret.starts_with(key_prefix))
        secret.remove_prefix(key_prefix.size());
    std::optional<std::string> bytes;
    std::string_view written;
    switch (key) {
    case KeyDecoding::text: bytes = std::string(secret); break;
    case KeyDecoding::nfkd_text:
        bytes = nfkd(secret);
        written = "UTF-8";
        break;
    case KeyDecoding::hex:
        bytes = from_hex(secret);
        written = "hex";
        break;
    case KeyDecoding::base64:
        bytes = from_base64(secret);
        written = "base64";
        break;
    case KeyDecoding::sha1_of_text: bytes = digest_of(secret, EVP_sha1()); break;
    }
    if (!bytes || bytes->empty() || secret.empty())
        return fail(
            FailureClass::permanent, "secret_unusable",
            (bytes ? "is empty" : "is not written in " + std::string(written) + ", as the connector's `key` says") +
                (key_prefix.empty() ? "" : " (behind `" + key_prefix + "`)"));
    return std::move(*bytes);
}

struct HmacVerifier::Key {
    std::string bytes;
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

    auto templates = r.templates();
    if (!templates)
        return std::unexpected(std::move(templates.error()));
    verifier.templates_ = std::move(*templates);

    for (const std::string& secret : secrets) {
        auto read = r.key_bytes(secret);
        if (!read)
            return fail(FailureClass::permanent, read.error().code,
                        "secret " + std::to_string(&secret - secrets.data() + 1) + " " + read.error().detail);
        const std::string& bytes = *read;
        const EVP_MD* hash = algorithm(r.hash);
        const auto padded = [&](unsigned char pad) {
            Context context(EVP_MD_CTX_new());
            EVP_DigestInit_ex2(context.get(), hash, nullptr);
            if (r.construction == HmacRecipe::Construction::hash)
                return context;
            const auto block = static_cast<std::size_t>(EVP_MD_get_block_size(hash));
            std::string key = bytes.size() > block ? digest_of(bytes, hash) : bytes;
            key.resize(block, '\0');
            for (char& byte : key)
                byte = static_cast<char>(static_cast<unsigned char>(byte) ^ pad);
            EVP_DigestUpdate(context.get(), key.data(), key.size());
            return context;
        };
        verifier.keys_.push_back({bytes, padded(0x36), padded(0x5c)});
    }
    return verifier;
}

Result<std::string> HmacVerifier::mac(const Key& key, const SignedTemplate& covered, const SignedRequest& request,
                                      std::string_view timestamp) const
{
    thread_local const Context scratch(EVP_MD_CTX_new());
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    EVP_MD_CTX_copy_ex(scratch.get(), key.inner.get());
    auto written = covered.write(request, timestamp, key.bytes, [](std::string_view bytes) {
        EVP_DigestUpdate(scratch.get(), bytes.data(), bytes.size());
    });
    if (!written)
        return std::unexpected(std::move(written.error()));
    EVP_DigestFinal_ex(scratch.get(), digest.data(), &size);
    if (recipe_.construction == HmacRecipe::Construction::hmac) {
        EVP_MD_CTX_copy_ex(scratch.get(), key.outer.get());
        EVP_DigestUpdate(scratch.get(), digest.data(), size);
        EVP_DigestFinal_ex(scratch.get(), digest.data(), &size);
    }
    return std::string(reinterpret_cast<const char*>(digest.data()), size);
}

Result<std::size_t> HmacVerifier::verify(const SignedRequest& request) const
{
    const auto claim = recipe_.claim(request);
    if (!claim)
        return std::unexpected(claim.error());
    for (const SignedTemplate& covered : templates_)
        for (std::size_t i = 0; i < keys_.size(); ++i) {
            const auto expected = mac(keys_[i], covered, request, claim->timestamp);
            if (!expected)
                return std::unexpected(expected.error());
            for (const auto& signature : claim->signatures)
                if (same_bytes(signature, *expected)) {
                    if (auto fresh = recipe_.fresh(claim->timestamp, request.now); !fresh)
                        return std::unexpected(std::move(fresh.error()));
                    return i;
                }
        }
    return fail(FailureClass::auth, "signature_wrong", "the signature fits none of the channel's secrets");
}

Result<Signature> HmacVerifier::sign(const SignedRequest& request, std::size_t secret) const
{
    if (secret >= keys_.size())
        return fail(FailureClass::permanent, "secret_missing", "there is no secret to sign with");
    const auto time = recipe_.timestamp(request.now);
    const auto bytes = mac(keys_[secret], templates_.front(), request, time);
    if (!bytes)
        return std::unexpected(bytes.error());
    return recipe_.written(*bytes, time, request);
}

Result<std::string> HmacVerifier::written_mac(const SignedRequest& request) const
{
    if (keys_.empty())
        return fail(FailureClass::permanent, "secret_missing", "there is no secret to sign with");
    const auto made = mac(keys_.front(), templates_.front(), request, {});
    if (!made)
        return std::unexpected(made.error());
    const std::span raw{reinterpret_cast<const std::uint8_t*>(made->data()), made->size()};
    return recipe_.encoding == DetachedSignature::Encoding::hex ? to_hex(raw) : to_base64(*made);
}

}  // namespace headgate::connectors
