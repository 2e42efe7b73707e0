#include "gateway/gateway_metrics.hpp"

namespace headgate::gateway {

using observability::duration_buckets_us;
using observability::microseconds;

GatewayMetrics::GatewayMetrics(observability::Metrics& metrics)
    : registry(metrics),
      accepted(metrics.counter("headgate_accepted_events_total", "Events accepted and stored.")),
      duplicates(metrics.counter("headgate_duplicate_requests_total", "Requests whose event was known already.")),
      conflicts(metrics.counter("headgate_key_conflicts_total", "Requests with a known key and another body.")),
      applied(metrics.counter("headgate_finished_events_total", "Events that ended.", {{"state", "applied"}})),
      suppressed(metrics.counter("headgate_finished_events_total", "Events that ended.", {{"state", "suppressed"}})),
      dead(metrics.counter("headgate_dead_letters_total", "Events that became dead letters.")),
      retries(metrics.counter("headgate_delivery_retries_total", "Delivery attempts that failed and are tried again.")),
      loaded(metrics.counter("headgate_loaded_events_total", "Events taken from Redis instead of memory.")),
      in_flight(metrics.gauge("headgate_in_flight_events", "Events being worked on in this process.")),
      accept_seconds(metrics.histogram("headgate_accept_duration_seconds", "From the whole request to its answer.",
                                       duration_buckets_us, microseconds)),
      finish_seconds(metrics.histogram("headgate_event_duration_seconds", "From receipt to the end of an event.",
                                       duration_buckets_us, microseconds))
{}

observability::Counter& GatewayMetrics::refused(std::string_view channel, std::string_view code, int status)
{
    return registry.counter(
        "headgate_refused_requests_total", "Requests refused before they were accepted.",
        {{"channel", std::string(channel)}, {"code", std::string(code)}, {"status", std::to_string(status)}});
}

observability::Counter& GatewayMetrics::http_refused(std::string_view reason)
{
    return registry.counter("headgate_http_refusals_total", "Requests the HTTP server refused.",
                            {{"reason", std::string(reason)}});
}

observability::Counter& GatewayMetrics::secret_used(std::string_view channel, std::size_t number)
{
    return registry.counter("headgate_secret_matches_total", "Signatures that matched, by the number of the secret.",
                            {{"channel", std::string(channel)}, {"secret", std::to_string(number + 1)}});
}

observability::Counter& GatewayMetrics::keys_fetched(std::string_view channel, std::string_view how)
{
    return registry.counter("headgate_keys_fetched_total", "Vendors' keys that were asked for, by how it ended.",
                            {{"channel", std::string(channel)}, {"result", std::string(how)}});
}

observability::Counter& GatewayMetrics::postbacks(std::string_view channel, std::string_view how)
{
    return registry.counter("headgate_postbacks_total", "Requests about which the vendor was asked, by its answer.",
                            {{"channel", std::string(channel)}, {"result", std::string(how)}});
}

observability::Counter& GatewayMetrics::polled(std::string_view channel, std::string_view how)
{
    return registry.counter("headgate_polls_total", "Runs of polls, by how they ended.",
                            {{"channel", std::string(channel)}, {"result", std::string(how)}});
}

observability::Counter& GatewayMetrics::polled_items(std::string_view channel)
{
    return registry.counter("headgate_polled_items_total", "Items that polls brought and that were not known.",
                            {{"channel", std::string(channel)}});
}

observability::Counter& GatewayMetrics::backfilled(std::string_view channel)
{
    return registry.counter("headgate_backfilled_total",
                            "Events of polls that were news to a system: no webhook had brought them.",
                            {{"channel", std::string(channel)}});
}

observability::Gauge& GatewayMetrics::silent(std::string_view channel)
{
    return registry.gauge("headgate_channel_silent", "1 while a channel is silent for longer than it should be.",
                          {{"channel", std::string(channel)}});
}

observability::Gauge& GatewayMetrics::subscriptions_missing(std::string_view channel)
{
    return registry.gauge("headgate_subscriptions_missing",
                          "Topics of which the vendor has no subscription that works: nothing comes of them.",
                          {{"channel", std::string(channel)}});
}

observability::Counter& GatewayMetrics::sqs_messages(std::string_view channel, std::string_view outcome)
{
    return registry.counter("headgate_sqs_messages_total", "Messages of queues, by what became of them.",
                            {{"channel", std::string(channel)}, {"outcome", std::string(outcome)}});
}

observability::Counter& GatewayMetrics::sqs_failures(std::string_view channel)
{
    return registry.counter("headgate_sqs_failures_total",
                            "Times a queue could not be read, or what was read not accepted.",
                            {{"channel", std::string(channel)}});
}

void GatewayMetrics::publish_unmapped()
{
    for (const auto& [vocabulary, total] : unmapped.totals()) {
        auto& counter = registry.counter("headgate_unmapped_total", "Words that a vocabulary had no entry for.",
                                         {{"vocabulary", vocabulary}});
        counter.add(total - counter.value());
    }
}

}  // namespace headgate::gateway
