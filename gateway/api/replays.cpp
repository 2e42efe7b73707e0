#include <algorithm>
#include <expected>
#include <random>
#include <ranges>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "core/clock.hpp"
#include "gateway/api/letter_filter.hpp"
#include "gateway/api/resources.hpp"
#include "gateway/api/scope.hpp"
#include "gateway/letter_id.hpp"
#include "gateway/numbered_lines.hpp"
#include "retry/letters.hpp"
#include "retry/replay_jobs.hpp"

namespace headgate::gateway::api {

namespace {

constexpr std::uint64_t usual_rate = 50;
constexpr std::uint64_t most_rate = 10'000;
constexpr std::uint64_t most_letters = 1'000'000;
constexpr std::size_t page_size = 1000;

/// Eight letters and digits that are read and typed without doubt.
std::string new_job_id()
{
    constexpr std::string_view alphabet = "23456789abcdefghjkmnpqrstuvwxyz";
    std::random_device random;
    std::string id;
    while (id.size() < 8)
        id += alphabet[random() % alphabet.size()];
    return id;
}

json::object job_json(const Means& with, const retry::ReplayJob& job)
{
    using State = retry::ReplayJob::State;
    json::object out{
        {"job", job.id},      {"state", retry::name_of(job.state)}, {"rate", job.rate}, {"letters", job.total},
        {"done", job.done()}, {"replayed", job.replayed},           {"gone", job.gone}, {"changed", job.changed},
        {"left", job.left},   {"created", time_text(job.created)}};
    const bool ended = job.state == State::done || job.state == State::cancelled;
    if (ended)
        out["ended"] = time_text(job.changed_at);
    else if (job.rate > 0)
        out["seconds_left"] = (job.total - std::min(job.done(), job.total) + job.rate - 1) / job.rate;
    boost::system::error_code error;
    if (const auto what = json::parse(job.what, error); !error && what.is_object())
        for (const auto& [name, value] : what.get_object())
            out[name] = value;
    if (const auto outcomes = with.history.outcomes_of(job.id)) {
        json::object events;
        for (const auto& [state, count] : *outcomes)
            events[state] = count;
        out["events"] = std::move(events);
    }
    return out;
}

Result<std::optional<std::uint64_t>> rate_member(const json::object& members)
{
    const auto* value = members.if_contains("rate");
    if (value == nullptr)
        return std::nullopt;
    boost::system::error_code error;
    const auto rate = value->is_number() ? value->to_number<std::uint64_t>(error) : 0;
    if (!value->is_number() || error || rate < 1 || rate > most_rate)
        return fail(FailureClass::permanent, "bad_body",
                    fmt::format("`rate` is how many letters go back to work a second, 1 to {}", most_rate));
    return rate;
}

/// Which letters a job is for, or which events that have finished.
struct Wanted {
    std::optional<observability::LetterFilter> filter;
    std::vector<LetterId> letters;
    std::optional<observability::HistoryFilter> events;
};

Result<observability::HistoryFilter> event_filter(const json::value& given)
{
    if (!given.is_object())
        return fail(FailureClass::permanent, "bad_body", "`finished` is an object, {} for all events that have");
    observability::HistoryFilter filter{.limit = page_size};
    for (const auto& [name, value] : given.get_object()) {
        if (!value.is_string())
            return fail(FailureClass::permanent, "bad_filter",
                        fmt::format("`{}` of a filter is a text", std::string_view(name)));
        const std::string text(value.get_string());
        if (name == "since" || name == "until") {
            const auto instant = instant_of(name, text, std::chrono::system_clock::now());
            if (!instant)
                return std::unexpected(instant.error());
            (name == "since" ? filter.since : filter.until) = *instant;
        } else if (name == "event" || name == "channel" || name == "source" || name == "entity") {
            (name == "event"     ? filter.event
             : name == "channel" ? filter.channel
             : name == "source"  ? filter.source
                                 : filter.entity) = text;
        } else {
            return fail(
                FailureClass::permanent, "bad_filter",
                fmt::format("events are not filtered by `{}`, but by event, channel, source, entity, since, until",
                            std::string_view(name)));
        }
    }
    return filter;
}

/// As all may see it who see the job: what a field is to be may be personal.
json::value shown_filter(json::value filter)
{
    auto* field = filter.is_object() ? filter.get_object().if_contains("field") : nullptr;
    if (field == nullptr || !field->is_string())
        return filter;
    std::string names;
    for (const auto& [number, line] : numbered_lines(field->get_string()))
        names.append(names.empty() ? "" : "\n").append(line.substr(0, line.find('='))).append("=…");
    *field = names;
    return filter;
}

Result<Wanted> wanted_of(const Means& with, const json::object& members, const Caller& caller)
{
    const auto* filter = members.if_contains("filter");
    const auto* letters = members.if_contains("letters");
    const auto* events = members.if_contains("finished");
    if ((filter != nullptr) + (letters != nullptr) + (events != nullptr) != 1)
        return fail(
            FailureClass::permanent, "bad_body",
            R"(say which letters: `filter`, {} for all, or `letters`, their names; or which events: `finished`)");
    Wanted wanted;
    if (events != nullptr) {
        auto made = event_filter(*events);
        if (!made)
            return std::unexpected(std::move(made.error()));
        made->channels = caller.scope.channels;
        wanted.events = std::move(*made);
        return wanted;
    }
    if (filter != nullptr) {
        if (!filter->is_object())
            return fail(FailureClass::permanent, "bad_body", "`filter` is an object, {} for all letters");
        auto made = letter_filter(with, filter->get_object(), caller, std::chrono::system_clock::now());
        if (!made)
            return std::unexpected(std::move(made.error()));
        made->limit = page_size;
        wanted.filter = std::move(*made);
        return wanted;
    }
    if (!letters->is_array())
        return fail(FailureClass::permanent, "bad_body", "`letters` is a list of names");
    for (const auto& name : letters->get_array()) {
        const auto id = name.is_string() ? parse_letter(name.get_string()) : std::nullopt;
        if (!id)
            return fail(FailureClass::permanent, "bad_body",
                        "a letter is named EVENT or EVENT.HALF, as `headgate dlq list` prints it");
        wanted.letters.push_back(*id);
    }
    return wanted;
}

/// How a job works on them, when not as a replay of letters does by itself.
struct How {
    bool stored = false;
    bool as_new = false;
    std::string to;
    std::string why;
};

Result<How> how_of(const json::object& members, const Wanted& wanted, const Configuration& configuration)
{
    const auto stored = flag_member(members, "stored"), as_new = flag_member(members, "as_new");
    const auto to = text_member(members, "to", 256);
    if (!stored || !as_new)
        return std::unexpected(stored ? as_new.error() : stored.error());
    if (!to)
        return std::unexpected(to.error());
    const auto why = *as_new ? reason(members, "applying something as new") : text_member(members, "why", longest_why);
    if (!why)
        return std::unexpected(why.error());
    if (wanted.events && to->empty() && !*as_new)
        return fail(FailureClass::permanent, "bad_body",
                    "what has finished is not applied again: say `to`, a system that it has not gone to, or `as_new`");
    if (wanted.events ? *stored : !to->empty())
        return fail(FailureClass::permanent, "bad_body",
                    "`stored` is of letters, which died with a transaction; `to` of what has `finished`");
    const auto leads_there = [&](const gateway::Route& route) {
        return std::ranges::find(route.to, *to) != route.to.end();
    };
    if (!to->empty() && std::ranges::none_of(configuration.routes, leads_there))
        return fail(FailureClass::permanent, "bad_body", fmt::format("no route leads to a system `{}`", *to));
    return How{*stored, *as_new, *to, *why};
}

/// Puts the list of a job together, as the letters are now.
class Preparation {
public:
    Preparation(const Means& with, const Caller& caller, retry::ReplayJobs& jobs, std::string id)
        : with_(with),
          caller_(caller),
          jobs_(jobs),
          id_(std::move(id))
    {}

    Task<void> all(Wanted wanted)
    {
        auto listing = wanted.events   ? finished(std::move(*wanted.events))
                       : wanted.filter ? filtered(std::move(*wanted.filter))
                                       : named(std::move(wanted.letters));
        if (auto done = co_await std::move(listing); !done)
            co_return done;
        auto flushing = flush();
        co_return co_await std::move(flushing);
    }

private:
    Task<void> filtered(observability::LetterFilter filter)
    {
        do {
            const auto page = with_.history.letters(filter);
            if (!page)
                co_return std::unexpected(page.error());
            for (const auto& row : page->letters) {
                const auto id = parse_letter(row.letter);
                if (!id)
                    continue;
                auto adding = add({id->event, id->delivery, row.round});
                if (auto done = co_await std::move(adding); !done)
                    co_return done;
            }
            filter.cursor = page->next;
        } while (!filter.cursor.empty() && written_ + page_.size() < most_letters);
        co_return Result<void>{};
    }

    /// What was applied or suppressed, the oldest first: a later one of an entity comes behind an earlier one.
    Task<void> finished(observability::HistoryFilter filter)
    {
        std::vector<retry::JobLetter> found;
        do {
            const auto page = with_.history.list(filter);
            if (!page)
                co_return std::unexpected(page.error());
            for (const auto& row : page->rows) {
                if (row.state != "applied" && row.state != "suppressed")
                    continue;
                const auto seen = co_await api::may_see(with_, caller_, row.event);
                if (!seen)
                    co_return std::unexpected(seen.error());
                if (*seen)
                    found.push_back({row.event, {}, static_cast<std::uint32_t>(row.round)});
            }
            filter.cursor = page->next;
        } while (!filter.cursor.empty() && found.size() < most_letters);
        for (const auto& event : std::views::reverse(found)) {
            auto adding = add(event);
            if (auto done = co_await std::move(adding); !done)
                co_return done;
        }
        co_return Result<void>{};
    }

    Task<void> named(std::vector<LetterId> names)
    {
        retry::Letters letters(with_.redis, with_.scripts);
        for (const auto& name : names) {
            const auto letter = co_await letters.show(name.event, name.delivery);
            if (!letter)
                co_return std::unexpected(letter.error());
            Result<bool> seen = true;
            if (*letter)
                seen = co_await may_see(with_, caller_, **letter);
            if (!seen)
                co_return std::unexpected(seen.error());
            if (!*seen)
                co_return fail(FailureClass::permanent, "not_found",
                               "there is no dead letter " + letter_text(name.event, name.delivery));
            auto adding = add({name.event, name.delivery, *letter ? (*letter)->round : 0U});
            if (auto done = co_await std::move(adding); !done)
                co_return done;
        }
        co_return Result<void>{};
    }

    Task<void> add(retry::JobLetter letter)
    {
        page_.push_back(letter);
        if (page_.size() < page_size)
            co_return Result<void>{};
        auto flushing = flush();
        co_return co_await std::move(flushing);
    }

    Task<void> flush()
    {
        if (page_.empty())
            co_return Result<void>{};
        const auto count = page_.size();
        auto adding = jobs_.add(id_, written_, std::exchange(page_, {}));
        if (auto done = co_await std::move(adding); !done)
            co_return done;
        written_ += count;
        co_return Result<void>{};
    }

    const Means& with_;
    const Caller& caller_;
    retry::ReplayJobs& jobs_;
    std::string id_;
    std::vector<retry::JobLetter> page_;
    std::uint64_t written_ = 0;
};

/// Whoever is limited sees the jobs they began.
bool may_see(const Caller& caller, const retry::ReplayJob& job)
{
    boost::system::error_code error;
    const auto what = json::parse(job.what, error);
    const auto* who = error || !what.is_object() ? nullptr : what.get_object().if_contains("who");
    return caller.scope.everything() || (who != nullptr && who->is_string() && who->get_string() == caller.name);
}

/// The job that a call names, which has no parameters.
asio::awaitable<std::expected<retry::ReplayJob, net::Response>> find_job(retry::ReplayJobs& jobs, const Call& call)
{
    if (const auto none = parameters(call.query, {}); !none)
        co_return std::unexpected(failed(none.error()));
    if (call.name.size() != 8)
        co_return std::unexpected(not_found("no such replay job; `headgate replay status` lists them"));
    auto showing = jobs.show(std::string(call.name));
    auto job = co_await std::move(showing);
    if (!job)
        co_return std::unexpected(failed(job.error()));
    if (!*job || !may_see(call.caller, **job))
        co_return std::unexpected(not_found("no such replay job; `headgate replay status` lists them"));
    co_return std::move(**job);
}

/// Moves a job on and tells how it is then; 409 when it does not come to `wanted`.
asio::awaitable<net::Response> moved(const Means& with, const Call& call,
                                     Task<std::optional<retry::ReplayJob::State>> moving,
                                     retry::ReplayJob::State wanted, std::string_view said)
{
    const auto state = co_await std::move(moving);
    if (!state)
        co_return failed(state.error());
    with.owner.replays_changed();
    if (*state != wanted)
        co_return refuse(409, "job_ended", fmt::format("the job is {}", *state ? retry::name_of(**state) : "gone"));
    with.log.info(said, observability::LogLine{}.field("job", call.name).field("who", call.caller.name));
    retry::ReplayJobs jobs(with.redis, with.scripts);
    auto job = co_await find_job(jobs, call);
    co_return job ? reply(200, job_json(with, *job)) : job.error();
}

}  // namespace

asio::awaitable<net::Response> list_replays(const Means& with, const Call& call)
{
    if (const auto none = parameters(call.query, {}); !none)
        co_return failed(none.error());
    retry::ReplayJobs jobs(with.redis, with.scripts);
    const auto all = co_await jobs.list();
    if (!all)
        co_return failed(all.error());
    json::array rows;
    for (const auto& job : *all)
        if (may_see(call.caller, job))
            rows.push_back(job_json(with, job));
    co_return reply(200, json::object{{"jobs", std::move(rows)}});
}

asio::awaitable<net::Response> start_replay(const Means& with, const Call& call)
{
    if (const auto none = parameters(call.query, {}); !none)
        co_return failed(none.error());
    const auto given = members(call.body, {"filter", "letters", "finished", "rate", "why", "stored", "as_new", "to"});
    if (!given)
        co_return failed(given.error());
    const auto rate = rate_member(*given);
    auto wanted = wanted_of(with, *given, call.caller);
    if (!rate || !wanted)
        co_return failed(rate ? wanted.error() : rate.error());
    const auto how = how_of(*given, *wanted, with.configuration);
    if (!how)
        co_return failed(how.error());

    json::object what{{"who", call.caller.name}, {"why", how->why}};
    for (const char* name : {"filter", "finished"})
        if (const auto* filter = given->if_contains(name))
            what[name] = shown_filter(*filter);
    if (how->stored)
        what["stored"] = true;
    if (how->as_new)
        what["as_new"] = true;
    if (!how->to.empty())
        what["to"] = how->to;
    retry::ReplayJobs jobs(with.redis, with.scripts);
    const auto id = new_job_id();
    const auto created = co_await jobs.create(id, json::serialize(what), rate->value_or(usual_rate), wall_now_ms());
    if (!created)
        co_return failed(created.error());
    Preparation preparation(with, call.caller, jobs, id);
    auto preparing = preparation.all(std::move(*wanted));
    if (const auto prepared = co_await std::move(preparing); !prepared) {
        co_await jobs.cancel(id);
        co_return failed(prepared.error());
    }
    if (const auto begun = co_await jobs.begin(id); !begun)
        co_return failed(begun.error());
    with.owner.replays_changed();
    with.log.info("a replay job began", observability::LogLine{}.field("job", id).field("who", call.caller.name));
    auto showing = jobs.show(id);
    const auto job = co_await std::move(showing);
    if (!job || !*job)
        co_return job ? not_found("the job is gone") : failed(job.error());
    co_return reply(200, job_json(with, **job));
}

asio::awaitable<net::Response> show_replay(const Means& with, const Call& call)
{
    retry::ReplayJobs jobs(with.redis, with.scripts);
    const auto job = co_await find_job(jobs, call);
    co_return job ? reply(200, job_json(with, *job)) : job.error();
}

asio::awaitable<net::Response> pause_replay(const Means& with, const Call& call)
{
    retry::ReplayJobs jobs(with.redis, with.scripts);
    const auto job = co_await find_job(jobs, call);
    if (!job)
        co_return job.error();
    co_return co_await moved(with, call, jobs.pause(job->id), retry::ReplayJob::State::paused,
                             "a replay job was paused");
}

asio::awaitable<net::Response> resume_replay(const Means& with, const Call& call)
{
    const auto given = members(call.body, {"rate"});
    if (!given)
        co_return failed(given.error());
    const auto rate = rate_member(*given);
    if (!rate)
        co_return failed(rate.error());
    retry::ReplayJobs jobs(with.redis, with.scripts);
    const auto job = co_await find_job(jobs, call);
    if (!job)
        co_return job.error();
    co_return co_await moved(with, call, jobs.resume(job->id, *rate), retry::ReplayJob::State::running,
                             "a replay job goes on");
}

asio::awaitable<net::Response> cancel_replay(const Means& with, const Call& call)
{
    retry::ReplayJobs jobs(with.redis, with.scripts);
    const auto job = co_await find_job(jobs, call);
    if (!job)
        co_return job.error();
    co_return co_await moved(with, call, jobs.cancel(job->id), retry::ReplayJob::State::cancelled,
                             "a replay job was cancelled");
}

}  // namespace headgate::gateway::api
