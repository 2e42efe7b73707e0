#include "net/redis/connection_impl.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>

#include "core/random_seed.hpp"

namespace headgate::net {

namespace {

Failure unavailable(std::string detail)
{
    return {FailureClass::transient, "redis_unavailable", std::move(detail), {}};
}

constexpr const char* read_only = "READONLY";

}  // namespace

Redis::Impl::Impl(asio::any_io_executor executor_, RedisOptions options_)
    : executor(std::move(executor_)),
      options(std::move(options_)),
      sweep_timer_(executor),
      retry_timer_(executor),
      resolver_(executor),
      backoff_(options.first_backoff),
      random_(random_seed())
{}

void Redis::Impl::start()
{
    if (closed)
        return;
    sweep();
    connect();
}

void Redis::Impl::send(std::string_view command, Callback done)
{
    Failure refused;
    if (closed)
        refused = unavailable("the connection was closed");
    else if (!usable())
        refused = unavailable(link && link->leaving ? read_only : why.detail);
    else if (pending.size() >= options.max_pending || out.size() + command.size() > options.max_unsent_bytes)
        refused = {FailureClass::transient, "redis_backlog", "too many commands wait for Redis", {}};
    if (!refused.code.empty()) {
        asio::post(executor, [done = std::move(done), refused = std::move(refused)]() mutable {
            done(std::unexpected(std::move(refused)));
        });
        return;
    }
    out.append(command);
    pending.push_back({std::move(done), steady_now() + options.command_timeout});
    ++unsent;
    ++sent;
    ask_flush();
}

void Redis::Impl::send_script(const Script& script, std::shared_ptr<const std::string> command, Callback done,
                              bool again)
{
    auto number = sent + 1;
    std::string_view bytes = *command;
    send(bytes, [self = weak_from_this(), &script, command = std::move(command), done = std::move(done), number,
                 again](Result<Reply> reply) mutable {
        auto impl = self.lock();
        if (reply || reply.error().detail != "NOSCRIPT" || !again || !impl || impl->closed) {
            done(std::move(reply));
            return;
        }
        // Those that were on their way when the load went out find the script there at their second try.
        auto& loaded = impl->loaded_at[script.sha1];
        if (loaded < number) {
            loaded = impl->sent + 1;
            std::string load;
            std::string_view args[]{"SCRIPT", "LOAD", script.source};
            append_command(load, args);
            impl->send(load, [](const Result<Reply>&) {});
        }
        impl->send_script(script, std::move(command), std::move(done), false);
    });
}

void Redis::Impl::add_waiter(std::chrono::milliseconds limit, std::move_only_function<void(Result<void>)> done)
{
    waiters.push_back({std::move(done), steady_now() + limit});
    if (closed)
        settle_waiters(std::unexpected(unavailable("the connection was closed")));
    else if (usable())
        settle_waiters({});
}

void Redis::Impl::close()
{
    if (closed)
        return;
    closed = true;
    sweep_timer_.cancel();
    retry_timer_.cancel();
    resolver_.cancel();
    fail_pending("the connection was closed");
    settle_waiters(std::unexpected(unavailable("the connection was closed")));
    state_callback = nullptr;
    if (link) {
        boost::system::error_code ignored;
        link->socket.close(ignored);
        link.reset();
    }
}

void Redis::Impl::connect()
{
    connect_deadline_ = steady_now() + options.connect_timeout;
    auto next = std::make_shared<Link>(executor);
    link = next;
    const auto& address = options.address;
    if (!address.unix_path.empty()) {
        if (address.unix_path.size() > 107) {
            lose(unavailable("the path of the unix socket is too long"));
            return;
        }
        connect_to(next, asio::local::stream_protocol::endpoint(address.unix_path));
        return;
    }
    resolver_.async_resolve(
        address.host, std::to_string(address.port),
        [self = shared_from_this(), next](boost::system::error_code error, const auto& found) {
            if (self->link != next)
                return;
            if (error || found.empty()) {
                self->lose(unavailable("resolve " + self->options.address.host + ": " + error.message()));
                return;
            }
            auto place = static_cast<std::ptrdiff_t>(self->place_ % found.size());
            self->connect_to(next, std::next(found.begin(), place)->endpoint());
        });
}

void Redis::Impl::connect_to(const std::shared_ptr<Link>& to, const asio::generic::stream_protocol::endpoint& endpoint)
{
    to->socket.async_connect(endpoint, [self = shared_from_this(), to](boost::system::error_code error) {
        if (self->link != to)
            return;
        if (error) {
            self->lose(unavailable("connect: " + error.message()));
            return;
        }
        if (self->options.address.unix_path.empty()) {
            to->socket.set_option(asio::ip::tcp::no_delay(true), error);
            to->socket.set_option(asio::socket_base::keep_alive(true), error);
        }
        self->handshake(to);
    });
}

void Redis::Impl::handshake(const std::shared_ptr<Link>& on)
{
    const auto& address = options.address;
    auto add = [&](std::initializer_list<std::string_view> args) {
        append_command(on->writing, std::span(args.begin(), args.size()));
        ++on->handshake_left;
    };
    if (!address.username.empty())
        add({"AUTH", address.username, address.password});
    else if (!address.password.empty())
        add({"AUTH", address.password});
    if (address.db != 0)
        add({"SELECT", std::to_string(address.db)});
    add({"PING"});

    asio::async_write(on->socket, asio::buffer(on->writing),
                      [self = shared_from_this(), on](boost::system::error_code error, std::size_t) {
                          if (self->link != on)
                              return;
                          if (error) {
                              self->lose(unavailable("write: " + error.message()));
                              return;
                          }
                          on->writing.clear();
                          self->flush();
                      });
    read(on);
}

void Redis::Impl::handshake_reply(const std::shared_ptr<Link>& on, const Reply& reply)
{
    if (reply.kind == Reply::Kind::error) {
        auto word = reply.text.substr(0, reply.text.find(' '));
        Failure refused = unavailable(word);
        if (word == "WRONGPASS" || word == "NOAUTH" || word == "NOPERM" || reply.text.find("AUTH") != std::string::npos)
            refused = {FailureClass::auth, "redis_refused", word, {}};
        lose(std::move(refused));
        return;
    }
    if (--on->handshake_left > 0)
        return;
    on->up = true;
    if (!read_only_)
        backoff_ = options.first_backoff;
    settle_waiters({});
    tell(true, nullptr);
}

void Redis::Impl::read(const std::shared_ptr<Link>& on)
{
    on->socket.async_read_some(asio::buffer(on->in),
                               [self = shared_from_this(), on](boost::system::error_code error, std::size_t size) {
                                   if (self->link != on)
                                       return;
                                   if (error)
                                       self->lose(unavailable("read: " + error.message()));
                                   else
                                       self->received(on, size);
                               });
}

void Redis::Impl::received(const std::shared_ptr<Link>& on, std::size_t size)
{
    on->reader.feed({on->in.data(), size});
    while (link == on) {  // a callback may close us
        auto reply = on->reader.next();
        if (!reply || (*reply && on->up && pending.size() == unsent)) {
            lose(unavailable("the answer is not Redis's protocol"));
            return;
        }
        if (!*reply)
            break;
        if (!on->up) {
            handshake_reply(on, **reply);
            continue;
        }
        auto done = std::move(pending.front().done);
        pending.pop_front();
        if ((*reply)->kind == Reply::Kind::error) {
            auto failure = failure_of_error((*reply)->text);
            on->leaving = on->leaving || failure.detail == read_only;
            done(std::unexpected(std::move(failure)));
        } else {
            done(std::move(**reply));
        }
    }
    if (link != on)
        return;
    if (on->leaving && pending.size() == unsent)
        lose(unavailable(read_only));
    else
        read(on);
}

void Redis::Impl::ask_flush()
{
    if (flush_asked_)
        return;
    flush_asked_ = true;
    asio::post(executor, [self = shared_from_this()] {
        self->flush_asked_ = false;
        self->flush();
    });
}

void Redis::Impl::flush()
{
    if (out.empty() || !usable() || !link->writing.empty())
        return;
    link->writing.swap(out);
    unsent = 0;
    asio::async_write(link->socket, asio::buffer(link->writing),
                      [self = shared_from_this(), on = link](boost::system::error_code error, std::size_t) {
                          if (self->link != on)
                              return;
                          if (error) {
                              self->lose(unavailable("write: " + error.message()));
                              return;
                          }
                          on->writing.clear();
                          self->flush();
                      });
}

void Redis::Impl::lose(Failure reason)
{
    read_only_ = link && link->leaving;
    if (!link || !link->up || link->leaving)
        ++place_;
    if (link) {
        boost::system::error_code ignored;
        link->socket.close(ignored);
        link.reset();
    }
    loaded_at.clear();
    why = std::move(reason);
    fail_pending(why.detail);
    if (why.failure_class == FailureClass::auth)
        settle_waiters(std::unexpected(why));
    auto told = why;
    tell(false, &told);
    if (!closed)
        retry_later();
}

void Redis::Impl::retry_later()
{
    std::uniform_int_distribution<std::int64_t> jitter(backoff_.count() / 2, backoff_.count());
    retry_timer_.expires_after(std::chrono::milliseconds(jitter(random_)));
    backoff_ = std::min(backoff_ * 2, options.backoff_ceiling);
    retry_timer_.async_wait([self = shared_from_this()](boost::system::error_code error) {
        if (!error && !self->closed && !self->link)
            self->connect();
    });
}

void Redis::Impl::sweep()
{
    auto now = steady_now();
    if (!pending.empty() && pending.front().deadline <= now)
        lose(unavailable("no answer within the deadline"));
    else if (link && !link->up && connect_deadline_ <= now)
        lose(unavailable("no connection within the deadline"));

    std::deque<Waiter> kept;
    std::deque<Waiter> late;
    for (auto& waiter : waiters)
        (waiter.deadline <= now ? late : kept).push_back(std::move(waiter));
    waiters = std::move(late);
    settle_waiters(std::unexpected(unavailable(why.detail)));
    waiters = std::move(kept);

    if (closed)
        return;
    auto step = std::min(options.command_timeout, options.connect_timeout) / 8;
    sweep_timer_.expires_after(
        std::clamp<std::chrono::milliseconds>(step, std::chrono::milliseconds(5), std::chrono::milliseconds(100)));
    sweep_timer_.async_wait([self = shared_from_this()](boost::system::error_code error) {
        if (!error && !self->closed)
            self->sweep();
    });
}

void Redis::Impl::fail_pending(const std::string& reason)
{
    auto lost = std::exchange(pending, {});
    auto untouched = std::exchange(unsent, 0);
    out.clear();
    if (lost.empty())
        return;
    asio::post(executor, [lost = std::move(lost), untouched, reason]() mutable {
        for (std::size_t i = 0; i < lost.size(); ++i) {
            bool written = i + untouched < lost.size();
            Failure failure = unavailable(reason);
            if (written)
                failure = {FailureClass::unknown_outcome, "redis_no_answer", reason, {}};
            lost[i].done(std::unexpected(std::move(failure)));
        }
    });
}

void Redis::Impl::settle_waiters(const Result<void>& result)
{
    auto settled = std::exchange(waiters, {});
    for (auto& waiter : settled)
        asio::post(executor, [done = std::move(waiter.done), result]() mutable { done(result); });
}

void Redis::Impl::tell(bool connected, const Failure* reason)
{
    if (!state_callback)
        return;
    auto callback = std::exchange(state_callback, nullptr);  // it may close us or set another
    callback(connected, reason);
    if (!closed && !state_callback)
        state_callback = std::move(callback);
}

}  // namespace headgate::net
