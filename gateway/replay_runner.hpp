#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "core/timer.hpp"
#include "gateway/api/means.hpp"
#include "retry/letters.hpp"
#include "retry/replay_jobs.hpp"

namespace headgate::gateway {

/// Carries replay jobs out: puts their letters back to work at the rate that is set. Whatever it was in the midst of is
/// in Redis, so another process goes on where it was. One thread: its executor's.
class ReplayRunner {
public:
    struct Dependencies {
        const retry::Scripts& scripts;
        observability::HistoryStore& history;
        observability::Log& log;
        api::OwnerCalls owner;
        std::function<bool()> works;  // this process is the one that works; a standby leaves jobs alone
    };
    ReplayRunner(asio::any_io_executor executor, net::Redis& redis, Dependencies dependencies);

    asio::awaitable<void> run();
    /// A job began, or goes on otherwise than it did.
    void look();
    /// `run` comes to its end.
    void stop();
    [[nodiscard]] bool ended() const { return ended_; }

private:
    /// What went back since a moment, to keep the rate.
    struct Pace {
        std::uint64_t rate = 0;
        std::chrono::steady_clock::time_point from{};
        std::uint64_t count = 0;
    };

    asio::awaitable<void> find_jobs();
    asio::awaitable<void> work(std::string id);
    asio::awaitable<void> finish(std::string id);
    [[nodiscard]] std::size_t due_now(Pace& pace, std::uint64_t rate) const;
    void leave_out_what_was_just_tried(std::vector<retry::JobLetter>& letters);
    asio::awaitable<std::size_t> put_back(const retry::ReplayJob& job, std::vector<retry::JobLetter> letters);
    asio::awaitable<std::size_t> reopen(const retry::ReplayJob& job, std::vector<retry::JobLetter> events);
    Task<bool> reopen(const retry::ReplayJob& job, const retry::JobLetter& event, std::uint64_t at);
    Result<std::string> made_before(const retry::JobLetter& letter) const;

    asio::any_io_executor executor_;
    net::Redis& redis_;
    Dependencies with_;
    retry::ReplayJobs jobs_;
    retry::Letters letters_;
    Timer pause_;
    std::set<std::string> running_;
    std::map<std::string, Pace> paces_;
    std::map<retry::DeliveryId, std::chrono::steady_clock::time_point> postponed_;  // when they were tried last
    unsigned rounds_to_look_ = 0;
    bool stopping_ = false;
    bool ended_ = true;
};

}  // namespace headgate::gateway
