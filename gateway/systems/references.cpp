#include "gateway/systems/references.hpp"

#include <utility>

namespace headgate::gateway {

namespace {

std::string hash_of(std::string_view system, std::string_view kind)
{
    return std::string("hg:x:").append(system).append(1, '\0').append(kind);
}

}  // namespace

std::string id_within(std::string_view source, std::string_view id)
{
    return std::string(source).append(1, '\0').append(id);
}

const std::string* References::known(const ReferenceKey& key) const
{
    const auto found = known_.find(key);
    return found == known_.end() ? nullptr : &found->second;
}

void References::keep(const ReferenceKey& key, std::string target)
{
    if (known_.size() >= most_known)
        known_.clear();  // the next requests read what they need again
    known_.insert_or_assign(key, std::move(target));
}

Task<void> References::fetch(std::vector<ReferenceKey> keys)
{
    std::map<std::string, std::vector<ReferenceKey>> by_hash;  // one question for each kind
    for (ReferenceKey& key : keys)
        by_hash[hash_of(key.system, key.kind)].push_back(std::move(key));
    for (const auto& [hash, asked] : by_hash) {
        std::vector<std::string> command{"HMGET", hash};
        for (const ReferenceKey& key : asked)
            command.push_back(key.id);
        auto reply = co_await redis_.command(std::move(command));
        if (!reply)
            co_return std::unexpected(std::move(reply.error()));
        for (std::size_t i = 0; i < asked.size() && i < reply->list.size(); ++i)
            if (!reply->list[i].is_nil())
                keep(asked[i], std::move(reply->list[i].text));
    }
    co_return Result<void>{};
}

Task<void> References::store(std::string system, std::vector<CrossReference> references)
{
    for (CrossReference& reference : references) {
        std::vector<std::string> command{"HSET", hash_of(system, reference.kind), reference.id, reference.target};
        const auto reply = co_await redis_.command(std::move(command));
        if (!reply)
            co_return std::unexpected(reply.error());
        keep({system, std::move(reference.kind), std::move(reference.id)}, std::move(reference.target));
    }
    co_return Result<void>{};
}

std::optional<std::string> ReferenceView::find(std::string_view kind, std::string_view id,
                                               std::string_view system) const
{
    const std::size_t noted = noted_.size();
    for (std::string one : {id_within(source_, id), std::string(id)}) {
        ReferenceKey key{std::string(system), std::string(kind), std::move(one)};
        if (const std::string* target = references_.known(key))
            return *target;
        if (!looked_up_.contains(key))
            noted_.push_back(std::move(key));
    }
    if (noted_.size() == noted)
        missing_ = ReferenceKey{std::string(system), std::string(kind), std::string(id)};
    return std::nullopt;
}

std::vector<ReferenceKey> ReferenceView::take_noted()
{
    auto noted = std::exchange(noted_, {});
    looked_up_.insert(noted.begin(), noted.end());
    return noted;
}

}  // namespace headgate::gateway
