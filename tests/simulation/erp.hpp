#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include <boost/asio/io_context.hpp>

#include "gateway/systems/http_plan.hpp"
#include "judge.hpp"
#include "net/http/pool.hpp"

namespace headgate::simulation {

/// The side of a process that waits for answers; gone with it.
struct Caller {
    using Callback = std::move_only_function<void(Result<net::HttpAnswer>)>;
    asio::io_context& io;
    Judge::Sender sender;
    std::uint64_t last = 0;
    std::map<std::uint64_t, Callback> waiting;
};

/// How a system behaves, of a hundred requests each.
struct Mood {
    std::uint64_t lost = 0;         // never arrives, and nobody says so
    std::uint64_t answer_lost = 0;  // done, and nobody says so
    std::uint64_t late = 0;         // done after nobody waits for it any more
    std::uint64_t unavailable = 0;  // 503: not done
    std::uint64_t broken = 0;       // 500: done or not
    std::uint64_t throttled = 0;    // 429
    std::uint64_t refused = 0;      // 401
    std::uint64_t slow_to_leave = 0;
};

/// A remote system. It outlives the processes that tell it things, and remembers.
class Erp {
public:
    Erp(World& world, Judge& judge, const gateway::HttpSystemPlan& plan) : world_(world), judge_(judge), plan_(plan) {}

    /// From a process: `done` is run on its loop, unless it is gone by then.
    void call(const std::shared_ptr<Caller>& caller, const Delivery& delivery, net::HttpCall call,
              Caller::Callback done);
    void mood(Mood mood) { mood_ = mood; }
    /// Some deliveries are refused for good until this is said.
    void refuses(std::uint64_t percent) { refuses_ = percent; }
    /// Nothing goes wrong any more.
    void heal() { mood_ = {}, refuses_ = 0; }

private:
    using Weak = std::weak_ptr<Caller>;
    void answer(const Weak& caller, std::uint64_t id, milliseconds after, Result<net::HttpAnswer> answer);
    void leave(const Weak& caller, std::uint64_t id, const std::string& key, const net::HttpCall& call);
    void probe(const Weak& caller, std::uint64_t id, const Thing& thing, const std::string& step,
               const net::HttpCall& call);
    net::HttpAnswer arrive(Thing& thing, const std::string& step, mapping::Repeat repeat);

    World& world_;
    Judge& judge_;
    const gateway::HttpSystemPlan& plan_;
    Mood mood_;
    std::uint64_t refuses_ = 0;
    std::map<std::string, bool> refused_;  // by effect key
    std::map<std::string, Thing*> things_;
};

}  // namespace headgate::simulation
