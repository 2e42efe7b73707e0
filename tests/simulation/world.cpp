#include "world.hpp"

#include <algorithm>
#include <cstdio>

#include "core/random_seed.hpp"

namespace headgate::simulation {

namespace {

constexpr auto never = std::chrono::nanoseconds::max();

}  // namespace

World::World(std::uint64_t seed, Line& to_redis, bool traced)
    : chance(seed),
      line(to_redis),
      seeds_(static_cast<std::minstd_rand::result_type>(seed * 2'654'435'761U + 1U)),
      began_(time_.now()),
      traced_(traced)
{
    given_seeds = &seeds_;
    line.begin(chance, traced ? Line::Trace([this](const std::string& text) { trace(text); }) : Line::Trace{});
    set(time_.now());
}

World::~World()
{
    given_seeds = nullptr;
}

World::Loop& World::add(asio::io_context& io)
{
    return loops_.emplace_back(io, Timer(io), time_.now());
}

void World::remove(Loop& loop)
{
    loops_.remove_if([&](const Loop& one) { return &one == &loop; });
}

void World::in(milliseconds delay, std::function<void()> what)
{
    agenda_.emplace(time_.now() + delay, std::move(what));
}

/// Runs what is ready, and hears when the loop's next timer ends.
bool World::poll(Loop& loop)
{
    if (loop.io.stopped())
        loop.io.restart();
    const auto ran = loop.io.poll();
    loop.next = std::min(loop.next, time_.take_next());
    return ran > 0;
}

void World::settle()
{
    do {
        for (bool moved = true; moved;) {
            moved = false;
            for (auto& loop : loops_)
                moved = (!loop.frozen && poll(loop)) || moved;
        }
    } while (line.pump());
}

void World::set(std::chrono::nanoseconds now)
{
    time_.set(now);
    line.time(std::chrono::duration_cast<milliseconds>(now).count());
}

void World::run_for(milliseconds span)
{
    const auto end = time_.now() + span;
    settle();
    for (;;) {
        auto next = agenda_.empty() ? never : agenda_.begin()->first;
        for (const auto& loop : loops_)
            if (!loop.frozen)
                next = std::min(next, loop.next);
        if (next > end)
            break;
        set(std::max(next, time_.now()));
        for (auto& loop : loops_) {
            if (loop.frozen || loop.next > time_.now())
                continue;
            // Its timers look at the clock when one comes that is before all others.
            loop.next = never;
            bool woken = false;
            loop.kick.expires_at(SteadyClock::time_point{});
            loop.kick.async_wait([&woken](const boost::system::error_code&) { woken = true; });
            while (!woken)
                poll(loop);
        }
        // Loops tell each other nothing; what they say to Redis is answered.
        if (line.pump())
            settle();
        while (!agenda_.empty() && agenda_.begin()->first <= time_.now()) {
            const auto what = std::move(agenda_.begin()->second);
            agenda_.erase(agenda_.begin());
            what();
            settle();
        }
    }
    set(std::max(end, time_.now()));
}

void World::jump(milliseconds span)
{
    set(time_.now() + span);
}

milliseconds World::elapsed() const
{
    return std::chrono::duration_cast<milliseconds>(time_.now() - began_);
}

void World::trace(const std::string& text) const
{
    if (traced_)
        std::fprintf(stderr, "%9.3f  %s\n", static_cast<double>(elapsed().count()) / 1000, text.c_str());
}

void World::finding(const std::string& text)
{
    trace("FINDING " + text);
    findings_ += text + "\n";
}

}  // namespace headgate::simulation
