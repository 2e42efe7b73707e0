#pragma once

#include <chrono>
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include "core/result.hpp"

namespace headgate::gateway {

struct Fetch;

/// What was fetched lately from one vendor, for every event that had arrived before it was asked for: several events
/// about one document ask for it once, and none is given what is older than itself. Both times are of one machine's
/// clock. One thread: its executor's.
class FetchedDocuments {
public:
    static constexpr std::chrono::minutes kept{10};
    static constexpr std::size_t most_bytes = std::size_t{8} << 20U;  // of one document too: a larger one is not kept

    explicit FetchedDocuments(boost::asio::any_io_executor executor) : executor_(std::move(executor)) {}

    struct Fetched {
        Result<std::string> document;
        std::optional<std::chrono::milliseconds> not_before{};
    };
    using Shared = std::shared_ptr<const Fetched>;
    using Key = std::pair<const Fetch*, std::string>;  // how it is fetched, and the target

    /// For an event that arrived then; while somebody asks for it, that is waited for. Null: nothing late enough is
    /// known, and the caller asks, and ends that by `landed`. A failure is had by those alone who wait for it.
    boost::asio::awaitable<Shared> find(Key key, std::chrono::system_clock::time_point arrived);
    /// What came of asking.
    void landed(const Key& key, const Shared& fetched);

    using WallTime = std::chrono::system_clock::time_point;
    using SteadyTime = std::chrono::steady_clock::time_point;
    struct Instant {
        WallTime wall{};
        SteadyTime steady{};
    };
    /// Whether what was asked for then is late enough for an event that arrived then. A clock that was set meanwhile
    /// says nothing about what came first; less than 5 ms is not seen, and made up for.
    [[nodiscard]] static bool serves(const Instant& asked, WallTime arrived, const Instant& now);

private:
    struct Waiting {
        WallTime arrived;
        boost::asio::steady_timer landed;  // never expires: cancelled
        Shared fetched{};
    };
    struct Known {
        Instant asked{};
        Shared fetched{};  // null while it is asked for
        std::list<std::shared_ptr<Waiting>> waiting{};
    };

    void forget();

    boost::asio::any_io_executor executor_;
    std::map<Key, Known> known_;
    std::deque<std::pair<SteadyTime, Key>> kept_;  // when what is kept was asked for, as it landed
    std::size_t bytes_ = 0;                        // of all that is kept
};

}  // namespace headgate::gateway
