#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/support/order_sender.hpp"

namespace headgate::test {

/// One event that was answered 2xx, as the sender remembers it.
struct Answered {
    std::string event;       // the id Headgate gave
    std::string webhook_id;  // what the vendor calls it
    std::uint64_t order = 0;
    std::uint32_t version = 0;
};

/// Senders that behave as vendors do: each order's changes go out one after the other, whatever is not answered 2xx is
/// sent again with the same id, and some are sent twice for no reason. Every 2xx is written down.
class Load {
public:
    struct Habits {
        int senders = 4;
        std::size_t orders = 8;    // a sender's; few, since order per entity is what is at stake
        int twice_percent = 10;    // sent again for no reason
        int swapped_percent = 0;   // a change goes out before the one that was before it
        std::uint64_t events = 0;  // so many and no more; 0: until `finish`
        std::size_t padding = 0;   // bytes in each body that no compression makes much smaller
    };
    Load(std::string secret, Habits habits, std::uint32_t seed);
    Load(std::string secret, int senders, std::uint32_t seed)
        : Load(std::move(secret), Habits{.senders = senders}, seed)
    {}
    ~Load();
    /// Every one of so many is answered.
    [[nodiscard]] bool done() const { return working_ == 0; }
    /// Where Headgate listens now; 0: nowhere, wait.
    void target(int port) { port_ = port; }
    /// Begins no new event and ends when each begun one has been answered (or `give_up`).
    void finish(bool give_up);
    [[nodiscard]] std::vector<Answered> answered() const;
    [[nodiscard]] std::uint64_t count() const { return count_; }
    /// The last answer that was no 2xx; status 0: there was none.
    [[nodiscard]] Answer refused() const;

private:
    void work(int number, std::uint32_t seed);
    [[nodiscard]] std::string body(std::uint64_t order, std::uint32_t version) const;
    bool send(Sender& sender, std::uint64_t order, std::uint32_t version, bool twice);
    std::string secret_;
    Habits habits_;
    std::atomic<std::uint64_t> begun_{0};
    std::atomic<int> working_{0};
    std::atomic<int> port_{0};
    std::atomic<bool> stopping_{false};
    std::atomic<bool> giving_up_{false};
    std::atomic<std::uint64_t> count_{0};
    mutable std::mutex mutex_;
    std::vector<Answered> answered_;
    Answer refused_;
    std::vector<std::thread> threads_;
};

}  // namespace headgate::test
