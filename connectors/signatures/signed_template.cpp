#include "connectors/signatures/signed_template.hpp"

#include <algorithm>
#include <array>

#include <boost/crc.hpp>

#include "connectors/formats/form.hpp"
#include "connectors/formats/format.hpp"
#include "connectors/formats/json.hpp"
#include "core/encoding.hpp"
#include "core/hash.hpp"

namespace headgate::connectors {

namespace {

using Kind = SignedTemplate::Kind;

constexpr std::array<std::pair<std::string_view, Kind>, 12> plain_parts{{
    {"body", Kind::body},
    {"body_base64", Kind::body_base64},
    {"body_sha256", Kind::body_sha256},
    {"body_crc32", Kind::body_crc32},
    {"body_slashes", Kind::body_slashes},
    {"url", Kind::url},
    {"method", Kind::method},
    {"path", Kind::path},
    {"query", Kind::query},
    {"request_target", Kind::request_target},
    {"timestamp", Kind::timestamp},
    {"secret", Kind::secret},
}};

constexpr std::array<std::pair<std::string_view, Kind>, 4> named{{
    {"header:", Kind::header},
    {"field:", Kind::field},
    {"json:", Kind::json},
    {"setting:", Kind::setting},
}};

Result<SignedTemplate::Part> part(std::string_view inside)
{
    for (const auto& [name, kind] : plain_parts)
        if (inside == name)
            return SignedTemplate::Part{kind, {}};
    for (const auto& [prefix, kind] : named)
        if (inside.starts_with(prefix) && inside.size() > prefix.size())
            return SignedTemplate::Part{kind, std::string(inside.substr(prefix.size()))};
    std::string known;
    for (const auto& [name, kind] : plain_parts)
        known += "{" + std::string(name) + "} ";
    for (const auto& [prefix, kind] : named)
        known += "{" + std::string(prefix) + "NAME} ";
    known.pop_back();
    return fail(FailureClass::permanent, "signed_template",
                "`signed` has {" + std::string(inside) + "}, and knows " + known);
}

/// The scalar at a path of members, "/shipment/id", of a body that is JSON as a whole: what is read later is what was
/// signed.
std::optional<std::string> json_value(std::string_view body, std::string_view pointer)
{
    const auto document = read_json(body);
    if (!document)
        return std::nullopt;
    return scalar_at(*document, pointer);
}

std::string crc32_of(std::string_view bytes)
{
    boost::crc_32_type sum;
    sum.process_bytes(bytes.data(), bytes.size());
    return std::to_string(sum.checksum());
}

/// As PHP writes JSON, for vendors that sign what they would have written and not what they send.
std::string with_slashes(std::string_view body)
{
    std::string text;
    text.reserve(body.size() + 16);
    for (std::size_t i = 0; i < body.size(); ++i) {
        if (body[i] == '\n' || body[i] == '\r')
            continue;
        if (body[i] == '/' && (i == 0 || body[i - 1] != '\\'))
            text += '\\';
        text += body[i];
    }
    return text;
}

std::unexpected<Failure> lacks(std::string_view what, std::string_view name)
{
    return fail(FailureClass::auth, "signature_malformed",
                "the request has no " + std::string(what) + " `" + std::string(name) + "`, which is signed");
}

}  // namespace

Result<SignedTemplate> SignedTemplate::parse(std::string_view text)
{
    SignedTemplate made;
    std::string literal;
    const auto flush = [&] {
        if (!literal.empty())
            made.parts_.push_back({Kind::text, std::exchange(literal, {})});
    };
    while (!text.empty()) {
        if (text.starts_with("{{")) {
            literal += '{';
            text.remove_prefix(2);
            continue;
        }
        if (text.front() != '{') {
            literal += text.front();
            text.remove_prefix(1);
            continue;
        }
        const auto close = text.find('}');
        if (close == std::string_view::npos)
            return fail(FailureClass::permanent, "signed_template",
                        "in `signed` a { has no }; a brace that is signed itself is written {{");
        auto found = part(text.substr(1, close - 1));
        if (!found)
            return std::unexpected(std::move(found.error()));
        flush();
        made.parts_.push_back(std::move(*found));
        text.remove_prefix(close + 1);
    }
    flush();
    return made;
}

bool SignedTemplate::has(Kind kind) const
{
    return std::ranges::find(parts_, kind, &Part::kind) != parts_.end();
}

Result<void> SignedTemplate::write(const SignedRequest& request, std::string_view timestamp, std::string_view secret,
                                   const std::function<void(std::string_view)>& sink) const
{
    for (const Part& part : parts_) {
        switch (part.kind) {
        case Kind::text: sink(part.text); break;
        case Kind::body: sink(request.body); break;
        case Kind::body_base64: sink(to_base64(request.body)); break;
        case Kind::body_sha256: sink(to_hex(sha256(request.body))); break;
        case Kind::body_crc32: sink(crc32_of(request.body)); break;
        case Kind::body_slashes: sink(with_slashes(request.body)); break;
        case Kind::url: sink(request.url); break;
        case Kind::method: sink(request.method); break;
        case Kind::path: sink(request.path); break;
        case Kind::query: sink(request.query); break;
        case Kind::request_target:
            sink(request.path);
            if (!request.query.empty()) {
                sink("?");
                sink(request.query);
            }
            break;
        case Kind::timestamp: sink(timestamp); break;
        case Kind::secret: sink(secret); break;
        case Kind::header: {
            const auto values = request.headers(part.text);
            if (values.empty())
                return lacks("header", part.text);
            for (const auto value : values)
                sink(value);
            break;
        }
        case Kind::field: {
            const auto value = form_field(request.body, part.text);
            if (!value)
                return lacks("single form field", part.text);
            sink(*value);
            break;
        }
        case Kind::json: {
            const auto value = json_value(request.body, part.text);
            if (!value)
                return lacks("value in its JSON body at", part.text);
            sink(*value);
            break;
        }
        case Kind::setting: {
            const auto value = request.setting ? request.setting(part.text) : std::nullopt;
            if (!value)
                return fail(FailureClass::auth, "signature_malformed",
                            "the channel has no setting `" + part.text + "`, which is signed");
            sink(*value);
            break;
        }
        }
    }
    return {};
}

}  // namespace headgate::connectors
