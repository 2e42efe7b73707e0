#include "retry/backlog.hpp"

#include "net/redis/wait_for.hpp"
#include "retry/batcher.hpp"
#include "retry/envelopes.hpp"
#include "retry/keys.hpp"
#include "retry/tellings.hpp"

namespace headgate::retry {

namespace {

struct FinishCall {
    using Item = Finished;
    using Answer = FinishAnswer;
    static constexpr std::size_t stride = 1;
    const Scripts* scripts;
    const Lease* lease;

    [[nodiscard]] const net::Script& script() const { return scripts->finish; }
    void head(Arguments& out) const { out.add(view(lease->token())); }

    static std::size_t size(const Item& item)
    {
        std::size_t bytes = 120 + item.frame.size();
        for (const auto& write : item.guards)
            bytes += 100 + write.guard.version.size() + write.guard.target_id.size();
        return bytes;
    }

    static void encode(const Item& item, Arguments& out)
    {
        out.add(static_cast<std::uint64_t>(item.partition));
        out.add(item.seq);
        out.add(view(item.event.bytes()));
        out.add(std::string_view(item.as == Finished::As::applied ? "a" : "s"));
        out.add(static_cast<std::uint64_t>(item.deliveries_applied));
        out.add(static_cast<std::uint64_t>(item.deliveries_suppressed));
        out.add(std::string_view(item.frame));
        out.add(static_cast<std::uint64_t>(item.guards.size()));
        for (const auto& write : item.guards) {
            out.add(view(write.key));
            out.keep(retry::encode(write.guard));
        }
    }

    static Result<Answer> decode(const Item&, std::span<const net::Reply> values)
    {
        switch (values[0].integer) {
        case 0: return FinishAnswer::finished;
        case 1: return FinishAnswer::gone;
        case 2: return FinishAnswer::in_open;
        case 3: return std::unexpected(lease_lost());
        default: return odd_reply("finish");
        }
    }
};

}  // namespace

struct Backlog::Impl : Batcher<FinishCall> {
    Impl(net::Redis& to, const Scripts& with, const Lease& under)
        : Batcher(to.executor(), to, FinishCall{&with, &under}),
          redis(to),
          scripts(with),
          lease(under)
    {}
    net::Redis& redis;
    const Scripts& scripts;
    const Lease& lease;
};

Backlog::Backlog(net::Redis& redis, const Scripts& scripts, const Lease& lease)
    : impl_(std::make_shared<Impl>(redis, scripts, lease))
{}

Backlog::~Backlog()
{
    impl_->close();
}

Task<std::vector<BacklogEntry>> Backlog::load(Partition partition, std::uint64_t after, std::size_t limit)
{
    auto impl = impl_;
    std::vector<std::string> range{"XRANGE", partition_key("in", partition), std::to_string(after + 1) + "-0", "+",
                                   "COUNT",  std::to_string(limit)};
    auto found = co_await impl->redis.command(std::move(range));
    if (!found)
        co_return std::unexpected(std::move(found.error()));

    std::vector<BacklogEntry> entries;
    std::vector<EventId> events;
    for (const auto& item : found->list) {
        if (!item.is_list(2))
            co_return odd_reply("XRANGE");
        auto seq = seq_of(item.list[0].text);
        auto event = event_of(field_of(item.list[1], "e").value_or(""));
        if (!seq || !event)
            co_return odd_reply("XRANGE");
        auto origin = number_of<std::uint64_t>(field_of(item.list[1], "o").value_or(""));
        entries.push_back({*event, *seq, origin.value_or(*seq), {}});
        events.push_back(*event);
    }
    if (entries.empty())
        co_return entries;

    auto bodies = co_await envelopes(impl->redis, std::move(events));
    if (!bodies)
        co_return std::unexpected(std::move(bodies.error()));
    for (std::size_t i = 0; i < entries.size(); ++i)
        entries[i].envelope = std::move((*bodies)[i]);
    co_return entries;
}

Task<void> Backlog::reserve(std::vector<Reservation> reservations)
{
    if (reservations.empty())
        co_return Result<void>();
    auto impl = impl_;
    std::vector<std::string> args{std::string(view(impl->lease.token()))};
    for (const auto& reservation : reservations) {
        args.push_back(std::to_string(reservation.partition));
        args.push_back(std::to_string(reservation.upto));
    }
    std::vector<std::string> keys;
    auto reply = co_await impl->redis.eval(impl->scripts.reserve, std::move(keys), std::move(args));
    if (!reply)
        co_return std::unexpected(std::move(reply.error()));
    if (!reply->list.empty())
        co_return std::unexpected(lease_lost());
    co_return Result<void>();
}

Task<FinishAnswer> Backlog::finish(Finished finished)
{
    auto impl = impl_;
    auto start = [impl, finished = std::move(finished)](Impl::Done done) mutable {
        impl->add(std::move(finished), std::move(done));
    };
    auto answer = net::wait_for<Result<FinishAnswer>>(std::move(start));
    co_return co_await std::move(answer);
}

Task<BuryAnswer> Backlog::bury(Burial burial)
{
    auto impl = impl_;
    const auto& letter = burial.letter;
    std::vector<std::string> args{std::string(view(impl->lease.token())),
                                  std::to_string(letter.partition),
                                  std::to_string(burial.seq),
                                  std::string(view(letter.event.bytes())),
                                  letter.stage,
                                  std::string(name_of(letter.failure_class)),
                                  letter.code,
                                  where_of(letter),
                                  letter.cause,
                                  letter.queue,
                                  milliseconds(letter.due),
                                  std::to_string(letter.config),
                                  std::to_string(letter.attempts),
                                  letter.excerpt,
                                  burial.frame,
                                  burial.maybe_sent ? "1" : "0",
                                  burial.who};
    if (burial.word)
        args.insert(args.end(), {std::string(view(burial.word->key)), burial.word->channel, burial.word->what});
    std::vector<std::string> keys;
    auto reply = co_await impl->redis.eval(impl->scripts.bury, std::move(keys), std::move(args));
    if (!reply)
        co_return std::unexpected(through_fence(std::move(reply.error())));
    co_return reply->integer == 0 ? BuryAnswer::buried : BuryAnswer::gone;
}

Task<std::vector<std::optional<Guard>>> Backlog::guards(std::vector<Hash16> keys)
{
    std::vector<std::optional<Guard>> guards(keys.size());
    if (keys.empty())
        co_return guards;
    auto impl = impl_;
    std::vector<std::string> args{"MGET"};
    for (const auto& key : keys)
        args.push_back(std::string("hg:g:").append(view(key)));
    auto reply = co_await impl->redis.command(std::move(args));
    if (!reply)
        co_return std::unexpected(of_harmless(std::move(reply.error())));
    if (!reply->is_list(keys.size()))
        co_return odd_reply("MGET");
    for (std::size_t i = 0; i < keys.size(); ++i) {
        if (reply->list[i].is_nil())
            continue;
        auto guard = decode_guard(reply->list[i].text);
        if (!guard)
            co_return std::unexpected(std::move(guard.error()));
        guards[i] = std::move(*guard);
    }
    co_return guards;
}

}  // namespace headgate::retry
