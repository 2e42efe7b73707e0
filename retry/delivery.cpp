#include "retry/delivery.hpp"

#include <array>
#include <utility>

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

DeliveryState state_of(Outcome outcome)
{
    switch (outcome) {
    case Outcome::applied: return DeliveryState::applied;
    case Outcome::suppressed: return DeliveryState::suppressed;
    case Outcome::retry:
    case Outcome::throttled:
    case Outcome::unknown: return DeliveryState::due;
    case Outcome::park: return DeliveryState::park;
    case Outcome::hold: return DeliveryState::hold;
    case Outcome::dead: return DeliveryState::dead;
    }
    std::unreachable();
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
