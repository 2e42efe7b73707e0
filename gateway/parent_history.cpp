#include "gateway/parent_history.hpp"

#include <algorithm>
#include <array>

#include <boost/json.hpp>

namespace headgate::gateway {

namespace {

namespace json = boost::json;

constexpr std::size_t latest_events = 16;

std::string_view text(const json::object& object, std::string_view name)
{
    const auto* value = object.if_contains(name);
    return value != nullptr && value->is_string() ? std::string_view(value->get_string()) : std::string_view{};
}

/// What its system calls it, when this delivery of a frame is it and went well there.
std::optional<std::string> target_of(const json::value& delivery, const MissingText& parent)
{
    static constexpr std::array<std::string_view, 4> there{"applied", "adopted", "repeated", "unchanged"};
    const auto* told = delivery.if_object();
    if (told == nullptr || text(*told, "system") != parent.system || text(*told, "type") != parent.of ||
        text(*told, "entity") != parent.id || std::ranges::find(there, text(*told, "outcome")) == there.end())
        return std::nullopt;
    return std::string(text(*told, "target"));
}

std::optional<std::string> target_in(const json::value& frame, const MissingText& parent)
{
    const auto* told = frame.if_object();
    if (told == nullptr)
        return std::nullopt;
    if (const auto* delivery = told->if_contains("delivery"))
        return target_of(*delivery, parent);
    if (const auto* deliveries = told->if_contains("deliveries"); deliveries != nullptr && deliveries->is_array())
        for (const auto& delivery : deliveries->get_array())
            if (auto target = target_of(delivery, parent))
                return target;
    return std::nullopt;
}

}  // namespace

Result<std::optional<std::string>> applied_before(const observability::HistoryStore& history, const MissingText& parent)
{
    const auto page = history.list({.source = parent.source, .entity = parent.id, .limit = latest_events});
    if (!page)
        return std::unexpected(page.error());
    for (const auto& row : page->rows) {
        const auto shown = history.show(row.event);
        if (!shown)
            return std::unexpected(shown.error());
        if (!*shown)
            continue;
        boost::system::error_code error;
        const auto timeline = json::parse((*shown)->timeline, error);
        if (error || !timeline.is_array())
            continue;
        for (const auto& frame : timeline.get_array())
            if (auto target = target_in(frame, parent))
                return target;
    }
    return std::nullopt;
}

}  // namespace headgate::gateway
