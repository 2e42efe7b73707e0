#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/ids.hpp"
#include "core/result.hpp"

namespace headgate::observability {

/// What history keeps of one event: the projection of a `hist` frame. `body` is the envelope as it was accepted
/// (zstd inside) and may be empty in a frame that does not bring it; the first one that comes stays, but for
/// one that was edited.
struct HistoryRow {
    EventId event;
    std::uint64_t seq = 0;     // of its latest admission
    std::uint64_t origin = 0;  // of its first; 0: not known
    int round = 0;             // times readmitted
    std::string source;
    std::string channel;
    std::string topic;
    std::chrono::system_clock::time_point received_at;  // kept to the millisecond
    std::chrono::system_clock::time_point finished_at;
    std::string state;  // "applied", "suppressed", "dead", …
    std::string reason;
    std::string entity;        // of its first transaction, "" when it has none
    std::string order_number;  // for display
    std::int64_t frame = 0;    // place of the row among those of its event: later ones are larger
    std::string job;           // the replay job that put it back to work last
    std::string happened;      // what it tells, a JSON object
    std::string poll;          // that has brought it; "": it came otherwise, or this is not known
    std::string poll_day;      // the vendor's day of it, YYYY-MM-DD
    std::string timeline;      // of `show`: all that was told, a JSON array, oldest first
    std::string body;
    bool edited = false;  // the body takes the place of the one that is there
    std::vector<std::pair<std::string, std::string>>
        made{};  // of what died: its letter, and the transaction, opaque here
};

/// A dead letter as people search for it: the projection of what Redis has of it.
struct LetterRow {
    std::string letter;  // "EVENT", or "EVENT.HALF" of one of its deliveries
    EventId event;
    std::chrono::system_clock::time_point at;   // when it died; kept to the millisecond
    std::chrono::system_clock::time_point due;  // when somebody should have looked
    std::string stage, failure_class, code, cause, queue;
    std::string channel, source, topic;  // "": as history knows them of its event
    std::string system, type, slot, entity, order_number;
    std::vector<std::pair<std::string, std::string>> fields = {};  // that people look for; not told of those listed
    std::string detail, where, config;                             // where in the document, and in the configuration
    std::uint32_t attempts = 0;
    std::uint32_t round = 0;
    std::uint64_t seq = 0;
    std::uint64_t generation = 0;
    std::string cursor = {};  // of one that is listed: of the page behind it
};

/// An entity at a system.
struct EntityAt {
    std::string system, entity;
    auto operator<=>(const EntityAt&) const = default;
};

/// All letters that there are of one event, the event itself or deliveries of it; none: they are gone.
struct LettersOf {
    EventId event;
    std::vector<LetterRow> letters;
};

/// What is written together: outcomes first, and how the letters of some events stand behind them.
struct HistoryBatch {
    std::vector<HistoryRow> rows;
    std::vector<LettersOf> letters;
};

/// Which letters `letters` gives. Empty fields do not filter; all that are set must match exactly.
struct LetterFilter {
    std::string channel = {}, source = {}, topic = {}, system = {}, type = {}, stage = {}, code = {}, cause = {};
    std::string queue = {}, entity = {}, order_number = {}, event = {};
    std::vector<std::pair<std::string, std::string>> fields = {};              // has each of them
    std::optional<std::chrono::system_clock::time_point> since = {};           // died then or later
    std::optional<std::chrono::system_clock::time_point> until = {};           // died before
    std::optional<std::chrono::system_clock::time_point> due_by = {};          // somebody should have looked by then
    std::vector<std::string> of_channels = {}, of_types = {}, of_queues = {};  // one of these; none: any
    std::string cursor = {};                                                   // of the page before; "" for the first
    std::size_t limit = 50;                                                    // rows a page, 1..1000
};

/// Newest first.
struct LetterRows {
    std::vector<LetterRow> letters;
    std::string next;  // cursor of the next page; "" when this is the last
};

/// What some letters have in common, and how it has been since it was first seen.
struct CauseRow {
    std::string cause, stage, code, queue;
    std::string channel;     // "": of several
    std::uint64_t open = 0;  // letters there are now
    std::uint64_t seen = 0;  // letters there have been; one that dies again counts again
    std::chrono::system_clock::time_point first, last;
    std::uint64_t events = 0;  // that came on its channel from the hour of `first` to that of `last`; "": on all
};

/// Which events `list` gives. Empty fields do not filter; all that are set must match exactly.
struct HistoryFilter {
    std::string state = {};
    std::string channel = {};
    std::vector<std::string> channels = {};  // any of these
    std::string source = {};
    std::string entity = {};
    std::string event = {};
    std::optional<std::chrono::system_clock::time_point> since = {};  // accepted then or later
    std::optional<std::chrono::system_clock::time_point> until = {};  // accepted before
    std::string cursor = {};                                          // of the page before; "" for the first
    std::size_t limit = 50;                                           // rows a page, 1..1000
};

/// `rows` come newest first, by event id and thus by the millisecond of acceptance, and without `timeline` and `body`.
struct HistoryPage {
    std::vector<HistoryRow> rows;
    std::string next;  // cursor of the next page; "" when this is the last
};

/// What a poll has brought of a day.
struct PolledDay {
    std::string poll;
    std::string day;            // YYYY-MM-DD, UTC
    std::uint64_t items = 0;    // states of things that the vendor told
    std::uint64_t applied = 0;  // of these: what was news to a system, so nothing else had brought it
};

struct HistoryOptions {
    std::filesystem::path file;
    std::size_t queue = 256;  // `write` calls waiting; one more fails `history_busy`
    std::size_t batch = 64;   // `write` calls in one commit at most
    std::chrono::milliseconds busy_timeout{2000};
    std::size_t max_pages = 0;  // 0: SQLite's own limit; for tests of a full disk
};

/// Finished events in one SQLite file: searchable, and never the only place until `done` has said so. Written on
/// a thread of its own, read on another connection; calls may overlap, from any thread. Reads block the caller for as
/// long as SQLite takes. All failures are transient (`history_busy`, `history_closed`, `sqlite_full`, …), except
/// `bad_cursor` and `bad_limit`, which are permanent.
class HistoryStore {
public:
    using Done = std::move_only_function<void(Result<void>)>;

    /// Opens or creates the file. Throws std::runtime_error.
    explicit HistoryStore(HistoryOptions options);
    ~HistoryStore();  // close()
    HistoryStore(const HistoryStore&) = delete;
    HistoryStore& operator=(const HistoryStore&) = delete;

    /// All or nothing. A row replaces what is known of its event, unless its `frame` is not later: writing rows again
    /// changes nothing. What a row leaves open (seq 0, a time at the epoch, empty source, channel, topic, entity, order
    /// number) stays as known. `happened` is added to the timeline, up to 256 KiB of it.
    /// The letters of an event replace those that were there of it.
    /// `done` is called exactly once: on the writer thread after COMMIT, or here and now when nothing is queued. Keep
    /// the batch until it says ok.
    void write(HistoryBatch batch, Done done);
    /// `write` calls waiting for the writer or in its hands.
    [[nodiscard]] std::size_t waiting() const;

    [[nodiscard]] Result<HistoryPage> list(const HistoryFilter& filter) const;
    /// Without the body; nothing when the event is unknown.
    [[nodiscard]] Result<std::optional<HistoryRow>> show(const EventId& event) const;
    /// The body alone, as it was written; nothing when the event is unknown or came without one.
    [[nodiscard]] Result<std::optional<std::string>> raw(const EventId& event) const;
    /// The transaction that made a delivery's letter, as it was written last; nothing when none was.
    [[nodiscard]] Result<std::optional<std::string>> made(const std::string& letter) const;
    /// Whether there is one, which is not read, of each.
    [[nodiscard]] Result<std::vector<bool>> have_bodies(const std::vector<EventId>& events) const;

    [[nodiscard]] Result<LetterRows> letters(const LetterFilter& filter) const;
    /// Whether any delivery is a letter; and the names of those of these entities, whoever's source they are of.
    [[nodiscard]] Result<bool> has_delivery_letters() const;
    [[nodiscard]] Result<std::vector<std::string>> delivery_letters_of(const std::vector<EntityAt>& entities) const;
    /// How many there are, at most `most`.
    [[nodiscard]] Result<std::uint64_t> count_letters(const LetterFilter& filter, std::uint64_t most) const;
    /// Those with open letters, the most letters first; `all`: also those that have none any more.
    [[nodiscard]] Result<std::vector<CauseRow>> causes(bool all) const;

    /// What polls of a channel have brought, the newest day first, at most `days` of each poll.
    [[nodiscard]] Result<std::vector<PolledDay>> polled(const std::string& channel, std::size_t days) const;
    /// What a poll has brought and was news to a system, newest first.
    [[nodiscard]] Result<std::vector<HistoryRow>> missed(const std::string& channel, const std::string& poll,
                                                         std::size_t most) const;

    /// The hour in which the newest event of a channel came; nothing: none is known.
    [[nodiscard]] Result<std::optional<std::chrono::system_clock::time_point>> last_hour(
        const std::string& channel) const;

    /// How the events are that a replay job put back to work: state and how many.
    [[nodiscard]] Result<std::map<std::string, std::uint64_t>> outcomes_of(const std::string& job) const;

    /// Takes no more rows, writes those that wait and returns when the last `done` has returned.
    void close();

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace headgate::observability
