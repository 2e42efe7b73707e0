#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/any_io_executor.hpp>

#include "gateway/configuration.hpp"
#include "gateway/job.hpp"
#include "gateway/missing.hpp"
#include "gateway/overdue_holds.hpp"
#include "gateway/parking.hpp"
#include "gateway/sender.hpp"
#include "gateway/trouble.hpp"
#include "net/redis/connection.hpp"
#include "observability/health.hpp"
#include "observability/log.hpp"
#include "retry/decisions.hpp"
#include "retry/deliveries.hpp"
#include "retry/scripts.hpp"
#include "retry/waiting.hpp"

namespace headgate::gateway {

/// Brings the deliveries that wait in Redis to their systems: reads what may go when its system has room, takes it
/// before the first byte is sent, and has what became of it written. In memory is only what is about to be sent; where
/// more may be is a hint, and Redis is asked. One thread: its executor's.
class SlowPath final : public Courier {
public:
    struct Dependencies {
        net::Redis& redis;
        const retry::Scripts& scripts;
        retry::Deliveries& deliveries;
        retry::Decisions& decisions;
        const Configuration& configuration;
        Sender& sender;
        observability::Log& log;
        observability::Health& health;
        Spawn spawn;
        std::function<void()> lease_lost;                              // a fenced script said so
        std::function<void(const std::shared_ptr<Attempt>&)> resolve;  // its outcome is to be written: `resolved`
        std::function<bool(std::string_view channel)> paused;
        std::function<Task<std::string>(EventId)> spilled;  // the envelope of an event whose body is not in Redis
        std::function<Task<std::optional<std::string>>(MissingText)> applied_before;  // see Parking
        std::function<void(Partition)> happened;  // history has something to hear that nothing here was asked to write
    };
    explicit SlowPath(Dependencies dependencies);

    /// The lease is held: what an owner before may have sent is in doubt from here on, and then work begins.
    void begin();
    /// The lease is gone; answers that still come are ignored.
    void forget();
    /// Redis was away, and may have lost its last second: everything is looked at again.
    void look_everywhere();

    /// Whether lanes of this system may have owners here: who sends past the slow path asks first.
    [[nodiscard]] bool may_have_lanes(std::string_view system) const;
    /// A job is about to be placed.
    void expect(const Job& job);
    /// Deliveries are on the slow path; their job's are known, the others by name.
    void placed(const Job& job, const retry::Placed& placed);
    void resolved(const std::shared_ptr<Attempt>& attempt, const retry::Resolved& resolved);
    /// A delivery has been applied, and everybody may know: what waited for that goes back to work.
    void applied(const Attempt& attempt) { parking_.applied(attempt); }
    /// Something may go that nobody here has told of.
    void look(const retry::DeliveryAt& ready);

    /// A few times a second: what has become due is looked for.
    void tick();
    [[nodiscard]] bool on_the_wire() const { return sending_ > 0; }

    void turn(const std::shared_ptr<Attempt>& attempt) override;
    void turned_away(const std::shared_ptr<Attempt>& attempt) override;
    void answered(const std::shared_ptr<Attempt>& attempt, SystemAnswer answer) override;

    void drain() { draining_ = true; }

private:
    /// What waits for one system in one partition, as far as it is known.
    struct Share {
        bool look = false;                      // there may be more than is at hand
        std::optional<retry::Millis> next_due;  // the earliest known
        std::size_t at_hand = 0;                // read, and in the same state in Redis still
        bool reading = false;
    };
    struct Waiting {
        std::array<Share, partition_count> shares;
        std::size_t turn = 0;     // where the search goes on
        std::size_t reading = 0;  // asked for, and not there yet
    };

    Task<std::optional<std::string>> applied_before(MissingText parent);
    void fill();
    void fill(const std::string& system, Waiting& waiting, retry::Millis now);
    Waiting& of(std::string_view system);
    void hint(std::string_view system, Partition partition);
    void hint_due(std::string_view system, Partition partition, retry::Millis at);

    void take_over_if_needed();
    asio::awaitable<void> take_over(std::uint64_t epoch);
    Task<void> take_over(Partition partition, const std::vector<std::string>& systems, std::set<std::string>& strangers,
                         std::uint64_t epoch);
    void tell_strangers(const std::set<std::string>& strangers);
    Task<void> doubt_what_is_busy(Partition partition, std::string system);
    asio::awaitable<void> read(std::string system, Partition partition, std::size_t count, std::uint64_t epoch);
    std::shared_ptr<Attempt> attempt_of(retry::WaitingDelivery delivery, Partition partition);
    void fill_in(Attempt& attempt, retry::WaitingDelivery delivery);
    void bring(retry::WaitingDelivery delivery, Partition partition, std::string stored);
    asio::awaitable<void> take_and_send(std::shared_ptr<Attempt> attempt, std::uint64_t epoch);
    void overdue(retry::WaitingDelivery delivery, Partition partition);
    asio::awaitable<void> count_lanes(std::uint64_t epoch);
    void let_go(const std::shared_ptr<Attempt>& attempt, bool look_again);

    Dependencies with_;
    Trouble unreadable_;
    Parking parking_;
    OverdueHolds overdue_holds_;
    std::map<std::string, Waiting, std::less<>> systems_;
    std::map<retry::DeliveryId, std::shared_ptr<Attempt>> at_hand_;  // null: its event is being read
    std::set<std::string, std::less<>> lanes_of_;                    // systems that may have lanes with owners
    bool lanes_known_ = false;
    std::uint64_t changes_ = 0;  // of lanes, by what is done here: ever
    std::size_t placing_ = 0;    // jobs on their way
    int ticks_ = 0;
    std::size_t sending_ = 0;
    std::uint64_t epoch_ = 0;  // of `forget`
    bool taking_over_ = false;
    bool taken_over_ = false;  // and nothing was heard since that would make it doubtful
    bool begun_ = false;
    bool draining_ = false;
    std::minstd_rand random_;
};

}  // namespace headgate::gateway
