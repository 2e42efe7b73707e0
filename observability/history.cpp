#include "observability/history.hpp"

#include <map>
#include <mutex>
#include <utility>

#include "observability/group_commit.hpp"
#include "observability/letter_table.hpp"
#include "observability/sqlite.hpp"

namespace headgate::observability {

namespace {

// Three indexes, for writing costs one B-tree each. `event_id` finds an event and is the order of time: ids are UUIDv7,
// so the newest first are its tail, and new rows append to it. `event_by_entity` answers "what happened to this order".
// `event_by_state` leaves out what was applied, nearly all: the newest of those are found by walking `event_id`, the
// few others would not be. A channel or a source is filtered on the way. Bodies lie apart, so lists never read past
// them.
constexpr const char* event_tables = R"sql(
CREATE TABLE IF NOT EXISTS event (
    id INTEGER PRIMARY KEY, event TEXT NOT NULL, seq INTEGER NOT NULL, round INTEGER NOT NULL, source TEXT NOT NULL,
    channel TEXT NOT NULL, topic TEXT NOT NULL, received_at INTEGER NOT NULL, finished_at INTEGER NOT NULL,
    state TEXT NOT NULL, reason TEXT NOT NULL, entity TEXT NOT NULL, order_number TEXT NOT NULL,
    timeline TEXT NOT NULL, frame INTEGER NOT NULL DEFAULT 0, job TEXT NOT NULL DEFAULT '',
    origin INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE TABLE IF NOT EXISTS body (
    id INTEGER PRIMARY KEY REFERENCES event (id) ON DELETE CASCADE, bytes BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS polled (
    event TEXT PRIMARY KEY, channel TEXT NOT NULL, poll TEXT NOT NULL, day TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS polled_by_day ON polled (channel, poll, day);
CREATE TABLE IF NOT EXISTS made (letter TEXT PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS event_id ON event (event);
CREATE INDEX IF NOT EXISTS event_by_entity ON event (entity, event) WHERE entity <> '';
CREATE INDEX IF NOT EXISTS event_by_state ON event (state, event) WHERE state <> 'applied';
)sql";

constexpr const char* event_columns =
    "event, seq, round, source, channel, topic, received_at, finished_at, state, reason, entity, order_number, origin";

// The stream brings frames in order, and after a crash again, those that are written already among them. A frame that
// does not know something leaves what is known of it. `timeline` is the objects behind each other, with commas.
constexpr const char* upsert = R"sql(
INSERT INTO event (
    event, seq, round, source, channel, topic, received_at, finished_at, state, reason, entity, order_number, timeline,
    frame, job, origin)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (event) DO UPDATE SET
    seq = coalesce(nullif(excluded.seq, 0), seq), round = excluded.round,
    source = coalesce(nullif(excluded.source, ''), source), channel = coalesce(nullif(excluded.channel, ''), channel),
    topic = coalesce(nullif(excluded.topic, ''), topic),
    received_at = coalesce(nullif(excluded.received_at, 0), received_at),
    finished_at = coalesce(nullif(excluded.finished_at, 0), finished_at),
    state = excluded.state, reason = excluded.reason, entity = coalesce(nullif(excluded.entity, ''), entity),
    order_number = coalesce(nullif(excluded.order_number, ''), order_number), frame = excluded.frame,
    job = coalesce(nullif(excluded.job, ''), job), origin = iif(origin = 0, excluded.origin, origin),
    timeline = iif(length(timeline) < 262144, timeline || ',' || excluded.timeline, timeline)
WHERE excluded.frame > frame
)sql";

// A packed order is some 2 KB, and of those one page of 4 KB holds one: with 8 KB, three share what writing a page
// costs. The cache holds the ends of the indexes, which every batch writes to; with more of it bench/e2e is no faster.
constexpr std::size_t page_size = 8192;
constexpr std::size_t cache_bytes = std::size_t{4} << 20U;

HistoryRow event_row(const sqlite::Statement& found)
{
    HistoryRow row;
    row.event = EventId::parse(found.text(0)).value_or(EventId());
    row.seq = static_cast<std::uint64_t>(found.integer(1));
    row.round = static_cast<int>(found.integer(2));
    row.source = found.text(3);
    row.channel = found.text(4);
    row.topic = found.text(5);
    row.received_at = instant_of(found.integer(6));
    row.finished_at = instant_of(found.integer(7));
    row.state = found.text(8);
    row.reason = found.text(9);
    row.entity = found.text(10);
    row.order_number = found.text(11);
    row.origin = static_cast<std::uint64_t>(found.integer(12));
    return row;
}

/// A file of a version before is brought up to this one.
void make_tables(sqlite::Database& database)
{
    database.must_run(event_tables);
    if (!database.try_prepare("SELECT frame FROM event"))
        database.must_run("ALTER TABLE event ADD COLUMN frame INTEGER NOT NULL DEFAULT 0");
    if (!database.try_prepare("SELECT job FROM event"))
        database.must_run("ALTER TABLE event ADD COLUMN job TEXT NOT NULL DEFAULT ''");
    if (!database.try_prepare("SELECT origin FROM event"))
        database.must_run("ALTER TABLE event ADD COLUMN origin INTEGER NOT NULL DEFAULT 0");
    database.must_run("CREATE INDEX IF NOT EXISTS event_by_job ON event (job, state) WHERE job <> ''");
    make_letter_tables(database);
}

}  // namespace

class HistoryStore::Impl {
public:
    explicit Impl(const HistoryOptions& options)
        : database_(options.file, {.busy_timeout = options.busy_timeout,
                                   .max_pages = options.max_pages,
                                   .page_size = page_size,
                                   .cache_bytes = cache_bytes}),
          upsert_((make_tables(database_), database_.prepare(upsert))),
          add_body_(database_.prepare(
              "INSERT INTO body (id, bytes) SELECT id, ?2 FROM event WHERE event = ?1 ON CONFLICT (id) DO NOTHING")),
          replace_body_(
              database_.prepare("INSERT OR REPLACE INTO body (id, bytes) SELECT id, ?2 FROM event WHERE event = ?1")),
          put_made_(database_.prepare("INSERT OR REPLACE INTO made (letter, bytes) VALUES (?, ?)")),
          add_polled_(
              database_.prepare("INSERT OR IGNORE INTO polled (event, channel, poll, day) VALUES (?, ?, ?, ?)")),
          letter_writer_(database_),
          reader_(options.file, {.busy_timeout = options.busy_timeout, .read_only = true}),
          writer_(database_, {"history", options.queue, options.batch},
                  [this](const HistoryBatch& batch) { return write(batch); })
    {}

    sqlite::GroupCommit<HistoryBatch, void>& writer() { return writer_; }

    Result<HistoryPage> list(const HistoryFilter& filter)
    {
        if (filter.limit < 1 || filter.limit > 1000)
            return fail(FailureClass::permanent, "bad_limit", "a page has 1 to 1000 rows");
        if (!filter.cursor.empty() && !EventId::parse(filter.cursor))
            return fail(FailureClass::permanent, "bad_cursor", "this is no cursor of a page of history");

        std::string sql = std::string("SELECT ") + event_columns + " FROM event WHERE 1";
        std::vector<std::string_view> values;
        const auto add = [&](const char* condition, const std::string& value) {
            if (value.empty())
                return;
            sql += condition;
            values.emplace_back(value);
        };
        add(" AND state = ?", filter.state);
        if (!filter.state.empty() && filter.state != "applied")
            sql += " AND state <> 'applied'";  // says in the index's own words that it covers this
        add(" AND entity = ?", filter.entity);
        if (!filter.entity.empty())
            sql += " AND entity <> ''";
        add(" AND channel = ?", filter.channel);
        if (!filter.channels.empty()) {
            sql += " AND channel IN (?";
            for (std::size_t i = 1; i < filter.channels.size(); ++i)
                sql += ", ?";
            sql += ")";
            values.insert(values.end(), filter.channels.begin(), filter.channels.end());
        }
        add(" AND source = ?", filter.source);
        add(" AND event = ?", filter.event);
        const auto since = filter.since ? EventId::first_at(*filter.since).text() : "";
        const auto until = filter.until ? EventId::first_at(*filter.until).text() : "";
        add(" AND event >= ?", since);
        add(" AND event < ?", until);
        add(" AND event < ?", filter.cursor);
        sql += " ORDER BY event DESC LIMIT " + std::to_string(filter.limit + 1);

        const std::lock_guard lock(reading_);
        auto query = reader_.try_prepare(sql);
        if (!query)
            return std::unexpected(std::move(query.error()));
        for (const auto value : values)
            query->bind(value);
        HistoryPage page;
        int code = query->step();
        for (; code == SQLITE_ROW && page.rows.size() < filter.limit; code = query->step())
            page.rows.push_back(event_row(*query));
        if (code == SQLITE_ROW)
            page.next = page.rows.back().event.text();
        else if (code != SQLITE_DONE)
            return std::unexpected(sqlite::failure_of(code, "listing history"));
        return page;
    }

    Result<std::optional<HistoryRow>> show(const EventId& event)
    {
        return find<HistoryRow>(std::string("SELECT ") + event_columns + ", timeline FROM event WHERE event = ?",
                                event.text(), [](const sqlite::Statement& found) {
                                    HistoryRow row = event_row(found);
                                    row.timeline = "[" + std::string(found.text(13)) + "]";
                                    return row;
                                });
    }

    Result<std::optional<std::string>> raw(const EventId& event)
    {
        return find<std::string>("SELECT bytes FROM body JOIN event USING (id) WHERE event = ?", event.text(),
                                 [](const sqlite::Statement& found) { return std::string(found.text(0)); });
    }

    Result<std::optional<std::string>> made(const std::string& letter)
    {
        return find<std::string>("SELECT bytes FROM made WHERE letter = ?", letter,
                                 [](const sqlite::Statement& found) { return std::string(found.text(0)); });
    }

    Result<std::vector<bool>> have_bodies(const std::vector<EventId>& events)
    {
        const std::lock_guard lock(reading_);
        // SQLite reads a length without what is as long.
        auto query = reader_.try_prepare("SELECT length(bytes) > 0 FROM body JOIN event USING (id) WHERE event = ?");
        if (!query)
            return std::unexpected(std::move(query.error()));
        std::vector<bool> have;
        for (const EventId& event : events) {
            const std::string id = event.text();
            const int code = query->start(id).step();
            if (code != SQLITE_ROW && code != SQLITE_DONE)
                return std::unexpected(sqlite::failure_of(code, "looking for bodies"));
            have.push_back(code == SQLITE_ROW && query->integer(0) != 0);
        }
        return have;
    }

    Result<std::map<std::string, std::uint64_t>> outcomes_of(const std::string& job)
    {
        const std::lock_guard lock(reading_);
        auto query =
            reader_.try_prepare("SELECT state, count(*) FROM event WHERE job = ? AND job <> '' GROUP BY state");
        if (!query)
            return std::unexpected(std::move(query.error()));
        std::map<std::string, std::uint64_t> outcomes;
        int code = query->start(job).step();
        for (; code == SQLITE_ROW; code = query->step())
            outcomes.emplace(query->text(0), static_cast<std::uint64_t>(query->integer(1)));
        if (code != SQLITE_DONE)
            return std::unexpected(sqlite::failure_of(code, "counting outcomes"));
        return outcomes;
    }

    Result<std::optional<std::chrono::system_clock::time_point>> last_hour(const std::string& channel)
    {
        const std::lock_guard lock(reading_);
        auto query = reader_.try_prepare("SELECT max(hour) FROM traffic WHERE channel = ?");
        if (!query)
            return std::unexpected(std::move(query.error()));
        const int code = query->start(channel).step();
        if (code != SQLITE_ROW)
            return std::unexpected(sqlite::failure_of(code, "looking for the last event"));
        const auto hour = query->integer(0);
        if (hour == 0)
            return std::optional<std::chrono::system_clock::time_point>();
        return std::optional(std::chrono::system_clock::time_point(std::chrono::hours(hour)));
    }

    Result<std::vector<PolledDay>> polled(const std::string& channel, std::size_t days)
    {
        const std::lock_guard lock(reading_);
        auto query = reader_.try_prepare(
            "SELECT poll, day, items, applied FROM (SELECT poll, day, count(*) AS items, sum(state = 'applied') AS "
            "applied, row_number() OVER (PARTITION BY poll ORDER BY day DESC) AS place FROM polled JOIN event USING "
            "(event) WHERE polled.channel = ? GROUP BY poll, day) WHERE place <= ? ORDER BY poll, day DESC");
        if (!query)
            return std::unexpected(std::move(query.error()));
        std::vector<PolledDay> found;
        int code = query->start(channel, static_cast<std::int64_t>(days)).step();
        for (; code == SQLITE_ROW; code = query->step())
            found.push_back({std::string(query->text(0)), std::string(query->text(1)),
                             static_cast<std::uint64_t>(query->integer(2)),
                             static_cast<std::uint64_t>(query->integer(3))});
        if (code != SQLITE_DONE)
            return std::unexpected(sqlite::failure_of(code, "counting what polls have brought"));
        return found;
    }

    Result<std::vector<HistoryRow>> missed(const std::string& channel, const std::string& poll, std::size_t most)
    {
        const std::lock_guard lock(reading_);
        auto query = reader_.try_prepare(
            std::string("SELECT ") + event_columns +
            " FROM event WHERE event IN (SELECT event FROM polled WHERE channel = ? AND poll = ?) AND state = "
            "'applied' ORDER BY event DESC LIMIT ?");
        if (!query)
            return std::unexpected(std::move(query.error()));
        std::vector<HistoryRow> found;
        int code = query->start(channel, poll, static_cast<std::int64_t>(most)).step();
        for (; code == SQLITE_ROW; code = query->step())
            found.push_back(event_row(*query));
        if (code != SQLITE_DONE)
            return std::unexpected(sqlite::failure_of(code, "listing what polls have brought"));
        return found;
    }

    Result<bool> has_delivery_letters()
    {
        const std::lock_guard lock(reading_);
        return observability::has_delivery_letters(reader_);
    }

    Result<std::vector<std::string>> delivery_letters_of(const std::vector<EntityAt>& entities)
    {
        const std::lock_guard lock(reading_);
        return observability::delivery_letters_of(reader_, entities);
    }

    Result<LetterRows> letters(const LetterFilter& filter)
    {
        const std::lock_guard lock(reading_);
        return read_letters(reader_, filter);
    }

    Result<std::uint64_t> count(const LetterFilter& filter, std::uint64_t most)
    {
        const std::lock_guard lock(reading_);
        return observability::count_letters(reader_, filter, most);
    }

    Result<std::vector<CauseRow>> causes(bool all)
    {
        const std::lock_guard lock(reading_);
        return read_causes(reader_, all);
    }

private:
    Result<void> write(const HistoryBatch& batch)
    {
        std::map<std::pair<std::string_view, std::int64_t>, std::int64_t> traffic;
        for (const auto& row : batch.rows) {
            const std::string event = row.event.text();
            database_.forget_inserted();
            int code =
                upsert_
                    .start(event, row.seq, row.round, row.source, row.channel, row.topic,
                           milliseconds_of(row.received_at), milliseconds_of(row.finished_at), row.state, row.reason,
                           row.entity, row.order_number, row.happened, row.frame, row.job, row.origin)
                    .step();
            if (code == SQLITE_DONE && !row.body.empty()) {
                if (database_.has_inserted())  // not seen before
                    ++traffic[{row.channel, hour_of(row.received_at)}];
                code = (row.edited ? replace_body_ : add_body_).start(event, sqlite::Blob{row.body}).step();
            }
            if (code == SQLITE_DONE && !row.poll.empty())
                code = add_polled_.start(event, row.channel, row.poll, row.poll_day).step();
            for (auto one = row.made.begin(); code == SQLITE_DONE && one != row.made.end(); ++one)
                code = put_made_.start(one->first, sqlite::Blob{one->second}).step();
            if (code != SQLITE_DONE)
                return std::unexpected(sqlite::failure_of(code, "writing history"));
        }
        int code = SQLITE_DONE;
        for (auto of = traffic.begin(); code == SQLITE_DONE && of != traffic.end(); ++of)
            code = letter_writer_.count_traffic(of->first.first, of->first.second, of->second);
        for (auto of = batch.letters.begin(); code == SQLITE_DONE && of != batch.letters.end(); ++of)
            code = letter_writer_.write(*of);
        if (code != SQLITE_DONE)
            return std::unexpected(sqlite::failure_of(code, "writing letters"));
        return {};
    }

    template <class T, class Read>
    Result<std::optional<T>> find(const std::string& sql, const std::string& name, Read read)
    {
        const std::lock_guard lock(reading_);
        auto query = reader_.try_prepare(sql);
        if (!query)
            return std::unexpected(std::move(query.error()));
        const int code = query->start(name).step();
        if (code == SQLITE_DONE)
            return std::optional<T>();
        if (code != SQLITE_ROW)
            return std::unexpected(sqlite::failure_of(code, "reading history"));
        return std::optional<T>(read(*query));
    }

    sqlite::Database database_;
    sqlite::Statement upsert_;
    sqlite::Statement add_body_;
    sqlite::Statement replace_body_;
    sqlite::Statement put_made_;
    sqlite::Statement add_polled_;
    LetterWriter letter_writer_;
    std::mutex reading_;
    sqlite::Database reader_;
    sqlite::GroupCommit<HistoryBatch, void> writer_;  // last: its thread uses the others
};

HistoryStore::HistoryStore(HistoryOptions options) : impl_(std::make_unique<Impl>(options)) {}

HistoryStore::~HistoryStore()
{
    close();
}

void HistoryStore::write(HistoryBatch batch, Done done)
{
    impl_->writer().push(std::move(batch), std::move(done));
}

std::size_t HistoryStore::waiting() const
{
    return impl_->writer().waiting();
}

Result<HistoryPage> HistoryStore::list(const HistoryFilter& filter) const
{
    return impl_->list(filter);
}

Result<std::optional<HistoryRow>> HistoryStore::show(const EventId& event) const
{
    return impl_->show(event);
}

Result<std::optional<std::string>> HistoryStore::raw(const EventId& event) const
{
    return impl_->raw(event);
}

Result<std::optional<std::string>> HistoryStore::made(const std::string& letter) const
{
    return impl_->made(letter);
}

Result<std::vector<bool>> HistoryStore::have_bodies(const std::vector<EventId>& events) const
{
    return impl_->have_bodies(events);
}

Result<LetterRows> HistoryStore::letters(const LetterFilter& filter) const
{
    return impl_->letters(filter);
}

Result<bool> HistoryStore::has_delivery_letters() const
{
    return impl_->has_delivery_letters();
}

Result<std::vector<std::string>> HistoryStore::delivery_letters_of(const std::vector<EntityAt>& entities) const
{
    return impl_->delivery_letters_of(entities);
}

Result<std::uint64_t> HistoryStore::count_letters(const LetterFilter& filter, std::uint64_t most) const
{
    return impl_->count(filter, most);
}

Result<std::optional<std::chrono::system_clock::time_point>> HistoryStore::last_hour(const std::string& channel) const
{
    return impl_->last_hour(channel);
}

Result<std::vector<PolledDay>> HistoryStore::polled(const std::string& channel, std::size_t days) const
{
    return impl_->polled(channel, days);
}

Result<std::vector<HistoryRow>> HistoryStore::missed(const std::string& channel, const std::string& poll,
                                                     std::size_t most) const
{
    return impl_->missed(channel, poll, most);
}

Result<std::map<std::string, std::uint64_t>> HistoryStore::outcomes_of(const std::string& job) const
{
    return impl_->outcomes_of(job);
}

Result<std::vector<CauseRow>> HistoryStore::causes(bool all) const
{
    return impl_->causes(all);
}

void HistoryStore::close()
{
    impl_->writer().close();
}

}  // namespace headgate::observability
