#include "retry/managed_redis.hpp"

#include <algorithm>
#include <fstream>
#include <utility>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "net/redis/wait_for.hpp"
#include "retry/private_process.hpp"

namespace headgate::retry {

namespace {

constexpr std::size_t socket_path_limit = 107;
constexpr std::chrono::milliseconds poll_step{20};
constexpr std::chrono::milliseconds first_restart{100};
constexpr std::chrono::milliseconds restart_ceiling{5'000};
constexpr std::chrono::milliseconds settled{500};  // a server that lived so long is started again at once

std::vector<std::string> arguments(const ManagedRedisConfig& config, const std::string& program,
                                   const std::string& socket)
{
    return {program,
            "--port",
            "0",
            "--unixsocket",
            socket,
            "--unixsocketperm",
            "700",
            "--dir",
            config.folder.string(),
            "--daemonize",
            "no",
            "--appendonly",
            "yes",
            "--appendfsync",
            config.durability == Durability::strict ? "always" : "everysec",
            "--no-appendfsync-on-rewrite",
            "no",
            "--auto-aof-rewrite-min-size",
            "1gb",
            "--aof-load-truncated",
            "no",
            "--save",
            "",
            "--maxmemory",
            std::to_string(config.maxmemory),
            "--maxmemory-policy",
            "noeviction",
            "--logfile",
            (config.folder / "redis.log").string()};
}

std::string last_line(const std::filesystem::path& path)
{
    std::ifstream file(path);
    std::string last;
    for (std::string line; std::getline(file, line);)
        if (!line.empty())
            last = line;
    return last;
}

/// What Redis says before it ends when its log breaks off in the middle of a command.
constexpr std::string_view torn_words = "Unexpected end of file reading the append only file";

std::unexpected<Failure> not_started(std::string detail)
{
    return fail(FailureClass::permanent, "redis_not_started", std::move(detail));
}

}  // namespace

struct ManagedRedis::Impl : std::enable_shared_from_this<ManagedRedis::Impl> {
    using Clock = std::chrono::steady_clock;
    using Done = std::move_only_function<void(Result<void>)>;
    enum class State { idle, waiting_for_stale, mending, starting, running, stopping, closed };

    Impl(asio::any_io_executor executor_, ManagedRedisConfig config_)
        : executor(std::move(executor_)),
          config(std::move(config_)),
          timer(executor),
          exit_watch(executor)
    {}

    void start(Done finished)
    {
        done = std::move(finished);
        mended = false;
        auto prepared = prepare();
        if (!prepared) {
            finish(std::unexpected(std::move(prepared.error())));
            return;
        }
        state = State::waiting_for_stale;
        deadline = Clock::now() + config.stop_limit;
        claim_folder();
    }

    Result<void> prepare()
    {
        std::error_code error;
        config.folder = std::filesystem::absolute(config.folder, error);
        std::filesystem::create_directories(config.folder, error);
        if (error)
            return not_started(config.folder.string() + ": " + error.message());
        std::filesystem::permissions(config.folder, std::filesystem::perms::owner_all, error);
        program = find_program(config.program);
        if (program.empty())
            return not_started(config.program + " is not in PATH");
        if (!socket.empty())
            return {};
        socket = (config.folder / "redis.sock").string();
        if (socket.size() <= socket_path_limit)
            return {};
        auto fresh = fresh_runtime_folder();
        if (!fresh)
            return std::unexpected(std::move(fresh.error()));
        own_socket_folder = *fresh;
        socket = (std::filesystem::path(*fresh) / "redis.sock").string();
        notice = "the folder's path is too long for a unix socket: it is " + socket;
        return {};
    }

    /// Start says why it did not; who runs already is tried again, whatever is missing now: files, memory, disk.
    void failed(Result<void> why)
    {
        if (done)
            finish(std::move(why));
        else
            restart_later();
    }

    /// The lock is held by a server, not by us: it is free once the last server of this folder has ended.
    void claim_folder()
    {
        auto lock = FolderLock::take(config.folder / "redis.lock");
        if (!lock) {
            failed(not_started(lock.error().detail));
            return;
        }
        if (!lock->held()) {
            auto late = Clock::now() - deadline;
            if (late > config.stop_limit) {
                failed(not_started("another redis-server holds the folder"));
                return;
            }
            if (late >= Clock::duration::zero())
                kill_server(lock->owner());
            timer.expires_after(poll_step);
            timer.async_wait([self = shared_from_this()](boost::system::error_code error) {
                if (!error && self->state == State::waiting_for_stale)
                    self->claim_folder();
            });
            return;
        }
        spawn(std::move(*lock));
    }

    void spawn(FolderLock lock)
    {
        auto started = start_process(arguments(config, program, socket), lock);
        if (!started) {
            failed(std::unexpected(std::move(started.error())));
            return;
        }
        boost::system::error_code unwatched;
        exit_watch.assign(started->pidfd, unwatched);
        if (unwatched) {
            discard(*started);
            failed(not_started("watching the server: " + unwatched.message()));
            return;
        }
        state = State::starting;
        pid = started->pid;
        failed_start.clear();
        exit_watch.async_wait(asio::posix::stream_descriptor::wait_read,
                              [self = shared_from_this()](boost::system::error_code error) {
                                  if (!error)
                                      self->ended();
                              });
        net::RedisOptions options;
        options.address.unix_path = socket;
        options.backoff_ceiling = std::chrono::milliseconds(100);
        probe = std::make_unique<net::Redis>(executor, std::move(options));
        probe->on_state([self = weak_from_this()](bool connected, const Failure*) {
            if (auto impl = self.lock(); impl && connected)
                impl->answered();
        });
        timer.expires_after(config.start_limit);
        timer.async_wait([self = shared_from_this()](boost::system::error_code error) {
            if (error || self->state != State::starting)
                return;
            self->failed_start = "no answer within the limit";
            kill_server(self->pid);
        });
    }

    /// A log whose last command is torn, which kill -9 and a power cut leave. Redis's own remedy (`aof-load-truncated`)
    /// may cut inside of a transaction; the half that stays then takes effect at the next start but one, together with
    /// what was written behind it. redis-check-aof cuts before the transaction.
    void mend()
    {
        mended = true;
        const auto tool = find_program("redis-check-aof");
        if (tool.empty())
            return failed(not_started("its log is torn, and redis-check-aof is not in PATH to mend it"));
        auto lock = FolderLock::take(config.folder / "redis.lock");
        if (!lock)
            return failed(not_started(lock.error().detail));
        const auto manifest = (config.folder / "appendonlydir" / "appendonly.aof.manifest").string();
        auto started =
            start_process({"/bin/sh", "-c", "echo y | \"$0\" --fix \"$1\" >/dev/null", tool, manifest}, *lock);
        if (!started)
            return failed(std::unexpected(std::move(started.error())));
        boost::system::error_code unwatched;
        exit_watch.assign(started->pidfd, unwatched);
        if (unwatched) {
            discard(*started);
            return failed(not_started("watching redis-check-aof: " + unwatched.message()));
        }
        state = State::mending;
        pid = started->pid;
        exit_watch.async_wait(asio::posix::stream_descriptor::wait_read,
                              [self = shared_from_this()](boost::system::error_code error) {
                                  if (!error)
                                      self->ended();
                              });
    }

    void answered()
    {
        if (state != State::starting || !failed_start.empty())
            return;  // it is being ended
        state = State::running;
        mended = false;
        up_since = Clock::now();
        timer.cancel();
        probe->close();
        finish({});
    }

    /// The server's process has ended, for whatever reason.
    void ended()
    {
        auto status = reap(pid);
        pid = 0;
        boost::system::error_code ignored;
        exit_watch.close(ignored);
        timer.cancel();
        if (probe)
            probe->close();
        auto was = state;
        state = State::idle;
        if (was == State::stopping) {
            finish({});
        } else if (was == State::mending) {
            if (failed_start.empty()) {
                state = State::waiting_for_stale;
                deadline = Clock::now() + config.stop_limit;
                claim_folder();
            } else {
                failed(not_started(failed_start));
            }
        } else if (was == State::starting && !mended && failed_start.empty() &&
                   last_line(config.folder / "redis.log").contains(torn_words)) {
            mend();
        } else if (was == State::starting && done) {
            auto reason = failed_start.empty() ? last_line(config.folder / "redis.log") : failed_start;
            finish(not_started(reason.empty() ? status : reason));
        } else if (was != State::closed) {
            ++restarts;
            if (was == State::running && Clock::now() - up_since >= settled)
                backoff = first_restart;
            if (died)
                died(last_line(config.folder / "redis.log"));
            restart_later();
        }
    }

    void interrupt()
    {
        if (!done)
            return;
        if (state == State::waiting_for_stale) {
            timer.cancel();
            finish(not_started("interrupted"));
        } else if (state == State::starting || state == State::mending) {
            failed_start = "interrupted";
            terminate();
        }
    }

    /// SIGTERM now, SIGKILL when that was not enough. `ended` follows.
    void terminate()
    {
        terminate_server(pid);
        timer.expires_after(config.stop_limit);
        timer.async_wait([self = shared_from_this()](boost::system::error_code error) {
            if (!error && self->pid != 0)
                kill_server(self->pid);
        });
    }

    void restart_later()
    {
        state = State::waiting_for_stale;
        timer.expires_after(backoff);
        backoff = std::min(backoff * 2, restart_ceiling);
        timer.async_wait([self = shared_from_this()](boost::system::error_code error) {
            if (error || self->state != State::waiting_for_stale)
                return;
            self->deadline = Clock::now() + self->config.stop_limit;
            self->claim_folder();
        });
    }

    void stop(Done finished)
    {
        timer.cancel();
        done = std::move(finished);
        if (pid == 0) {
            state = State::idle;
            finish({});
            return;
        }
        state = State::stopping;
        terminate();
    }

    void close()
    {
        state = State::closed;
        timer.cancel();
        boost::system::error_code ignored;
        exit_watch.close(ignored);
        if (probe)
            probe->close();
        if (pid != 0)
            terminate_server(pid);
        if (!own_socket_folder.empty() && pid == 0) {
            std::error_code gone;
            std::filesystem::remove_all(own_socket_folder, gone);
        }
    }

    void finish(Result<void> result)
    {
        if (!result)
            state = State::idle;
        if (auto finished = std::exchange(done, nullptr))
            asio::post(executor, [finished = std::move(finished), result]() mutable { finished(std::move(result)); });
    }

    asio::any_io_executor executor;
    ManagedRedisConfig config;
    asio::steady_timer timer;
    asio::posix::stream_descriptor exit_watch;
    std::unique_ptr<net::Redis> probe;
    Done done;
    std::function<void(std::string_view)> died;
    State state = State::idle;
    Clock::time_point deadline{};
    Clock::time_point up_since{};
    std::chrono::milliseconds backoff = first_restart;
    std::string program;
    std::string socket;
    std::string notice;
    std::string own_socket_folder;
    std::string failed_start;
    int pid = 0;
    bool mended = false;  // since it last answered
    std::uint64_t restarts = 0;
};

ManagedRedis::ManagedRedis(asio::any_io_executor executor, ManagedRedisConfig config)
    : impl_(std::make_shared<Impl>(std::move(executor), std::move(config)))
{}

ManagedRedis::~ManagedRedis()
{
    impl_->close();
}

Task<void> ManagedRedis::start()
{
    auto impl = impl_;
    auto begin = [impl](Impl::Done done) { impl->start(std::move(done)); };
    auto answer = net::wait_for<Result<void>>(std::move(begin));
    co_return co_await std::move(answer);
}

Task<void> ManagedRedis::stop()
{
    auto impl = impl_;
    auto begin = [impl](Impl::Done done) { impl->stop(std::move(done)); };
    auto answer = net::wait_for<Result<void>>(std::move(begin));
    co_return co_await std::move(answer);
}

void ManagedRedis::interrupt()
{
    impl_->interrupt();
}

void ManagedRedis::on_death(std::function<void(std::string_view last_words)> call)
{
    impl_->died = std::move(call);
}

net::RedisAddress ManagedRedis::address() const
{
    net::RedisAddress address;
    address.unix_path = impl_->socket;
    return address;
}

std::string ManagedRedis::notice() const
{
    return impl_->notice;
}

int ManagedRedis::pid() const
{
    return impl_->pid;
}

std::uint64_t ManagedRedis::restarts() const
{
    return impl_->restarts;
}

}  // namespace headgate::retry
