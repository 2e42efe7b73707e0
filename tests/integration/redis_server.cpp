#include "redis_server.hpp"

#include <csignal>
#include <cstdlib>
#include <stdexcept>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace headgate::test {

using namespace std::chrono_literals;

namespace {

/// Reads what a server logs until it says that it listens. False: it ended first.
bool listens(int log)
{
    std::string said;
    char bytes[4096];
    while (said.find("eady to accept connections") == std::string::npos) {
        const auto size = read(log, bytes, sizeof bytes);
        if (size <= 0)
            return false;
        said.append(bytes, static_cast<std::size_t>(size));
    }
    return true;
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
                                   ""};
    words.insert(words.end(), settings_.begin(), settings_.end());
    std::vector<char*> argv;
    for (auto& word : words)
        argv.push_back(word.data());
    argv.push_back(nullptr);

    int log[2];
    if (pipe2(log, O_CLOEXEC) != 0)
        throw std::runtime_error("pipe");
    pid_ = fork();
    if (pid_ == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        int null = open("/dev/null", O_RDWR);
        dup2(null, 0);
        dup2(log[1], 1);
        dup2(null, 2);
        execvp(argv[0], argv.data());
        _exit(127);
    }
    close(log[1]);
    const bool up = listens(log[0]);
    close(log[0]);  // what it logs from here on nobody hears, and it does not mind
    if (!up)
        throw std::runtime_error("redis-server ended; is it installed?");
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
