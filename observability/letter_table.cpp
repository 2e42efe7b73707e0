#include "observability/letter_table.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <utility>

#include <fmt/format.h>

namespace headgate::observability {

namespace {

// One index for each way people ask; ties in time go by rowid, which every index holds.
constexpr const char* letter_tables = R"sql(
CREATE TABLE IF NOT EXISTS letter (
    id INTEGER PRIMARY KEY, letter TEXT NOT NULL UNIQUE, event TEXT NOT NULL, at INTEGER NOT NULL, due INTEGER NOT NULL,
    stage TEXT NOT NULL, class TEXT NOT NULL, code TEXT NOT NULL, cause TEXT NOT NULL, queue TEXT NOT NULL,
    channel TEXT NOT NULL, source TEXT NOT NULL, topic TEXT NOT NULL, system TEXT NOT NULL, type TEXT NOT NULL,
    slot TEXT NOT NULL, entity TEXT NOT NULL, order_number TEXT NOT NULL, detail TEXT NOT NULL, place TEXT NOT NULL,
    config TEXT NOT NULL, attempts INTEGER NOT NULL, round INTEGER NOT NULL, seq INTEGER NOT NULL,
    generation INTEGER NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS letter_by_time ON letter (at);
CREATE INDEX IF NOT EXISTS letter_by_due ON letter (due, at);
CREATE INDEX IF NOT EXISTS letter_by_event ON letter (event, at);
CREATE INDEX IF NOT EXISTS letter_by_source ON letter (source, at);
CREATE INDEX IF NOT EXISTS letter_by_topic ON letter (topic, at);
CREATE INDEX IF NOT EXISTS letter_by_stage ON letter (stage, at);
CREATE INDEX IF NOT EXISTS letter_by_channel ON letter (channel, at);
CREATE INDEX IF NOT EXISTS letter_by_system ON letter (system, at) WHERE system <> '';
CREATE INDEX IF NOT EXISTS letter_by_type ON letter (type, at) WHERE type <> '';
CREATE INDEX IF NOT EXISTS letter_by_code ON letter (code, at);
CREATE INDEX IF NOT EXISTS letter_by_cause ON letter (cause, at);
CREATE INDEX IF NOT EXISTS letter_by_queue ON letter (queue, at);
CREATE INDEX IF NOT EXISTS letter_by_entity ON letter (entity, at) WHERE entity <> '';
CREATE INDEX IF NOT EXISTS letter_by_order ON letter (order_number, at) WHERE order_number <> '';
CREATE TABLE IF NOT EXISTS letter_field (
    name TEXT NOT NULL, value TEXT NOT NULL, died INTEGER NOT NULL,
    of INTEGER NOT NULL REFERENCES letter (id) ON DELETE CASCADE, PRIMARY KEY (name, value, died, of))
    STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS letter_field_of ON letter_field (of);
CREATE TABLE IF NOT EXISTS cause (
    cause TEXT PRIMARY KEY, stage TEXT NOT NULL, code TEXT NOT NULL, queue TEXT NOT NULL, channel TEXT NOT NULL,
    open INTEGER NOT NULL, seen INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS traffic (
    channel TEXT NOT NULL, hour INTEGER NOT NULL, events INTEGER NOT NULL, PRIMARY KEY (channel, hour))
    STRICT, WITHOUT ROWID;
)sql";

constexpr const char* letter_columns =
    "letter, event, at, due, stage, class, code, cause, queue, channel, source, topic, system, type, slot, entity, "
    "order_number, detail, place, config, attempts, round, seq, generation";

// What is behind an event's name and a dot: its deliveries'. '/' comes next behind '.'.
constexpr const char* known = "SELECT letter, at, cause FROM letter WHERE letter >= ?1 AND letter < ?1 || '/'";

// Of an event that is not finished, channel, source and topic may be known to its own row alone.
constexpr const char* put = R"sql(
INSERT INTO letter (letter, event, at, due, stage, class, code, cause, queue, channel, source, topic, system, type, slot,
    entity, order_number, detail, place, config, attempts, round, seq, generation)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (letter) DO UPDATE SET
    at = excluded.at, due = excluded.due, stage = excluded.stage, class = excluded.class, code = excluded.code,
    cause = excluded.cause, queue = excluded.queue, channel = excluded.channel, source = excluded.source,
    topic = excluded.topic, type = excluded.type, entity = excluded.entity, order_number = excluded.order_number,
    detail = excluded.detail, place = excluded.place, config = excluded.config, attempts = excluded.attempts,
    round = excluded.round, seq = excluded.seq, generation = excluded.generation
)sql";

constexpr const char* add_cause = R"sql(
INSERT INTO cause (cause, stage, code, queue, channel, open, seen, first, last) VALUES (?1, ?2, ?3, ?4, ?5, 1, 1, ?6, ?6)
ON CONFLICT (cause) DO UPDATE SET
    open = open + 1, seen = seen + 1, queue = excluded.queue, channel = iif(channel = excluded.channel, channel, ''),
    first = min(first, excluded.first), last = max(last, excluded.last)
)sql";

LetterRow letter_row(const sqlite::Statement& found)
{
    LetterRow row;
    row.event = EventId::parse(found.text(1)).value_or(EventId());
    row.at = instant_of(found.integer(2));
    row.due = instant_of(found.integer(3));
    int column = 4;
    for (std::string* text :
         {&row.stage, &row.failure_class, &row.code, &row.cause, &row.queue, &row.channel, &row.source, &row.topic,
          &row.system, &row.type, &row.slot, &row.entity, &row.order_number, &row.detail, &row.where, &row.config})
        *text = found.text(column++);
    row.letter = found.text(0);
    row.attempts = static_cast<std::uint32_t>(found.integer(20));
    row.round = static_cast<std::uint32_t>(found.integer(21));
    row.seq = static_cast<std::uint64_t>(found.integer(22));
    row.generation = static_cast<std::uint64_t>(found.integer(23));
    return row;
}

/// Where a page goes on: behind this row.
struct Cursor {
    std::int64_t at = 0, id = 0;
};

std::optional<Cursor> cursor_of(std::string_view text)
{
    Cursor cursor;
    const char* end = text.data() + text.size();
    const auto at = std::from_chars(text.data(), end, cursor.at);
    if (at.ec != std::errc{} || at.ptr == end || *at.ptr != '.')
        return std::nullopt;
    const auto id = std::from_chars(at.ptr + 1, end, cursor.id);
    return id.ec == std::errc{} && id.ptr == end ? std::optional(cursor) : std::nullopt;
}

/// `FROM` and `WHERE` of a filter, and what stands for its question marks.
struct Condition {
    std::string sql = "letter WHERE 1";
    std::string_view at = "at", id = "id";  // what the newest are found by
    std::vector<std::string_view> texts;
    std::vector<std::int64_t> numbers;  // behind the texts

    void bind(sqlite::Statement& query) const
    {
        for (const auto text : texts)
            query.bind(text);
        for (const auto number : numbers)
            query.bind(number);
    }
};

Condition condition_of(const LetterFilter& filter)
{
    Condition condition;
    // A field leads, in its own order of time, unless something else leaves few: SQLite does not know which does.
    const bool by_field =
        !filter.fields.empty() && filter.event.empty() && filter.entity.empty() && filter.order_number.empty();
    if (by_field) {
        condition.sql =
            "letter_field AS field CROSS JOIN letter ON letter.id = field.of WHERE field.name = ? AND "
            "field.value = ?";
        condition.at = "died";
        condition.id = "of";
        condition.texts = {filter.fields.front().first, filter.fields.front().second};
    }
    const std::array<std::pair<const char*, const std::string*>, 12> wanted{{{"channel", &filter.channel},
                                                                             {"source", &filter.source},
                                                                             {"topic", &filter.topic},
                                                                             {"system", &filter.system},
                                                                             {"type", &filter.type},
                                                                             {"stage", &filter.stage},
                                                                             {"code", &filter.code},
                                                                             {"cause", &filter.cause},
                                                                             {"queue", &filter.queue},
                                                                             {"entity", &filter.entity},
                                                                             {"order_number", &filter.order_number},
                                                                             {"event", &filter.event}}};
    for (const auto& [column, value] : wanted) {
        if (value->empty())
            continue;
        condition.sql.append(" AND ").append(column).append(" = ?");
        condition.texts.emplace_back(*value);
        for (const std::string_view partial : {"system", "type", "entity", "order_number"})
            if (partial == column)  // says in the index's own words that it covers this
                condition.sql.append(" AND ").append(column).append(" <> ''");
    }
    for (auto field = filter.fields.begin() + (by_field ? 1 : 0); field < filter.fields.end(); ++field) {
        condition.sql +=
            " AND EXISTS (SELECT 1 FROM letter_field WHERE name = ? AND value = ? AND died = letter.at AND of = "
            "letter.id)";
        condition.texts.insert(condition.texts.end(), {field->first, field->second});
    }
    const std::array<std::pair<const char*, const std::vector<std::string>*>, 3> lists{
        {{"channel", &filter.of_channels}, {"type", &filter.of_types}, {"queue", &filter.of_queues}}};
    for (const auto& [column, values] : lists) {
        if (values->empty())
            continue;
        condition.sql.append(" AND ").append(column).append(" IN (?");
        for (std::size_t i = 1; i < values->size(); ++i)
            condition.sql += ", ?";
        condition.sql += ")";
        condition.texts.insert(condition.texts.end(), values->begin(), values->end());
    }
    const auto bound = [&](std::string_view column, std::string_view sql, const auto& instant) {
        if (!instant)
            return;
        condition.sql.append(" AND ").append(column).append(sql);
        condition.numbers.push_back(milliseconds_of(*instant));
    };
    bound(condition.at, " >= ?", filter.since);
    bound(condition.at, " < ?", filter.until);
    bound("due", " <= ?", filter.due_by);
    // Newest first, and what is overdue is old: what is newer than all of it is not looked at. `+at` keeps SQLite from
    // looking for the newest by `at`, past all that is not overdue.
    bound(condition.at, " <= (SELECT max(+at) FROM letter WHERE due <= ?)", filter.due_by);
    return condition;
}

}  // namespace

std::int64_t milliseconds_of(std::chrono::system_clock::time_point instant)
{
    return std::chrono::floor<std::chrono::milliseconds>(instant.time_since_epoch()).count();
}

std::chrono::system_clock::time_point instant_of(std::int64_t milliseconds)
{
    return std::chrono::system_clock::time_point(std::chrono::milliseconds(milliseconds));
}

std::int64_t hour_of(std::chrono::system_clock::time_point instant)
{
    return std::chrono::floor<std::chrono::hours>(instant.time_since_epoch()).count();
}

void make_letter_tables(sqlite::Database& database)
{
    database.must_run(letter_tables);
}

LetterWriter::LetterWriter(sqlite::Database& database)
    : known_(database.prepare(known)),
      event_(database.prepare("SELECT channel, source, topic, entity, order_number FROM event WHERE event = ?")),
      put_(database.prepare(put)),
      drop_(database.prepare("DELETE FROM letter WHERE letter = ?")),
      put_field_(database.prepare("INSERT OR IGNORE INTO letter_field (name, value, died, of) "
                                  "SELECT ?2, ?3, at, id FROM letter WHERE letter = ?1")),
      drop_fields_(database.prepare("DELETE FROM letter_field WHERE of = (SELECT id FROM letter WHERE letter = ?)")),
      add_cause_(database.prepare(add_cause)),
      take_cause_(database.prepare("UPDATE cause SET open = max(0, open - 1) WHERE cause = ?")),
      traffic_(database.prepare("INSERT INTO traffic VALUES (?1, ?2, ?3) ON CONFLICT (channel, hour) DO UPDATE SET "
                                "events = events + excluded.events"))
{}

int LetterWriter::let_go(std::string_view cause)
{
    return take_cause_.start(cause).step();
}

int LetterWriter::write(const LettersOf& of)
{
    struct Known {
        std::int64_t at;
        std::string cause;
    };
    std::map<std::string, Known, std::less<>> before;
    const std::string event = of.event.text();
    int code = known_.start(event).step();
    for (; code == SQLITE_ROW; code = known_.step())
        before.emplace(known_.text(0), Known{known_.integer(1), std::string(known_.text(2))});
    for (auto letter = of.letters.begin(); code == SQLITE_DONE && letter != of.letters.end(); ++letter) {
        const auto found = before.find(letter->letter);
        const bool known = found != before.end();
        if (known) {
            const bool same = found->second.at == milliseconds_of(letter->at) && found->second.cause == letter->cause;
            if (!same)
                code = let_go(found->second.cause);
            before.erase(found);
            if (same)
                continue;
        }
        if (code == SQLITE_DONE)
            code = write(*letter, event, known);
    }
    for (auto gone = before.begin(); code == SQLITE_DONE && gone != before.end(); ++gone) {
        code = let_go(gone->second.cause);
        if (code == SQLITE_DONE)
            code = drop_.start(gone->first).step();
    }
    return code;
}

int LetterWriter::write(const LetterRow& letter, const std::string& event, bool known)
{
    LetterRow row = letter;
    const int known_event = event_.start(event).step();
    if (known_event == SQLITE_ROW) {
        int column = 0;
        for (std::string* text : {&row.channel, &row.source, &row.topic, &row.entity, &row.order_number}) {
            if (text->empty())
                *text = event_.text(column);
            ++column;
        }
        event_.reset();
    } else if (known_event != SQLITE_DONE) {
        return known_event;
    }
    const int code = put_.start(row.letter, event, milliseconds_of(row.at), milliseconds_of(row.due), row.stage,
                                row.failure_class, row.code, row.cause, row.queue, row.channel, row.source, row.topic,
                                row.system, row.type, row.slot, row.entity, row.order_number, row.detail, row.where,
                                row.config, row.attempts, row.round, row.seq, row.generation)
                         .step();
    if (code != SQLITE_DONE)
        return code;
    if (const int fields = write_fields(row, known); fields != SQLITE_DONE)
        return fields;
    return add_cause_.start(row.cause, row.stage, row.code, row.queue, row.channel, milliseconds_of(row.at)).step();
}

int LetterWriter::write_fields(const LetterRow& row, bool known)
{
    int code = known ? drop_fields_.start(row.letter).step() : SQLITE_DONE;
    for (auto field = row.fields.begin(); code == SQLITE_DONE && field != row.fields.end(); ++field)
        code = put_field_.start(row.letter, field->first, field->second).step();
    return code;
}

int LetterWriter::count_traffic(std::string_view channel, std::int64_t hour, std::int64_t events)
{
    return traffic_.start(channel, hour, events).step();
}

Result<LetterRows> read_letters(sqlite::Database& reader, const LetterFilter& filter)
{
    if (filter.limit < 1 || filter.limit > 1000)
        return fail(FailureClass::permanent, "bad_limit", "a page has 1 to 1000 rows");
    auto condition = condition_of(filter);
    if (!filter.cursor.empty()) {
        const auto cursor = cursor_of(filter.cursor);
        if (!cursor)
            return fail(FailureClass::permanent, "bad_cursor", "this is no cursor of a page of letters");
        condition.sql += fmt::format(" AND ({}, {}) < (?, ?)", condition.at, condition.id);
        condition.numbers.insert(condition.numbers.end(), {cursor->at, cursor->id});
    }
    auto query = reader.try_prepare(
        std::string("SELECT ") + letter_columns + ", letter.id FROM " + condition.sql +
        fmt::format(" ORDER BY {} DESC, {} DESC LIMIT {}", condition.at, condition.id, filter.limit + 1));
    if (!query)
        return std::unexpected(std::move(query.error()));
    condition.bind(*query);
    LetterRows page;
    int code = query->step();
    for (; code == SQLITE_ROW && page.letters.size() < filter.limit; code = query->step()) {
        auto& row = page.letters.emplace_back(letter_row(*query));
        row.cursor = std::to_string(milliseconds_of(row.at)) + "." + std::to_string(query->integer(24));
    }
    if (code == SQLITE_ROW)
        page.next = page.letters.back().cursor;
    else if (code != SQLITE_DONE)
        return std::unexpected(sqlite::failure_of(code, "listing letters"));
    return page;
}

Result<bool> has_delivery_letters(sqlite::Database& reader)
{
    auto query = reader.try_prepare("SELECT 1 FROM letter WHERE system <> '' LIMIT 1");
    if (!query)
        return std::unexpected(std::move(query.error()));
    const int code = query->step();
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        return std::unexpected(sqlite::failure_of(code, "looking for letters"));
    return code == SQLITE_ROW;
}

Result<std::vector<std::string>> delivery_letters_of(sqlite::Database& reader, const std::vector<EntityAt>& entities)
{
    auto query = reader.try_prepare("SELECT letter FROM letter WHERE entity = ? AND entity <> '' AND system = ?");
    if (!query)
        return std::unexpected(std::move(query.error()));
    std::vector<std::string> letters;
    for (const auto& [system, entity] : entities) {
        int code = query->start(entity, system).step();
        for (; code == SQLITE_ROW; code = query->step())
            letters.emplace_back(query->text(0));
        if (code != SQLITE_DONE)
            return std::unexpected(sqlite::failure_of(code, "looking for letters"));
    }
    return letters;
}

Result<std::uint64_t> count_letters(sqlite::Database& reader, const LetterFilter& filter, std::uint64_t most)
{
    const auto condition = condition_of(filter);
    auto query = reader.try_prepare("SELECT count(*) FROM (SELECT 1 FROM " + condition.sql + " LIMIT " +
                                    std::to_string(most) + ")");
    if (!query)
        return std::unexpected(std::move(query.error()));
    condition.bind(*query);
    if (const int code = query->step(); code != SQLITE_ROW)
        return std::unexpected(sqlite::failure_of(code, "counting letters"));
    return static_cast<std::uint64_t>(query->integer(0));
}

Result<std::vector<CauseRow>> read_causes(sqlite::Database& reader, bool all)
{
    auto query = reader.try_prepare(std::string(R"sql(
SELECT cause, stage, code, queue, channel, open, seen, first, last,
    (SELECT ifnull(sum(events), 0) FROM traffic
     WHERE (cause.channel = '' OR traffic.channel = cause.channel) AND hour BETWEEN first / 3600000 AND last / 3600000)
FROM cause)sql") + (all ? "" : " WHERE open > 0") +
                                    " ORDER BY open DESC, cause");
    if (!query)
        return std::unexpected(std::move(query.error()));
    std::vector<CauseRow> causes;
    int code = query->step();
    for (; code == SQLITE_ROW; code = query->step()) {
        CauseRow& row = causes.emplace_back();
        int column = 0;
        for (std::string* text : {&row.cause, &row.stage, &row.code, &row.queue, &row.channel})
            *text = query->text(column++);
        row.open = static_cast<std::uint64_t>(query->integer(5));
        row.seen = static_cast<std::uint64_t>(query->integer(6));
        row.first = instant_of(query->integer(7));
        row.last = instant_of(query->integer(8));
        row.events = static_cast<std::uint64_t>(query->integer(9));
    }
    if (code != SQLITE_DONE)
        return std::unexpected(sqlite::failure_of(code, "listing causes"));
    return causes;
}

}  // namespace headgate::observability
