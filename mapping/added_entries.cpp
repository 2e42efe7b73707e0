#include "mapping/added_entries.hpp"

namespace headgate::mapping {

void AddedEntries::replace(const std::vector<AddedEntry>& entries, std::uint64_t changes)
{
    const std::scoped_lock lock(mutex_);
    tables_.clear();
    for (const AddedEntry& entry : entries) {
        Texts texts{&*kept_.insert(entry.word).first, &*kept_.insert(entry.value).first, nullptr};
        if (const auto number = Decimal::parse(entry.value))
            texts.factor = &kept_factors_.try_emplace(entry.value, *number).first->second;
        tables_[entry.vocabulary].insert_or_assign(*texts.word, texts);
    }
    any_.store(!tables_.empty(), std::memory_order_release);
    changes_.store(changes, std::memory_order_relaxed);
}

const AddedEntries::Texts* AddedEntries::texts(std::string_view vocabulary, std::string_view word) const
{
    const auto table = tables_.find(vocabulary);
    if (table == tables_.end())
        return nullptr;
    const auto found = table->second.find(word);
    return found == table->second.end() ? nullptr : &found->second;
}

const std::string* AddedEntries::find(std::string_view vocabulary, std::string_view word) const
{
    if (!any())
        return nullptr;
    const std::scoped_lock lock(mutex_);
    const Texts* found = texts(vocabulary, word);
    return found == nullptr ? nullptr : found->value;
}

std::vector<const std::string*> AddedEntries::find_back(std::string_view vocabulary, std::string_view code) const
{
    std::vector<const std::string*> words;
    if (!any())
        return words;
    const std::scoped_lock lock(mutex_);
    if (const auto table = tables_.find(vocabulary); table != tables_.end())
        for (const auto& [word, texts] : table->second)
            if (*texts.value == code)
                words.push_back(texts.word);
    return words;
}

const Decimal* AddedEntries::factor(std::string_view vocabulary, std::string_view word) const
{
    if (!any())
        return nullptr;
    const std::scoped_lock lock(mutex_);
    const Texts* found = texts(vocabulary, word);
    return found == nullptr ? nullptr : found->factor;
}

}  // namespace headgate::mapping
