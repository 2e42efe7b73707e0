#include "redis_server.hpp"

#include <csignal>
#include <cstdlib>
#include <stdexcept>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

namespace headgate::test {

using namespace std::chrono_literals;

namespace {

/// Whether PING is answered by PONG: blocking, without any code under test.
bool answers(const std::string& path)
{
    int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    char answer[8]{};
    bool pong = connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
                ::send(fd, "PING\r\n", 6, MSG_NOSIGNAL) == 6 && ::recv(fd, answer, 7, 0) > 0 &&
                (answer[1] == 'P' || std::string_view(answer, 4) == "-NOA");
    close(fd);
    return pong;
}

}  // namespace

TempFolder::TempFolder()
{
    std::string pattern = "/tmp/hg-test-XXXXXX";
    if (mkdtemp(pattern.data()) == nullptr)
        throw std::runtime_error("mkdtemp");
    path_ = pattern;
}

TempFolder::~TempFolder()
{
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

RedisServer::RedisServer(std::vector<std::string> more_settings) : settings_(std::move(more_settings))
{
    start();
}

RedisServer::~RedisServer()
{
    kill();
}

net::RedisOptions RedisServer::options() const
{
    net::RedisOptions options;
    options.address.unix_path = socket();
    options.first_backoff = 1ms;
    options.backoff_ceiling = 20ms;
    options.command_timeout = 60s;
    return options;
}

void RedisServer::start()
{
    std::vector<std::string> words{"redis-server",
                                   "--port",
                                   "0",
                                   "--unixsocket",
                                   socket(),
                                   "--dir",
                                   folder_.path().string(),
                                   "--save",
                                   "",
                                   "--appendonly",
                                   "no",
                                   "--daemonize",
                                   "no",
                                   "--enable-debug-command",
                                   "yes",
                                   "--logfile",
                                   (folder_.path() / "log").string()};
    words.insert(words.end(), settings_.begin(), settings_.end());
    std::vector<char*> argv;
    for (auto& word : words)
        argv.push_back(word.data());
    argv.push_back(nullptr);

    pid_ = fork();
    if (pid_ == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        int null = open("/dev/null", O_RDWR);
        dup2(null, 0);
        dup2(null, 1);
        dup2(null, 2);
        execvp(argv[0], argv.data());
        _exit(127);
    }
    while (!answers(socket())) {
        if (waitpid(pid_, nullptr, WNOHANG) != 0)
            throw std::runtime_error("redis-server ended; is it installed?");
        usleep(2'000);
    }
}

void RedisServer::signal(int number) const
{
    ::kill(pid_, number);
}

void RedisServer::kill()
{
    if (pid_ == 0)
        return;
    ::kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = 0;
}

void Loop::run_until(const std::function<bool()>& so)
{
    while (!so()) {
        if (context.stopped())
            context.restart();
        if (context.run_one() == 0)
            throw std::runtime_error("nothing is left to run");
    }
}

void RedisTest::connect(net::RedisOptions options)
{
    redis_.emplace(loop_.context.get_executor(), std::move(options));
    auto connected = loop_.await(redis_->wait_connected(60s));
    if (!connected)
        throw std::runtime_error(connected.error().code + ": " + connected.error().detail);
}

std::string RedisTest::text(std::vector<std::string> args)
{
    auto reply = command(std::move(args));
    return reply ? reply->text : reply.error().code + " " + reply.error().detail;
}

std::int64_t RedisTest::number(std::vector<std::string> args)
{
    auto reply = command(std::move(args));
    return reply ? reply->integer : -1;
}

}  // namespace headgate::test
