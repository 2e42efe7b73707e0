// Any bytes as a batch, the first saying how it is written: what it is taken apart into is, item by item, what its list
// holds, each with a topic and a key; twice the same; and signatures of items, once put there, hold.
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/formats/json.hpp"
#include "gateway/stages/decode.hpp"
#include "gateway/stages/identify.hpp"
#include "gateway/unfolding.hpp"

namespace {

using namespace headgate;
using namespace headgate::gateway;

// What is longer is cut, ends in "…sha256:" and a hash, and becomes a letter.
constexpr std::size_t longest_cut = longest_identity + 10 + 64;

void demand(bool holds)
{
    if (!holds)
        __builtin_trap();
}

mapping::Expression bare(std::string_view text)
{
    return mapping::Expression::compile_bare(text).value();
}

/// A channel whose batches are JSON, a form with numbered fields, or JSON in a field of a form.
std::shared_ptr<const Channel> make_channel(int kind)
{
    using Kind = connectors::FormatConfig::Kind;
    auto connector = std::make_shared<Connector>();
    connector->config.format.kind = kind == 0 ? Kind::json : Kind::form;
    if (kind == 1)
        connector->config.format.numbered = "items";
    if (kind == 2)
        connector->config.format.field = "payload";
    connector->topic = bare(".kind");
    connector->idempotency_key = bare(".id");
    Topic batch;
    batch.name = "batch";
    batch.split = bare(".items");
    connector->topics.emplace("batch", std::move(batch));
    auto channel = std::make_shared<Channel>(ChannelConfig{});
    channel->name = "shop";
    channel->connector = connector;
    channel->item_signatures.emplace(bare(".items"), bare(".sig"),
                                     mapping::Expression::compile("{.id // \"\"}:{.n // 0}").value());
    connectors::ItemHmacRecipe recipe;
    static const std::vector<std::string> secrets{"a secret of some length"};
    channel->verifier = recipe.verifier(secrets).value();
    return channel;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    if (size < 1)
        return 0;
    static const std::shared_ptr<const Channel> channels[] = {make_channel(0), make_channel(1), make_channel(2)};
    const Channel& channel = *channels[data[0] % 3];
    const std::string body(reinterpret_cast<const char*>(data) + 1, size - 1);

    const auto judged = channel.item_signatures->verify(body, channel);
    Event event;
    event.channel = &channel;
    event.envelope.channel = channel.name;
    event.envelope.topic = "batch";
    event.envelope.idempotency_key = "k";
    event.envelope.body = body;
    const auto decoded = decode(event);
    if (!decoded)
        return 0;
    const auto routed = unfold(event, *decoded);
    if (!routed)
        return 0;
    const auto again = unfold(event, *decoded);
    demand(again && again->transaction.json == routed->transaction.json);

    const auto items = unfolded(channel, routed->transaction.json);
    demand(items.has_value());
    const Document& document = *decoded->document;
    const auto list = document.children(document.member(decoded->root, "items"));
    demand(items->size() == list.size());
    static const auto item_itself = bare(".");  // as the language sees it: a blank text is null
    std::size_t good = 0;
    for (std::size_t i = 0; i < items->size(); ++i) {
        const Envelope& item = (*items)[i];
        demand(!item.topic.empty() && item.topic.size() <= longest_cut);
        demand(!item.idempotency_key.empty() && item.idempotency_key.size() <= longest_cut);
        demand(item.body == item_itself.json({.document = document, .root = list[i]}));
        const auto read = connectors::read_json(item.body);
        demand(read.has_value());
        const bool forged = !item.headers.empty() && item.headers.back().first == wrong_item_header;
        demand(forged != channel.item_signatures->judge(*read, read->root(), channel).has_value());
        good += forged ? 0 : 1;
    }
    if (data[0] % 3 == 0)
        demand(judged.has_value() == (good > 0));
    return 0;
}
