#include "retry/deliveries.hpp"

#include "net/redis/wait_for.hpp"
#include "retry/batcher.hpp"
#include "retry/tellings.hpp"

namespace headgate::retry {

namespace {

std::string_view name_of(Replaces replaces)
{
    switch (replaces) {
    case Replaces::nothing: return "";
    case Replaces::own_type: return "type";
    case Replaces::all: return "all";
    }
    std::unreachable();
}

std::string_view name_of(Outcome outcome)
{
    switch (outcome) {
    case Outcome::applied: return "applied";
    case Outcome::suppressed: return "suppressed";
    case Outcome::retry: return "retry";
    case Outcome::throttled: return "throttled";
    case Outcome::park: return "park";
    case Outcome::hold: return "hold";
    case Outcome::unknown: return "unknown";
    case Outcome::dead: return "dead";
    }
    std::unreachable();
}

struct TakeCall {
    using Item = Take;
    using Answer = Taken;
    static constexpr std::size_t stride = 2;
    const Scripts* scripts;
    const Lease* lease;

    [[nodiscard]] const net::Script& script() const { return scripts->take; }
    void head(Arguments& out) const { out.add(view(lease->token())); }
    static std::size_t size(const Item&) { return 100; }

    static void encode(const Item& item, Arguments& out)
    {
        out.add(static_cast<std::uint64_t>(item.partition));
        out.keep(item.delivery.raw());
        out.add(static_cast<std::uint64_t>(item.attempts));
        out.keep(milliseconds(item.deadline));
    }

    static Result<Answer> decode(const Item&, std::span<const net::Reply> values)
    {
        auto attempts = static_cast<std::uint32_t>(values[1].integer);
        switch (values[0].integer) {
        case 0: return Taken{Taken::Answer::taken, attempts};
        case 1: return Taken{Taken::Answer::gone, attempts};
        case 2: return Taken{Taken::Answer::paused, attempts};
        case 3: return std::unexpected(lease_lost());
        default: return odd_reply("take");
        }
    }
};

struct ResolveCall {
    using Item = Resolution;
    using Answer = Resolved;
    static constexpr std::size_t stride = 4;
    const Scripts* scripts;
    const Lease* lease;

    [[nodiscard]] const net::Script& script() const { return scripts->resolve; }
    void head(Arguments& out) const { out.add(view(lease->token())); }
    static std::size_t size(const Item& item) { return 100 + item.frame.size() + size_of(item.telling); }

    static void encode(const Item& item, Arguments& out)
    {
        out.add(static_cast<std::uint64_t>(item.partition));
        out.keep(item.delivery.raw());
        out.add(static_cast<std::uint64_t>(item.attempts));
        out.add(retry::name_of(item.from));
        out.add(std::string_view(item.frame));
        retry::encode(item.telling, name_of(item.outcome), out);
    }

    static Result<Answer> decode(const Item&, std::span<const net::Reply> values)
    {
        if (values[0].integer == 3)
            return std::unexpected(lease_lost());
        auto next = named_deliveries(values[1].text);
        if (values[0].integer < 0 || values[0].integer > 1 || !next || next->size() > 1)
            return odd_reply("resolve");
        Resolved resolved;
        resolved.answer = static_cast<Resolved::Answer>(values[0].integer);
        if (!next->empty())
            resolved.next = next->front();
        resolved.state = delivery_state(values[2].text);
        resolved.ended = ended_of(values[3].text);
        return resolved;
    }
};

void encode(const Placement& placement, Arguments& out)
{
    out.add(static_cast<std::uint64_t>(placement.partition));
    out.add(placement.seq);
    out.add(view(placement.event.bytes()));
    out.add(placement.config);
    out.add(placement.worst ? name_of(*placement.worst) : std::string_view());
    out.add(std::string_view(placement.frame));
    out.add(std::string_view(placement.frame_of_replaced));
    out.add(std::string_view(placement.channel));
    out.add(static_cast<std::uint64_t>(placement.deliveries.size()));
    for (const auto& delivery : placement.deliveries) {
        out.keep(std::string(view(DeliveryId::of(placement.event, delivery.slot, delivery.system).half)));
        out.keep(delivery.slot.text());
        out.add(std::string_view(delivery.system));
        out.add(view(delivery.lane));
        out.add(std::string_view(delivery.type));
        out.add(name_of(delivery.order));
        out.add(static_cast<std::uint64_t>(delivery.place));
        out.add(static_cast<std::uint64_t>(delivery.attempts));
        out.keep(milliseconds(delivery.first));
        out.add(view(delivery.effect));
        out.add(name_of(delivery.replaces));
        out.add(std::string_view(delivery.version));
        out.add(delivery.fact ? view(*delivery.fact) : std::string_view());
        out.add(std::string_view(delivery.terms));
        out.add(static_cast<std::uint64_t>(delivery.parents.size()));
        for (const auto& [type, guard] : delivery.parents) {
            out.add(std::string_view(type));
            out.add(view(guard));
        }
        encode(delivery.telling, name_of(delivery.state), out);
    }
}

/// Starts what a batcher does with an item and waits for it.
template <class Calls, class Item>
auto through(std::shared_ptr<Calls> calls, Item item)
{
    using Answer = typename Calls::Answer;
    auto start = [calls = std::move(calls), item = std::move(item)](typename Calls::Done done) mutable {
        calls->add(std::move(item), std::move(done));
    };
    return net::wait_for<Result<Answer>>(std::move(start));
}

}  // namespace

struct Deliveries::Impl {
    Impl(net::Redis& to, const Scripts& with, const Lease& under)
        : redis(to),
          scripts(with),
          lease(under),
          takes(std::make_shared<Batcher<TakeCall>>(to.executor(), to, TakeCall{&with, &under})),
          resolves(std::make_shared<Batcher<ResolveCall>>(to.executor(), to, ResolveCall{&with, &under}))
    {}
    net::Redis& redis;
    const Scripts& scripts;
    const Lease& lease;
    std::shared_ptr<Batcher<TakeCall>> takes;
    std::shared_ptr<Batcher<ResolveCall>> resolves;
};

Deliveries::Deliveries(net::Redis& redis, const Scripts& scripts, const Lease& lease)
    : impl_(std::make_shared<Impl>(redis, scripts, lease))
{}

Deliveries::~Deliveries()
{
    impl_->takes->close();
    impl_->resolves->close();
}

Task<Placed> Deliveries::place(Placement placement)
{
    auto impl = impl_;
    auto start = [impl, &placement](std::move_only_function<void(Result<net::Reply>)> done) {
        Arguments arguments;
        arguments.add(view(impl->lease.token()));
        encode(placement, arguments);
        impl->redis.send(impl->scripts.place, {}, arguments.views, std::move(done));
    };
    auto waiting = net::wait_for<Result<net::Reply>>(std::move(start));
    auto reply = co_await std::move(waiting);
    if (!reply)
        co_return std::unexpected(through_fence(std::move(reply.error())));
    if (!reply->is_list(4) || reply->list[0].integer < 0 || reply->list[0].integer > 1)
        co_return odd_reply("place");
    auto ready = named_deliveries(reply->list[2].text);
    if (!ready)
        co_return odd_reply("place");
    Placed placed;
    placed.answer = static_cast<Placed::Answer>(reply->list[0].integer);
    placed.ended = ended_of(reply->list[1].text);
    placed.ready = std::move(*ready);
    placed.others_ended = static_cast<std::uint64_t>(reply->list[3].integer);
    co_return placed;
}

Task<Taken> Deliveries::take(Take take)
{
    auto answer = through(impl_->takes, std::move(take));
    co_return co_await std::move(answer);
}

Task<Resolved> Deliveries::resolve(Resolution resolution)
{
    auto answer = through(impl_->resolves, std::move(resolution));
    co_return co_await std::move(answer);
}

Task<std::uint64_t> Deliveries::spill(Spilling spilling)
{
    std::vector<std::string> keys;
    std::vector<std::string> args{std::string(view(impl_->lease.token())),
                                  spilling.what == Spilling::What::letters ? "letters" : "waiting"};
    for (const auto& [partition, event] : spilling.events) {
        args.push_back(std::to_string(partition));
        args.emplace_back(view(event.bytes()));
    }
    auto reply = co_await impl_->redis.eval(impl_->scripts.spill, std::move(keys), std::move(args));
    if (!reply)
        co_return std::unexpected(through_fence(std::move(reply.error())));
    co_return static_cast<std::uint64_t>(reply->integer);
}

}  // namespace headgate::retry
