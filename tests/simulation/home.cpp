#include "home.hpp"

#include <cstdlib>
#include <fstream>
#include <stdexcept>

#include "../integration/redis_server.hpp"
#include "life.hpp"
#include "observability/metrics.hpp"

namespace headgate::simulation {

namespace {

/// Redis's clock, as scripts ask it, is the simulation's.
constexpr ScriptBreak clock_of_redis{
    "common", "redis.call('TIME')",
    "(function() local now = tonumber(redis.call('GET', 'now')) return {math.floor(now / 1000), now % 1000 * 1000} "
    "end)()"};

void change(const std::filesystem::path& folder, const ScriptBreak& broken)
{
    const auto file = folder / (std::string(broken.script) + ".lua");
    std::string text;
    if (std::ifstream changed(file); changed)
        text.assign(std::istreambuf_iterator<char>(changed), {});
    for (std::size_t i = 0; text.empty() && i < retry::embedded::source_count; ++i)
        if (retry::embedded::sources[i].name == broken.script)
            text = retry::embedded::sources[i].body;
    const auto at = text.find(broken.line);
    if (at == std::string::npos)
        throw std::runtime_error(std::string(broken.script) + ".lua no longer holds: " + std::string(broken.line));
    text.replace(at, broken.line.size(), broken.instead);
    std::ofstream(file) << text;
}

std::string source_folder()
{
    const char* named = std::getenv("HEADGATE_SOURCE");
    return named != nullptr ? named : gateway::shipped_folder() + "/..";
}

std::shared_ptr<const gateway::Configuration> configuration(const std::filesystem::path& data)
{
    gateway::LoadOptions options;
    options.folder = source_folder() + "/tests/simulation/config";
    options.shipped = source_folder() + "/config";
    options.data = data.string();
    auto loaded = gateway::load_configuration(options);
    if (!loaded.problems.empty())
        throw std::runtime_error(loaded.problems.front().message);
    return loaded.configuration;
}

}  // namespace

struct Simulation::Impl {
    explicit Impl(const ScriptBreak& broken)
        : configuration_(configuration(folder_.path())),
          metrics_(registry_),
          history_({.file = folder_.path() / "history.db"}),
          audit_({.file = folder_.path() / "audit.db"}),
          line_(server_.socket(), folder_.path().string())
    {
        const auto scripts = folder_.path() / "scripts";
        std::filesystem::create_directory(scripts);
        change(scripts, clock_of_redis);
        if (!broken.script.empty())
            change(scripts, broken);
        scripts_ = retry::Scripts::load(scripts).value();
        for (const auto* script : all())
            line_.name_script(script->sha1, script->name);
        log_.level(observability::LogLevel::off);
        for (const auto* script : all())
            line_.ask({"SCRIPT", "LOAD", script->source});
    }

    std::vector<const net::Script*> all() const
    {
        const auto& s = scripts_;
        return {&s.accept, &s.lease,   &s.reserve,  &s.finish, &s.bury,    &s.readmit,  &s.archive,  &s.tally,
                &s.verify, &s.letters, &s.sequence, &s.place,  &s.take,    &s.resolve,  &s.release,  &s.decide,
                &s.spill,  &s.waiting, &s.next,     &s.known,  &s.overdue, &s.pause,    &s.xref,     &s.entry,
                &s.words,  &s.behind,  &s.discard,  &s.job,    &s.edit,    &s.resident, &s.supersede};
    }

    test::TempFolder folder_;
    // What is listed in the order of a set or hash would depend on the server's own chance.
    test::RedisServer server_{{"--hash-max-listpack-value", "100000", "--hash-max-listpack-entries", "100000"}};
    std::shared_ptr<const gateway::Configuration> configuration_;
    retry::Scripts scripts_;
    observability::Metrics registry_;
    gateway::GatewayMetrics metrics_;
    observability::Log log_{{.file = "/dev/null"}};
    observability::HistoryStore history_;
    observability::AuditLog audit_;
    Line line_;
};

Simulation::Simulation(const ScriptBreak& broken) : impl_(std::make_unique<Impl>(broken)) {}

Simulation::~Simulation() = default;

std::string Simulation::run(std::uint64_t seed, bool traced)
{
    auto& home = *impl_;
    Life life({*home.configuration_, home.scripts_, home.metrics_, home.log_, home.history_, home.audit_,
               home.folder_.path(), home.line_},
              seed, traced);
    return life.run();
}

}  // namespace headgate::simulation
