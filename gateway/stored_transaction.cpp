#include "gateway/stored_transaction.hpp"

#include <array>
#include <utility>

#include <boost/json.hpp>

#include "core/packed.hpp"

namespace headgate::gateway {

namespace {

namespace json = boost::json;

using Kind = Version::Kind;
constexpr std::array<std::string_view, 5> kinds{"none", "integer", "time", "text", "once"};  // as Kind has them

}  // namespace

std::string text_of(const StoredTransaction& stored)
{
    const Transaction& transaction = stored.transaction;
    json::array parents;
    for (const Parent& parent : transaction.parents)
        parents.push_back(json::object{{"type", parent.type}, {"family", parent.family}, {"entity", parent.entity}});
    return json::serialize(json::object{{"system", stored.system},
                                        {"type", transaction.type},
                                        {"family", transaction.family},
                                        {"order", name_of(transaction.order)},
                                        {"mapping", transaction.slot.mapping},
                                        {"place", transaction.slot.place},
                                        {"entity", transaction.entity},
                                        {"id", transaction.id},
                                        {"version_kind", kinds.at(static_cast<std::size_t>(transaction.version.kind))},
                                        {"version", transaction.version.text},
                                        {"parents", std::move(parents)},
                                        {"overtakes", transaction.overtakes},
                                        {"fields", transaction.json}});
}

Result<std::string> stored_text(const std::optional<std::string>& packed)
{
    constexpr std::size_t most = std::size_t{64} << 20U;
    if (auto text = packed ? unpacked(*packed, most) : std::nullopt)
        return std::move(*text);
    return fail(FailureClass::permanent, "no_stored_transaction",
                "history has no transaction of this letter: it did not get as far, or died under an older Headgate");
}

Result<StoredTransaction> read_stored_transaction(std::string_view text)
{
    try {
        const auto given = json::parse(text);
        const auto said = [&given](const char* name) { return json::value_to<std::string>(given.at(name)); };
        StoredTransaction stored;
        stored.system = said("system");
        Transaction& transaction = stored.transaction;
        transaction.type = said("type");
        transaction.family = said("family");
        transaction.order = order_of(said("order")).value();
        transaction.slot = {said("mapping"), said("place")};
        transaction.entity = said("entity");
        transaction.id = said("id");
        for (std::size_t kind = 0; kind < kinds.size(); ++kind)
            if (kinds.at(kind) == said("version_kind"))
                transaction.version.kind = static_cast<Kind>(kind);
        transaction.version.text = said("version");
        for (const auto& parent : given.at("parents").as_array())
            transaction.parents.push_back({json::value_to<std::string>(parent.at("type")),
                                           json::value_to<std::string>(parent.at("family")),
                                           json::value_to<std::string>(parent.at("entity"))});
        transaction.overtakes = given.at("overtakes").as_bool();
        transaction.json = said("fields");
        return stored;
    } catch (const std::exception&) {
        return fail(FailureClass::permanent, "transaction_unreadable",
                    "the stored transaction is not of a form this version reads");
    }
}

}  // namespace headgate::gateway
