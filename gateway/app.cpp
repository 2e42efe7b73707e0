#include "gateway/app.hpp"

#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <iostream>

#include <fmt/format.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include "core/async.hpp"
#include "core/clock.hpp"
#include "gateway/admin_api.hpp"
#include "gateway/announcement.hpp"
#include "gateway/configuration.hpp"
#include "gateway/data_folder.hpp"
#include "gateway/intake_loop.hpp"
#include "gateway/kept_configuration.hpp"
#include "gateway/ledger_tables.hpp"
#include "gateway/owner_loop.hpp"
#include "gateway/redis_address.hpp"
#include "gateway/replay_runner.hpp"
#include "retry/managed_redis.hpp"
#include "retry/startup_checks.hpp"
#include "retry/tally.hpp"
#include "retry/waiting.hpp"

namespace headgate::gateway {

namespace {

using namespace std::chrono_literals;
constexpr int exit_failed = 1;
constexpr int exit_configuration = 78;  // EX_CONFIG of sysexits.h

/// The cores this process may use, not those the machine has.
int usable_cores()
{
    cpu_set_t set;
    return ::sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
}

retry::Durability durability_of(const DeploymentConfig& deployment)
{
    return deployment.durability == DeploymentConfig::Durability::strict ? retry::Durability::strict
                                                                         : retry::Durability::relaxed;
}

/// Everything of one process, built in order and torn down in reverse. The main thread runs `life`: the managed Redis,
/// signals and the admin listener; each intake loop has its own thread, and so has the owner of the partitions.
class App {
public:
    App(const RunOptions& options, DataFolder folder, std::shared_ptr<const Configuration> configuration)
        : options_(options),
          folder_(std::move(folder)),
          configuration_(std::move(configuration)),
          log_({options.log_level, {}}),
          gateway_metrics_(metrics_),
          listener_rate_(configuration_->deployment.listen.public_listener.rate),
          signals_(io_, SIGTERM, SIGINT, SIGHUP),
          stop_(io_, asio::steady_timer::time_point::max())
    {}

    int run()
    {
        on_signal();
        asio::co_spawn(io_, life(), [this](const std::exception_ptr& error, int code) {
            exit_code_ = code;
            if (error)
                crashed(error);
            io_.stop();
        });
        try {
            io_.run();
        } catch (const std::exception& error) {
            crashed(error.what());
        }
        // The loops stand still before what runs on them goes, and that goes before the loops do.
        intakes_.clear();
        if (owner_)
            owner_->join();
        if (ledger_)
            ledger_->close();  // whose last answers go to the owner's loop
        if (history_)
            history_->close();
        if (audit_)
            audit_->close();
        owner_.reset();
        return exit_code_;
    }

private:
    void on_signal()
    {
        signals_.async_wait([this](const boost::system::error_code& error, int) {
            if (error)
                return;
            if (stopping_) {
                // Asked a second time: at once. What was answered is in Redis, and the rest is done by the next
                // process.
                log_.warn("stopping at once");
                log_.flush();
                ::_exit(0);
            }
            stopping_ = true;
            stop_.cancel();
            if (managed_)
                managed_->interrupt();
            on_signal();
        });
    }

    /// Headgate is made to be killed: what was answered is in Redis, and the next process goes on from there. That is
    /// safer than going on with half of it.
    void crashed(std::string_view what)
    {
        log_.error("headgate cannot go on", observability::LogLine{}.field("what", what));
        log_.flush();
        if (!log_.enabled(observability::LogLevel::error))
            std::cerr << "headgate: " << what << std::endl;
        ::_exit(exit_failed);
    }

    void crashed(const std::exception_ptr& error)
    {
        try {
            std::rethrow_exception(error);
        } catch (const std::exception& thrown) {
            crashed(thrown.what());
        }
    }

    bool failed(const Failure& failure)
    {
        std::cerr << "headgate: " << failure.code << ": " << failure.detail << "\n";
        return false;
    }

    asio::awaitable<int> life()
    {
        const bool started = co_await start();
        if (started && !stopping_) {
            announce();
            co_await stop_.async_wait(use_tuple);
            log_.info("stopping: no new requests, what is under way is ended");
        }
        const int code = started ? 0 : stopping_ ? 0 : start_code_;
        co_await shut_down();
        co_return code;
    }

    asio::awaitable<bool> start()
    {
        health_.set("starting", "not everything is up yet");
        auto scripts = retry::Scripts::load(script_overrides());
        if (!scripts)
            co_return failed(scripts.error());
        scripts_ = std::move(*scripts);

        if (const auto opened = open_stores(); !opened)
            co_return failed(opened.error());
        auto token = read_secrets({{config::SecretSource::Kind::generated, "", 0, 0}}, "admin-token",
                                  {.data = folder_.path().string()});
        if (!token)
            co_return failed(token.error());
        const bool admin_up = open_admin(token->front());
        if (!admin_up)
            co_return false;
        const bool connected = co_await connect_redis();
        if (!connected || stopping_)
            co_return false;
        const bool known = co_await check_channels();
        if (!known)
            co_return false;
        co_await compare_ledger();
        build_loops();
        start_replays();
        admin_->connected(*redis_);
        co_await wait_for_lease();
        if (stopping_)
            co_return false;
        const bool listening = co_await open_intakes();
        if (!listening)
            co_return false;
        asio::co_spawn(io_, watch(), [this](const std::exception_ptr& error) {
            if (error)
                crashed(error);
        });
        health_.clear("starting");
        co_return true;
    }

    static std::optional<std::filesystem::path> script_overrides()
    {
        const char* folder = std::getenv("HEADGATE_SCRIPTS");
        return folder != nullptr ? std::optional<std::filesystem::path>(folder) : std::nullopt;
    }

    asio::awaitable<bool> connect_redis()
    {
        const auto& config = configuration_->deployment.redis;
        if (config.managed) {
            retry::ManagedRedisConfig managed;
            managed.folder = folder_ / "redis";
            managed.durability = durability_of(configuration_->deployment);
            managed.maxmemory = config.maxmemory.bytes;
            managed_ = std::make_unique<retry::ManagedRedis>(io_.get_executor(), managed);
            managed_->on_death([this](std::string_view last_words) {
                log_.error(
                    "the managed Redis has died and is started again",
                    observability::LogLine{}.field("restarts", managed_->restarts()).field("its log ends", last_words));
            });
            const auto up = co_await managed_->start();
            if (!up)
                co_return !stopping_ && failed(up.error());
            if (const auto notice = managed_->notice(); !notice.empty())
                log_.info(notice);
            redis_options_.address = managed_->address();
        } else {
            auto address = parse_redis_url(config.url);
            if (!address) {
                start_code_ = exit_configuration;
                co_return failed(address.error());
            }
            redis_options_.address = std::move(*address);
            if (!config.password.empty()) {
                auto password = read_secrets(config.password, "redis",
                                             {.folder = configuration_->folder, .shipped = {}, .data = {}});
                if (!password) {
                    start_code_ = exit_configuration;
                    co_return failed(password.error());
                }
                redis_options_.address.password = password->front();
            }
        }
        redis_ = std::make_unique<net::Redis>(io_.get_executor(), redis_options_);
        for (;;) {
            const auto connected = co_await redis_->wait_connected(5s);
            if (connected)
                break;
            if (stopping_)
                co_return false;
            if (connected.error().failure_class == FailureClass::auth)
                co_return failed(connected.error());
            log_.warn("waiting for Redis", observability::LogLine{}.field("detail", connected.error().detail));
        }
        const auto findings = co_await retry::check_redis(*redis_, durability_of(configuration_->deployment));
        if (!findings)
            co_return failed(findings.error());
        bool usable = true;
        for (const auto& finding : *findings) {
            if (finding.advice) {
                health_.note("redis_" + finding.name, finding.text);
                log_.warn("a setting of Redis is a risk",
                          observability::LogLine{}.field("setting", finding.name).field("detail", finding.text));
                continue;
            }
            if (std::ranges::find(config.unchecked, finding.name) != config.unchecked.end()) {
                health_.note("unchecked_" + finding.name, finding.text);
                continue;
            }
            std::cerr << "headgate: redis_unsafe: " << finding.name << ": " << finding.text
                      << " (mend it, or waive it by name: `redis: { unchecked: [" << finding.name << "] }`)\n";
            usable = false;
        }
        if (!usable)
            start_code_ = exit_configuration;
        co_return usable;
    }

    Result<void> open_stores()
    {
        const auto is_ledger = [](const auto& system) { return system.second.preset == SystemConfig::Preset::sqlite; };
        try {
            if (std::ranges::any_of(configuration_->deployment.systems, is_ledger))
                open_ledger();
        } catch (const std::exception& error) {
            return fail(FailureClass::permanent, "ledger_unusable",
                        std::string(error.what()) +
                            " (bring it back from a backup: it knows what was applied. With an empty one, what is "
                            "replayed is applied again)");
        }
        try {
            history_ = std::make_unique<observability::HistoryStore>(
                observability::HistoryOptions{.file = folder_ / "history.db"});
        } catch (const std::exception& error) {
            return fail(FailureClass::permanent, "history_unusable",
                        std::string(error.what()) +
                            " (make room, or bring it back from a backup: it may have the bodies of what waits. "
                            "Moved away with its -wal and -shm, a new one is begun)");
        }
        try {
            audit_ = std::make_unique<observability::AuditLog>(observability::AuditOptions{folder_ / "audit.db"});
        } catch (const std::exception& error) {
            return fail(FailureClass::permanent, "audit_unusable",
                        std::string(error.what()) + " (make room, or bring it back from a backup)");
        }
        return {};
    }

    void open_ledger()
    {
        connectors::LedgerOptions ledger;
        ledger.file = folder_ / "ledger.db";
        ledger.tables = ledger_tables(configuration_->canonical);
        ledger.may_write = [this] { return boottime_ns() < lease_until_.load(std::memory_order_acquire); };
        ledger_ = std::make_unique<connectors::SqliteLedger>(std::move(ledger));
    }

    Task<std::map<std::string, std::int64_t>> count_placed()
    {
        auto waiting = co_await retry::waiting_by_channel(*redis_);
        if (waiting)
            for (const auto& [name, channel] : configuration_->channels) {
                const auto found = waiting->find(name);
                channel->placed.store(found == waiting->end() ? 0 : found->second, std::memory_order_relaxed);
            }
        co_return waiting;
    }

    /// Nobody could make the deliveries of a channel that is gone.
    asio::awaitable<bool> check_channels()
    {
        const auto waiting = co_await count_placed();
        if (!waiting)
            co_return failed(waiting.error());
        bool known = true;
        for (const auto& [name, events] : *waiting)
            if (configuration_->channel(name) == nullptr)
                known = failed({FailureClass::permanent,
                                "channel_waits",
                                fmt::format("{} events of the channel `{}` wait, and it is not configured: put it back "
                                            "with `mode: closed` until `headgate channels list` shows that none wait",
                                            events, name),
                                {}});
        if (!known)
            start_code_ = exit_configuration;
        co_return known;
    }

    /// A ledger that is new beside a Redis that is not: most likely a file was lost or the wrong folder was given.
    asio::awaitable<void> compare_ledger()
    {
        if (!ledger_ || !ledger_->began_empty())
            co_return;
        const auto tallies = co_await retry::tally_all(*redis_, scripts_);
        const auto applied = tallies ? retry::total(*tallies).d_applied : 0;
        if (applied == 0)
            co_return;
        const auto text = fmt::format(
            "{} is empty, but Redis says that {} deliveries were applied{}; those to the ledger will not come again by "
            "themselves",
            (folder_ / "ledger.db").string(), applied,
            configuration_->systems.empty() ? "" : " at all systems together");
        health_.note("ledger_new", text);
        log_.error("the ledger is empty", observability::LogLine{}.field("detail", text));
    }

    void build_loops()
    {
        owner_ = std::make_unique<OwnerLoop>(OwnerLoop::Dependencies{
            *configuration_, scripts_, redis_options_, ledger_.get(), *history_, gateway_metrics_, health_, log_,
            folder_ / "lease.token", folder_ / "refresh_tokens", lease_until_, crash_});
        const auto configured = configuration_->deployment.threads;
        const int count = configured > 0 ? static_cast<int>(configured) : std::max(1, usable_cores());
        for (int number = 0; number < count; ++number)
            intakes_.push_back(std::make_unique<IntakeLoop>(IntakeLoop::Dependencies{
                *configuration_, scripts_, redis_options_, gateway_metrics_, listener_rate_, log_,
                [this](Event event, std::uint64_t ordinal) { owner_->hand_over(std::move(event), ordinal); },
                [this](Partition partition, std::uint64_t seq) { owner_->heard_of(partition, seq); },
                [this] { owner_->look_again(); }}));
        owner_->start();
        for (std::size_t i = 0; i < intakes_.size(); ++i)
            intakes_[i]->loop().start("hg-intake-" + std::to_string(i), EventLoop::Priority::intake, crash_);
    }

    asio::awaitable<void> wait_for_lease()
    {
        asio::steady_timer timer(io_);
        for (int tries = 0; !owner_->begun() && !stopping_; ++tries) {
            if (tries == 100)
                log_.warn("waiting for the lease", observability::LogLine{}.field("readyz", health_.json()));
            timer.expires_after(10ms);
            co_await timer.async_wait(use_tuple);
        }
    }

    /// The configured address, or the command line's.
    bool choose(config::Endpoint& address, const config::Endpoint& configured, const std::optional<std::string>& given)
    {
        address = configured;
        if (!given)
            return true;
        const auto parsed = config::parse_endpoint(*given);
        if (!parsed) {
            start_code_ = 2;
            return failed({FailureClass::permanent, "bad_address", *given + " is no ADDRESS:PORT", {}});
        }
        address = *parsed;
        return true;
    }

    api::OwnerCalls owner_calls()
    {
        return {[this](Event event, std::uint64_t ordinal) { owner_->hand_over(std::move(event), ordinal); },
                [this](Partition partition, std::uint64_t seq) { owner_->readmitted(partition, seq); },
                [this] { owner_->perhaps_readmitted(); },
                [this](std::vector<retry::DeliveryAt> deliveries) { owner_->ready(std::move(deliveries)); },
                [this](auto heard) { owner_->pauses_changed(std::move(heard)); },
                [this](auto heard) { owner_->references_changed(std::move(heard)); },
                [this](auto heard) { owner_->entries_changed(std::move(heard)); },
                [this] { replays_->look(); },
                [this](std::string channel, std::optional<std::int64_t> since) {
                    owner_->poll_now(std::move(channel), since);
                },
                [this](std::string channel, bool make) { return owner_->subscriptions(std::move(channel), make); }};
    }

    void start_replays()
    {
        replays_ = std::make_unique<ReplayRunner>(
            io_.get_executor(), *redis_,
            ReplayRunner::Dependencies{scripts_, *history_, log_, owner_calls(), [this] {
                                           return boottime_ns() < lease_until_.load(std::memory_order_acquire);
                                       }});
        asio::co_spawn(io_, replays_->run(), [this](const std::exception_ptr& error) {
            if (error)
                crashed(error);
        });
    }

    /// First of all: /livez and /readyz tell what the rest is waiting for.
    bool open_admin(const std::string& token)
    {
        if (!choose(admin_address_, configuration_->deployment.listen.admin.address, options_.admin))
            return false;
        admin_ = std::make_unique<AdminApi>(AdminApi::Dependencies{
            *configuration_, scripts_, *history_, *audit_, gateway_metrics_, health_, log_, token, owner_calls()});
        // A letter that is imported is a line, with all that came in base64.
        net::Limits limits;
        limits.body_bytes = std::max<std::size_t>(
            limits.body_bytes, configuration_->deployment.listen.public_listener.max_body.bytes / 3 * 4 + (1U << 20U));
        admin_server_ = std::make_unique<net::HttpServer>(
            io_, limits, [this](net::Request& request) { return admin_->answer(request); });
        admin_server_->on_fault([this](std::string_view what) {
            log_.error("an admin request failed", observability::LogLine{}.field("what", what));
        });
        const auto port = admin_server_->listen(admin_address_.address, admin_address_.port);
        if (!port)
            return failed(port.error());
        admin_address_.port = *port;
        return true;
    }

    asio::awaitable<bool> open_intakes()
    {
        if (!choose(public_address_, configuration_->deployment.listen.public_listener.address, options_.listen))
            co_return false;
        for (auto& intake : intakes_) {
            using PortUse = net::HttpServer::PortUse;
            auto listen = [](IntakeLoop* on, config::Endpoint address,
                             PortUse use) -> asio::awaitable<Result<std::uint16_t>> {
                co_return on->listen(address, use);
            };
            const PortUse use = intakes_.size() == 1         ? PortUse::alone
                                : intake == intakes_.front() ? PortUse::first
                                                             : PortUse::beside;
            auto listening = listen(intake.get(), public_address_, use);
            const auto port = co_await asio::co_spawn(intake->loop().io(), std::move(listening), asio::use_awaitable);
            if (!port)
                co_return failed(port.error());
            public_address_.port = *port;
        }
        info_ = {::getpid(),
                 public_address_.text(),
                 admin_address_.text(),
                 (folder_ / "secrets/admin-token").string(),
                 std::filesystem::absolute(configuration_->folder).string(),
                 folder_.path().string()};
        if (const auto kept = keep_configuration(configuration_->folder, folder_.path()); !kept)
            log_.warn("the configuration could not be kept, so `headgate plan` has none to compare with",
                      observability::LogLine{}.field("code", kept.error().code).field("detail", kept.error().detail));
        const auto written = write_running(folder_, info_);
        if (!written)
            co_return failed(written.error());
        co_return true;
    }

    void tell_escalated(std::uint64_t holds)
    {
        constexpr auto note = "holds_escalated";
        if (holds == 0)
            health_.clear_note(note);
        else
            health_.note(note, std::to_string(holds) + (holds == 1 ? " held delivery was" : " held deliveries were") +
                                   " not decided in time: `headgate holds list` has them first");
    }

    /// Once a second: what can only be known by looking.
    asio::awaitable<void> watch()
    {
        auto& unaccounted =
            metrics_.gauge("headgate_unaccounted_events", "Accepted events in no known state; 0 when all is well.");
        auto& waiting =
            metrics_.gauge("headgate_waiting_events", "Accepted events that are neither finished nor dead.");
        auto& dead = metrics_.gauge("headgate_dead_letters", "Dead letters that wait for a person.");
        auto& resident = metrics_.gauge("headgate_dead_letters_resident_bytes",
                                        "What the bodies of events that are nothing but letters take of Redis.");
        auto& spilled = metrics_.gauge("headgate_dead_letters_spilled",
                                       "Events that are nothing but letters and have their body in history.");
        auto& frames = metrics_.gauge("headgate_unarchived_frames", "Outcomes that history has not got yet.");
        auto& escalated = metrics_.gauge("headgate_holds_escalated", "Held deliveries that were not decided in time.");
        asio::steady_timer timer(io_);
        while (!stopping_) {
            if (const auto late = co_await retry::escalated_count(*redis_); late) {
                escalated.set(static_cast<std::int64_t>(*late));
                tell_escalated(*late);
            }
            const auto tallies = co_await retry::tally_all(*redis_, scripts_);
            if (tallies) {
                const auto all = retry::total(*tallies);
                unaccounted.set(retry::unaccounted(*tallies));
                waiting.set(all.waiting());
                dead.set(all.dead);
                resident.set(all.kept_bytes);
                spilled.set(all.resting - all.kept);
                frames.set(all.frames);
            }
            [[maybe_unused]] const auto placed = co_await count_placed();
            timer.expires_after(1s);
            co_await timer.async_wait(use_tuple);
        }
    }

    void announce()
    {
        std::cout << announcement(*configuration_, info_) << std::flush;
        log_.info("ready", observability::LogLine{}
                               .field("public", info_.public_address)
                               .field("admin", info_.admin_address)
                               .field("intakes", intakes_.size())
                               .field("config", configuration_->folder));
    }

    /// All at once: each may wait for a slow client.
    asio::awaitable<void> stop_intakes()
    {
        auto left = std::make_shared<std::size_t>(intakes_.size());
        for (auto& intake : intakes_)
            asio::co_spawn(intake->loop().io(), intake->stop_intake(5s),
                           [this, left](const std::exception_ptr&) { asio::post(io_, [left] { --*left; }); });
        asio::steady_timer timer(io_);
        while (*left > 0) {
            timer.expires_after(5ms);
            co_await timer.async_wait(use_tuple);
        }
    }

    asio::awaitable<void> stop_replays()
    {
        replays_->stop();
        asio::steady_timer timer(io_);
        while (!replays_->ended()) {
            timer.expires_after(5ms);
            co_await timer.async_wait(use_tuple);
        }
    }

    asio::awaitable<void> shut_down()
    {
        health_.set("stopping", "this node was told to stop");
        stopping_ = true;
        if (replays_)
            co_await stop_replays();
        if (owner_) {
            co_await stop_intakes();
            co_await owner_->stop();
        }
        remove_running(folder_);
        if (admin_server_) {
            admin_server_->stop_accepting();
            admin_server_->close_idle();
            admin_server_->cut();
            co_await admin_server_->wait_idle();
        }
        for (auto& intake : intakes_)
            intake->loop().join();
        if (owner_)
            owner_->join();
        if (ledger_)
            ledger_->close();
        if (history_)
            history_->close();
        if (audit_)
            audit_->close();
        if (redis_)
            redis_->close();
        if (managed_) {
            log_.debug("stopping the managed Redis");
            co_await managed_->stop();
        }
        log_.info("stopped");
        log_.flush();
    }

    RunOptions options_;
    DataFolder folder_;
    std::shared_ptr<const Configuration> configuration_;
    observability::Log log_;
    observability::Metrics metrics_;
    observability::Health health_;
    GatewayMetrics gateway_metrics_;
    RateLimiter listener_rate_;
    retry::Scripts scripts_;
    std::atomic<std::int64_t> lease_until_{0};
    EventLoop::Crash crash_ = [this](std::string_view what) { crashed(what); };

    asio::io_context io_{1};
    asio::signal_set signals_;
    asio::steady_timer stop_;
    net::RedisOptions redis_options_;
    std::unique_ptr<retry::ManagedRedis> managed_;
    std::unique_ptr<net::Redis> redis_;  // of the main thread: admin and watching
    std::unique_ptr<connectors::SqliteLedger> ledger_;
    std::unique_ptr<observability::HistoryStore> history_;
    std::unique_ptr<observability::AuditLog> audit_;
    std::unique_ptr<OwnerLoop> owner_;
    std::vector<std::unique_ptr<IntakeLoop>> intakes_;
    std::unique_ptr<ReplayRunner> replays_;
    std::unique_ptr<AdminApi> admin_;
    std::unique_ptr<net::HttpServer> admin_server_;
    config::Endpoint public_address_;
    config::Endpoint admin_address_;
    RunningInfo info_;

    int exit_code_ = exit_failed;
    int start_code_ = exit_failed;
    bool stopping_ = false;
};

}  // namespace

int run_app(const RunOptions& options)
{
    std::signal(SIGPIPE, SIG_IGN);
    rlimit files{};
    if (::getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        ::setrlimit(RLIMIT_NOFILE, &files);
    }
    auto folder = DataFolder::open(options.data);
    if (!folder) {
        std::cerr << "headgate: " << folder.error().code << ": " << folder.error().detail << "\n";
        return exit_failed;
    }
    LoadOptions load;
    load.folder = options.config;
    load.shipped = shipped_folder();
    load.data = folder->path().string();
    auto loaded = load_configuration(load);
    if (!loaded.problems.empty()) {
        for (const auto& problem : loaded.problems)
            std::cerr << text_of(problem) << "\n";
        std::cerr << "headgate: the configuration in " << options.config
                  << " is not usable; `headgate check` shows the same\n";
        return exit_configuration;
    }
    try {
        App app(options, std::move(*folder), std::move(loaded.configuration));
        return app.run();
    } catch (const std::exception& error) {
        std::cerr << "headgate: " << error.what() << "\n";
        return exit_failed;
    }
}

}  // namespace headgate::gateway
