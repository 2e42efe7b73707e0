#include "retry/delivery.hpp"

#include <array>

namespace headgate::retry {

namespace {

constexpr std::array<std::string_view, 11> state_names{"ready", "due",   "busy",    "lane",       "park",     "hold",
                                                       "dead",  "again", "applied", "suppressed", "discarded"};

}  // namespace

DeliveryId DeliveryId::of(EventId event, const Slot& slot, std::string_view system)
{
    return {event, hash16({slot.text(), system})};
}

std::string DeliveryId::raw() const
{
    return std::string(view(event.bytes())).append(view(half));
}

std::string_view name_of(DeliveryState state)
{
    return state_names.at(static_cast<std::size_t>(state));
}

std::optional<DeliveryState> delivery_state(std::string_view name)
{
    for (std::size_t i = 0; i < state_names.size(); ++i)
        if (state_names[i] == name)
            return static_cast<DeliveryState>(i);
    return {};
}

}  // namespace headgate::retry
