#include "line.hpp"

#include <algorithm>
#include <charconv>
#include <stdexcept>
#include <utility>

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "net/redis/wire.hpp"

namespace headgate::simulation {

namespace {

constexpr auto incomplete = std::string_view::npos;

sockaddr_un address_of(const std::string& path)
{
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    return address;
}

void roomy(int fd)
{
    const int size = 4 << 20;
    ::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
}

/// Where the value of Redis's protocol ends that begins at `at`: a command or an answer.
std::size_t end_of(std::string_view bytes, std::size_t at)
{
    const auto line = bytes.find("\r\n", at);
    if (line == incomplete)
        return incomplete;
    long number = 0;
    const char kind = bytes[at];
    if (kind == '$' || kind == '*')
        std::from_chars(bytes.data() + at + 1, bytes.data() + line, number);
    std::size_t end = line + 2;
    if (kind == '$' && number >= 0)
        end += static_cast<std::size_t>(number) + 2;
    for (long i = 0; kind == '*' && i < number && end != incomplete; ++i)
        end = end < bytes.size() ? end_of(bytes, end) : incomplete;
    return end > bytes.size() ? incomplete : end;
}

/// Where each of the whole values ends.
std::vector<std::size_t> ends_of(std::string_view bytes)
{
    std::vector<std::size_t> ends;
    for (std::size_t at = 0; at < bytes.size();) {
        at = end_of(bytes, at);
        if (at == incomplete)
            break;
        ends.push_back(at);
    }
    return ends;
}

void send_all(int fd, std::string_view bytes)
{
    while (!bytes.empty()) {
        const auto sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent < 0)
            return;  // the other side is gone
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
}

/// The word at a place of a command.
std::string_view word(std::string_view command, int place)
{
    std::size_t at = command.find("\r\n") + 2;
    for (;; --place) {
        const auto line = command.find("\r\n", at);
        if (line == incomplete)
            return {};
        std::size_t length = 0;
        std::from_chars(command.data() + at + 1, command.data() + line, length);
        if (place == 0)
            return command.substr(line + 2, length);
        at = line + 2 + length + 2;
    }
}

}  // namespace

Line::Line(const std::string& redis_socket, std::string folder) : folder_(std::move(folder))
{
    watched_ = ::epoll_create1(EPOLL_CLOEXEC);
    redis_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    roomy(redis_);
    const auto address = address_of(redis_socket);
    if (::connect(redis_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        throw std::runtime_error("no Redis at " + redis_socket);
}

Line::~Line()
{
    for (const auto& [name, party] : parties_) {
        for (const auto& client : party->clients)
            ::close(client.fd);
        ::close(party->listener);
    }
    ::close(watched_);
    ::close(redis_);
}

void Line::begin(Chance& chance, Trace trace)
{
    chance_ = &chance;
    trace_ = {};
    for (const auto& [name, party] : parties_) {
        accept(*party);
        for (const auto& client : party->clients)
            ::close(client.fd);
        party->clients.clear();
        party->loss_per_mille = 0;
        party->away = party->stalled = false;
    }
    ask({"FLUSHALL"});
    told_ms_ = -1;
    trace_ = std::move(trace);
}

Line::Party& Line::party(const std::string& name)
{
    auto& party = parties_[name];
    if (party)
        return *party;
    party = std::make_unique<Party>();
    party->path = folder_ + "/" + name;
    party->listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const auto address = address_of(party->path);
    if (::bind(party->listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(party->listener, 16) != 0)
        throw std::runtime_error("cannot listen on " + party->path);
    watch(party->listener);
    return *party;
}

void Line::watch(int fd) const
{
    epoll_event event{};
    event.events = EPOLLIN | EPOLLRDHUP;
    event.data.fd = fd;
    ::epoll_ctl(watched_, EPOLL_CTL_ADD, fd, &event);
}

void Line::accept(Party& party)
{
    for (;;) {
        const int fd = ::accept4(party.listener, nullptr, nullptr, SOCK_CLOEXEC);
        if (fd < 0)
            return;
        roomy(fd);
        if (party.away) {
            ::close(fd);
            continue;
        }
        watch(fd);
        party.clients.push_back({fd, {}, false});
    }
}

/// What the other side has written.
void Line::read(Party::Client& client)
{
    char bytes[64 * 1024];
    for (auto size = ssize_t{sizeof bytes}; size == ssize_t{sizeof bytes};) {
        size = ::recv(client.fd, bytes, sizeof bytes, MSG_DONTWAIT);
        if (size > 0)
            client.in.append(bytes, static_cast<std::size_t>(size));
    }
}

bool Line::pump()
{
    epoll_event events[16];
    const int count = ::epoll_wait(watched_, events, 16, 0);
    const auto event_of = [&](int fd) -> const epoll_event* {
        const auto found = std::find_if(events, events + count, [fd](const auto& one) { return one.data.fd == fd; });
        return found == events + count ? nullptr : found;
    };
    bool some = false;
    for (const auto& [name, party] : parties_) {
        if (count <= 0 || party->stalled)
            continue;
        for (auto& client : party->clients)
            if (const auto* event = event_of(client.fd)) {
                client.closed = (event->events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
                some = serve(*party, client) || some;
            }
        std::erase_if(party->clients, [](const auto& client) { return client.fd < 0; });
        if (event_of(party->listener) != nullptr) {
            accept(*party);
            some = true;
        }
    }
    return some;
}

bool Line::serve(Party& party, Party::Client& client)
{
    read(client);
    const auto ends = ends_of(client.in);
    std::size_t executed = ends.size();
    std::size_t answered = ends.size();
    const bool lost =
        !ends.empty() && !client.closed && party.loss_per_mille > 0 && chance_->per_mille(party.loss_per_mille);
    if (lost || client.closed) {
        executed = chance_->pick(ends.size() + 1);
        answered = client.closed ? 0 : chance_->pick(executed + 1);
    }
    const std::string_view bytes = client.in;
    const auto upto = [&](std::size_t count) { return count == 0 ? 0 : ends[count - 1]; };
    if (trace_)
        tell(party, bytes, ends, executed, answered);
    if (answered > 0)
        send_all(client.fd, execute(bytes.substr(0, upto(answered)), answered));
    if (executed > answered)
        execute(bytes.substr(upto(answered), upto(executed) - upto(answered)), executed - answered);
    if (lost || client.closed) {
        ::close(client.fd);
        client.fd = -1;
    } else {
        client.in.erase(0, upto(ends.size()));
    }
    return true;
}

void Line::cut(Party& party)
{
    for (auto& client : party.clients) {
        read(client);
        client.closed = true;
        serve(party, client);
        if (client.fd >= 0)
            ::close(client.fd);
    }
    party.clients.clear();
}

std::string Line::execute(std::string_view bytes, std::size_t commands)
{
    std::string out;
    const bool time_told = told_ms_ == now_ms_;
    if (!time_told) {
        const auto now = std::to_string(now_ms_);
        std::string_view set[]{"SET", "now", now};
        net::append_command(out, set);
        told_ms_ = now_ms_;
        ++commands;
    }
    out.append(bytes);
    send_all(redis_, out);
    std::string in;
    std::size_t at = 0;
    char some[64 * 1024];
    while (commands > 0) {
        const auto size = ::recv(redis_, some, sizeof some, 0);
        if (size <= 0)
            throw std::runtime_error("Redis is gone");
        in.append(some, static_cast<std::size_t>(size));
        while (commands > 0 && at < in.size()) {
            const auto end = end_of(in, at);
            if (end == incomplete)
                break;
            at = end;
            --commands;
        }
    }
    constexpr std::size_t ok = 5;  // "+OK\r\n"
    return time_told ? in : in.substr(ok);
}

net::Reply Line::ask(const std::vector<std::string>& command)
{
    return std::move(ask_all({command}).front());
}

std::vector<net::Reply> Line::ask_all(const std::vector<std::vector<std::string>>& commands)
{
    std::string bytes;
    for (const auto& command : commands) {
        const std::vector<std::string_view> views(command.begin(), command.end());
        net::append_command(bytes, views);
    }
    net::ReplyReader reader;
    reader.feed(execute(bytes, commands.size()));
    std::vector<net::Reply> replies;
    for (std::size_t i = 0; i < commands.size(); ++i) {
        auto reply = reader.next();
        replies.push_back(reply && *reply ? std::move(**reply) : net::Reply{});
    }
    return replies;
}

void Line::tell(const Party& party, std::string_view bytes, const std::vector<std::size_t>& ends, std::size_t executed,
                std::size_t answered)
{
    std::string text = "redis " + party.path.substr(party.path.rfind('/') + 1) + ":";
    std::size_t from = 0;
    for (std::size_t i = 0; i < ends.size(); ++i) {
        const auto command = bytes.substr(from, ends[i] - from);
        from = ends[i];
        const std::string name(word(command, 0));
        const auto script = name == "EVALSHA" ? scripts_.find(std::string(word(command, 1))) : scripts_.end();
        text += " " + (script != scripts_.end() ? script->second : name);
        text += i >= executed ? "(lost)" : i >= answered ? "(done, answer lost)" : "";
    }
    if (!ends.empty())
        trace_(std::move(text));
}

}  // namespace headgate::simulation
