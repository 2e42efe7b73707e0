#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <string>

#include <boost/asio/io_context.hpp>

#include "chance.hpp"
#include "core/clock.hpp"
#include "core/manual_time.hpp"
#include "core/timer.hpp"
#include "line.hpp"

namespace headgate::simulation {

using std::chrono::milliseconds;
using namespace std::chrono_literals;

/// Time, chance and what happens when: everything of one life runs in here, on one thread. Time moves only when nothing
/// is left to do at an instant, and then to where something is next.
class World {
public:
    World(std::uint64_t seed, Line& line, bool traced);
    World(const World&) = delete;
    World& operator=(const World&) = delete;
    ~World();

    /// A loop that runs in this world until `remove`; one that is frozen does not.
    struct Loop {
        asio::io_context& io;
        bool frozen = false;
    };
    Loop& add(asio::io_context& io);
    void remove(Loop& loop);

    /// Something happens then, once what is under way has come to rest.
    void in(milliseconds delay, std::function<void()> what);
    /// Everything that can happen now.
    void settle();
    void run_for(milliseconds span);
    /// Time goes on, and nothing happens meanwhile: what was due is late.
    void jump(milliseconds span);
    [[nodiscard]] milliseconds elapsed() const;

    void trace(const std::string& text) const;
    [[nodiscard]] bool traced() const { return traced_; }
    /// What must not be.
    void finding(const std::string& text);
    [[nodiscard]] const std::string& findings() const { return findings_; }

    Chance chance;
    Line& line;

private:
    static bool poll(Loop& loop);
    void set(std::chrono::nanoseconds now);

    ManualTime time_;
    std::minstd_rand seeds_;
    std::chrono::nanoseconds began_;
    std::list<Loop> loops_;
    std::multimap<std::chrono::nanoseconds, std::function<void()>> agenda_;
    bool traced_;
    std::string findings_;
};

}  // namespace headgate::simulation
