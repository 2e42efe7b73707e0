#include "retry/lease.hpp"

#include <cerrno>
#include <cstdlib>
#include <system_error>

#include <sys/random.h>

#include "core/clock.hpp"
#include "retry/replies.hpp"

namespace headgate::retry {

namespace {

LeaseToken random_token()
{
    LeaseToken token{};
    if (getrandom(token.data(), token.size(), 0) != static_cast<ssize_t>(token.size()))
        throw std::system_error(errno, std::generic_category(), "getrandom");
    return token;
}

}  // namespace

Lease::Lease(net::Redis& redis, const Scripts& scripts, LeaseConfig config)
    : redis_(redis),
      scripts_(scripts),
      config_(std::move(config))
{}

Task<PartitionSet> Lease::acquire()
{
    held_.reset();
    valid_until_ = 0;
    // After a lost answer the same token is asked for again: it may hold them already.
    if (asked_ == LeaseToken{})
        asked_ = random_token();
    token_ = asked_;

    auto before = boottime_ns();
    PartitionSet all;
    all.set();
    auto granted = co_await call("acquire", token_, all);
    if (!granted)
        co_return granted;
    asked_ = {};
    held_ = *granted;
    valid_until_ = before + std::chrono::nanoseconds(config_.ttl).count();
    co_return granted;
}

Task<PartitionSet> Lease::renew()
{
    if (held_.none())
        co_return held_;
    auto before = boottime_ns();
    auto granted = co_await call("renew", token_, held_);
    if (!granted)
        co_return granted;
    held_ = *granted;
    valid_until_ = before + std::chrono::nanoseconds(config_.ttl).count();
    co_return granted;
}

Task<void> Lease::release()
{
    auto held = held_;
    held_.reset();
    valid_until_ = 0;
    if (held.none())
        co_return Result<void>();
    auto released = co_await call("release", token_, held);
    if (!released)
        co_return std::unexpected(std::move(released.error()));
    co_return Result<void>();
}

Task<PartitionSet> Lease::release(LeaseToken dead_owner)
{
    PartitionSet all;
    all.set();
    auto released = co_await call("release", dead_owner, all);
    co_return released;
}

Task<PartitionSet> Lease::call(std::string verb, LeaseToken token, PartitionSet partitions)
{
    bool acquiring = verb == "acquire";
    std::vector<std::string> args{std::move(verb), std::string(view(token)), std::to_string(config_.ttl.count()),
                                  config_.owner};
    for (std::size_t p = 0; p < partitions.size(); ++p)
        if (partitions[p])
            args.push_back(std::to_string(p));

    std::vector<std::string> keys;
    auto reply = co_await redis_.eval(scripts_.lease, std::move(keys), std::move(args));
    if (!reply)
        co_return std::unexpected(std::move(reply.error()));

    PartitionSet granted;
    for (std::size_t i = 0; i + 1 < reply->list.size(); i += 2) {
        auto partition = static_cast<std::size_t>(reply->list[i].integer);
        if (partition >= granted.size())
            co_return odd_reply("lease");
        granted.set(partition);
        if (acquiring)
            high_water_[partition] = static_cast<std::uint64_t>(reply->list[i + 1].integer);
    }
    co_return granted;
}

}  // namespace headgate::retry
