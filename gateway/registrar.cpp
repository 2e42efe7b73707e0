#include "gateway/registrar.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <boost/asio/steady_timer.hpp>

#include "connectors/formats/json.hpp"
#include "core/fault_point.hpp"
#include "gateway/registration.hpp"
#include "gateway/systems/api_walk.hpp"

namespace headgate::gateway {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t most_list_answers = 1'000;
constexpr int most_throttled = 5;  // in a row
constexpr auto shortest_look_again = 5s;
constexpr auto longest_look_again = 15min;
constexpr std::size_t most_topics_told = 5;

std::string some_of(const std::vector<std::string>& topics)
{
    const std::vector<std::string> first(
        topics.begin(), topics.begin() + static_cast<std::ptrdiff_t>(std::min(topics.size(), most_topics_told)));
    return fmt::format("{}{}", fmt::join(first, ", "), topics.size() > first.size() ? ", …" : "");
}

/// The vendor refused this subscription, and may take another: of a topic, say, that the account has no right to.
bool is_of_this_one(const Failure& failure)
{
    return failure.failure_class == FailureClass::permanent || failure.code == "http_403";
}

/// The vendor asked to be left alone for a time that is worth waiting for.
bool waits(const Failure& failure, const std::optional<std::chrono::milliseconds>& not_before)
{
    return failure.failure_class == FailureClass::throttled && failure.code != "api_resting" && not_before;
}

}  // namespace

struct Registrar::Watched {
    const Channel* channel = nullptr;
    VendorApi* api = nullptr;
    std::unique_ptr<asio::steady_timer> timer;
    std::unique_ptr<asio::steady_timer> turn;  // never comes, and is cancelled when somebody is done
    bool busy = false;
    std::uint32_t failures = 0;
    std::vector<std::string> lacking{};  // as it was told last
    [[nodiscard]] const Registration& how() const { return *channel->connector->registration; }
    [[nodiscard]] bool is_watched() const
    {
        const auto& given = channel->config.registration;
        return !given || given->watch;
    }
    [[nodiscard]] bool keeps() const { return channel->config.registration && channel->config.registration->keep; }
    [[nodiscard]] std::chrono::milliseconds every() const
    {
        const auto& given = channel->config.registration;
        return given && given->every ? *given->every : how().config.every;
    }
    [[nodiscard]] std::string note() const { return "subscriptions_" + channel->name; }
};

/// Whoever has it is the only one who works on the channel's subscriptions.
class Registrar::Turn {
public:
    explicit Turn(std::shared_ptr<Watched> watched) : watched_(std::move(watched)) { watched_->busy = true; }
    ~Turn()
    {
        watched_->busy = false;
        watched_->turn->cancel();
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

    static asio::awaitable<void> comes(Watched& watched)
    {
        while (watched.busy)
            co_await watched.turn->async_wait(use_tuple);
    }

private:
    std::shared_ptr<Watched> watched_;
};

Registrar::Registrar(asio::any_io_executor executor, Dependencies dependencies)
    : executor_(std::move(executor)),
      with_(std::move(dependencies))
{
    for (const auto& [name, channel] : with_.configuration.channels) {
        if (channel->api == nullptr || !channel->connector->registration)
            continue;
        auto watched = std::make_shared<Watched>();
        watched->channel = channel.get();
        watched->api = with_.apis.find(name)->second.get();
        watched->timer = std::make_unique<asio::steady_timer>(executor_);
        watched->turn = std::make_unique<asio::steady_timer>(executor_, std::chrono::steady_clock::time_point::max());
        watched_.emplace(name, std::move(watched));
    }
}

Registrar::~Registrar()
{
    forget();
}

void Registrar::begin()
{
    forget();
    for (const auto& [name, watched] : watched_)
        if (watched->is_watched() && may_be_told(*watched->channel))
            with_.spawn(watch(watched, epoch_));
}

void Registrar::forget()
{
    ++epoch_;
    for (const auto& [name, watched] : watched_)
        watched->timer->cancel();
}

/// Whether the vendor may be told the channel's address. A vendor whose API is without TLS itself is one of tests.
Result<void> Registrar::may_be_told(const Channel& channel) const
{
    if (with_.configuration.deployment.public_url.empty())
        return fail(FailureClass::permanent, "public_url_missing",
                    "nothing says what address vendors reach: give `public_url` in headgate.yaml, without /hooks/" +
                        channel.name);
    if (!channel.hook_url.starts_with("https://") && channel.api->origin.tls)
        return fail(FailureClass::permanent, "address_not_https",
                    "`public_url` is not https, and no vendor is told such an address: what it sends could be read");
    return {};
}

Task<Registered> Registrar::run(std::string name, bool make)
{
    const Channel* channel = with_.configuration.channel(name);
    if (channel == nullptr)
        co_return fail(FailureClass::permanent, "unknown_channel", "there is no channel `" + name + "`");
    const auto found = watched_.find(name);
    if (found == watched_.end())
        co_return fail(FailureClass::permanent, "no_registration",
                       channel->connector->registration
                           ? "the vendor's API is asked, and the channel has no `api`"
                           : "the connector does not say how subscriptions are made: its README says how by hand");
    if (const auto may = may_be_told(*channel); !may)
        co_return std::unexpected(may.error());
    const auto watched = found->second;
    auto coming = Turn::comes(*watched);
    co_await std::move(coming);
    const Turn turn(watched);
    if (!with_.leads())
        co_return fail(FailureClass::transient, "lease_lost", "this Headgate does not hold the lease: ask the other");
    auto looking = look(*watched, make);
    auto registered = co_await std::move(looking);
    tell(*watched, registered);
    co_return registered;
}

asio::awaitable<void> Registrar::watch(std::shared_ptr<Watched> watched, std::uint64_t epoch)
{
    for (;;) {
        auto coming = Turn::comes(*watched);
        co_await std::move(coming);
        if (epoch != epoch_)
            co_return;
        std::chrono::milliseconds wait = watched->every();
        {
            const Turn turn(watched);
            auto looking = look(*watched, watched->keeps());
            const auto found = co_await std::move(looking);
            if (epoch != epoch_)
                co_return;
            tell(*watched, found);
            watched->failures = found.failed ? watched->failures + 1 : 0;
            if (watched->failures > 0)
                wait = std::min(wait,
                                std::clamp<std::chrono::milliseconds>(std::chrono::milliseconds(shortest_look_again) *
                                                                          (1U << std::min(watched->failures - 1, 12U)),
                                                                      shortest_look_again, longest_look_again));
        }
        watched->timer->expires_after(wait);
        co_await watched->timer->async_wait(use_tuple);
        if (epoch != epoch_)
            co_return;
    }
}

void Registrar::tell(Watched& watched, const Registered& found)
{
    const std::string& name = watched.channel->name;
    if (found.failed && found.rows.empty()) {
        with_.health.note(watched.note(), fmt::format("the subscriptions of {} cannot be looked at: {}: {}", name,
                                                      found.failed->code, found.failed->detail));
        with_.log.warn("a channel's subscriptions cannot be looked at", observability::LogLine{}
                                                                            .field("channel", name)
                                                                            .field("code", found.failed->code)
                                                                            .field("detail", found.failed->detail));
        return;  // nothing is known: what was told before stands
    }
    if (found.failed)
        with_.log.warn("a subscription could not be made", observability::LogLine{}
                                                               .field("channel", name)
                                                               .field("code", found.failed->code)
                                                               .field("detail", found.failed->detail));
    const auto lacking = found.lacking();
    with_.metrics.subscriptions_missing(name).set(static_cast<std::int64_t>(lacking.size()));
    if (lacking.empty())
        with_.health.clear_note(watched.note());
    else
        with_.health.note(watched.note(),
                          fmt::format("the vendor sends {} nothing of {}: `headgate channels register {}` shows and "
                                      "makes what is missing; set up by hand: `registration: false`",
                                      name, some_of(lacking), name));
    if (lacking != watched.lacking) {
        const auto line = observability::LogLine{}
                              .field("channel", name)
                              .field("missing", lacking.size())
                              .field("topics", some_of(lacking));
        lacking.empty() ? with_.log.info("the vendor has all subscriptions", line)
                        : with_.log.warn("subscriptions are missing at the vendor", line);
    }
    watched.lacking = lacking;
}

asio::awaitable<Registered> Registrar::look(Watched& watched, bool make)
{
    Registered made;
    made.address = watched.channel->hook_url;
    const auto wanted = wanted_topics(*watched.channel);
    if (!wanted) {
        made.failed = wanted.error();
        co_return made;
    }
    auto listing = list(watched);
    const auto there = co_await std::move(listing);
    if (!there) {
        made.failed = there.error();
        co_return made;
    }
    made.rows = compared(*wanted, *there);
    if (make) {
        auto making = this->make(watched, made, *wanted, *there);
        co_await std::move(making);
    }
    co_return made;
}

Task<std::vector<Subscription>> Registrar::list(Watched& watched)
{
    const Channel& channel = *watched.channel;
    const auto document = connectors::read_json(about({}, channel));
    const mapping::MappingContext context{.document = *document,
                                          .channel_name = channel.name,
                                          .channel_zone = channel.zone,
                                          .channel_settings = &channel.settings};
    const auto path = watched.how().path.text(context);
    if (!path)
        co_return std::unexpected(path.error());
    if (!*path || !(*path)->starts_with('/'))
        co_return fail(FailureClass::permanent, "registration_path_missing",
                       "`registration.list.path` is null, or does not begin with /");
    for (int tried = 1;; ++tried) {
        std::vector<Subscription> found;
        auto each = [&found, &channel](const ApiPage& page) -> Task<void> {
            auto some = subscriptions_in(*page.items, channel);
            if (!some)
                co_return std::unexpected(std::move(some.error()));
            std::ranges::move(*some, std::back_inserter(found));
            co_return Result<void>{};
        };
        auto walking =
            walk(*watched.api, watched.how().pages, watched.api->base() + **path, channel, most_list_answers, each);
        const auto walked = co_await std::move(walking);
        if (walked.result)
            co_return found;
        if (!waits(walked.result.error(), walked.not_before) || tried == most_throttled)
            co_return std::unexpected(walked.result.error());
    }
}

/// One that was throttled was not made, and is sent again when the vendor wants it; of any other failure it is not
/// known, and only a look tells.
asio::awaitable<VendorApi::Answer> Registrar::send(Watched& watched, VendorApi::Request request)
{
    for (int tried = 1;; ++tried) {
        auto sending = watched.api->send(request);
        auto answer = co_await std::move(sending);
        if (answer.result || tried == most_throttled || !waits(answer.result.error(), answer.not_before))
            co_return answer;
    }
}

asio::awaitable<void> Registrar::make(Watched& watched, Registered& into, const std::vector<WantedTopic>& wanted,
                                      const std::vector<Subscription>& there)
{
    const Channel& channel = *watched.channel;
    const auto steps = steps_to_do(watched.how(), wanted, there, into.rows);
    for (const auto& step : steps) {
        if (!with_.leads()) {
            into.failed = Failure{FailureClass::transient, "lease_lost", "the lease ran out: ask again", {}};
            co_return;
        }
        const auto document = connectors::read_json(about(step, channel));
        const mapping::MappingContext context{.document = *document,
                                              .channel_name = channel.name,
                                              .channel_zone = channel.zone,
                                              .channel_settings = &channel.settings};
        const auto path = step.call->path.text(context);
        auto body = step.call->body.text(context);
        if (!path || !body || !*path || !(*path)->starts_with('/')) {
            into.failed = !path   ? path.error()
                          : !body ? body.error()
                                  : Failure{FailureClass::permanent,
                                            "registration_path_missing",
                                            "the `path` of a call of `registration` is null, or does not begin with /",
                                            {}};
            co_return;
        }
        VendorApi::Request request{step.call->method, watched.api->base() + **path, std::move(*body),
                                   std::string(step.call->body.content_type())};
        auto sending = send(watched, std::move(request));
        const auto answer = co_await std::move(sending);
        if (!answer.result) {
            const Failure& why = answer.result.error();
            for (const auto place : step.rows)
                into.rows[place].failed = why.code;
            if (!into.failed)
                into.failed = why;
            if (is_of_this_one(why))
                continue;
            co_return;
        }
        fault_point("subscription_made");

        // It is made, whatever the answer looks like.
        const auto told = connectors::read_json(answer.result->body);
        const auto read = [&](const std::optional<mapping::Expression>& expression) -> std::string {
            if (!expression || !told)
                return "";
            auto text = expression->text({.document = *told, .headers = answer.result->headers});
            return text && *text ? std::move(**text) : "";
        };
        auto id = read(step.call->id);
        if (id.empty() && step.of != nullptr)
            id = step.of->id;
        for (const auto place : step.rows) {
            into.rows[place].state = step.of == nullptr ? SubscriptionState::created : SubscriptionState::updated;
            into.rows[place].id = id;
        }
        with_.log.info(
            "a subscription was made at the vendor",
            observability::LogLine{}.field("channel", channel.name).field("topics", step.rows.size()).field("id", id));
        if (!step.call->secret)
            continue;
        auto secret = read(step.call->secret);
        if (std::ranges::find(channel.told_secrets, secret) != channel.told_secrets.end())
            continue;  // the channel's own, which the vendor was told
        if (!secret.empty())
            into.secrets.push_back({id, std::move(secret)});
        else if (!into.failed)
            into.failed = Failure{FailureClass::permanent,
                                  "secret_not_told",
                                  "a subscription was made, and its answer has no secret where the connector says: "
                                  "look for it at the vendor",
                                  {}};
    }
}

}  // namespace headgate::gateway
