#include "gateway/silence.hpp"

#include <algorithm>

#include "core/async.hpp"
#include "core/clock.hpp"
#include "core/time.hpp"

namespace headgate::gateway {

namespace {

using namespace std::chrono_literals;

std::string note_of(const Channel& channel)
{
    return "silence_" + channel.name;
}

std::string second_text(std::chrono::system_clock::time_point at)
{
    return text_of_second(std::chrono::floor<std::chrono::seconds>(at.time_since_epoch()).count());
}

}  // namespace

SilenceWatch::SilenceWatch(asio::any_io_executor executor, Dependencies dependencies)
    : with_(std::move(dependencies)),
      timer_(std::move(executor))
{}

void SilenceWatch::begin()
{
    forget();
    const auto now = wall_now();
    bool any = false;
    for (const auto& [name, channel] : with_.configuration.channels) {
        if (!channel->config.expect)
            continue;
        any = true;
        // Of the hour that history knows the end counts: nobody is told of a silence that there was not.
        const auto hour = with_.history.last_hour(name);
        from_[name] = hour && *hour ? std::min(now, **hour + 1h) : now;
        with_.metrics.silent(name).set(0);
    }
    if (any)
        with_.spawn(keep(epoch_));
}

void SilenceWatch::forget()
{
    ++epoch_;
    timer_.cancel();
    for (auto& [name, silent] : silent_)
        if (silent)
            with_.health.clear_note("silence_" + name);
    silent_.clear();
}

asio::awaitable<void> SilenceWatch::keep(std::uint64_t epoch)
{
    while (epoch == epoch_) {
        for (const auto& [name, channel] : with_.configuration.channels)
            if (channel->config.expect)
                look(*channel, wall_now());
        timer_.expires_after(1s);
        co_await timer_.async_wait(use_tuple);
    }
}

void SilenceWatch::look(const Channel& channel, Time now)
{
    const ExpectConfig& expect = *channel.config.expect;
    Time& from = from_[channel.name];
    from = std::max(from, Time(std::chrono::milliseconds(channel.last_event.load(std::memory_order_relaxed))));
    const auto open = expect.open_since(now, channel.zone);
    bool& silent = silent_[channel.name];
    if (!open || now - std::max(from, *open) <= expect.every) {
        if (silent) {
            silent = false;
            end(channel, open ? "a channel is silent no more" : "a channel that was silent has closed for now");
        }
        return;
    }
    if (silent)
        return;
    silent = true;
    with_.metrics.silent(channel.name).set(1);
    with_.health.note(note_of(channel), "nothing has come on the channel " + channel.name + " since " +
                                            second_text(from) + ", and something should every " +
                                            config::text_of(expect.every) +
                                            ": look whether the vendor sends, and what it is answered");
    with_.log.warn("a channel is silent",
                   observability::LogLine{}.field("channel", channel.name).field("since", second_text(from)));
}

void SilenceWatch::end(const Channel& channel, std::string_view how)
{
    with_.metrics.silent(channel.name).set(0);
    with_.health.clear_note(note_of(channel));
    with_.log.info(how, observability::LogLine{}.field("channel", channel.name));
}

}  // namespace headgate::gateway
