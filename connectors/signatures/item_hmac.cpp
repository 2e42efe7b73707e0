#include "connectors/signatures/item_hmac.hpp"

namespace headgate::connectors {

void ItemHmacRecipe::describe(config::Schema& schema)
{
    describe_key(schema);
    schema.choice("encoding", encoding, {{"base64", Encoding::base64}, {"hex", Encoding::hex}},
                  "How the signature is written.");
    schema.field("items", items, "Expression: the items of the body, each of which is signed.");
    schema.required("items");
    schema.field("value", value, "Expression about an item: its signature.");
    schema.required("value");
    schema.field("signed", covers, "Text about an item: what is signed of it.");
    schema.required("signed");
}

Result<std::unique_ptr<Verifier>> ItemHmacRecipe::verifier(std::span<const std::string> secrets) const
{
    HmacRecipe recipe = *this;
    recipe.header = {std::string(item_signature_header)};
    auto made = HmacVerifier::make(std::move(recipe), secrets);
    if (!made)
        return std::unexpected(std::move(made.error()));
    return std::make_unique<HmacVerifier>(std::move(*made));
}

}  // namespace headgate::connectors
