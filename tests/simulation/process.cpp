#include "process.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

#include "gateway/parent_history.hpp"
#include "gateway/systems/http_delivery.hpp"
#include "net/redis/wait_for.hpp"
#include "retry/sequence.hpp"

namespace headgate::simulation {

namespace {

retry::LeaseConfig lease_config(std::size_t number)
{
    retry::LeaseConfig config;
    config.owner = "process-" + std::to_string(number);
    return config;
}

}  // namespace

/// A system behind HTTP, but for the wire.
class Process::Wire final : public System {
public:
    Wire(Process& process, const gateway::HttpSystemPlan& plan, Erp& erp)
        : process_(process),
          erp_(erp),
          with_{plan, process.references_,
                [this] {
                    return [this, token = process_.lease_.token()]() -> std::optional<Failure> {
                        if (process_.lease_.token() == token && process_.lease_valid())
                            return std::nullopt;
                        return Failure{FailureClass::transient, "lease_lost", "the lease ran out", {}};
                    };
                },
                [this](asio::awaitable<void> work) { process_.spawn(std::move(work)); }},
          login_(process.io_.get_executor(), plan.config.auth, plan.secrets, nullptr)
    {}

    void apply(const Delivery& delivery, Sending sending, Done done) override
    {
        process_.spawn(run(delivery, std::move(sending), std::move(done)));
    }

private:
    asio::awaitable<void> run(Delivery delivery, Sending sending, Done done)
    {
        look_for_approval(delivery);
        const auto sender = process_.caller_->sender;
        Thing& thing = process_.ground_.judge.thing(with_.plan.config.name, delivery);
        const gateway::HttpSend send = [this, delivery](net::HttpCall call) {
            return this->send(delivery, std::move(call));
        };
        gateway::HttpDelivery one({with_, send, login_}, std::move(delivery), std::move(sending));
        auto answer = co_await one.run();
        process_.ground_.judge.left(thing, sender, answer.result.has_value());
        done(std::move(answer));
    }

    /// Each refund is held (`holds` of the configuration) until somebody has approved it.
    void look_for_approval(const Delivery& delivery)
    {
        if (delivery.transaction.type != "refund")
            return;
        const auto id = retry::DeliveryId::of(delivery.event, delivery.transaction.slot, with_.plan.config.name);
        auto& world = process_.ground_.world;
        if (world.line.ask({"HEXISTS", "hg:d:" + id.raw(), "ok:refunds"}).integer != 1)
            world.finding("a refund is sent that nobody has approved");
    }

    Task<net::HttpAnswer> send(Delivery delivery, net::HttpCall call)
    {
        auto start = [&](Caller::Callback done) {
            erp_.call(process_.caller_, delivery, std::move(call), std::move(done));
        };
        auto waiting = net::wait_for<Result<net::HttpAnswer>>(std::move(start));
        co_return co_await std::move(waiting);
    }

    Process& process_;
    Erp& erp_;
    gateway::HttpSystem::Dependencies with_;
    gateway::Login login_;
};

Process::Process(Ground& ground, std::size_t number, const std::string& party)
    : ground_(ground),
      number_(number),
      party_(ground.world.line.party(party)),
      loop_(ground.world.add(io_)),
      caller_(std::make_shared<Caller>(io_, Judge::Sender{number, 0})),
      redis_(io_.get_executor(), party_.options()),
      lease_(redis_, ground.scripts, lease_config(number)),
      backlog_(redis_, ground.scripts, lease_),
      deliveries_(redis_, ground.scripts, lease_),
      decisions_(redis_, ground.scripts),
      frames_(redis_, ground.scripts, lease_),
      spill_(io_.get_executor(), {redis_, ground.scripts, deliveries_, ground.history,
                                  [this](asio::awaitable<void> work) { spawn(std::move(work)); },
                                  ground.configuration.deployment.redis.spill_after,
                                  ground.configuration.deployment.dead.resident.bytes, io_.get_executor()}),
      historian_(
          io_.get_executor(), redis_, ground.scripts, frames_, ground.history, health_, ground.log,
          [](Partition, EventId) {}, nullptr),
      keeper_(io_.get_executor(), lease_, ground.folder / ("token-" + party), lease_until_, health_, ground.log,
              gateway::LeaseKeeper::Events{[this] { spawn(begin()); },
                                           [this] {
                                               ground_.judge.lease_over(caller_->sender);
                                               ++caller_->sender.second;
                                               owner_.forget();
                                           }}),
      references_(retry::References(redis_, ground.scripts)),
      owner_(io_.get_executor(), gateway::Owner::Dependencies{
                                     ground.configuration, redis_, ground.scripts, backlog_, deliveries_, decisions_,
                                     lease_, systems(), historian_, spill_,
                                     [this](gateway::MissingText parent) -> Task<std::optional<std::string>> {
                                         co_return gateway::applied_before(ground_.history, parent);
                                     },
                                     ground.metrics, ground.log, lease_until_, health_, [this] { keeper_.suspect(); }})
{
    redis_.on_state([this](bool connected, const Failure* why) {
        ground_.world.trace("process " + std::to_string(number_) + (connected ? " has Redis" : " lost Redis: ") +
                            (why != nullptr ? why->detail : ""));
        if (!connected)
            return;
        owner_.resync();
        owner_.read_pauses();
    });
    spawn(keeper_.run());
}

Process::~Process()
{
    ground_.judge.lease_over(caller_->sender);
    caller_->waiting.clear();
    ground_.world.remove(loop_);
}

gateway::Systems Process::systems()
{
    gateway::Systems systems;
    for (const auto& [name, plan] : ground_.configuration.systems) {
        wires_.push_back(std::make_unique<Wire>(*this, *plan, *ground_.systems.at(name)));
        guarded_.push_back(std::make_unique<gateway::GuardedSystem>(
            name, *wires_.back(), gateway::GuardedSystem::Repeats::unknown, backlog_, references_,
            [this](asio::awaitable<void> work) { spawn(std::move(work)); }));
        systems.emplace(name, gateway::ConfiguredSystem{guarded_.back().get(), &plan->config, guarded_.back().get()});
    }
    return systems;
}

void Process::spawn(asio::awaitable<void> work)
{
    asio::co_spawn(io_, std::move(work), [](const std::exception_ptr& error) {
        if (error)
            std::rethrow_exception(error);
    });
}

asio::awaitable<void> Process::begin()
{
    const auto token = lease_.token();
    const auto sequence = co_await retry::accept_sequence(redis_, ground_.scripts, 0);
    if (lease_.token() != token)
        co_return;
    if (!sequence) {
        keeper_.suspect();
        co_return;
    }
    ground_.world.trace("process " + std::to_string(number_) + " has the lease");
    ground_.judge.lease_taken();
    owner_.begin(*sequence);
}

void Process::hand(gateway::Event event, std::uint64_t ordinal, bool whole)
{
    asio::post(io_, [this, event = std::move(event), ordinal, whole]() mutable {
        owner_.hand(std::move(event), ordinal, whole);
    });
}

void Process::heard_of(Partition partition, std::uint64_t seq)
{
    asio::post(io_, [this, partition, seq] { owner_.heard_of(partition, seq); });
}

void Process::look_again()
{
    asio::post(io_, [this] { owner_.look_again(); });
}

void Process::readmitted(Partition partition, std::uint64_t seq)
{
    asio::post(io_, [this, partition, seq] { owner_.readmitted(partition, seq); });
}

void Process::perhaps_readmitted()
{
    asio::post(io_, [this] { owner_.resync(); });
}

void Process::ready(std::vector<retry::DeliveryAt> deliveries)
{
    asio::post(io_, [this, deliveries = std::move(deliveries)] {
        for (const auto& one : deliveries)
            owner_.ready(one);
    });
}

void Process::pauses_changed(gateway::api::OwnerCalls::Heard heard)
{
    asio::post(io_, [this, heard = std::move(heard)]() mutable {
        owner_.read_pauses();
        if (heard)
            heard();
    });
}

void Process::references_changed(gateway::api::OwnerCalls::Heard heard)
{
    asio::post(io_, [this, heard = std::move(heard)]() mutable {
        references_.forget();
        if (heard)
            heard();
    });
}

void Process::archive(std::vector<Partition> partitions)
{
    spawn(archive_all(std::move(partitions)));
}

asio::awaitable<void> Process::archive_all(std::vector<Partition> partitions)
{
    for (const Partition partition : partitions) {
        std::string from_the_first;
        const auto frames = co_await frames_.read(partition, std::move(from_the_first), 128);
        if (!frames || frames->empty())
            continue;
        auto last = frames->back().id;
        co_await frames_.archive(partition, std::move(last));
    }
}

}  // namespace headgate::simulation
