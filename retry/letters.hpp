#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/async.hpp"
#include "net/redis/connection.hpp"
#include "retry/delivery.hpp"
#include "retry/letter.hpp"
#include "retry/scripts.hpp"

namespace headgate::retry {

/// Where a listing goes on: after this letter of this partition.
struct LetterCursor {
    Partition partition = 0;
    std::optional<EventId> after;
    std::chrono::sys_time<std::chrono::milliseconds> at{};  // of `after`: the place, when it is gone or died anew since
    std::optional<Hash16> delivery{};                       // `after` is this delivery of that event
};

struct LetterPage {
    std::vector<Letter> letters;
    std::optional<LetterCursor> next;  // nothing: that was all
};

/// A letter's event whose body is in Redis and may leave it.
struct ResidentLetter {
    EventId event;
    std::chrono::sys_time<std::chrono::milliseconds> at{};  // when the letter died
    std::uint64_t bytes = 0;                                // the body's
};
/// A page of one partition's; it may be empty with more to come.
struct ResidentPage {
    std::vector<ResidentLetter> letters;  // the oldest first; of an event with several letters it comes with each
    std::optional<LetterCursor> next;     // nothing: that was all
};

struct Readmission {
    EventId event;
    std::uint32_t round = 0;           // of the letter the person saw
    std::string frame;                 // for history: who and why; opaque here
    std::string envelope;              // only when the body is in history: put back into Redis
    std::optional<Hash16> delivery{};  // of a delivery's letter: its event goes back, its other deliveries stay
    std::string who{};                 // the person who does it, "" none: another one approves it, where a rule says so
    /// The job whose letter this is, which goes on to its next in the same step.
    struct OfJob {
        std::string job;
        std::uint64_t at = 0;  // in its list
        bool again = false;    // with `event_first` it comes once more, at the end of the list
    };
    std::optional<OfJob> job{};
    std::string terms{};  // on which its event is worked on from here on; "": as they are. Opaque here
    std::string made{};   // what is sent this time instead of what it is mapped to; opaque here
};

struct Readmitted {
    enum class Answer : std::uint8_t {
        readmitted,
        gone,             // no such letter: readmitted by another, or never there
        changed,          // it died again in a later round than the one seen
        body_in_history,  // give the envelope along
        event_first,      // a delivery's letter, and its event is back at work, or is a letter itself
        not_its_turn,     // the job does not run, or is elsewhere in its list
    };
    Answer answer = Answer::readmitted;
    std::uint64_t seq = 0;  // the new one
    Partition partition = 0;
};

/// An event that has ended, once more; always of a job.
struct Reopening {
    EventId event;
    Partition partition = 0;
    std::uint64_t origin_seq = 0;
    std::uint32_t round = 0;  // the new one
    std::string frame;
    std::string envelope;
    std::string who;
    std::string terms;  // opaque here
    std::string job;
    std::uint64_t at = 0;         // in its list
    std::string was = "applied";  // how it had ended: applied, suppressed or discarded
};
struct Reopened {
    enum class Answer : std::uint8_t {
        reopened,
        at_work,  // it has not ended, or history has only just heard of it
        not_its_turn,
    };
    Answer answer = Answer::reopened;
    std::uint64_t seq = 0;
};

struct Discarded {
    enum class Answer : std::uint8_t {
        done,
        gone,     // no such letter
        changed,  // it died again in a later round than the one seen
    };
    Answer answer = Answer::done;
    Partition partition = 0;
    std::optional<Ended> ended;     // nothing: other deliveries of it are open, or letters
    std::vector<DeliveryAt> ready;  // of lanes that it had held up
};

/// What a person changed of a letter's document, and what they saw when they did.
struct Edition {
    EventId event;
    std::optional<Hash16> delivery;
    std::uint32_t round = 0;
    std::size_t edits_before = 0;  // edits that were seen
    std::size_t edits = 0;         // with the new ones
    std::string envelope;          // with all of them
    std::string frame;
    std::string who;
};

/// The dead letters of all partitions. Anybody may read and readmit; two readmissions of one letter give one.
/// Calls may overlap, all on the connection's thread; fails as a Redis command does.
class Letters {
public:
    Letters(net::Redis& redis, const Scripts& scripts);

    /// Partition by partition, oldest first, at most `limit` (<= 128) at a time. A page may be short with more to come.
    Task<LetterPage> list(LetterCursor from = {}, std::size_t limit = 100);
    /// Of one partition, the oldest first: events that are nothing but letters, whose bodies are in Redis and were
    /// never edited.
    Task<ResidentPage> resident(LetterCursor from);
    /// What the bodies of all that are nothing but letters take of Redis.
    Task<std::uint64_t> resident_bytes();
    Task<std::optional<Letter>> show(EventId event, std::optional<Hash16> delivery = {});
    /// All of these events (<= 128), and of their deliveries.
    Task<std::vector<Letter>> of(std::vector<EventId> events);
    /// `changed` also when somebody else edited it since.
    Task<Discarded::Answer> edit(Edition edition);
    /// Nobody needs this event's letter, of the round that was seen; a delivery's is discarded by Decisions::decide.
    Task<Discarded> discard(EventId event, std::uint32_t round, std::string frame);
    /// Back to work in one script: never lost, never twice.
    Task<Readmitted> readmit(Readmission readmission);
    /// The same of what has ended.
    Task<Reopened> reopen(Reopening reopening);

private:
    net::Redis& redis_;
    const Scripts& scripts_;
};

}  // namespace headgate::retry
