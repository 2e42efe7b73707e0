#include "gateway/item_signatures.hpp"

#include "connectors/formats/format.hpp"
#include "connectors/signatures/item_hmac.hpp"
#include "gateway/configuration.hpp"
#include "gateway/unfolding.hpp"

namespace headgate::gateway {

namespace {

constexpr std::string_view placeholder = "{signature}";

mapping::MappingContext seen(const Document& document, NodeIndex root, const Channel& channel)
{
    return {.document = document,
            .root = root,
            .channel_name = channel.name,
            .channel_zone = channel.zone,
            .channel_settings = &channel.settings};
}

/// An item as the verifier sees it: what is signed for the body, the signature in a header.
connectors::SignedRequest request_of(std::string_view covered, std::string_view signature)
{
    return {.method = "POST",
            .path = {},
            .query = {},
            .body = covered,
            .url = {},
            .headers =
                [signature](std::string_view name) {
                    std::vector<std::string_view> values;
                    if (name == connectors::item_signature_header)
                        values.push_back(signature);
                    return values;
                },
            .setting = [](std::string_view) -> std::optional<std::string_view> { return std::nullopt; },
            .now = {}};
}

std::unexpected<Failure> refused(std::string code, std::string detail)
{
    return fail(FailureClass::auth, std::move(code), std::move(detail));
}

}  // namespace

Result<std::size_t> ItemSignatures::judge(const Document& document, NodeIndex item, const Channel& channel) const
{
    const auto context = seen(document, item, channel);
    const auto value = value_.text(context);
    if (!value || !*value)
        return refused("signature_missing", "the item carries no signature");
    const auto covered = covers_.text(context);
    if (!covered || !*covered)
        return refused("signature_malformed", "the item has not what is signed of it");
    return channel.verifier->verify(request_of(**covered, **value));
}

Result<std::size_t> ItemSignatures::verify(std::string_view body, const Channel& channel) const
{
    const auto document = connectors::read_document(body, channel.connector->config.format);
    if (!document)
        return refused("signature_missing", "the body has no items that could be signed: " + document.error().detail);
    std::string text;
    const auto items = items_of(items_, seen(*document, document->root(), channel), text);
    if (!items)
        return refused("signature_missing", "the body has no items that could be signed: " + items.error().detail);
    Result<std::size_t> first = refused("signature_missing", "the body has no item");
    bool any = false;
    for (const NodeIndex item : items->children(items->root())) {
        auto judged = judge(*items, item, channel);
        if (judged)
            return judged;
        if (!any || (first.error().code == "signature_missing" && judged.error().code != "signature_missing"))
            first = std::move(judged);
        any = true;
    }
    return first;
}

Result<std::string> ItemSignatures::sign(std::string body, const Channel& channel, std::size_t secret) const
{
    const auto document = connectors::read_document(body, channel.connector->config.format);
    if (!document)
        return std::unexpected(document.error());
    std::string text;
    const auto items = items_of(items_, seen(*document, document->root(), channel), text);
    if (!items)
        return std::unexpected(items.error());
    std::size_t from = 0;
    for (const NodeIndex item : items->children(items->root())) {
        const auto context = seen(*items, item, channel);
        const auto value = value_.text(context);
        if (!value || !*value || **value != placeholder)
            continue;
        const auto covered = covers_.text(context);
        if (!covered || !*covered)
            return fail(FailureClass::permanent, "cannot_sign", "an item has not what is signed of it");
        const auto signature = channel.verifier->sign(request_of(**covered, {}), secret);
        if (!signature)
            return std::unexpected(signature.error());
        from = body.find(placeholder, from);
        if (from == std::string::npos)
            break;
        body.replace(from, placeholder.size(), signature->headers.front().second);
    }
    return body;
}

}  // namespace headgate::gateway
