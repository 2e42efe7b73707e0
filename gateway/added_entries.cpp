#include "gateway/added_entries.hpp"

#include <vector>

#include <boost/json.hpp>

namespace headgate::gateway {

namespace json = boost::json;

std::string text_of(const EntryNote& note)
{
    json::object out{{"value", note.value}, {"who", note.who}};
    if (!note.why.empty())
        out["why"] = note.why;
    out["at"] = note.at;
    return json::serialize(out);
}

std::optional<EntryNote> read_note(std::string_view about)
{
    boost::system::error_code error;
    const auto parsed = json::parse(about, error);
    const auto* object = error ? nullptr : parsed.if_object();
    if (object == nullptr)
        return std::nullopt;
    const auto text = [&](std::string_view name) -> std::string {
        const auto* value = object->if_contains(name);
        return value != nullptr && value->is_string() ? std::string(value->as_string()) : std::string{};
    };
    return EntryNote{text("value"), text("who"), text("why"), text("at")};
}

std::optional<Unused> unused(const Configuration& configuration, const retry::StoredEntry& entry, const EntryNote& note)
{
    const auto* table = configuration.vocabularies.find(entry.vocabulary);
    if (table == nullptr)
        return Unused{"there is no vocabulary of this name any more"};
    if (const auto said = table->in_file(entry.word))
        return table->agrees(*said, entry.word, note.value) ? Unused{"its file says the same now", true}
                                                            : Unused{"its file says otherwise: " + table->file};
    if (const auto allowed = check_entry(*table, entry.word, note.value); !allowed)
        return Unused{allowed.error().detail};
    return std::nullopt;
}

Task<void> read_entries(net::Redis& redis, const Configuration& configuration, observability::Health& health)
{
    auto stored = co_await retry::stored_entries(redis);
    if (!stored)
        co_return std::unexpected(stored.error());
    std::vector<mapping::AddedEntry> entries;
    std::size_t idle = 0;
    for (auto& entry : stored->entries) {
        auto note = read_note(entry.about);
        const auto why = note ? unused(configuration, entry, *note) : Unused{"it cannot be read"};
        if (!why)
            entries.push_back({std::move(entry.vocabulary), std::move(entry.word), std::move(note->value)});
        else if (!why->said_by_file)
            ++idle;
    }
    configuration.vocabularies.added().replace(entries, stored->changes);
    if (idle == 0)
        health.clear_note("entries_unused");
    else
        health.note("entries_unused", (idle == 1 ? "an added entry of a vocabulary does"
                                                 : std::to_string(idle) + " added entries of vocabularies do") +
                                          " not count: `headgate vocabularies entries` says why");
    co_return Result<void>();
}

}  // namespace headgate::gateway
