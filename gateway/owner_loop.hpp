#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/thread_pool.hpp>

#include "gateway/admission.hpp"
#include "gateway/event_loop.hpp"
#include "gateway/folder_intake.hpp"
#include "gateway/historian.hpp"
#include "gateway/lease_keeper.hpp"
#include "gateway/mailbox.hpp"
#include "gateway/owner.hpp"
#include "gateway/poller.hpp"
#include "gateway/registrar.hpp"
#include "gateway/repeated.hpp"
#include "gateway/silence.hpp"
#include "gateway/spill.hpp"
#include "gateway/sqs_reader.hpp"
#include "gateway/systems/door.hpp"
#include "gateway/systems/fetcher.hpp"
#include "gateway/systems/guarded_system.hpp"
#include "gateway/systems/http_system.hpp"
#include "gateway/systems/ledger_system.hpp"
#include "gateway/systems/references.hpp"
#include "retry/frames.hpp"

namespace headgate::gateway {

/// The owner's half, on a loop of its own that gives way to the intakes: what is not accepted in time is lost to the
/// vendor's patience, what is worked on a little later is not. Built before its loop runs; the calls from outside are
/// for any thread.
class OwnerLoop {
public:
    struct Dependencies {
        const Configuration& configuration;
        const retry::Scripts& scripts;
        net::RedisOptions redis;
        connectors::SqliteLedger* ledger;  // null: no system is one
        observability::HistoryStore& history;
        GatewayMetrics& metrics;
        observability::Health& health;
        observability::Log& log;
        std::filesystem::path token_file;        // of the lease
        std::filesystem::path refresh_tokens;    // a folder
        std::atomic<std::int64_t>& lease_until;  // CLOCK_BOOTTIME ns, margin taken off
        EventLoop::Crash crash;
    };
    explicit OwnerLoop(Dependencies dependencies);
    ~OwnerLoop();
    OwnerLoop(const OwnerLoop&) = delete;
    OwnerLoop& operator=(const OwnerLoop&) = delete;

    void start();
    /// The lease has been held and the work begun.
    [[nodiscard]] bool begun() const { return begun_.load(); }

    /// From an intake. What there is no room for is left in Redis, where it stands anyway.
    void hand_over(Event event, std::uint64_t ordinal);
    void heard_of(Partition partition, std::uint64_t seq);
    void look_again();
    /// A letter is back in its stream; or it may be.
    void readmitted(Partition partition, std::uint64_t seq);
    void perhaps_readmitted();
    /// A person's word, or something that arrived, made these ready.
    void ready(std::vector<retry::DeliveryAt> deliveries);
    /// What is paused has changed; `heard`, which may be empty, is run on the owner's thread once it acts by that, or
    /// Redis has not answered it: then it looks again when Redis is back.
    void pauses_changed(std::move_only_function<void()> heard);
    /// Cross-references were changed by others; `heard` is run when no older ones are at hand.
    void references_changed(std::move_only_function<void()> heard);
    /// Entries of vocabularies were changed; `heard` is run when what is mapped from here on has them.
    void entries_changed(std::move_only_function<void()> heard);

    /// The polls of a channel are run now, from `since` (seconds since 1970) on where it is given.
    void poll_now(std::string channel, std::optional<std::int64_t> since);
    /// As `Registrar::run`, for another loop's coroutine.
    Task<Registered> subscriptions(std::string channel, bool make);

    /// Awaited by the main loop: ends what is under way, writes what ended to history, gives the lease back; at most
    /// about 16 s.
    asio::awaitable<void> stop();
    /// The loop stands still from here on.
    void join() { loop_.join(); }

private:
    Systems systems();
    Task<std::optional<std::string>> applied_before(MissingText parent);
    void spawn(asio::awaitable<void> work);
    void on_redis(bool connected, const Failure* why);
    asio::awaitable<void> begin();
    asio::awaitable<void> advance_sequence();
    asio::awaitable<void> behind_what_was_asked(std::move_only_function<void()> then);
    asio::awaitable<void> wait_until(std::chrono::milliseconds limit, std::function<bool()> condition);

    Dependencies with_;
    EventLoop loop_;
    Mailbox mailbox_;
    retry::Lease lease_;
    retry::Backlog backlog_;
    retry::Deliveries deliveries_;
    retry::Decisions decisions_;
    retry::Frames frames_;
    asio::thread_pool history_reader_{1};
    Spill spill_;
    Superseding superseding_;
    Historian historian_;
    LeaseKeeper keeper_;
    ReferenceCache references_;
    RefreshTokens refresh_tokens_;
    std::optional<LedgerSystem> ledger_;
    std::vector<std::unique_ptr<HttpSystem>> remote_;
    std::map<std::string, HttpSystem*, std::less<>> remote_by_name_;
    std::vector<std::unique_ptr<GuardedSystem>> guarded_;
    retry::Inbox inbox_;
    Admission admission_;
    Door door_;
    std::map<std::string, std::unique_ptr<VendorApi>, std::less<>> apis_;  // by channel
    std::vector<std::unique_ptr<Fetcher>> fetchers_;
    Owner owner_;
    Poller poller_;
    Registrar registrar_;
    FolderIntake folders_;
    SilenceWatch silence_;
    SqsReader sqs_;
    Repeated redis_away_;
    std::atomic<std::size_t> handed_bytes_{0};
    std::atomic<int> background_{0};
    std::atomic<bool> begun_{false};
};

}  // namespace headgate::gateway
