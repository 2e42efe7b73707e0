#include "retry/tellings.hpp"

#include <algorithm>
#include <iterator>

namespace headgate::retry {

std::string milliseconds(Millis at)
{
    return std::to_string(std::max<std::int64_t>(0, at.time_since_epoch().count()));
}

std::string where_of(const Letter& letter)
{
    std::string text = letter.where.document;
    for (const std::string* line : {&letter.where.config, &letter.type, &letter.entity, &letter.order_number}) {
        text += '\n';
        std::ranges::replace_copy(*line, std::back_inserter(text), '\n', ' ');
    }
    for (const auto& [name, value] : letter.fields)
        text.append("\n").append(name).append("=").append(value);
    return text;
}

void encode(const Telling& telling, std::string_view as, Arguments& out)
{
    out.add(as);
    out.add(std::string_view(!telling.maybe ? "" : *telling.maybe ? "1" : "0"));
    out.keep(milliseconds(telling.at));
    out.add(std::string_view(telling.reason));
    out.add(telling.failure_class ? name_of(*telling.failure_class) : std::string_view());
    out.add(as == "park" ? view(telling.missing) : std::string_view());
    out.add(std::string_view(telling.what));
    out.add(std::string_view(telling.target_id));
    out.add(std::string_view(telling.progress));
    out.add(static_cast<std::uint64_t>(telling.guards.size()));
    for (const auto& write : telling.guards) {
        out.add(view(write.key));
        out.keep(encode(write.guard));
    }
    out.add(static_cast<std::uint64_t>(telling.references.size()));
    for (const auto& reference : telling.references)
        for (const auto* part : {&reference.system, &reference.kind, &reference.id, &reference.theirs})
            out.add(std::string_view(*part));
    if (as == "park") {
        out.add(std::string_view(telling.pass ? "1" : "0"));
        out.add(static_cast<std::uint64_t>(telling.come.size()));
        for (const auto& come : telling.come) {
            out.add(std::string_view(come.key));
            out.add(std::string_view(come.field));
            out.add(std::string_view(come.there ? "1" : "0"));
        }
    }
    if (as == "hold") {
        out.add(std::string_view(telling.rule));
        out.add(telling.rule.empty() ? std::string_view() : view(telling.content));
    }
    if (as != "dead")
        return;
    static const Letter none;
    const Letter& letter = telling.letter ? *telling.letter : none;
    out.add(std::string_view(letter.stage));
    out.add(std::string_view(letter.code));
    out.keep(where_of(letter));
    out.add(std::string_view(letter.cause));
    out.add(std::string_view(letter.queue));
    out.keep(milliseconds(letter.due));
    out.add(letter.config);
    out.add(std::string_view(letter.excerpt));
}

std::size_t size_of(const Telling& telling)
{
    std::size_t bytes = 200 + telling.reason.size() + telling.what.size() + telling.target_id.size() +
                        telling.progress.size() + telling.rule.size();
    for (const auto& come : telling.come)
        bytes += come.key.size() + come.field.size();
    for (const auto& write : telling.guards)
        bytes += 100 + write.guard.version.size() + write.guard.target_id.size();
    for (const auto& reference : telling.references)
        bytes += reference.system.size() + reference.kind.size() + reference.id.size() + reference.theirs.size();
    if (telling.letter)
        bytes += 100 + telling.letter->where.document.size() + telling.letter->excerpt.size() +
                 telling.letter->entity.size();
    return bytes;
}

std::optional<DeliveryId> delivery_of(std::string_view raw)
{
    if (raw.size() != 32)
        return {};
    DeliveryId id;
    id.event = *event_of(raw.substr(0, 16));
    std::copy_n(raw.begin() + 16, 16, id.half.begin());
    return id;
}

std::optional<std::vector<DeliveryAt>> named_deliveries(std::string_view raw)
{
    constexpr std::size_t length = 33;
    if (raw.size() % length != 0)
        return {};
    std::vector<DeliveryAt> named;
    for (; !raw.empty(); raw.remove_prefix(length))
        named.push_back({static_cast<Partition>(raw[0]), *delivery_of(raw.substr(1, 32))});
    return named;
}

std::optional<Ended> ended_of(std::string_view letter)
{
    if (letter == "a" || letter == "s" || letter == "x")
        return static_cast<Ended>(letter[0]);
    return {};
}

}  // namespace headgate::retry
