#pragma once

#include <bitset>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <boost/asio/any_io_executor.hpp>

#include "core/timer.hpp"
#include "gateway/superseding.hpp"
#include "net/redis/connection.hpp"
#include "observability/health.hpp"
#include "observability/history.hpp"
#include "observability/log.hpp"
#include "retry/frames.hpp"
#include "retry/letters.hpp"

namespace headgate::gateway {

/// Carries outcome frames from Redis into history and archives them there once history has committed. Bodies of
/// events that were just finished are remembered so that they need not be read back. History being away delays
/// only this: frames wait in Redis. One thread: its executor's.
class Historian {
public:
    /// `open`: history has the body of an event that has not ended. `superseding`: null, letters stay whatever comes.
    Historian(asio::any_io_executor executor, net::Redis& redis, const retry::Scripts& scripts, retry::Frames& frames,
              observability::HistoryStore& store, observability::Health& health, observability::Log& log,
              std::function<void(Partition, EventId)> open, Superseding* superseding);
    Historian(const Historian&) = delete;
    Historian& operator=(const Historian&) = delete;

    /// A frame was written; `stored` is the event's envelope, or "" when it is not at hand.
    void written(Partition partition, EventId event, std::string stored);
    /// Every partition may have frames (at start, after a loss), and history's letters may not be those there are.
    void look_everywhere();
    /// Works until `stop`. Awaited by the app, so that it has ended before what it uses goes.
    asio::awaitable<void> run();
    void stop();
    /// Every frame known of is in history.
    [[nodiscard]] bool idle() const { return dirty_.none() && !working_; }
    /// So much waits for it that what can wait elsewhere had better do so. Not while history is away, which lasts.
    [[nodiscard]] bool lags() const { return remembered_ > lagging && !away_; }

private:
    /// Frames of some partitions on their way into history.
    struct Pages {
        observability::HistoryBatch batch;
        std::size_t bytes = 0;                                // of their bodies
        std::vector<std::pair<Partition, EventId>> open;      // whose bodies history has then
        std::vector<std::pair<Partition, std::string>> ends;  // the last frame of each page
        std::vector<observability::EntityAt> applied;         // may make letters of no use
        bool may_supersede = false;                           // there are such letters in history
    };
    asio::awaitable<bool> carry();
    Task<bool> gather(Partition partition, Pages& pages);
    Task<void> gather_letters(const std::vector<retry::Frame>& frames, Pages& pages);
    Task<void> letters_now(std::vector<EventId> events, std::vector<observability::LettersOf>& into);
    asio::awaitable<void> compare_letters();
    Task<void> write_letters_anew();
    Task<void> write_letters_anew(std::vector<EventId> events);
    asio::awaitable<void> keep(Pages pages);
    Task<void> supersede(std::vector<observability::EntityAt> applied, std::vector<retry::DeliveryId> letters);
    void failed(Partition partition, const Failure& failure);
    [[nodiscard]] std::vector<EventId> bodies_not_remembered(const std::vector<retry::Frame>& frames) const;
    void tell(const Failure& failure);
    asio::awaitable<Result<void>> commit(observability::HistoryBatch batch);
    void remember(EventId event, std::string stored);

    static constexpr std::size_t lagging = 4U << 20U;           // bytes
    static constexpr std::size_t most_remembered = 64U << 20U;  // bytes

    asio::any_io_executor executor_;
    net::Redis& redis_;
    const retry::Scripts& scripts_;
    retry::Letters letters_;
    retry::Frames& frames_;
    observability::HistoryStore& store_;
    observability::Health& health_;
    observability::Log& log_;
    std::function<void(Partition, EventId)> open_;
    Superseding* superseding_;
    Timer pause_;
    std::bitset<partition_count> dirty_;
    std::unordered_map<EventId, std::string> bodies_;
    std::size_t remembered_ = 0;
    // The letters that history knows are compared with those there are once what waited is written: after so many
    // rounds, and after more each time that others were on their way. Nothing: they have been.
    std::optional<unsigned> rounds_to_comparison_;
    unsigned rounds_between_ = 1;
    bool stopping_ = false;
    bool working_ = false;
    bool failed_ = false;  // since the last pause
    bool away_ = false;
};

}  // namespace headgate::gateway
