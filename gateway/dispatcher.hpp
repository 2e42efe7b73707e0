#pragma once

#include <array>
#include <functional>
#include <memory>
#include <random>
#include <vector>

#include <boost/asio/any_io_executor.hpp>

#include "gateway/configuration.hpp"
#include "gateway/job.hpp"
#include "gateway/lanes.hpp"
#include "gateway/sender.hpp"
#include "gateway/trouble.hpp"
#include "net/redis/connection.hpp"
#include "observability/health.hpp"
#include "observability/log.hpp"
#include "retry/backlog.hpp"
#include "retry/lease.hpp"

namespace headgate::gateway {

/// The fast path: brings the deliveries of jobs to their systems, one at a time in each lane, none before its seq is
/// reserved. A job leaves it whole when one of its deliveries does not end well at the first try, may not be sent yet,
/// or comes behind one of the slow path; nothing of it is placed while others of the fast path are before it in a lane.
/// One thread: its executor's.
class Dispatcher final : public Courier {
public:
    struct Dependencies {
        net::Redis& redis;
        retry::Backlog& backlog;
        Sender& sender;
        observability::Log& log;
        observability::Health& health;
        Spawn spawn;
        const Configuration& configuration;
        std::function<std::uint64_t()> newest_seq;                   // known to be accepted
        std::function<void()> wake;                                  // `reserve` is to be called soon
        std::function<void()> lease_lost;                            // a fenced script said so
        std::function<bool(std::string_view)> slow;                  // deliveries of the system may be on the slow path
        std::function<void(const std::shared_ptr<Job>&)> delivered;  // every delivery of the job has ended well
        std::function<void(const std::shared_ptr<Job>&)> leaves;     // it is to be placed: `placed` follows
    };
    explicit Dispatcher(Dependencies dependencies);

    /// What the lease's owner before may have sent counts as reserved.
    void begin(const retry::Lease& lease);
    /// The lease is gone, and with it everything here; answers that still come are ignored.
    void forget();
    /// Redis may have lost what was reserved: it is asked again before anything is sent.
    void distrust() { high_water_.fill(0); }
    /// An owner before may have sent events up to this seq.
    [[nodiscard]] bool sent_before(const Event& event) const { return event.seq <= sent_before_[event.partition]; }

    /// Takes up all attempts of a job.
    void start(const std::shared_ptr<Job>& job);
    /// It is on the slow path: whoever waited behind it may go.
    void placed(const std::shared_ptr<Job>& job);
    /// Reserves for every head that waits for it, in one call.
    void reserve();

    void turn(const std::shared_ptr<Attempt>& attempt) override;
    void turned_away(const std::shared_ptr<Attempt>& attempt) override;
    void answered(const std::shared_ptr<Attempt>& attempt, SystemAnswer answer) override;

private:
    void dispatch(const std::shared_ptr<Attempt>& attempt);
    asio::awaitable<void> ask_lane(std::shared_ptr<Attempt> attempt);
    void send(const std::shared_ptr<Attempt>& attempt);
    void leave(const std::shared_ptr<Job>& job);
    void leave_when_it_may(const std::shared_ptr<Job>& job);
    void next_in_lane(const Attempt& attempt);
    asio::awaitable<void> reserve_now(std::vector<retry::Reservation> reservations, std::uint64_t epoch);

    Dependencies with_;
    Lanes lanes_;
    Trouble unreservable_;
    std::array<std::uint64_t, partition_count> high_water_{};
    std::array<std::uint64_t, partition_count> sent_before_{};  // by whoever held the lease before
    std::vector<std::shared_ptr<Attempt>> unreserved_;
    std::uint64_t epoch_ = 0;  // of `forget`
    bool reserving_ = false;
    std::minstd_rand random_;
};

}  // namespace headgate::gateway
