#include "gateway/stages/map.hpp"

#include "gateway/stages/context.hpp"

namespace headgate::gateway {

Result<std::vector<Transaction>> map(const Event& event, const Decoded& decoded, mapping::UnmappedWords* unmapped,
                                     std::optional<mapping::MissedWord>* missed, mapping::Unmade* unmade,
                                     const mapping::SearchedFields* searched)
{
    EventContext context(event, *decoded.document, decoded.root);
    context.seen.unmapped = unmapped;
    context.seen.missed = missed;
    context.seen.unmade = unmade;
    context.seen.searched = searched;
    std::vector<Transaction> transactions;
    for (const auto& mapping : decoded.topic->mappings) {
        auto mapped = mapping->run(context.seen);
        if (!mapped) {
            if (missed != nullptr && mapped.error().code != "unmapped")
                missed->reset();
            if (decoded.nothing_at_document)
                mapped.error().detail += "; `document: " + event.channel->connector->config.document.text +
                                         "` is null in this body, so the mapping started at the body itself";
            return std::unexpected(std::move(mapped.error()));
        }
        for (auto& transaction : *mapped)
            transactions.push_back(std::move(transaction));
    }
    return transactions;
}

}  // namespace headgate::gateway
