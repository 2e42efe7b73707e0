#include "gateway/systems/references.hpp"

#include <utility>

namespace headgate::gateway {

std::string id_within(std::string_view source, std::string_view id)
{
    return std::string(source).append(1, '\0').append(id);
}

const std::string* ReferenceCache::known(const ReferenceKey& key) const
{
    const auto found = known_.find(key);
    return found == known_.end() ? nullptr : &found->second;
}

void ReferenceCache::keep(const ReferenceKey& key, std::string target)
{
    if (known_.size() >= most_known)
        forget();
    known_.insert_or_assign(key, std::move(target));
}

Task<void> ReferenceCache::fetch(std::vector<ReferenceKey> keys)
{
    std::map<std::pair<std::string, std::string>, std::vector<std::string>> by_kind;  // one question for each
    for (ReferenceKey& key : keys)
        by_kind[{key.system, key.kind}].push_back(std::move(key.id));
    for (const auto& [of, ids] : by_kind) {
        Result<std::vector<std::optional<std::string>>> found;
        for (bool changed = true; changed;) {
            const auto epoch = epoch_;
            auto asked = ids;
            found = co_await stored_.find(of.first, of.second, std::move(asked));
            if (!found)
                co_return std::unexpected(std::move(found.error()));
            changed = epoch != epoch_;
        }
        for (std::size_t i = 0; i < ids.size(); ++i)
            if ((*found)[i])
                keep({of.first, of.second, ids[i]}, std::move(*(*found)[i]));
    }
    co_return Result<void>{};
}

Task<void> ReferenceCache::store(std::vector<retry::Reference> references)
{
    const auto epoch = epoch_;
    auto put = references;
    auto stored = co_await stored_.put(std::move(put));
    if (!stored)
        co_return std::unexpected(std::move(stored.error()));
    if (epoch != epoch_)
        co_return Result<void>{};  // of these, too, somebody may have said otherwise
    for (retry::Reference& reference : references)
        keep({std::move(reference.system), std::move(reference.kind), std::move(reference.id)},
             std::move(reference.theirs));
    co_return Result<void>{};
}

void ReferenceCache::forget()
{
    known_.clear();
    ++epoch_;
}

std::optional<std::string> ReferenceView::find(std::string_view kind, std::string_view id,
                                               std::string_view system) const
{
    if (epoch_ != cache_.epoch()) {
        looked_up_.clear();
        epoch_ = cache_.epoch();
    }
    for (std::string one : {id_within(source_, id), std::string(id)}) {
        ReferenceKey key{std::string(system), std::string(kind), std::move(one)};
        if (const std::string* target = cache_.known(key))
            return *target;
        if (!looked_up_.contains(key))
            noted_.push_back(std::move(key));
    }
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
