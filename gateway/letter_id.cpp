#include "gateway/letter_id.hpp"

#include <algorithm>

#include "core/encoding.hpp"

namespace headgate::gateway {

std::string letter_text(const EventId& event, const std::optional<Hash16>& delivery)
{
    return delivery ? event.text() + "." + to_hex(*delivery) : event.text();
}

std::optional<LetterId> parse_letter(std::string_view text)
{
    const auto dot = text.find('.');
    const auto event = EventId::parse(text.substr(0, dot));
    if (!event)
        return std::nullopt;
    LetterId id{*event, {}};
    if (dot == std::string_view::npos)
        return id;
    const auto half = from_hex(text.substr(dot + 1));
    if (!half || half->size() != sizeof(Hash16))
        return std::nullopt;
    std::ranges::copy(*half, id.delivery.emplace().begin());
    return id;
}

}  // namespace headgate::gateway
