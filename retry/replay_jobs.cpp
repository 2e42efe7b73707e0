#include "retry/replay_jobs.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "retry/replies.hpp"
#include "retry/tellings.hpp"

namespace headgate::retry {

namespace {

constexpr std::array<std::string_view, 5> names{"preparing", "running", "paused", "cancelled", "done"};

std::optional<ReplayJob::State> state_of(std::string_view name)
{
    const auto found = std::ranges::find(names, name);
    if (found == names.end())
        return std::nullopt;
    return static_cast<ReplayJob::State>(found - names.begin());
}

std::string item_of(const JobLetter& letter)
{
    std::string item(1, static_cast<char>(letter.tries));
    for (int shift = 24; shift >= 0; shift -= 8)
        item += static_cast<char>((letter.round >> static_cast<unsigned>(shift)) & 0xffU);
    return item.append(letter.delivery ? DeliveryId{letter.event, *letter.delivery}.raw()
                                       : std::string(view(letter.event.bytes())));
}

std::optional<JobLetter> letter_of(std::string_view item)
{
    constexpr std::size_t head = 5;
    if (item.size() < head)
        return std::nullopt;
    JobLetter letter;
    letter.tries = static_cast<std::uint8_t>(item[0]);
    for (std::size_t i = 1; i < head; ++i)
        letter.round = (letter.round << 8U) | static_cast<std::uint8_t>(item[i]);
    item.remove_prefix(head);
    if (const auto delivery = delivery_of(item)) {
        letter.event = delivery->event;
        letter.delivery = delivery->half;
        return letter;
    }
    const auto event = event_of(item);
    if (!event)
        return std::nullopt;
    letter.event = *event;
    return letter;
}

std::optional<ReplayJob> job_of(std::string id, const net::Reply& fields)
{
    const auto state = state_of(field_of(fields, "state").value_or(""));
    if (!state)
        return std::nullopt;
    const auto number = [&](std::string_view name) {
        return number_of<std::uint64_t>(field_of(fields, name).value_or("")).value_or(0);
    };
    const auto instant = [&](std::string_view name) {
        return Millis(std::chrono::milliseconds(static_cast<std::int64_t>(number(name))));
    };
    ReplayJob job;
    job.id = std::move(id);
    job.state = *state;
    job.what = field_of(fields, "what").value_or("");
    job.rate = number("rate");
    job.at = number("at");
    job.total = number("total");
    job.replayed = number("replayed");
    job.gone = number("gone");
    job.changed = number("changed");
    job.left = number("left");
    job.postponed = number("postponed");
    job.created = instant("created");
    job.changed_at = instant("changed_at");
    return job;
}

}  // namespace

std::string_view name_of(ReplayJob::State state)
{
    return names.at(static_cast<std::size_t>(state));
}

Task<std::optional<ReplayJob::State>> ReplayJobs::move(std::string id, std::string verb, std::vector<std::string> more)
{
    std::vector<std::string> keys;
    std::vector<std::string> args{std::move(id), std::move(verb)};
    std::ranges::move(more, std::back_inserter(args));
    auto reply = co_await redis_.eval(scripts_.job, std::move(keys), std::move(args));
    if (!reply)
        co_return std::unexpected(of_harmless(std::move(reply.error())));
    co_return state_of(reply->text);
}

Task<bool> ReplayJobs::create(std::string id, std::string what, std::uint64_t rate, Millis created)
{
    auto moving = move(std::move(id), "create", {milliseconds(created), std::to_string(rate), std::move(what)});
    const auto state = co_await std::move(moving);
    if (!state)
        co_return std::unexpected(state.error());
    co_return state->has_value();
}

Task<void> ReplayJobs::add(std::string id, std::uint64_t n, std::vector<JobLetter> letters)
{
    std::vector<std::string> more{std::to_string(n)};
    for (const auto& letter : letters)
        more.push_back(item_of(letter));
    auto moving = move(std::move(id), "add", std::move(more));
    const auto state = co_await std::move(moving);
    if (!state)
        co_return std::unexpected(state.error());
    co_return Result<void>{};
}

Task<void> ReplayJobs::skip(std::string id, std::uint64_t at)
{
    auto moving = move(std::move(id), "skip", {std::to_string(at)});
    const auto state = co_await std::move(moving);
    if (!state)
        co_return std::unexpected(state.error());
    co_return Result<void>{};
}

Task<std::optional<ReplayJob::State>> ReplayJobs::begin(std::string id)
{
    return move(std::move(id), "begin");
}

Task<std::optional<ReplayJob::State>> ReplayJobs::pause(std::string id)
{
    return move(std::move(id), "pause");
}

Task<std::optional<ReplayJob::State>> ReplayJobs::resume(std::string id, std::optional<std::uint64_t> rate)
{
    return move(std::move(id), "resume", {rate ? std::to_string(*rate) : ""});
}

Task<std::optional<ReplayJob::State>> ReplayJobs::cancel(std::string id)
{
    return move(std::move(id), "cancel");
}

Task<std::optional<ReplayJob::State>> ReplayJobs::finish(std::string id)
{
    return move(std::move(id), "finish");
}

Task<std::optional<ReplayJob>> ReplayJobs::show(std::string id)
{
    std::vector<std::string> get{"HGETALL", "hg:job:" + id};
    auto reply = co_await redis_.command(std::move(get));
    if (!reply)
        co_return std::unexpected(of_harmless(std::move(reply.error())));
    co_return job_of(std::move(id), *reply);
}

Task<std::vector<ReplayJob>> ReplayJobs::list()
{
    std::vector<std::string> range{"ZREVRANGE", "hg:jobs", "0", "-1"};
    auto reply = co_await redis_.command(std::move(range));
    if (!reply)
        co_return std::unexpected(of_harmless(std::move(reply.error())));
    std::vector<ReplayJob> jobs;
    for (const auto& id : reply->list) {
        auto showing = show(id.text);
        auto job = co_await std::move(showing);
        if (!job)
            co_return std::unexpected(std::move(job.error()));
        if (*job)
            jobs.push_back(std::move(**job));
    }
    co_return jobs;
}

Task<std::vector<JobLetter>> ReplayJobs::letters(std::string id, std::uint64_t from, std::size_t count)
{
    std::vector<std::string> range{"LRANGE", "hg:jl:" + id, std::to_string(from), std::to_string(from + count - 1)};
    auto reply = co_await redis_.command(std::move(range));
    if (!reply)
        co_return std::unexpected(of_harmless(std::move(reply.error())));
    std::vector<JobLetter> letters;
    for (const auto& item : reply->list) {
        auto letter = letter_of(item.text);
        if (!letter)
            co_return odd_reply("LRANGE");
        letters.push_back(*letter);
    }
    co_return letters;
}

}  // namespace headgate::retry
