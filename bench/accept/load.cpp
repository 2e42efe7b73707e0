// Closed-loop load for accept paths: every request a signed order with its own id, all signatures made before the clock
// starts, answers counted by status. Loopback only; ends after --seconds or --requests, whichever comes first.
//
//   bench_accept_load --port P --path /hooks/bench --secret S --body FILE --connections 48 --warm 1.5 --seconds 4
//                     --requests 200000 --first 0 --pids server:PID,redis:PID
//
// --first: how many orders were sent before, so that these are others.
//
// Prints one JSON line: requests per second, p50 and p99 latency, and the CPU each process used per request.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include <fmt/format.h>

namespace {

using Clock = std::chrono::steady_clock;

// Stands in the body wherever the order's own id goes.
constexpr std::string_view placeholder = "8800000000000";
constexpr std::uint64_t first_id = 8'800'000'000'000;

struct Options {
    int port = 0;
    std::string path = "/hooks/bench";
    std::string secret = "hush";
    std::string body;
    std::size_t connections = 48;
    double warm = 1.5;
    double seconds = 4;
    std::size_t requests = 200'000;
    std::uint64_t first = 0;
    std::vector<std::pair<std::string, int>> pids;
};

struct Request {
    std::string head;
    std::string id;
};

/// User and system time of a process and its ended children, in clock ticks (proc(5), stat).
std::uint64_t cpu_ticks(int pid)
{
    std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    const auto end = text.rfind(')');
    if (end == std::string::npos)
        return 0;
    std::uint64_t ticks = 0;
    std::size_t at = end + 2;
    for (int field = 3; field <= 17 && at < text.size(); ++field) {
        if (field >= 14)
            ticks += std::strtoull(text.c_str() + at, nullptr, 10);
        at = text.find(' ', at) + 1;
    }
    return ticks;
}

class Load {
public:
    explicit Load(Options options) : options_(std::move(options))
    {
        std::ifstream file(options_.body, std::ios::binary);
        const std::string text{std::istreambuf_iterator<char>(file), {}};
        for (std::size_t at = 0;;) {
            const auto next = text.find(placeholder, at);
            pieces_.push_back(text.substr(at, next == std::string::npos ? next : next - at));
            if (next == std::string::npos)
                break;
            at = next + placeholder.size();
        }
        size_ = text.size();
        sign();
    }

    int run()
    {
        poll_ = ::epoll_create1(0);
        connections_.resize(options_.connections);
        for (auto& connection : connections_) {
            open(connection);
            send_next(connection);
        }
        const auto begin = Clock::now();
        const auto window =
            begin + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(options_.warm));
        const auto end =
            window + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(options_.seconds));
        bool inside = false;
        std::map<std::string, std::uint64_t> cpu;
        auto measured_from = window;
        std::vector<epoll_event> events(256);
        while (Clock::now() < end && answered_ < requests_.size()) {
            if (!inside && Clock::now() >= window) {
                inside = true;
                latencies_.clear();
                measured_from = Clock::now();
                for (const auto& [name, pid] : options_.pids)
                    cpu[name] += cpu_ticks(pid);
            }
            const int count = ::epoll_wait(poll_, events.data(), static_cast<int>(events.size()), 50);
            for (int i = 0; i < count; ++i)
                ready(*static_cast<Connection*>(events[static_cast<std::size_t>(i)].data.ptr));
        }
        const double took = std::chrono::duration<double>(Clock::now() - measured_from).count();
        report(took, cpu);
        return statuses_.size() == 1 && statuses_.begin()->first == 200 ? 0 : 1;
    }

private:
    struct Connection {
        int socket = -1;
        std::size_t request = 0;
        std::size_t sent = 0;
        Clock::time_point began;
        std::string in;
        bool armed = false;
    };

    void sign()
    {
        requests_.resize(options_.requests);
        std::string body;
        for (std::size_t i = 0; i < requests_.size(); ++i) {
            Request& request = requests_[i];
            request.id = std::to_string(first_id + options_.first + i);
            body.clear();
            for (std::size_t k = 0; k < pieces_.size(); ++k) {
                if (k > 0)
                    body += request.id;
                body += pieces_[k];
            }
            unsigned char mac[EVP_MAX_MD_SIZE];
            unsigned size = 0;
            HMAC(EVP_sha256(), options_.secret.data(), static_cast<int>(options_.secret.size()),
                 reinterpret_cast<const unsigned char*>(body.data()), body.size(), mac, &size);
            unsigned char signature[64];
            EVP_EncodeBlock(signature, mac, static_cast<int>(size));
            request.head = fmt::format(
                "POST {} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: bench\r\nContent-Type: application/json\r\n"
                "X-Shopify-Topic: orders/create\r\nX-Shopify-Webhook-Id: wh-{}\r\nX-Shopify-Hmac-Sha256: {}\r\n"
                "Content-Length: {}\r\n\r\n",
                options_.path, request.id, reinterpret_cast<const char*>(signature), body.size());
        }
    }

    void open(Connection& connection)
    {
        connection.socket = ::socket(AF_INET, SOCK_STREAM, 0);
        const int on = 1;
        ::setsockopt(connection.socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(static_cast<std::uint16_t>(options_.port));
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (::connect(connection.socket, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
            std::perror("connect");
            std::exit(2);
        }
        ::fcntl(connection.socket, F_SETFL, O_NONBLOCK);
        arm(connection, EPOLLIN, EPOLL_CTL_ADD);
    }

    void arm(Connection& connection, std::uint32_t what, int how) const
    {
        epoll_event event{};
        event.events = what;
        event.data.ptr = &connection;
        ::epoll_ctl(poll_, how, connection.socket, &event);
    }

    void send_next(Connection& connection)
    {
        if (next_ >= requests_.size())
            return;
        connection.request = next_++;
        connection.sent = 0;
        connection.in.clear();
        connection.began = Clock::now();
        push(connection);
    }

    void push(Connection& connection)
    {
        const Request& request = requests_[connection.request];
        iovec parts[64];
        int count = 0;
        std::size_t skip = connection.sent;
        const auto add = [&](std::string_view text) {
            if (skip >= text.size()) {
                skip -= text.size();
                return;
            }
            parts[count].iov_base = const_cast<char*>(text.data() + skip);
            parts[count++].iov_len = text.size() - skip;
            skip = 0;
        };
        add(request.head);
        for (std::size_t k = 0; k < pieces_.size() && count < 62; ++k) {
            if (k > 0)
                add(request.id);
            add(pieces_[k]);
        }
        const auto sent = ::writev(connection.socket, parts, count);
        if (sent > 0)
            connection.sent += static_cast<std::size_t>(sent);
        const bool rest = connection.sent < request.head.size() + size_;
        if (rest != connection.armed) {
            connection.armed = rest;
            arm(connection, rest ? EPOLLIN | EPOLLOUT : EPOLLIN, EPOLL_CTL_MOD);
        }
    }

    void ready(Connection& connection)
    {
        if (connection.armed)
            push(connection);
        char buffer[4096];
        const auto count = ::read(connection.socket, buffer, sizeof buffer);
        if (count < 0)
            return;
        if (count == 0) {
            ++statuses_[0];
            ::close(connection.socket);
            connection.armed = false;
            open(connection);
            send_next(connection);
            return;
        }
        connection.in.append(buffer, static_cast<std::size_t>(count));
        const auto end = connection.in.find("\r\n\r\n");
        if (end == std::string::npos)
            return;
        std::size_t length = 0;
        for (std::size_t at = connection.in.find("\r\n"); at < end; at = connection.in.find("\r\n", at + 2))
            if (::strncasecmp(connection.in.c_str() + at + 2, "content-length:", 15) == 0)
                length = std::strtoul(connection.in.c_str() + at + 17, nullptr, 10);
        if (connection.in.size() < end + 4 + length)
            return;
        ++statuses_[std::atoi(connection.in.c_str() + 9)];
        ++answered_;
        latencies_.push_back(std::chrono::duration<double, std::milli>(Clock::now() - connection.began).count());
        send_next(connection);
    }

    void report(double took, const std::map<std::string, std::uint64_t>& cpu_before)
    {
        std::sort(latencies_.begin(), latencies_.end());
        const auto percentile = [&](double part) {
            return latencies_.empty()
                       ? 0.0
                       : latencies_[std::min(latencies_.size() - 1,
                                             static_cast<std::size_t>(part * static_cast<double>(latencies_.size())))];
        };
        std::string statuses;
        for (const auto& [status, count] : statuses_)
            statuses += fmt::format("{}\"{}\":{}", statuses.empty() ? "" : ",", status, count);
        std::string cpu;
        std::map<std::string, std::uint64_t> after;
        for (const auto& [name, pid] : options_.pids)
            after[name] += cpu_ticks(pid);
        const double ticks_per_second = static_cast<double>(::sysconf(_SC_CLK_TCK));
        for (const auto& [name, ticks] : after) {
            const auto before = cpu_before.contains(name) ? cpu_before.at(name) : ticks;
            cpu += fmt::format(",\"{}_us\":{:.1f}", name,
                               static_cast<double>(ticks - before) / ticks_per_second * 1e6 /
                                   std::max<double>(1, static_cast<double>(latencies_.size())));
        }
        fmt::print("{{\"rps\":{:.0f},\"p50_ms\":{:.3f},\"p99_ms\":{:.3f},\"bytes\":{},\"status\":{{{}}}{}}}\n",
                   static_cast<double>(latencies_.size()) / took, percentile(0.5), percentile(0.99), size_, statuses,
                   cpu);
    }

    Options options_;
    std::vector<std::string> pieces_;
    std::size_t size_ = 0;
    std::vector<Request> requests_;
    std::vector<Connection> connections_;
    std::vector<double> latencies_;
    std::map<int, std::uint64_t> statuses_;
    std::size_t next_ = 0;
    std::size_t answered_ = 0;
    int poll_ = -1;
};

}  // namespace

int main(int argc, char** argv)
{
    Options options;
    for (int i = 1; i + 1 < argc; i += 2) {
        const std::string name = argv[i];
        const std::string value = argv[i + 1];
        if (name == "--port")
            options.port = std::atoi(value.c_str());
        else if (name == "--path")
            options.path = value;
        else if (name == "--secret")
            options.secret = value;
        else if (name == "--body")
            options.body = value;
        else if (name == "--connections")
            options.connections = std::strtoul(value.c_str(), nullptr, 10);
        else if (name == "--warm")
            options.warm = std::strtod(value.c_str(), nullptr);
        else if (name == "--seconds")
            options.seconds = std::strtod(value.c_str(), nullptr);
        else if (name == "--requests")
            options.requests = std::strtoul(value.c_str(), nullptr, 10);
        else if (name == "--first")
            options.first = std::strtoull(value.c_str(), nullptr, 10);
        else if (name == "--pids") {
            for (std::size_t at = 0; at < value.size();) {
                const auto comma = std::min(value.find(',', at), value.size());
                const auto colon = value.find(':', at);
                options.pids.emplace_back(value.substr(at, colon - at), std::atoi(value.c_str() + colon + 1));
                at = comma + 1;
            }
        } else {
            fmt::print(stderr, "unknown option {}\n", name);
            return 2;
        }
    }
    return Load(std::move(options)).run();
}
