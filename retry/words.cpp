#include "retry/words.hpp"

#include <algorithm>

#include "retry/integers.hpp"
#include "retry/replies.hpp"

namespace headgate::retry {

namespace {

std::optional<Hash16> key_of(std::string_view raw)
{
    Hash16 key{};
    if (raw.size() != key.size())
        return std::nullopt;
    std::ranges::copy(raw, key.begin());
    return key;
}

/// "17 {…}": how many changes there were, and what is said.
std::pair<std::uint64_t, std::string> told(std::string_view stored)
{
    const auto space = std::min(stored.find(' '), stored.size());
    return {number_of<std::uint64_t>(stored.substr(0, space)).value_or(0),
            std::string(stored.substr(std::min(space + 1, stored.size())))};
}

}  // namespace

Task<AwaitedWords> awaited_words(net::Redis& redis, std::string cursor)
{
    std::vector<std::string> scan{"HSCAN", "hg:words", cursor.empty() ? "0" : std::move(cursor), "COUNT", "128"};
    auto reply = co_await redis.command(std::move(scan));
    if (!reply)
        co_return std::unexpected(of_harmless(std::move(reply.error())));
    if (!reply->is_list(2))
        co_return odd_reply("HSCAN");
    AwaitedWords page;
    if (reply->list[0].text != "0")
        page.next = std::move(reply->list[0].text);
    auto& fields = reply->list[1].list;
    std::vector<std::vector<std::string>> questions;
    for (std::size_t i = 0; i + 1 < fields.size(); i += 2) {
        const auto key = key_of(fields[i].text);
        if (!key)
            co_return odd_reply("HSCAN");
        questions.push_back({"ZCARD", std::string("hg:wd:").append(view(*key))});
        page.words.push_back({*key, std::move(fields[i + 1].text), 0});
    }
    const auto counts = co_await integers(redis, std::move(questions));
    if (!counts)
        co_return std::unexpected(of_harmless(counts.error()));
    for (std::size_t i = 0; i < page.words.size(); ++i)
        page.words[i].waiting = static_cast<std::uint64_t>((*counts)[i]);
    co_return page;
}

Task<std::optional<std::string>> awaited_word(net::Redis& redis, Hash16 key)
{
    std::vector<std::string> get{"HGET", "hg:words", std::string(view(key))};
    auto reply = co_await redis.command(std::move(get));
    if (!reply)
        co_return std::unexpected(of_harmless(std::move(reply.error())));
    std::optional<std::string> what;
    if (!reply->is_nil())
        what = std::move(reply->text);
    co_return what;
}

Task<std::vector<WaitingLetter>> letters_waiting(net::Redis& redis, const Scripts& scripts, Hash16 key,
                                                 std::uint64_t after)
{
    std::vector<std::string> keys;
    std::vector<std::string> args{std::string(view(key)), std::to_string(after), std::to_string(waiting_at_a_time)};
    auto reply = co_await redis.eval(scripts.words, std::move(keys), std::move(args));
    if (!reply)
        co_return std::unexpected(of_harmless(std::move(reply.error())));
    if (reply->list.size() % 4 != 0)
        co_return odd_reply("words");
    std::vector<WaitingLetter> letters;
    for (std::size_t i = 0; i < reply->list.size(); i += 4) {
        const auto event = event_of(reply->list[i + 1].text);
        if (!event)
            co_return odd_reply("words");
        letters.push_back({*event, static_cast<std::uint64_t>(reply->list[i].integer),
                           std::move(reply->list[i + 2].text), static_cast<std::uint32_t>(reply->list[i + 3].integer)});
    }
    co_return letters;
}

Task<std::uint64_t> entry_changes(net::Redis& redis)
{
    std::vector<std::string> get{"GET", "hg:changes"};
    auto reply = co_await redis.command(std::move(get));
    if (!reply)
        co_return std::unexpected(of_harmless(std::move(reply.error())));
    co_return number_of<std::uint64_t>(reply->text).value_or(0);
}

Task<StoredEntries> stored_entries(net::Redis& redis)
{
    // First: what is added while the entries are read counts as not read.
    const auto changes = co_await entry_changes(redis);
    if (!changes)
        co_return std::unexpected(changes.error());
    StoredEntries stored;
    stored.changes = *changes;
    std::string cursor = "0";
    do {
        std::vector<std::string> scan{"HSCAN", "hg:entries", std::move(cursor), "COUNT", "128"};
        auto reply = co_await redis.command(std::move(scan));
        if (!reply)
            co_return std::unexpected(of_harmless(std::move(reply.error())));
        if (!reply->is_list(2))
            co_return odd_reply("HSCAN");
        auto& fields = reply->list[1].list;
        for (std::size_t i = 0; i + 1 < fields.size(); i += 2) {
            const std::string_view field = fields[i].text;
            const auto end = std::min(field.find('\0'), field.size());
            auto [number, about] = told(fields[i + 1].text);
            stored.entries.push_back({std::string(field.substr(0, end)),
                                      std::string(field.substr(std::min(end + 1, field.size()))), std::move(about),
                                      number});
        }
        cursor = std::move(reply->list[0].text);
    } while (cursor != "0");
    // Read a page at a time they may come twice, and in an order of Redis's own.
    std::ranges::sort(stored.entries, [](const StoredEntry& left, const StoredEntry& right) {
        return std::tie(left.vocabulary, left.word, right.changes) <
               std::tie(right.vocabulary, right.word, left.changes);
    });
    const auto same = std::ranges::unique(stored.entries, [](const StoredEntry& left, const StoredEntry& right) {
        return left.vocabulary == right.vocabulary && left.word == right.word;
    });
    stored.entries.erase(same.begin(), same.end());
    co_return stored;
}

Task<EntryWritten> write_entry(net::Redis& redis, const Scripts& scripts, StoredEntry entry)
{
    std::vector<std::string> keys;
    std::vector<std::string> args{std::move(entry.vocabulary), std::move(entry.word), std::move(entry.about)};
    auto reply = co_await redis.eval(scripts.entry, std::move(keys), std::move(args));
    if (!reply)
        co_return std::unexpected(of_harmless(std::move(reply.error())));
    if (!reply->is_list(2))
        co_return odd_reply("entry");
    EntryWritten written;
    written.changes = static_cast<std::uint64_t>(reply->list[0].integer);
    if (!reply->list[1].text.empty())
        written.before = told(reply->list[1].text).second;
    co_return written;
}

}  // namespace headgate::retry
