#include "connectors/signatures/detached.hpp"

#include <algorithm>
#include <charconv>

#include "connectors/formats/form.hpp"
#include "connectors/formats/format.hpp"
#include "connectors/formats/json.hpp"
#include "core/encoding.hpp"
#include "core/hash.hpp"
#include "core/time.hpp"
#include "net/http/characters.hpp"
#include "net/http/message.hpp"

namespace headgate::connectors {

namespace {

using Kind = SignedTemplate::Kind;

/// A vendor that rolls its key sends two; more than a few would only make us compute.
constexpr std::size_t most_signatures = 16;

std::unexpected<Failure> refused(std::string code, std::string detail)
{
    return fail(FailureClass::auth, std::move(code), std::move(detail));
}

std::vector<std::string_view> split(std::string_view text, std::string_view separator)
{
    if (separator.empty())
        return {net::characters::trim(text)};
    std::vector<std::string_view> parts;
    for (;;) {
        const auto at = text.find(separator);
        parts.push_back(net::characters::trim(text.substr(0, at)));
        if (at == std::string_view::npos)
            return parts;
        text.remove_prefix(at + separator.size());
    }
}

/// What would read well and protect less than it seems to.
void check(const DetachedSignature& signature, config::Schema& schema)
{
    const auto templates = signature.templates();
    if (!templates)
        return schema.problem("signed", templates.error().code, templates.error().detail);
    const auto places =
        int{!signature.header.empty()} + int{!signature.field.empty()} + int{!signature.parameter.empty()};
    if (places != 1 && !(places == 0 && schema.given("header")))
        schema.problem("", "signature_place",
                       "the signature stands in one place: `header`, `field` or `parameter`, of which " +
                           std::to_string(places) + " are given",
                       "for example header: X-Vendor-Signature");
    const auto all = [&](auto&& holds) { return std::ranges::all_of(*templates, holds); };
    const auto any = [&](Kind kind) {
        return std::ranges::any_of(*templates,
                                   [&](const SignedTemplate& signed_bytes) { return signed_bytes.has(kind); });
    };
    if (!all([](const SignedTemplate& signed_bytes) {
            return std::ranges::any_of(
                std::initializer_list<Kind>{Kind::body, Kind::body_base64, Kind::body_sha256, Kind::body_crc32,
                                            Kind::body_slashes, Kind::field, Kind::json},
                [&](Kind kind) { return signed_bytes.has(kind); });
        }))
        schema.problem("signed", "body_unsigned", "`signed` has no {body}, so any body would be accepted",
                       "for example signed: \"{body}\"");
    const bool in_header = !signature.timestamp_header.empty();
    const bool in_list = !signature.timestamp_prefix.empty();
    if (in_header && in_list)
        schema.problem("timestamp_header", "timestamp_twice",
                       "the time of signing stands in one place: `timestamp_header` or `timestamp_prefix`",
                       "remove one of them");
    if (in_list && signature.list.empty())
        schema.problem("timestamp_prefix", "list_missing",
                       "`timestamp_prefix` is about a part of a list, and `list` does not say what separates the parts",
                       "for example list: \",\"");
    if (any(Kind::timestamp) && !in_header && !in_list)
        schema.problem("signed", "timestamp_missing",
                       "`signed` has {timestamp}, and nothing says where the request carries the time of signing",
                       "give `timestamp_header` or `timestamp_prefix`");
    if (signature.window.count() == 0)
        return;
    if (!in_header && !in_list)
        schema.problem("window", "timestamp_missing", "a window needs `timestamp_header` or `timestamp_prefix`");
    else if (!all([&](const SignedTemplate& signed_bytes) {
                 return signed_bytes.has(Kind::timestamp) ||
                        (in_header && std::ranges::any_of(signed_bytes.parts(), [&](const auto& part) {
                             return part.kind == Kind::header && same_header(part.text, signature.timestamp_header);
                         }));
             }))
        schema.problem("window", "timestamp_unsigned",
                       "the time of signing is not signed, so an old request would pass with a fresh time",
                       "put {timestamp} into `signed` as the vendor does, or remove `window`");
}

}  // namespace

bool same_header(std::string_view left, std::string_view right)
{
    return net::same_ignoring_case(left, right);
}

void DetachedSignature::Envelope::describe(config::Schema& schema)
{
    schema.field("signature", signature, "JSON pointer: where the signature stands in it.");
    schema.required("signature");
    schema.field("key", key, "JSON pointer: where the id of the key stands in it.");
}

void DetachedSignature::describe_in(config::Schema& schema)
{
    schema.field("header", header, "The header with the signature; of several names the first that is there.");
    if (schema.given("header"))
        schema.not_empty("header", "name the header the vendor puts its signature in");
    schema.field("field", field, "Instead of a header: the field of the form with the signature.");
    schema.field("parameter", parameter, "Instead of a header: the parameter of the URL with the signature.");
    schema.field("list", list, "What separates several signatures.");
    schema.field("pair", pair, "What separates the id of a key from the signature behind it.");
    schema.field("pair_setting", pair_setting,
                 "The channel's setting with that id; signatures of other keys are skipped.");
    schema.field("prefix", prefix, "What a signature starts with; in a list, parts that start otherwise are skipped.");
    schema.field("prefix_optional", prefix_optional, "Whether a signature without `prefix` counts too.");
    schema.choice("encoding", encoding, {{"base64", Encoding::base64}, {"hex", Encoding::hex}},
                  "How the signature is written.");
    schema.field("signed", signed_bytes,
                 "What is signed: text with {body} {timestamp} {header:NAME} and more; of several texts any.");
    if (schema.given("signed"))
        schema.not_empty("signed", "for example signed: \"{body}\"");
    schema.field("timestamp_header", timestamp_header, "The header with the time of signing.");
    schema.field("timestamp_prefix", timestamp_prefix, "What the time starts with in the signature's own list.");
    schema.choice("timestamp_format", timestamp_format,
                  {{"unix", Time::unix_seconds}, {"unix_ms", Time::unix_milliseconds}, {"iso", Time::iso}},
                  "How the time is written: Unix seconds, Unix milliseconds, or ISO 8601 with its offset.");
    schema.field("window", window, {config::Duration{0}, std::chrono::hours{24}}, "Oldest time accepted; 0ms: any.");
    schema.choice("freshness", freshness, {{"both", Freshness::both}, {"past", Freshness::past}},
                  "Whether a time too far in the future is refused as well.");
    if (schema.reading())
        check(*this, schema);
}

Result<std::vector<SignedTemplate>> DetachedSignature::templates() const
{
    std::vector<SignedTemplate> all;
    for (const auto& text : signed_bytes) {
        auto parsed = SignedTemplate::parse(text);
        if (!parsed)
            return std::unexpected(std::move(parsed.error()));
        all.push_back(std::move(*parsed));
    }
    return all;
}

bool DetachedSignature::signs_url() const
{
    const auto all = templates();
    return all && std::ranges::any_of(*all, [](const SignedTemplate& text) { return text.has(Kind::url); });
}

std::string DetachedSignature::place() const
{
    if (!field.empty())
        return "form field " + field;
    if (!parameter.empty())
        return "parameter " + parameter;
    return "header " + (header.empty() ? "" : header.front());
}

Result<DetachedSignature::Claim> DetachedSignature::claim(const SignedRequest& request) const
{
    std::string value;
    bool found = false;
    for (const auto& name : header) {
        const auto values = request.headers(name);
        if (values.size() > 1)
            return refused("signature_repeated", "the header " + name + " stands more than once");
        if (values.size() == 1 && !found) {
            value = values.front();
            found = true;
        }
    }
    if (!field.empty() || !parameter.empty()) {
        auto standing = field.empty() ? form_field(request.query, parameter) : form_field(request.body, field);
        found = standing.has_value();
        value = std::move(standing).value_or("");
    }
    if (!found)
        return refused("signature_missing", "the request has no " + place());

    Claim claim;
    if (envelope) {
        const auto inside = from_base64(net::characters::trim(value));
        const auto document = inside ? read_json(*inside) : fail(FailureClass::auth, "signature_malformed", "");
        auto signature = document ? scalar_at(*document, envelope->signature) : std::nullopt;
        auto key = document && !envelope->key.empty() ? scalar_at(*document, envelope->key) : std::nullopt;
        if (!signature || (!key && !envelope->key.empty()))
            return refused("signature_malformed",
                           "the " + place() + " is no base64 of JSON with what the connector's `envelope` names");
        value = std::move(*signature);
        claim.key = std::move(key).value_or("");
    }
    const auto parts = split(value, list);
    if (!timestamp_prefix.empty()) {
        for (const auto part : parts)
            if (part.starts_with(timestamp_prefix))
                claim.timestamp = part.substr(timestamp_prefix.size());
    } else if (!timestamp_header.empty()) {
        const auto values = request.headers(timestamp_header);
        if (values.size() == 1)
            claim.timestamp = net::characters::trim(values.front());
    }
    if ((!timestamp_header.empty() || !timestamp_prefix.empty()) && claim.timestamp.empty())
        return refused("timestamp_missing", "the time of signing is missing or stands more than once");

    const auto ours = !pair_setting.empty() && request.setting ? request.setting(pair_setting) : std::nullopt;
    for (auto part : parts) {
        if (part.starts_with(prefix))
            part.remove_prefix(prefix.size());
        else if (!prefix_optional)
            continue;
        if (!pair.empty()) {
            const auto at = part.find(pair);
            if (at == std::string_view::npos || (ours && part.substr(0, at) != *ours))
                continue;
            part.remove_prefix(at + pair.size());
        }
        auto given = encoding == Encoding::hex ? from_hex(part) : from_base64(part);
        if (given && !given->empty() && claim.signatures.size() < most_signatures)
            claim.signatures.push_back(std::move(*given));
    }
    if (claim.signatures.empty())
        return refused("signature_malformed", "the " + place() + " holds no signature as expected");
    return claim;
}

Result<void> DetachedSignature::fresh(std::string_view timestamp, std::chrono::system_clock::time_point now) const
{
    if (window.count() == 0)
        return {};
    const auto outside = [] {
        return refused("timestamp_outside_window", "the time of signing is outside the window");
    };
    std::chrono::milliseconds since_epoch{0};
    if (timestamp_format == Time::iso) {
        const auto read = parse_timestamp(timestamp);
        if (!read)
            return refused("signature_malformed", "the time of signing is no ISO 8601 time with an offset");
        since_epoch = std::chrono::seconds{read->seconds} + std::chrono::milliseconds{read->nanos / 1'000'000};
    } else {
        std::int64_t count = 0;
        const auto [end, error] = std::from_chars(timestamp.data(), timestamp.data() + timestamp.size(), count);
        if (error == std::errc::invalid_argument || end != timestamp.data() + timestamp.size())
            return refused("signature_malformed", "the time of signing is no Unix time");
        // What the clock cannot hold is outside of any window: milliseconds, for one, where seconds are meant.
        const std::int64_t most = timestamp_format == Time::unix_seconds ? 9'000'000'000 : 9'000'000'000'000;
        if (error != std::errc{} || count < 0 || count > most)
            return outside();
        since_epoch = std::chrono::milliseconds{timestamp_format == Time::unix_seconds ? count * 1000 : count};
    }
    const auto age = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()) - since_epoch;
    if (age > window || (freshness == Freshness::both && -age > window))
        return outside();
    return {};
}

std::string DetachedSignature::timestamp(std::chrono::system_clock::time_point now) const
{
    const auto since_epoch = now.time_since_epoch();
    switch (timestamp_format) {
    case Time::unix_seconds:
        return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(since_epoch).count());
    case Time::unix_milliseconds:
        return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(since_epoch).count());
    case Time::iso:
        return text_of(Timestamp{std::chrono::duration_cast<std::chrono::seconds>(since_epoch).count(), 0, 0});
    }
    std::unreachable();
}

Result<Signature> DetachedSignature::written(std::string_view bytes, std::string_view timestamp,
                                             const SignedRequest& request) const
{
    const std::span raw{reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()};
    std::string value = prefix;
    if (!pair.empty()) {
        const auto id = request.setting ? request.setting(pair_setting) : std::nullopt;
        if (!id)
            return refused("setting_missing", "the channel has no setting `" + pair_setting +
                                                  "` with the id of its key, which stands before the signature");
        value += std::string(*id) + pair;
    }
    value += encoding == Encoding::hex ? to_hex(raw) : to_base64(bytes);
    if (!timestamp_prefix.empty())
        value = timestamp_prefix + std::string(timestamp) + list + value;

    Signature signature;
    if (!field.empty())
        signature.form.emplace_back(field, std::move(value));
    else if (!parameter.empty())
        signature.query.emplace_back(parameter, std::move(value));
    else
        signature.headers.emplace_back(header.front(), std::move(value));
    if (!timestamp_header.empty())
        signature.headers.emplace_back(timestamp_header, timestamp);
    return signature;
}

}  // namespace headgate::connectors
