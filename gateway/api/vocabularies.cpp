#include <algorithm>
#include <map>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "core/fault_point.hpp"
#include "core/near_name.hpp"
#include "gateway/added_entries.hpp"
#include "gateway/api/entries.hpp"
#include "gateway/api/resources.hpp"
#include "gateway/missing.hpp"
#include "retry/words.hpp"

namespace headgate::gateway::api {

namespace {

using mapping::MissedWord;
using mapping::Vocabulary;

Result<const Vocabulary*> find_table(const Means& with, const std::string& name)
{
    if (const auto* found = with.configuration.vocabularies.find(name))
        return found;
    std::vector<std::string_view> all;
    for (const auto kind : {Vocabulary::Kind::words, Vocabulary::Kind::rules, Vocabulary::Kind::factors})
        std::ranges::copy(with.configuration.vocabularies.names(kind), std::back_inserter(all));
    return fail(FailureClass::permanent, "unknown_vocabulary",
                fmt::format("no vocabulary is called `{}`; there is {}", name, fmt::join(all, ", ")));
}

/// A word that the fields it goes into cannot hold would only fail one step later.
Result<void> check_value(const Means& with, const Vocabulary& table, const std::string& value)
{
    for (const auto& [name, connector] : with.configuration.connectors)
        for (const auto& [topic, of] : connector->topics)
            for (const auto& mapping : of.mappings)
                for (const auto& field : mapping->listed_fields())
                    if (field.table == &table && std::ranges::find(*field.words, value) == field.words->end())
                        return fail(FailureClass::permanent, "bad_entry",
                                    fmt::format("`{}` is nothing that this vocabulary may give: the mapping {} puts it "
                                                "into a field that is one of {}",
                                                value, mapping->name(), fmt::join(*field.words, ", ")));
    return {};
}

/// What letters wait for of one table: how many wait for each.
Task<std::vector<std::pair<MissedWord, std::uint64_t>>> waiting_for(const Means& with, const std::string& vocabulary)
{
    std::map<Hash16, std::pair<MissedWord, std::uint64_t>> found;
    std::string cursor;
    do {
        auto page = co_await retry::awaited_words(with.redis, std::move(cursor));
        if (!page)
            co_return std::unexpected(page.error());
        for (const auto& word : page->words) {
            const auto text = read_missing(word.what);
            auto missed = text && text->of == vocabulary ? missed_word(*text) : std::nullopt;
            if (missed)
                found.insert_or_assign(word.key, std::pair(std::move(*missed), word.waiting));
        }
        cursor = std::move(page->next);
    } while (!cursor.empty());
    std::vector<std::pair<MissedWord, std::uint64_t>> all;
    for (auto& [key, one] : found)
        all.push_back(std::move(one));
    co_return all;
}

json::value value_before(const std::optional<std::string>& about)
{
    const auto note = about ? read_note(*about) : std::nullopt;
    return note ? json::value(note->value) : json::value();
}

}  // namespace

Task<json::object> add_entry(const Means& with, GivenEntry given)
{
    const auto table = find_table(with, given.vocabulary);
    if (!table)
        co_return std::unexpected(table.error());
    if (const auto allowed = check_entry(**table, given.word, given.value); !allowed)
        co_return std::unexpected(allowed.error());
    if (const auto fits = check_value(with, **table, given.value); !fits)
        co_return std::unexpected(fits.error());
    const auto waiting = co_await waiting_for(with, given.vocabulary);
    if (!waiting)
        co_return std::unexpected(waiting.error());

    const EntryNote note{given.value, given.who, given.why, time_text(std::chrono::system_clock::now())};
    auto writing = retry::write_entry(with.redis, with.scripts, {given.vocabulary, given.word, text_of(note), 0});
    const auto written = co_await std::move(writing);
    fault_point("entry_stored");
    co_await heard(with.owner.entries_changed);  // whatever became of it, it may be written
    if (!written)
        co_return std::unexpected(written.error());
    std::uint64_t wait = 0;
    for (const auto& [missed, letters] : *waiting)
        wait += (*table)->has(missed, {}) ? letters : 0;
    with.log.info("an entry was added to a vocabulary", observability::LogLine{}
                                                            .field("vocabulary", given.vocabulary)
                                                            .field("generation", 1 + written->changes)
                                                            .field("waiting", wait)
                                                            .optional("why", given.why)
                                                            .field("who", given.who));
    co_return json::object{
        {"vocabulary", given.vocabulary},          {"word", given.word}, {"value", given.value},
        {"before", value_before(written->before)}, {"waiting", wait},    {"generation", 1 + written->changes}};
}

asio::awaitable<net::Response> put_entry(const Means& with, const Call& call)
{
    if (const auto none = parameters(call.query, {}); !none)
        co_return failed(none.error());
    const auto given = members(call.body, {"vocabulary", "word", "value", "why"});
    if (!given)
        co_return failed(given.error());
    GivenEntry entry;
    entry.who = call.caller.name;
    for (const auto& [name, into, most] :
         {std::tuple{"vocabulary", &entry.vocabulary, MissedWord::most_bytes},
          std::tuple{"word", &entry.word, MissedWord::most_bytes},
          std::tuple{"value", &entry.value, MissedWord::most_bytes}, std::tuple{"why", &entry.why, longest_why}}) {
        auto text = text_member(*given, name, most);
        if (!text)
            co_return failed(text.error());
        *into = std::move(*text);
    }
    auto adding = add_entry(with, std::move(entry));
    const auto added = co_await std::move(adding);
    co_return added ? reply(200, *added) : failed(added.error());
}

asio::awaitable<net::Response> forget_entry(const Means& with, const Call& call)
{
    auto given = parameters(call.query, {"vocabulary", "word"});
    if (!given)
        co_return failed(given.error());
    const std::string vocabulary = (*given)["vocabulary"], word = (*given)["word"];
    const auto stored = co_await retry::stored_entries(with.redis);
    if (!stored)
        co_return failed(stored.error());
    if (std::ranges::none_of(stored->entries, [&](const retry::StoredEntry& entry) {
            return entry.vocabulary == vocabulary && entry.word == word;
        }))
        co_return not_found(
            fmt::format("nobody added `{}` to `{}`; what stands in a file is changed there", word, vocabulary));
    auto writing = retry::write_entry(with.redis, with.scripts, {vocabulary, word, "", 0});
    const auto written = co_await std::move(writing);
    co_await heard(with.owner.entries_changed);
    if (!written)
        co_return failed(written.error());
    with.log.info("an added entry of a vocabulary was taken back", observability::LogLine{}
                                                                       .field("vocabulary", vocabulary)
                                                                       .field("generation", 1 + written->changes)
                                                                       .field("who", call.caller.name));
    co_return reply(200, json::object{{"vocabulary", vocabulary},
                                      {"word", word},
                                      {"before", value_before(written->before)},
                                      {"generation", 1 + written->changes}});
}

asio::awaitable<net::Response> list_entries(const Means& with, const Call& call)
{
    if (const auto none = parameters(call.query, {}); !none)
        co_return failed(none.error());
    const auto stored = co_await retry::stored_entries(with.redis);
    if (!stored)
        co_return failed(stored.error());
    json::array rows;
    for (const auto& entry : stored->entries) {
        const auto note = read_note(entry.about);
        if (!note)
            continue;
        const auto why = unused(with.configuration, entry, *note);
        rows.push_back(json::object{{"vocabulary", entry.vocabulary},
                                    {"word", entry.word},
                                    {"value", note->value},
                                    {"who", note->who},
                                    {"why", note->why},
                                    {"at", note->at},
                                    {"generation", 1 + entry.changes},
                                    {"unused", why ? why->why : ""}});
    }
    co_return reply(200, json::object{{"entries", std::move(rows)}, {"generation", 1 + stored->changes}});
}

}  // namespace headgate::gateway::api
