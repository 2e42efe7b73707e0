#include "world.hpp"

#include <algorithm>
#include <cstdio>
#include <stdexcept>

#include "core/random_seed.hpp"

namespace headgate::simulation {

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
    return loops_.emplace_back(io);
}

void World::remove(Loop& loop)
{
    time_.forget(loop.io);
    loops_.remove_if([&](const Loop& one) { return &one == &loop; });
}

void World::in(milliseconds delay, std::function<void()> what)
{
    agenda_.emplace(time_.now() + delay, std::move(what));
}

/// Runs what is ready.
bool World::poll(Loop& loop)
{
    if (loop.io.stopped())
        loop.io.restart();
    return loop.io.poll() > 0;
}

void World::settle()
{
    constexpr int most_turns = 20'000;  // at one instant
    int turns = 0;
    do {
        // Until none has anything to do since all others had their turn: they post to each other.
        auto loop = loops_.begin();
        for (std::size_t quiet = 0; quiet < loops_.size(); ++loop) {
            if (loop == loops_.end())
                loop = loops_.begin();
            const bool moved = !loop->frozen && poll(*loop);
            quiet = moved ? 1 : quiet + 1;
        }
        if (++turns > most_turns)
            throw std::runtime_error("it never comes to rest at " + std::to_string(elapsed().count()) + " ms");
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
        auto next = time_.next();
        if (!agenda_.empty())
            next = std::min(next, agenda_.begin()->first);
        if (next > end)
            break;
        set(std::max(next, time_.now()));
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
