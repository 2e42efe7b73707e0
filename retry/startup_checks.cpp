#include "retry/startup_checks.hpp"

#include <optional>

#include "retry/replies.hpp"

namespace headgate::retry {

namespace {

constexpr std::uint64_t gigabyte = 1ULL << 30U;

/// What is wrong with a setting's value; empty: nothing.
std::string judge(std::string_view name, std::string_view value, Durability durability)
{
    auto is = "is " + std::string(value) + ", ";
    auto number = number_of<std::uint64_t>(value);
    if (name == "appendonly" && value != "yes")
        return is + "should be yes";
    if (name == "appendfsync" && value != "always" && (durability == Durability::strict || value != "everysec"))
        return is + (durability == Durability::strict ? "should be always" : "should be everysec or always");
    if (name == "no-appendfsync-on-rewrite" && value != "no")
        return is + "should be no";
    if (name == "maxmemory" && (!number || *number == 0))
        return is + "should be set: without a limit Redis grows until the machine kills it";
    if (name == "maxmemory-policy" && value != "noeviction")
        return is + "should be noeviction: Redis would throw accepted events away";
    if (name == "aof-load-truncated" && value != "no")
        return is +
               "should be no: a log torn inside of a transaction is cut there, and at the next start but one the half "
               "transaction takes effect together with what follows it; with no, mend it with redis-check-aof --fix";
    if (name == "auto-aof-rewrite-min-size" && (!number || *number < gigabyte))
        return is + "should be at least 1gb";
    return {};
}

std::string version_in(std::string_view info)
{
    constexpr std::string_view mark = "redis_version:";
    auto at = info.find(mark);
    if (at == std::string_view::npos)
        return {};
    info.remove_prefix(at + mark.size());
    return std::string(info.substr(0, info.find_first_of("\r\n")));
}

}  // namespace

Task<std::vector<StartupFinding>> check_redis(net::Redis& redis, Durability durability)
{
    std::vector<StartupFinding> findings;
    std::vector<std::string> ask{"INFO", "server"};
    auto info = co_await redis.command(std::move(ask));
    if (!info && info.error().failure_class != FailureClass::permanent)
        co_return std::unexpected(std::move(info.error()));
    auto version = info ? version_in(info->text) : std::string();
    auto major = number_of<int>(std::string_view(version).substr(0, version.find('.')));
    if (!major)
        findings.push_back({"version", "could not be read"});
    else if (*major < 7)
        findings.push_back({"version", "is " + version + ", should be 7.0 or newer"});

    bool rewrites = true;
    for (const char* name : {"appendonly", "appendfsync", "no-appendfsync-on-rewrite", "maxmemory", "maxmemory-policy",
                             "auto-aof-rewrite-percentage", "auto-aof-rewrite-min-size", "aof-load-truncated"}) {
        const bool advice = std::string_view(name) == "aof-load-truncated";
        std::vector<std::string> get{"CONFIG", "GET", name};
        auto reply = co_await redis.command(std::move(get));
        if (!reply && reply.error().failure_class != FailureClass::permanent)
            co_return std::unexpected(std::move(reply.error()));
        if (!reply || reply->list.size() != 2) {
            if (!advice)
                findings.push_back({name, "could not be read"});
            continue;
        }
        if (reply->list[0].text == "auto-aof-rewrite-percentage") {
            rewrites = reply->list[1].text != "0";
            continue;
        }
        if (std::string_view(name) == "auto-aof-rewrite-min-size" && !rewrites)
            continue;  // it is never rewritten by itself
        auto wrong = judge(name, reply->list[1].text, durability);
        if (!wrong.empty())
            findings.push_back({name, std::move(wrong), advice});
    }
    co_return findings;
}

}  // namespace headgate::retry
