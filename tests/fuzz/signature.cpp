// Headers as strangers write them, before every scheme: each is refused or fits, and what is refused is told why.
// The input is: a byte that picks the scheme, then texts that end in a line break: the signature, the time, the body.
#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "connectors/signatures/scheme.hpp"

namespace {

using namespace headgate;
using namespace headgate::connectors;

const std::array<std::unique_ptr<Verifier>, 7>& verifiers()
{
    static const auto all = [] {
        SignatureConfig stripe, pairs, standard, message, ed25519, basic, enveloped;
        stripe.hmac.emplace();
        stripe.hmac->header = {"s"};
        stripe.hmac->list = ",";
        stripe.hmac->prefix = "v1=";
        stripe.hmac->encoding = DetachedSignature::Encoding::hex;
        stripe.hmac->timestamp_prefix = "t=";
        stripe.hmac->window = std::chrono::minutes(5);
        pairs.hmac.emplace();
        pairs.hmac->field = "s";
        pairs.hmac->list = "&";
        pairs.hmac->pair = "|";
        pairs.hmac->signed_bytes = {"{field:t}", "{json:/a/b}"};
        standard.hmac.emplace();
        standard.hmac->header = {"s"};
        standard.hmac->timestamp_header = "t";
        standard.hmac->timestamp_format = DetachedSignature::Time::iso;
        standard.hmac->window = std::chrono::minutes(5);
        standard.hmac->signed_bytes = {"{timestamp}{body_slashes}{body_crc32}{request_target}"};
        message.http_message.emplace();
        message.http_message->covers = {};
        message.http_message->window = std::chrono::milliseconds(0);
        ed25519.public_key.emplace();
        ed25519.public_key->algorithm = SignatureAlgorithm::ed25519;
        ed25519.public_key->header = {"s"};
        basic.shared_secret.emplace();
        basic.shared_secret->header = "s";
        basic.shared_secret->prefix = "Basic ";
        enveloped.public_key.emplace();
        enveloped.public_key->header = {"s"};
        enveloped.public_key->envelope = DetachedSignature::Envelope{"/signature", "/kid"};
        enveloped.public_key->keys.emplace();
        enveloped.public_key->keys->url = "https://vendor.example/keys/{id}";
        const auto with = [](const SignatureConfig& config, const char* secret) {
            return std::move(*config.verifier(std::array<std::string, 1>{secret}));
        };
        return std::array{with(stripe, "k"),
                          with(pairs, "k"),
                          with(standard, "k"),
                          with(message, "aGg="),
                          with(ed25519, "JrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs="),
                          with(basic, "k"),
                          with(enveloped, "")};
    }();
    return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    if (size == 0)
        return 0;
    std::string_view left(reinterpret_cast<const char*>(data) + 1, size - 1);
    const auto line = [&] {
        const auto text = left.substr(0, left.find('\n'));
        left.remove_prefix(text.size() == left.size() ? text.size() : text.size() + 1);
        return text;
    };
    const auto signature = line();
    const auto time = line();
    SignedRequest request;
    request.method = "POST";
    request.path = "/hooks/x";
    request.query = left.substr(0, left.size() / 2);
    request.body = left;
    request.url = "https://hooks.example/hooks/x";
    request.headers = [&](std::string_view name) {
        if (same_header(name, "s") || same_header(name, "signature"))
            return std::vector{signature};
        if (same_header(name, "t") || same_header(name, "signature-input"))
            return std::vector{time};
        return std::vector<std::string_view>{};
    };
    request.setting = [](std::string_view) { return std::nullopt; };
    request.now = std::chrono::system_clock::time_point{std::chrono::seconds{1'700'000'000}};
    const auto& verifier = *verifiers()[data[0] % verifiers().size()];
    constexpr std::string_view keys = "https://vendor.example/keys/";
    if (const auto wanted = verifier.wanted_key(request)) {
        const auto name = std::string_view(wanted->url).substr(std::min(keys.size(), wanted->url.size()));
        if (!wanted->url.starts_with(keys) || name.find_first_of("/?#") != name.npos || name == "." || name == "..")
            __builtin_trap();
    }
    const auto found = verifier.verify(request);
    if (!found && found.error().code.empty())
        __builtin_trap();
    return 0;
}
