#include "observability/audit.hpp"

#include <cstdint>
#include <mutex>
#include <utility>

#include <fmt/format.h>

#include "core/hash.hpp"
#include "core/time.hpp"
#include "observability/group_commit.hpp"
#include "observability/sqlite.hpp"

namespace headgate::observability {

namespace {

constexpr std::size_t most_findings = 20;

constexpr const char* tables = R"sql(
CREATE TABLE IF NOT EXISTS line (
    n INTEGER PRIMARY KEY, of INTEGER NOT NULL, at TEXT NOT NULL, who TEXT NOT NULL, role TEXT NOT NULL,
    what TEXT NOT NULL, thing TEXT NOT NULL, before TEXT NOT NULL, after TEXT NOT NULL, why TEXT NOT NULL,
    status INTEGER NOT NULL, hash TEXT NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS line_of ON line (of) WHERE of <> 0;
)sql";

constexpr const char* columns = "n, of, at, who, role, what, thing, before, after, why, status, hash";

/// A line as its columns have it, the time as text.
struct Stored {
    AuditLine line;
    std::string at;
};

Stored stored_in(const sqlite::Statement& row)
{
    Stored found;
    found.line.n = static_cast<std::uint64_t>(row.integer(0));
    found.line.of = static_cast<std::uint64_t>(row.integer(1));
    found.at = row.text(2);
    found.line.who = row.text(3);
    found.line.role = row.text(4);
    found.line.what = row.text(5);
    found.line.on = row.text(6);
    found.line.before = row.text(7);
    found.line.after = row.text(8);
    found.line.why = row.text(9);
    found.line.status = static_cast<int>(row.integer(10));
    found.line.hash = row.text(11);
    return found;
}

/// Every part behind its length, so that nothing can move from one to the next.
std::string hash_of(std::string_view previous, const AuditLine& line, std::string_view at)
{
    return to_hex(hash_parts({previous, std::to_string(line.n), std::to_string(line.of), at, line.who, line.role,
                              line.what, line.on, line.before, line.after, line.why, std::to_string(line.status)}));
}

std::chrono::system_clock::time_point instant_of_text(const std::string& text)
{
    const auto time = parse_timestamp(text);
    return time ? std::chrono::system_clock::time_point(std::chrono::seconds(time->seconds) +
                                                        std::chrono::nanoseconds(time->nanos))
                : std::chrono::system_clock::time_point{};
}

}  // namespace

class AuditLog::Impl {
public:
    explicit Impl(const AuditOptions& options)
        : database_(options.file, {.busy_timeout = options.busy_timeout, .max_pages = options.max_pages}),
          last_((database_.must_run(tables), database_.prepare("SELECT n, hash FROM line ORDER BY n DESC LIMIT 1"))),
          add_(database_.prepare("INSERT INTO line VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")),
          reader_(options.file, {.busy_timeout = options.busy_timeout, .read_only = true}),
          writer_(database_, {.name = "audit"}, [this](const AuditLine& line) { return write(line); })
    {}

    sqlite::GroupCommit<AuditLine, std::uint64_t>& writer() { return writer_; }

    Result<AuditPage> list(std::uint64_t before, std::size_t limit)
    {
        if (limit < 1 || limit > 1000)
            return fail(FailureClass::permanent, "bad_limit", "a page has 1 to 1000 rows");
        const std::lock_guard lock(reading_);
        auto intents =
            reader_.try_prepare(std::string("SELECT ") + columns +
                                " FROM line WHERE of = 0 AND n < ? ORDER BY n DESC LIMIT " + std::to_string(limit + 1));
        auto results = reader_.try_prepare(std::string("SELECT ") + columns + " FROM line WHERE of = ? AND of <> 0");
        auto last = reader_.try_prepare("SELECT hash FROM line ORDER BY n DESC LIMIT 1");
        for (auto* query : {&intents, &results, &last})
            if (!*query)
                return std::unexpected(std::move(query->error()));
        AuditPage page;
        const auto below = before == 0 ? std::int64_t{INT64_MAX} : static_cast<std::int64_t>(before);
        int code = intents->start(below).step();
        for (; code == SQLITE_ROW && page.entries.size() < limit; code = intents->step())
            page.entries.push_back({line_of(*intents), std::nullopt});
        if (code == SQLITE_ROW)
            page.next = page.entries.back().intent.n;
        else if (code != SQLITE_DONE)
            return std::unexpected(sqlite::failure_of(code, "listing the audit log"));
        for (auto& entry : page.entries) {
            code = results->start(entry.intent.n).step();
            if (code == SQLITE_ROW)
                entry.result = line_of(*results);
            else if (code != SQLITE_DONE)
                return std::unexpected(sqlite::failure_of(code, "listing the audit log"));
        }
        if (last->step() == SQLITE_ROW)
            page.head = last->text(0);
        return page;
    }

private:
    static AuditLine line_of(const sqlite::Statement& row)
    {
        Stored found = stored_in(row);
        found.line.at = instant_of_text(found.at);
        return std::move(found.line);
    }

    /// The line before is read from the file, where a batch that was undone left nothing.
    Result<std::uint64_t> write(const AuditLine& given)
    {
        AuditLine line = given;
        std::string previous;
        int code = last_.start().step();
        if (code == SQLITE_ROW) {
            line.n = static_cast<std::uint64_t>(last_.integer(0)) + 1;
            previous = last_.text(1);
        } else {
            line.n = 1;
        }
        last_.reset();
        if (code != SQLITE_ROW && code != SQLITE_DONE)
            return std::unexpected(sqlite::failure_of(code, "reading the audit log"));
        const auto at = sqlite::utc_text(line.at);
        line.hash = hash_of(previous, line, at);
        code = add_.start(line.n, line.of, at, line.who, line.role, line.what, line.on, line.before, line.after,
                          line.why, line.status, line.hash)
                   .step();
        if (code != SQLITE_DONE)
            return std::unexpected(sqlite::failure_of(code, "writing the audit log"));
        return line.n;
    }

    sqlite::Database database_;
    sqlite::Statement last_;
    sqlite::Statement add_;
    std::mutex reading_;
    sqlite::Database reader_;
    sqlite::GroupCommit<AuditLine, std::uint64_t> writer_;  // last: its thread uses the others
};

AuditLog::AuditLog(const AuditOptions& options) : impl_(std::make_unique<Impl>(options)) {}

AuditLog::~AuditLog()
{
    close();
}

void AuditLog::write(AuditLine line, Done done)
{
    impl_->writer().push(std::move(line), std::move(done));
}

Result<AuditPage> AuditLog::list(std::uint64_t before, std::size_t limit) const
{
    return impl_->list(before, limit);
}

void AuditLog::close()
{
    impl_->writer().close();
}

Result<AuditCheck> check_audit(const std::filesystem::path& file, const std::string& kept)
{
    const auto unreadable = [&file](const std::string& why) {
        return fail(FailureClass::permanent, "audit_unreadable", file.string() + ": " + why);
    };
    if (!std::filesystem::exists(file))
        return unreadable("there is no such file");
    AuditCheck check;
    const auto find = [&check](std::uint64_t n, std::string text) {
        if (check.findings.size() < most_findings)
            check.findings.push_back({n, std::move(text)});
    };
    try {
        sqlite::Database database(file, {.read_only = true});
        sqlite::Statement walk = database.prepare(std::string("SELECT ") + columns + " FROM line ORDER BY n");
        std::uint64_t expected = 1;
        int code = walk.step();
        for (; code == SQLITE_ROW; code = walk.step()) {
            const Stored found = stored_in(walk);
            const auto& line = found.line;
            if (line.n == expected + 1)
                find(expected, fmt::format("line {} is missing", expected));
            else if (line.n != expected)
                find(expected, fmt::format("lines {} to {} are missing", expected, line.n - 1));
            // Behind a gap the line before is not known, and this one cannot be told right.
            if (line.n == expected && line.hash != hash_of(check.head, line, found.at))
                find(line.n, fmt::format("line {} is not what was written there", line.n));
            if (!kept.empty() && line.hash == kept)
                check.kept_at = line.n;
            check.head = line.hash;
            expected = line.n + 1;
            ++check.lines;
        }
        if (code != SQLITE_DONE)
            return unreadable(sqlite::failure_of(code, "reading the audit log").detail);
    } catch (const std::exception& error) {
        return unreadable(error.what());
    }
    return check;
}

}  // namespace headgate::observability
