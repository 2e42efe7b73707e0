#include "gateway/sqs_reader.hpp"

#include <algorithm>

#include <boost/asio/steady_timer.hpp>
#include <boost/json.hpp>

#include "core/async.hpp"
#include "core/clock.hpp"
#include "core/fault_point.hpp"
#include "gateway/stages/identify.hpp"
#include "gateway/systems/door.hpp"

namespace headgate::gateway {

namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

constexpr std::chrono::milliseconds shortest_sqs_rest = 5s;
constexpr std::chrono::milliseconds longest_sqs_rest = 5min;
constexpr std::chrono::milliseconds sqs_look_again =
    1s;  // whether what is at hand can be accepted; whether there is room

std::int64_t sqs_second_now()
{
    return std::chrono::duration_cast<std::chrono::seconds>(wall_now().time_since_epoch()).count();
}

}  // namespace

struct SqsReader::Run {
    const Channel* channel = nullptr;
    Sqs* queue = nullptr;
    std::unique_ptr<asio::steady_timer> timer;
    std::uint32_t failures = 0;  // in a row
    std::int64_t asked = 0;      // when the queue answered last, in seconds since 1970
    std::int64_t heard = 0;      // when a message was accepted last
    std::string failed;          // the code of what keeps it; "": nothing

    [[nodiscard]] std::string note() const { return "sqs_" + channel->name; }
};

/// What was received, as events and what they are deleted by.
struct SqsReader::Taken {
    std::vector<Envelope> arrived;
    std::vector<std::string> receipts;
};

SqsReader::SqsReader(asio::any_io_executor executor, Dependencies dependencies)
    : executor_(std::move(executor)),
      with_(std::move(dependencies))
{
    for (const auto& [name, channel] : with_.configuration.channels) {
        if (channel->sqs == nullptr || channel->config.mode == ChannelConfig::Mode::closed)
            continue;
        queues_.push_back(std::make_unique<Sqs>(executor_, *channel->sqs));
        auto run = std::make_shared<Run>();
        run->channel = channel.get();
        run->queue = queues_.back().get();
        run->timer = std::make_unique<asio::steady_timer>(executor_);
        runs_.push_back(std::move(run));
    }
}

SqsReader::~SqsReader()
{
    close();
}

void SqsReader::begin()
{
    forget();
    for (const auto& run : runs_)
        with_.spawn(keep(run, epoch_));
}

void SqsReader::forget()
{
    ++epoch_;
    for (const auto& run : runs_) {
        run->timer->cancel();
        run->failures = 0;
        with_.health.clear_note(run->note());  // whoever reads on will tell
    }
}

void SqsReader::close()
{
    forget();
    for (const auto& queue : queues_)
        queue->close();
}

asio::awaitable<void> SqsReader::keep(std::shared_ptr<Run> run, std::uint64_t epoch)
{
    while (epoch == epoch_) {
        auto going = once(*run, epoch);
        const auto time = co_await std::move(going);
        if (epoch == epoch_ && time > 0ms)
            co_await rest(*run, time);
    }
}

asio::awaitable<void> SqsReader::rest(Run& run, std::chrono::milliseconds time)
{
    run.timer->expires_after(time);
    co_await run.timer->async_wait(use_tuple);
}

/// One receiving with all that comes of it; says how long to rest then.
asio::awaitable<std::chrono::milliseconds> SqsReader::once(Run& run, std::uint64_t epoch)
{
    if (run.channel->backlog() >= run.channel->config.backlog) {
        if (std::exchange(run.failed, "backlog_full") != "backlog_full")
            co_await show(run);
        co_return sqs_look_again;
    }
    const auto began = std::chrono::steady_clock::now();
    auto receiving = run.queue->receive();
    auto received = co_await std::move(receiving);
    Result<void> gone;
    bool any = false;
    if (received) {
        run.asked = sqs_second_now();
        if (!received->empty())
            fault_point("sqs_received");
        Taken taken = take(run, std::move(*received));
        any = !taken.arrived.empty();
        if (any) {
            auto accepting = accept(run, taken, epoch);
            const bool accepted = co_await std::move(accepting);
            if (!accepted)
                co_return 0ms;
            fault_point("sqs_accepted");
            auto removing = remove(run, std::move(taken.receipts));
            gone = co_await std::move(removing);
            fault_point("sqs_deleted");
        }
    }
    if (epoch != epoch_)
        co_return 0ms;
    if (received && gone)
        goes_on(run);
    else
        fails(run, received ? gone.error() : received.error());
    co_await show(run);
    if (run.failures > 0)
        co_return std::min(longest_sqs_rest, shortest_sqs_rest * (1U << std::min(run.failures - 1, 10U)));
    // Whatever answers in place of SQS, and neither waits for messages nor hides them, is not asked without end.
    const bool waited = std::chrono::steady_clock::now() - began >= sqs_look_again;
    co_return any || waited ? 0ms : sqs_look_again;
}

SqsReader::Taken SqsReader::take(const Run& run, std::vector<SqsMessage> messages)
{
    Taken taken;
    for (auto& message : messages) {
        if (!is_whole(message)) {
            with_.metrics.sqs_messages(run.channel->name, "bad_md5").add();
            with_.log.warn("a message of a queue has another MD5 than SQS says, and is left there",
                           observability::LogLine{}.field("channel", run.channel->name).field("message", message.id));
            continue;
        }
        Envelope envelope;
        envelope.received_at = wall_now();
        envelope.intake = std::string(sqs_mark) + message.id;
        envelope.body = std::move(message.body);
        auto said = identity_of(*run.channel, envelope);
        envelope.topic = said.topic.empty() ? std::string(sqs_topic) : std::move(said.topic);
        envelope.idempotency_key = said.key.empty() ? message.id : std::move(said.key);
        taken.arrived.push_back(std::move(envelope));
        taken.receipts.push_back(std::move(message.receipt));
    }
    return taken;
}

/// True when all are accepted; false when the lease went before they were.
asio::awaitable<bool> SqsReader::accept(Run& run, const Taken& taken, std::uint64_t epoch)
{
    for (;;) {
        std::vector<Envelope> again = taken.arrived;
        auto admitting = admit_all(with_.admission, *run.channel, std::move(again));
        const auto fresh = co_await std::move(admitting);
        if (fresh) {
            with_.metrics.sqs_messages(run.channel->name, "accepted").add(*fresh);
            with_.metrics.sqs_messages(run.channel->name, "duplicate").add(taken.arrived.size() - *fresh);
            run.heard = sqs_second_now();
            co_return true;
        }
        if (epoch != epoch_)
            co_return false;
        if (run.failed != fresh.error().code)
            fails(run, fresh.error());
        co_await rest(run, sqs_look_again);
        if (epoch != epoch_)
            co_return false;
    }
}

Task<void> SqsReader::remove(Run& run, std::vector<std::string> receipts)
{
    auto removing = run.queue->remove(std::move(receipts));
    const auto kept = co_await std::move(removing);
    if (!kept)
        co_return std::unexpected(kept.error());
    if (kept->empty())
        co_return Result<void>{};
    with_.metrics.sqs_messages(run.channel->name, "not_deleted").add(kept->size());
    with_.log.warn("messages of a queue were accepted and not deleted: they come again, and are known",
                   observability::LogLine{}
                       .field("channel", run.channel->name)
                       .field("messages", kept->size())
                       .field("code", kept->front().code));
    co_return Result<void>{};
}

void SqsReader::fails(Run& run, const Failure& why)
{
    ++run.failures;
    run.failed = why.code;
    with_.metrics.sqs_failures(run.channel->name).add();
    with_.health.note(
        run.note(), "the queue of the channel " + run.channel->name + " is not read: " + why.code + ": " + why.detail);
    with_.log.warn("a queue is not read", observability::LogLine{}
                                              .field("channel", run.channel->name)
                                              .field("code", why.code)
                                              .field("detail", why.detail));
}

void SqsReader::goes_on(Run& run)
{
    if (run.failures > 0)
        with_.log.info("a queue is read again", observability::LogLine{}.field("channel", run.channel->name));
    run.failures = 0;
    run.failed.clear();
    with_.health.clear_note(run.note());
}

asio::awaitable<void> SqsReader::show(const Run& run)
{
    std::vector<std::string> say{
        "SET", "hg:sqs:" + run.channel->name,
        json::serialize(json::object{{"asked", run.asked}, {"heard", run.heard}, {"failed", run.failed}})};
    auto saying = with_.redis.command(std::move(say));
    co_await std::move(saying);
}

}  // namespace headgate::gateway
