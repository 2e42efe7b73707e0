#include "tests/support/erp.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <stdexcept>
#include <utility>

#include <boost/json.hpp>

namespace headgate::test {

namespace {

bool send_all(int socket, const std::string& bytes)
{
    for (std::size_t sent = 0; sent < bytes.size();) {
        const auto wrote = ::send(socket, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
        if (wrote <= 0)
            return false;
        sent += static_cast<std::size_t>(wrote);
    }
    return true;
}

bool reply(int socket, int status, const std::string& body, const std::string& more = {})
{
    return send_all(socket, "HTTP/1.1 " + std::to_string(status) + " Said\r\nContent-Type: application/json\r\n" +
                                more + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
}

void reset(int socket)
{
    const linger now{1, 0};
    ::setsockopt(socket, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

/// One request off the connection; false when it ended.
bool read_call(int socket, std::string& left, ErpCall& call)
{
    const auto more = [&] {
        char buffer[16384];
        const auto got = ::recv(socket, buffer, sizeof buffer, 0);
        if (got > 0)
            left.append(buffer, static_cast<std::size_t>(got));
        return got > 0;
    };
    std::size_t end = left.find("\r\n\r\n");
    while (end == std::string::npos) {
        if (!more())
            return false;
        end = left.find("\r\n\r\n");
    }
    const std::string head = left.substr(0, end);
    const auto first = head.find("\r\n");
    const std::string line = head.substr(0, first);
    call.method = line.substr(0, line.find(' '));
    call.target = line.substr(call.method.size() + 1, line.rfind(' ') - call.method.size() - 1);
    for (std::size_t at = first; at != std::string::npos && at < head.size();) {
        const auto next = head.find("\r\n", at + 2);
        const std::string field = head.substr(at + 2, next == std::string::npos ? next : next - at - 2);
        const auto colon = field.find(':');
        if (colon != std::string::npos) {
            std::string name = field.substr(0, colon);
            std::ranges::transform(name, name.begin(), [](unsigned char letter) { return std::tolower(letter); });
            const auto begin = field.find_first_not_of(' ', colon + 1);
            call.headers[name] = begin == std::string::npos ? "" : field.substr(begin);
        }
        at = next;
    }
    const std::size_t size = call.headers.contains("content-length") ? std::stoul(call.headers["content-length"]) : 0;
    while (left.size() < end + 4 + size)
        if (!more())
            return false;
    call.body = left.substr(end + 4, size);
    left.erase(0, end + 4 + size);
    return true;
}

std::string reference_of(const ErpCall& call)
{
    const auto at = call.target.find("ref=");
    if (at != std::string::npos)
        return call.target.substr(at + 4);
    boost::system::error_code error;
    const auto body = boost::json::parse(call.body, error);
    const auto* reference = error || !body.is_object() ? nullptr : body.get_object().if_contains("ref");
    return reference != nullptr && reference->is_string() ? std::string(reference->get_string()) : "";
}

/// A socket of the loopback's on this port; 0: any. -1: there is none.
int bound(int& port)
{
    const int made = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int yes = 1;
    ::setsockopt(made, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    socklen_t size = sizeof address;
    if (::bind(made, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
        ::getsockname(made, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
        ::close(made);
        return -1;
    }
    port = ntohs(address.sin_port);
    return made;
}

}  // namespace

Erp::Erp(Options options) : options_(options)
{
    reserved_ = bound(port_);
    open();
}

Erp::~Erp()
{
    go_away();
    for (;;) {
        std::vector<std::thread> ended;
        {
            const std::lock_guard lock(mutex_);
            ended.swap(ended_);
            if (ended.empty() && serving_.empty())
                break;
        }
        for (auto& thread : ended)
            thread.join();
        std::this_thread::yield();
    }
    ::close(reserved_);
}

void Erp::open()
{
    listener_ = reserved_ < 0 ? -1 : bound(port_);
    if (listener_ < 0 || ::listen(listener_, 128) != 0)
        throw std::runtime_error("the ERP of the tests finds no port");
    away_ = false;
    acceptor_ = std::thread([this] { accept(); });
}

void Erp::go_away()
{
    if (away_.exchange(true))
        return;
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    ::close(listener_);
    listener_ = -1;
    const std::lock_guard lock(mutex_);
    for (const auto& [socket, thread] : serving_)
        ::shutdown(socket, SHUT_RDWR);
}

void Erp::come_back()
{
    if (away_)
        open();
}

void Erp::accept()
{
    while (!away_) {
        const int socket = ::accept(listener_, nullptr, nullptr);
        if (socket < 0)
            continue;
        const int yes = 1;
        ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        const std::lock_guard lock(mutex_);
        for (auto& thread : std::exchange(ended_, {}))
            thread.join();  // done but for its return
        serving_[socket] = std::thread([this, socket] { serve(socket); });
    }
}

void Erp::serve(int socket)
{
    std::string left;
    for (ErpCall call; !away_ && read_call(socket, left, call); call = {})
        if (!answer(socket, call))
            break;
    const std::lock_guard lock(mutex_);
    ended_.push_back(std::move(serving_.extract(socket).mapped()));
    ::close(socket);
}

namespace {

constexpr const char* babble = "<html><title>Maintenance</title></html>";

}  // namespace

bool Erp::answer(int socket, const ErpCall& call)
{
    const std::string path = call.target.substr(0, call.target.find('?'));
    {
        const std::lock_guard lock(mutex_);
        if (options_.remembers_calls)
            calls_.push_back(call);
        if (path == "/token") {
            token_left_ = options_.token_calls;
            return reply(socket, 200,
                         "{\"access_token\":\"token-" + std::to_string(++token_) + "\",\"expires_in\":3600}");
        }
        const auto given = call.headers.find("authorization");
        if (options_.wants_token && (given == call.headers.end() || --token_left_ < 0 ||
                                     given->second != "Bearer token-" + std::to_string(token_)))
            return reply(socket, 401, "{}");
    }
    if (call.method == "POST" && path == "/orders")
        return order(socket, call);
    const std::lock_guard lock(mutex_);
    if (call.method == "GET" && path == "/orders") {
        if (searches_to_babble_ > 0) {
            --searches_to_babble_;
            return reply(socket, 200, babble);
        }
        const auto found = by_reference_.find(reference_of(call));
        return reply(socket, 200,
                     found == by_reference_.end() ? "[]" : "[{\"id\":" + std::to_string(found->second) + "}]");
    }
    if (path == "/confirm" && confirmations_to_fail_ > 0) {
        --confirmations_to_fail_;
        return reply(socket, 503, "{}");
    }
    return reply(socket, call.method == "POST" ? 200 : 404, "{}");
}

ErpFault Erp::fault_of(const ErpCall& call)
{
    if (!next_.empty()) {
        const ErpFault fault = next_.front();
        next_.pop_front();
        return fault;
    }
    return fate_ ? fate_(call) : ErpFault::none;
}

bool Erp::order(int socket, const ErpCall& call)
{
    std::unique_lock lock(mutex_);
    const ErpFault fault = fault_of(call);
    switch (fault) {
    case ErpFault::unavailable: return reply(socket, 503, "{}");
    case ErpFault::throttled: return reply(socket, 429, "{}", "Retry-After: 0\r\n");
    case ErpFault::error_inside: return reply(socket, 200, R"({"error":{"code":"sale.Locked"}})");
    case ErpFault::refuse_login: return reply(socket, 401, "{}");
    case ErpFault::refuse: return reply(socket, 422, R"({"error":{"code":"sale.UserError"}})");
    case ErpFault::reset: reset(socket); return false;
    default: break;
    }
    const std::string reference = reference_of(call);
    const auto key = call.headers.contains("idempotency-key") ? call.headers.at("idempotency-key") : "";
    int id = 0;
    if (const auto known = by_key_.find(key); options_.knows_keys && !key.empty() && known != by_key_.end()) {
        id = known->second;
    } else if (options_.upserts && by_reference_.contains(reference)) {
        id = by_reference_.at(reference);
    } else if (options_.unique_reference && by_reference_.contains(reference)) {
        return reply(socket, 409, R"({"error":{"code":"sale.Duplicate"}})");
    } else {
        made_.push_back(reference);
        id = static_cast<int>(made_.size());
        by_reference_.emplace(reference, id);
        by_key_.emplace(key, id);
    }
    const std::string body = "{\"id\":" + std::to_string(id) + "}";
    switch (fault) {
    case ErpFault::commit_and_reset: reset(socket); return false;
    case ErpFault::half_an_answer:
        send_all(socket, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"id\":");
        return false;
    case ErpFault::commit_and_babble: return reply(socket, 200, babble);
    case ErpFault::commit_and_keep_quiet: {
        lock.unlock();
        char byte = 0;
        while (::recv(socket, &byte, 1, 0) > 0) {}
        return false;
    }
    default: return reply(socket, 200, body);
    }
}

void Erp::next(std::vector<ErpFault> faults)
{
    const std::lock_guard lock(mutex_);
    next_.assign(faults.begin(), faults.end());
}

void Erp::has(const std::string& reference)
{
    const std::lock_guard lock(mutex_);
    by_reference_.emplace(reference, 1'000'000 + static_cast<int>(by_reference_.size()));
}

void Erp::babble_at_searches(int count)
{
    const std::lock_guard lock(mutex_);
    searches_to_babble_ = count;
}

void Erp::fail_confirmations(int count)
{
    const std::lock_guard lock(mutex_);
    confirmations_to_fail_ = count;
}

void Erp::fate(std::function<ErpFault(const ErpCall&)> fate)
{
    const std::lock_guard lock(mutex_);
    fate_ = std::move(fate);
}

std::vector<ErpCall> Erp::calls() const
{
    const std::lock_guard lock(mutex_);
    return calls_;
}

std::vector<std::string> Erp::made() const
{
    const std::lock_guard lock(mutex_);
    return made_;
}

std::size_t Erp::made_count() const
{
    const std::lock_guard lock(mutex_);
    return made_.size();
}

std::size_t Erp::count(const std::string& method_and_path) const
{
    const std::lock_guard lock(mutex_);
    return static_cast<std::size_t>(std::ranges::count_if(calls_, [&](const ErpCall& call) {
        return call.method + " " + call.target.substr(0, call.target.find('?')) == method_and_path;
    }));
}

}  // namespace headgate::test
