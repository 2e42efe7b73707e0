#include "gateway/replay_runner.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/json.hpp>

#include "core/async.hpp"
#include "core/clock.hpp"
#include "core/fault_point.hpp"
#include "gateway/api/commands.hpp"
#include "gateway/letter_id.hpp"
#include "gateway/replay_terms.hpp"
#include "gateway/stages/finish.hpp"
#include "net/redis/wait_for.hpp"
#include "retry/keys.hpp"

namespace headgate::gateway {

namespace {

using namespace std::chrono_literals;

constexpr auto round_time = 20ms;
constexpr unsigned rounds_between_looks = 250;  // for jobs that another process began
constexpr std::size_t most_at_once = 128;
constexpr std::uint8_t most_tries = 200;
constexpr auto between_tries = 500ms;

bool says(const retry::ReplayJob& job, std::string_view name)
{
    boost::system::error_code error;
    const auto what = boost::json::parse(job.what, error);
    const auto* member = error || !what.is_object() ? nullptr : what.get_object().if_contains(name);
    return member != nullptr && (member->is_object() || (member->is_bool() && member->get_bool()));
}

/// A member of what a job is about.
std::string said(const retry::ReplayJob& job, std::string_view name)
{
    boost::system::error_code error;
    const auto what = boost::json::parse(job.what, error);
    const auto* member = error || !what.is_object() ? nullptr : what.get_object().if_contains(name);
    return member != nullptr && member->is_string() ? std::string(member->get_string()) : std::string{};
}

}  // namespace

ReplayRunner::ReplayRunner(asio::any_io_executor executor, net::Redis& redis, Dependencies dependencies)
    : executor_(executor),
      redis_(redis),
      with_(std::move(dependencies)),
      jobs_(redis, with_.scripts),
      letters_(redis, with_.scripts),
      pause_(executor)
{}

void ReplayRunner::look()
{
    rounds_to_look_ = 0;
}

void ReplayRunner::stop()
{
    stopping_ = true;
    pause_.cancel();
}

asio::awaitable<void> ReplayRunner::run()
{
    ended_ = stopping_;
    while (!stopping_) {
        pause_.expires_after(round_time);
        co_await pause_.async_wait(use_tuple);
        if (stopping_ || !with_.works())
            continue;
        if (rounds_to_look_-- == 0)
            co_await find_jobs();
        for (const auto& id : std::set<std::string>(running_))
            co_await work(id);
    }
    ended_ = true;
}

asio::awaitable<void> ReplayRunner::find_jobs()
{
    rounds_to_look_ = rounds_between_looks;
    const auto jobs = co_await jobs_.list();
    if (!jobs)
        co_return;  // Redis is away, which is told elsewhere
    running_.clear();
    for (const auto& job : *jobs)
        if (job.state == retry::ReplayJob::State::running)
            running_.insert(job.id);
}

/// How many may go now. What could not go while Redis or the lease was away is not made up for in a burst.
std::size_t ReplayRunner::due_now(Pace& pace, std::uint64_t rate) const
{
    const auto now = steady_now();
    const auto allowed = [&] {
        const auto seconds = std::chrono::duration<double>(now - pace.from).count();
        return static_cast<std::uint64_t>(seconds * static_cast<double>(rate));
    };
    if (pace.rate != rate || allowed() > pace.count + rate)
        pace = {rate, now - round_time, 0};
    const auto open = allowed();
    return open <= pace.count ? 0 : static_cast<std::size_t>(std::min<std::uint64_t>(open - pace.count, most_at_once));
}

/// Those whose event was at work a moment ago stand at the end of the list, one behind the other.
void ReplayRunner::leave_out_what_was_just_tried(std::vector<retry::JobLetter>& letters)
{
    const auto waits = [this](const retry::JobLetter& letter) {
        if (letter.tries == 0)
            return false;
        const auto tried = postponed_.find({letter.event, letter.delivery.value_or(Hash16{})});
        return tried != postponed_.end() && steady_now() - tried->second < between_tries;
    };
    letters.erase(std::ranges::find_if(letters, waits), letters.end());
}

asio::awaitable<void> ReplayRunner::work(std::string id)
{
    const auto job = co_await jobs_.show(id);
    if (!job || !*job)
        co_return;
    if ((*job)->state != retry::ReplayJob::State::running) {
        running_.erase(id);
        paces_.erase(id);
        co_return;
    }
    Pace& pace = paces_[id];
    const std::size_t due = due_now(pace, (*job)->rate);
    if (due == 0)
        co_return;
    auto letters = co_await jobs_.letters(id, (*job)->at, due);
    if (!letters)
        co_return;
    if (letters->empty())
        co_return co_await finish(std::move(id));
    leave_out_what_was_just_tried(*letters);
    if (letters->empty())
        co_return;
    const bool of_finished = says(**job, "finished");
    const auto moved =
        of_finished ? co_await reopen(**job, std::move(*letters)) : co_await put_back(**job, std::move(*letters));
    paces_[id].count += moved;
}

asio::awaitable<void> ReplayRunner::finish(std::string id)
{
    const auto state = co_await jobs_.finish(id);
    if (!state || *state != retry::ReplayJob::State::done)
        co_return;
    running_.erase(id);
    paces_.erase(id);
    if (running_.empty())
        postponed_.clear();
    with_.log.info("a replay job has come to its end", observability::LogLine{}.field("job", id));
}

/// All of them at a time: Redis takes them in order, and the script each only when it is its turn. How many it has done
/// with.
asio::awaitable<std::size_t> ReplayRunner::put_back(const retry::ReplayJob& job, std::vector<retry::JobLetter> letters)
{
    std::vector<std::vector<std::string>> questions;
    for (const auto& letter : letters)
        questions.push_back({"EXISTS", retry::event_key("b", letter.event)});
    const auto bodies = co_await api::together(redis_, std::move(questions));
    if (!bodies)
        co_return 0;
    const auto who = said(job, "who");
    const auto frame = readmission_frame(who, said(job, "why"), wall_now(), job.id);
    const bool stored = says(job, "stored"), as_new = says(job, "as_new");
    std::vector<retry::Readmission> readmissions;
    for (std::size_t i = 0; i < letters.size(); ++i) {
        const auto& letter = letters[i];
        retry::Readmission readmission{letter.event, letter.round, frame, {}, letter.delivery, who, {}};
        readmission.job = {job.id, job.at + i, letter.tries < most_tries};
        if (as_new)
            readmission.terms = text_of(ReplayTerms{.to = {}, .nonce = job.id});
        if (stored) {
            auto made = made_before(letter);
            if (!made && made.error().code != "no_stored_transaction")
                break;
            if (!made) {
                // Those in front of it first: a job goes on letter by letter.
                if (!readmissions.empty())
                    break;
                co_await jobs_.skip(job.id, job.at + i);
                co_return 1;
            }
            readmission.made = std::move(*made);
        }
        if ((*bodies)[i].integer == 0) {
            auto stored = with_.history.raw(letter.event);
            if (!stored)
                break;
            readmission.envelope = std::move(*stored).value_or("");
        }
        readmissions.push_back(std::move(readmission));
    }
    const Failure unheard{FailureClass::unknown_outcome, "redis_no_answer", "", {}};
    std::vector<Result<retry::Readmitted>> answers(readmissions.size(), std::unexpected(unheard));
    auto start = [&](std::move_only_function<void(bool)> done) {
        auto left = std::make_shared<std::size_t>(readmissions.size());
        auto told = std::make_shared<std::move_only_function<void(bool)>>(std::move(done));
        if (readmissions.empty())
            return (*told)(true);
        for (std::size_t i = 0; i < readmissions.size(); ++i) {
            auto one = [](retry::Letters& all, retry::Readmission readmission,
                          Result<retry::Readmitted>& answer) -> asio::awaitable<void> {
                auto readmitting = all.readmit(std::move(readmission));
                answer = co_await std::move(readmitting);
            };
            asio::co_spawn(executor_, one(letters_, readmissions[i], answers[i]),
                           [left, told](const std::exception_ptr&) {
                               if (--*left == 0)
                                   (*told)(true);
                           });
        }
    };
    auto waiting = net::wait_for<bool>(std::move(start));
    co_await std::move(waiting);
    fault_point("replay_put_back");

    std::size_t moved = 0;
    for (std::size_t i = 0; i < answers.size(); ++i) {
        using Answer = retry::Readmitted::Answer;
        if (!answers[i]) {
            if (answers[i].error().failure_class == FailureClass::unknown_outcome)
                with_.owner.perhaps_readmitted();
            continue;
        }
        switch (answers[i]->answer) {
        case Answer::readmitted: with_.owner.readmitted(answers[i]->partition, answers[i]->seq); break;
        case Answer::event_first:
            postponed_[{letters[i].event, letters[i].delivery.value_or(Hash16{})}] = steady_now();
            break;
        case Answer::body_in_history:
            if (readmissions[i].envelope.empty() && (*bodies)[i].integer == 0) {  // nobody has it
                with_.log.error("a letter cannot go back to work: its body is lost",
                                observability::LogLine{}.field("event", letters[i].event.text()).field("job", job.id));
                co_await jobs_.skip(job.id, job.at + i);
            }
            continue;
        case Answer::not_its_turn: continue;
        case Answer::gone:
        case Answer::changed: break;
        }
        ++moved;
    }
    co_return moved;
}

/// What a letter died with. `no_stored_transaction` when history has none.
Result<std::string> ReplayRunner::made_before(const retry::JobLetter& letter) const
{
    const auto found = with_.history.made(letter_text(letter.event, letter.delivery));
    if (!found)
        return std::unexpected(found.error());
    return stored_text(*found);
}

/// One after the other. How many it has done with.
asio::awaitable<std::size_t> ReplayRunner::reopen(const retry::ReplayJob& job, std::vector<retry::JobLetter> events)
{
    std::size_t moved = 0;
    for (const auto& event : events) {
        auto reopening = reopen(job, event, job.at + moved);
        const auto done = co_await std::move(reopening);
        if (!done || !*done)
            co_return moved;
        ++moved;
    }
    co_return moved;
}

/// False: it is not its turn.
Task<bool> ReplayRunner::reopen(const retry::ReplayJob& job, const retry::JobLetter& event, std::uint64_t at)
{
    const auto row = with_.history.show(event.event);
    auto body = with_.history.raw(event.event);
    if (!row || !body)
        co_return std::unexpected(row ? body.error() : row.error());
    const auto envelope = *row && *body ? decode_envelope_head(**body) : Result<Envelope>(Envelope{});
    if (!envelope || envelope->channel.empty()) {
        with_.log.error("an event cannot go back to work: history has it no more",
                        observability::LogLine{}.field("event", event.event.text()).field("job", job.id));
        auto skipping = jobs_.skip(job.id, at);
        const auto skipped = co_await std::move(skipping);
        if (!skipped)
            co_return std::unexpected(skipped.error());
        co_return true;
    }
    const auto who = said(job, "who");
    retry::Reopening reopening;
    reopening.event = event.event;
    reopening.partition = partition_of(envelope->source, envelope->order_key);
    reopening.origin_seq = (*row)->origin != 0 ? (*row)->origin : (*row)->seq;
    reopening.round = static_cast<std::uint32_t>((*row)->round) + 1;
    reopening.frame = readmission_frame(who, said(job, "why"), wall_now(), job.id);
    reopening.envelope = std::move(**body);
    reopening.who = who;
    reopening.terms = text_of(ReplayTerms{said(job, "to"), says(job, "as_new") ? job.id : ""});
    reopening.job = job.id;
    reopening.at = at;
    // Any other state is one of an event that has not ended after all, and is left.
    if (const auto& was = (*row)->state; was == "suppressed" || was == "discarded")
        reopening.was = was;
    const auto partition = reopening.partition;
    auto answering = letters_.reopen(std::move(reopening));
    const auto answer = co_await std::move(answering);
    fault_point("replay_put_back");
    if (!answer) {
        if (answer.error().failure_class == FailureClass::unknown_outcome)
            with_.owner.perhaps_readmitted();
        co_return std::unexpected(answer.error());
    }
    if (answer->answer == retry::Reopened::Answer::reopened)
        with_.owner.readmitted(partition, answer->seq);
    co_return answer->answer != retry::Reopened::Answer::not_its_turn;
}

}  // namespace headgate::gateway
