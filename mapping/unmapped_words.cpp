#include "mapping/unmapped_words.hpp"

#include <algorithm>

#include "core/utf8.hpp"

namespace headgate::mapping {

std::string UnmappedWords::listed(std::string_view word)
{
    if (word.size() <= most_bytes)
        return std::string(word);
    word = word.substr(0, most_bytes);
    return std::string(word.substr(0, utf8_until(word))).append("…");
}

void UnmappedWords::add(std::string_view vocabulary, std::string_view whole)
{
    const std::string word = listed(whole);
    const std::scoped_lock lock(mutex_);
    auto table = tables_.find(vocabulary);
    if (table == tables_.end())
        table = tables_.emplace(vocabulary, Counts{}).first;
    Counts& counts = table->second;
    ++counts.total;
    const auto known = counts.words.find(word);
    if (known != counts.words.end())
        ++known->second;
    else if (!word.empty() && counts.words.size() < most_words)
        counts.words.emplace(word, 1);
    else
        ++counts.others;
}

std::vector<std::pair<std::string, std::uint64_t>> UnmappedWords::totals() const
{
    std::vector<std::pair<std::string, std::uint64_t>> totals;
    const std::scoped_lock lock(mutex_);
    for (const auto& [name, counts] : tables_)
        totals.emplace_back(name, counts.total);
    return totals;
}

std::vector<UnmappedWords::Table> UnmappedWords::list() const
{
    std::vector<Table> tables;
    const std::scoped_lock lock(mutex_);
    for (const auto& [name, counts] : tables_) {
        Table& table = tables.emplace_back();
        table.vocabulary = name;
        table.total = counts.total;
        table.others = counts.others;
        table.words.assign(counts.words.begin(), counts.words.end());
        std::ranges::stable_sort(table.words, std::ranges::greater{}, &std::pair<std::string, std::uint64_t>::second);
    }
    return tables;
}

}  // namespace headgate::mapping
