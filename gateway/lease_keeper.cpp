#include "gateway/lease_keeper.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <utility>

#include "core/async.hpp"

namespace headgate::gateway {

namespace {

using namespace std::chrono_literals;
// Nothing is written in the lease's last second: a write that is under way must end before another owner begins.
constexpr std::int64_t margin_ns = 1'000'000'000;

}  // namespace

LeaseKeeper::LeaseKeeper(asio::any_io_executor executor, retry::Lease& lease, std::filesystem::path token_file,
                         std::atomic<std::int64_t>& valid_until, observability::Health& health, observability::Log& log,
                         Events events)
    : executor_(executor),
      lease_(lease),
      token_file_(std::move(token_file)),
      valid_until_(valid_until),
      health_(health),
      log_(log),
      events_(std::move(events)),
      pause_(executor)
{
    health_.set("lease_not_held", "the partitions are not this node's yet");
}

asio::awaitable<void> LeaseKeeper::free_predecessor()
{
    std::ifstream file(token_file_, std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    retry::LeaseToken token{};
    if (bytes.size() != token.size())
        co_return;
    std::copy(bytes.begin(), bytes.end(), token.begin());
    auto freed = co_await lease_.release(token);
    // Redis is not up yet. What it refuses for good is left to lapse.
    while (!freed && freed.error().failure_class != FailureClass::permanent && !stopping_) {
        pause_.expires_after(20ms);
        co_await pause_.async_wait(use_tuple);
        freed = co_await lease_.release(token);
    }
    if (freed && freed->any())
        log_.info("freed the partitions of this data folder's last process",
                  observability::LogLine{}.field("partitions", freed->count()));
}

void LeaseKeeper::save_token() const
{
    const std::string draft = token_file_.string() + ".new";
    const int file = ::open(draft.c_str(), O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0)
        return;  // the next process waits for the lease to lapse
    const auto& token = lease_.token();
    const bool written = ::write(file, token.data(), token.size()) == static_cast<ssize_t>(token.size());
    ::close(file);
    if (!written || ::rename(draft.c_str(), token_file_.c_str()) != 0)
        ::unlink(draft.c_str());
}

void LeaseKeeper::publish()
{
    valid_until_.store(lease_.valid_until() - margin_ns, std::memory_order_release);
}

void LeaseKeeper::lose()
{
    valid_until_.store(0, std::memory_order_release);
    if (!holding_)
        return;
    holding_ = false;
    health_.set("lease_not_held", "another node holds partitions, or Redis does not answer");
    log_.warn("the lease is lost; this node stops working and tries to get it again");
    events_.lost();
}

void LeaseKeeper::suspect()
{
    lose();
    suspected_ = true;
    pause_.cancel();
}

void LeaseKeeper::stop()
{
    stopping_ = true;
    pause_.cancel();
}

asio::awaitable<void> LeaseKeeper::run()
{
    co_await free_predecessor();
    while (!stopping_) {
        if (std::exchange(suspected_, false)) {  // whatever it was may be there still
            pause_.expires_after(500ms);
            co_await pause_.async_wait(use_tuple);
        }
        std::chrono::milliseconds wait = 3000ms;
        if (!holding_) {
            if (lease_.held().any())
                co_await lease_.release();  // what is left of the lease that was lost
            const auto got = co_await lease_.acquire();
            if (got && got->all()) {
                save_token();
                publish();
                holding_ = true;
                health_.clear("lease_not_held");
                events_.held();
            } else {
                // All or nothing: what was got is given back before the next try.
                wait = got || got.error().failure_class == FailureClass::permanent ? 500ms : 20ms;
                health_.set("lease_not_held",
                            got ? std::string("the partitions are held: by another process on this Redis, or by a "
                                              "lease of this one that has to lapse (10 s)")
                                : got.error().code + ": " + got.error().detail);
            }
        } else {
            const auto kept = co_await lease_.renew();
            if (!holding_)
                continue;  // suspected meanwhile
            if (kept && kept->all()) {
                publish();
            } else if (kept || boottime_ns() >= lease_.valid_until() - margin_ns) {
                lose();
                wait = 100ms;
            } else {
                wait = 200ms;  // Redis did not answer; the lease still stands for a while
            }
        }
        if (stopping_)
            break;
        pause_.expires_after(wait);
        co_await pause_.async_wait(use_tuple);
    }
    valid_until_.store(0, std::memory_order_release);
    if (holding_)
        co_await lease_.release();
    holding_ = false;
}

}  // namespace headgate::gateway
