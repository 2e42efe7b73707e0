#include "gateway/missing.hpp"

#include <algorithm>
#include <array>

#include <boost/json.hpp>

#include "core/encoding.hpp"
#include "gateway/systems/guarded_system.hpp"
#include "gateway/systems/references.hpp"
#include "mapping/unmapped_words.hpp"
#include "retry/keys.hpp"

namespace headgate::gateway {

namespace {

namespace json = boost::json;

// The end of the year 9999: a person's pause has no deadline.
constexpr retry::Millis forever{std::chrono::milliseconds(253'402'300'799'000)};

constexpr std::array<std::string_view, 4> kinds_of_words{"word", "code", "text", "factor"};  // as MissedWord::Asked

std::string json_text_of(const MissingText& missing)
{
    json::object out;
    for (const auto& [name, value] :
         {std::pair{"kind", &missing.kind}, std::pair{"system", &missing.system}, std::pair{"of", &missing.of},
          std::pair{"id", &missing.id}, std::pair{"source", &missing.source}})
        if (!value->empty())
            out[name] = *value;
    if (missing.guard)
        out["guard"] = to_hex(*missing.guard);
    return json::serialize(out);
}

}  // namespace

Missing channel_missing(std::string_view channel)
{
    MissingText text;
    text.kind = "channel";
    text.id = channel;
    Missing missing;
    missing.key = hash16({"channel", channel});
    missing.code = "channel_paused";
    missing.what = json_text_of(text);
    missing.until = forever;
    missing.come = come_of(text);
    return missing;
}

Missing missing_of(const Needed& needed, const Delivery& delivery, std::string_view system,
                   const ParkingConfig& parking, std::chrono::system_clock::time_point now)
{
    const bool parent = needed.kind == Needed::Kind::parent;
    MissingText text;
    text.kind = parent ? "parent" : "reference";
    text.system = needed.system;
    text.of = needed.of;
    text.id = needed.id;
    text.source = delivery.source;
    Missing missing;
    missing.in_own_lane = needed.system == system && needed.id == delivery.transaction.entity;
    if (parent) {
        missing.key = parent_key(needed.system, delivery.source, needed.of, needed.id);
        const auto& parents = delivery.transaction.parents;
        const auto found = std::ranges::find_if(
            parents, [&](const Parent& one) { return one.type == needed.of && one.entity == needed.id; });
        if (found != parents.end())
            text.guard = fact_of(needed.system, delivery.source, *found);
    } else {
        missing.key = reference_key(needed.system, needed.of, needed.id);
    }
    missing.code = parent ? "missing_parent" : "reference_missing";
    missing.what = json_text_of(text);
    missing.come = come_of(text);
    const auto wait = parent ? parking.parent.wait : parking.reference.wait;
    missing.until = std::chrono::floor<std::chrono::milliseconds>(now + wait);
    return missing;
}

Hash16 parent_key(std::string_view system, std::string_view source, std::string_view type, std::string_view entity)
{
    return hash16({"parent", system, source, type, entity});
}

Hash16 reference_key(std::string_view system, std::string_view kind, std::string_view id)
{
    return hash16({"reference", system, kind, id});
}

std::optional<MissingText> read_missing(std::string_view what)
{
    boost::system::error_code error;
    const auto parsed = json::parse(what, error);
    const auto* object = error ? nullptr : parsed.if_object();
    if (object == nullptr)
        return std::nullopt;
    const auto text = [&](std::string_view name) -> std::string {
        const auto* value = object->if_contains(name);
        return value != nullptr && value->is_string() ? std::string(value->as_string()) : std::string{};
    };
    MissingText read;
    read.kind = text("kind");
    read.system = text("system");
    read.of = text("of");
    read.id = text("id");
    read.source = text("source");
    if (const auto raw = from_hex(text("guard")); raw && raw->size() == sizeof(Hash16))
        std::ranges::copy(*raw, read.guard.emplace().begin());
    return read;
}

std::string missing_words(std::string_view what)
{
    const auto missing = read_missing(what);
    if (!missing)
        return "something";
    if (missing->kind == "channel")
        return "channel " + missing->id + " to go on";
    return (missing->kind == "parent" ? "the " + missing->of + " " : "what " + missing->of + " there is of ") +
           missing->id + " at " + missing->system;
}

retry::AwaitedWord awaited(const mapping::MissedWord& missed, std::string_view channel)
{
    MissingText text;
    text.kind = kinds_of_words[static_cast<std::size_t>(missed.asked)];
    text.of = missed.vocabulary;
    text.id = missed.word;
    retry::AwaitedWord word;
    word.key = hash16({text.kind, text.of, text.id});
    word.channel = channel;
    word.what = json_text_of(text);
    return word;
}

std::optional<mapping::MissedWord> missed_word(const MissingText& text)
{
    const auto kind = std::ranges::find(kinds_of_words, text.kind);
    if (kind == kinds_of_words.end())
        return std::nullopt;
    mapping::MissedWord missed;
    missed.asked = static_cast<mapping::MissedWord::Asked>(kind - kinds_of_words.begin());
    missed.vocabulary = text.of;
    missed.word = text.id;
    return missed;
}

std::string shown_id(const MissingText& text)
{
    if (text.kind == "text")
        return "";
    return missed_word(text) ? mapping::UnmappedWords::listed(text.id) : text.id;
}

std::vector<retry::Come> come_of(const MissingText& missing)
{
    if (missing.kind == "channel")
        return {{"hg:paused", "channel:" + missing.id, false}};
    const auto hash = retry::reference_hash(missing.system, missing.of);
    std::vector<retry::Come> come{{hash, id_within(missing.source, missing.id), true}, {hash, missing.id, true}};
    if (missing.guard)
        come.push_back({std::string("hg:g:").append(view(*missing.guard)), "", true});
    return come;
}

}  // namespace headgate::gateway
