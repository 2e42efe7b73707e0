#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/async.hpp"
#include "net/redis/connection.hpp"
#include "retry/delivery.hpp"
#include "retry/scripts.hpp"

namespace headgate::retry {

/// A letter of a replay job's list, as it was when the list was made.
struct JobLetter {
    EventId event;
    std::optional<Hash16> delivery{};
    std::uint32_t round = 0;
    std::uint8_t tries = 0;  // how often it was put at the end of the list again
};

/// Letters that go back to work one after the other, so many a second. The list is frozen; its place in it moves in
/// the step that readmits (Letters::readmit), so a job that is killed anywhere goes on where it was.
struct ReplayJob {
    enum class State : std::uint8_t { preparing, running, paused, cancelled, done };
    std::string id;  // 8 letters and digits
    State state = State::preparing;
    std::string what;         // JSON: who and why, which letters; opaque here
    std::uint64_t rate = 0;   // letters a second
    std::uint64_t at = 0;     // of its list
    std::uint64_t total = 0;  // letters
    std::uint64_t replayed = 0;
    std::uint64_t gone = 0;       // there was no such letter any more
    std::uint64_t changed = 0;    // it had died again since the list was made
    std::uint64_t left = 0;       // its event stayed at work, or a letter itself, all the while; or its body is lost
    std::uint64_t postponed = 0;  // came once more at the end of the list, its event being at work
    Millis created{};
    Millis changed_at{};  // when its state did; 0: never

    /// Letters that it has done with.
    [[nodiscard]] std::uint64_t done() const { return replayed + gone + changed + left; }
};
[[nodiscard]] std::string_view name_of(ReplayJob::State state);

/// The replay jobs there are: of those that have ended, the latest thousand. Anybody may change them. Calls may
/// overlap, all on the connection's thread; each fails as a Redis command does, and may be repeated.
class ReplayJobs {
public:
    using State = ReplayJob::State;
    ReplayJobs(net::Redis& redis, const Scripts& scripts) : redis_(redis), scripts_(scripts) {}

    /// False: there is one of this id.
    Task<bool> create(std::string id, std::string what, std::uint64_t rate, Millis created);
    /// Behind the first `n` of its list, at most 1000; the list of a job that is prepared and no longer than that.
    Task<void> add(std::string id, std::uint64_t n, std::vector<JobLetter> letters);
    /// Its letter at that place cannot go back.
    Task<void> skip(std::string id, std::uint64_t at);
    // What it is afterwards; nothing: there is no such job. One that cannot is left as it is.
    Task<std::optional<State>> begin(std::string id);
    Task<std::optional<State>> pause(std::string id);
    Task<std::optional<State>> resume(std::string id, std::optional<std::uint64_t> rate);
    Task<std::optional<State>> cancel(std::string id);
    Task<std::optional<State>> finish(std::string id);  // when it is at the end of its list

    Task<std::optional<ReplayJob>> show(std::string id);
    /// The newest first.
    Task<std::vector<ReplayJob>> list();
    Task<std::vector<JobLetter>> letters(std::string id, std::uint64_t from, std::size_t count);

private:
    Task<std::optional<State>> move(std::string id, std::string verb, std::vector<std::string> more = {});

    net::Redis& redis_;
    const Scripts& scripts_;
};

}  // namespace headgate::retry
