#pragma once

// Internal to net/http: the connections of a pool and who waits for one.

#include <cstddef>
#include <list>
#include <memory>
#include <optional>
#include <unordered_set>

#include <boost/asio/steady_timer.hpp>

#include "net/http/link.hpp"
#include "net/http/pool.hpp"

namespace headgate::net {

struct HttpPool::State : std::enable_shared_from_this<HttpPool::State> {
    /// One of the pool's places, with the connection that has it. Gives both back at its end.
    class Place {
    public:
        Place(std::shared_ptr<State> state, std::shared_ptr<Link> link, bool made);
        Place(Place&&) = default;
        Place& operator=(Place&&) = delete;
        Place(const Place&) = delete;
        Place& operator=(const Place&) = delete;
        ~Place();

        [[nodiscard]] Link& link() const { return *link_; }
        [[nodiscard]] bool is_made() const { return made_; }  // has been opened before

    private:
        std::shared_ptr<State> state_;
        std::shared_ptr<Link> link_;
        bool made_;
    };

    /// A call that waits. Lives in its coroutine; leaves the queue when that ends.
    struct Waiter {
        Waiter(State& pool, const HttpCall& call);
        Waiter(const Waiter&) = delete;
        Waiter& operator=(const Waiter&) = delete;
        ~Waiter();

        State& state;
        bool fresh;
        asio::steady_timer signal;  // expires at the call's deadline; cancelled when there is a place
        std::optional<Place> place;
        std::list<Waiter*>::iterator at;  // while `queued`
        bool queued = true;
    };

    State(asio::any_io_executor executor, HttpOrigin origin, HttpPoolOptions options);

    static Task<HttpAnswer> run(std::shared_ptr<State> state, HttpCall call);
    Task<HttpAnswer> carry(const HttpCall& call);
    Task<Place> acquire(const HttpCall& call);
    /// Serves the queue, in order, while there are places.
    void serve();
    [[nodiscard]] std::optional<Place> take(bool fresh);
    [[nodiscard]] std::shared_ptr<Link> take_idle();
    void give_back(std::shared_ptr<Link> link);
    /// An idle connection has ended.
    void forget(const Link* link);
    void close();

    std::shared_ptr<const Route> route;
    std::optional<Failure> fault;
    std::list<std::shared_ptr<Link>> idle;  // the one used last stands last
    std::unordered_set<Link*> busy;
    std::list<Waiter*> queue;
    bool closed = false;
};

}  // namespace headgate::net
