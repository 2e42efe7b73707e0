#include "gateway/stages/context.hpp"

#include <chrono>

#include "core/time.hpp"

namespace headgate::gateway {

namespace {

std::string text_of_time(std::chrono::system_clock::time_point at)
{
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(at.time_since_epoch()).count();
    Timestamp time;
    time.seconds = ms / 1000;
    time.nanos = static_cast<std::uint32_t>(ms % 1000) * 1'000'000U;
    return text_of(time);
}

const SourceRounding* rounding_of(const Connector& connector)
{
    return connector.config.rounding ? &connector.config.rounding->rule : nullptr;
}

}  // namespace

EventContext::EventContext(const Event& event, const Document& document, NodeIndex root)
    : id(event.envelope.event.text()),
      received_at(text_of_time(event.envelope.received_at)),
      seen{.document = document,
           .root = root,
           .headers = event.envelope.headers,
           .event_id = id,
           .topic = event.topic(),
           .received_at = received_at,
           .channel_name = event.channel->name,
           .rounding = rounding_of(*event.channel->connector),
           .channel_zone = event.channel->zone,
           .channel_settings = &event.channel->settings,
           .minor_units = &event.channel->connector->minor_units}
{}

}  // namespace headgate::gateway
