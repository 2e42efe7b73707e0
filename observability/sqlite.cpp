#include "observability/sqlite.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <stdexcept>

#include <fmt/format.h>

namespace headgate::sqlite {

Failure failure_of(int code, std::string_view during)
{
    auto failure = [&](FailureClass failure_class, std::string name) {
        std::string detail = "while ";
        detail.append(during).append(": ").append(sqlite3_errstr(code));
        return Failure{failure_class, std::move(name), std::move(detail), {}};
    };
    switch (code & 0xff) {
    case SQLITE_BUSY: return failure(FailureClass::transient, "sqlite_busy");
    case SQLITE_LOCKED: return failure(FailureClass::transient, "sqlite_locked");
    case SQLITE_FULL: return failure(FailureClass::transient, "sqlite_full");
    case SQLITE_IOERR: return failure(FailureClass::transient, "sqlite_io");
    case SQLITE_NOMEM: return failure(FailureClass::transient, "sqlite_nomem");
    case SQLITE_CANTOPEN: return failure(FailureClass::transient, "sqlite_cantopen");
    case SQLITE_READONLY: return failure(FailureClass::transient, "sqlite_readonly");
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return failure(FailureClass::transient, "sqlite_corrupt");
    case SQLITE_CONSTRAINT: return failure(FailureClass::permanent, "sqlite_constraint");
    case SQLITE_TOOBIG: return failure(FailureClass::permanent, "sqlite_too_big");
    case SQLITE_MISMATCH: return failure(FailureClass::permanent, "sqlite_mismatch");
    default: return failure(FailureClass::transient, "sqlite_error");
    }
}

std::string utc_text(std::chrono::system_clock::time_point instant)
{
    using namespace std::chrono;
    const auto day = floor<days>(instant);
    const year_month_day date{day};
    const hh_mm_ss time{floor<milliseconds>(instant - day)};
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", int{date.year()}, unsigned{date.month()},
                       unsigned{date.day()}, time.hours().count(), time.minutes().count(), time.seconds().count(),
                       time.subseconds().count());
}

namespace {

std::string complaint(sqlite3* database)
{
    const char* file = sqlite3_db_filename(database, "main");
    return std::string(file != nullptr ? file : "SQLite") + ": " + sqlite3_errmsg(database);
}

}  // namespace

Statement::Statement(sqlite3* database, std::string_view sql)
{
    sqlite3_stmt* made = nullptr;
    if (sqlite3_prepare_v3(database, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT, &made,
                           nullptr) != SQLITE_OK)
        throw std::runtime_error(complaint(database));
    statement_.reset(made);
}

Statement& Statement::bind(std::string_view text)
{
    const char* data = text.data() == nullptr ? "" : text.data();
    const int code = sqlite3_bind_text64(statement_.get(), next_++, data, text.size(), SQLITE_STATIC, SQLITE_UTF8);
    bound_ = bound_ == SQLITE_OK ? code : bound_;
    return *this;
}

Statement& Statement::bind(std::int64_t value)
{
    const int code = sqlite3_bind_int64(statement_.get(), next_++, value);
    bound_ = bound_ == SQLITE_OK ? code : bound_;
    return *this;
}

Statement& Statement::bind(Blob blob)
{
    const char* data = blob.bytes.data() == nullptr ? "" : blob.bytes.data();
    const int code = sqlite3_bind_blob64(statement_.get(), next_++, data, blob.bytes.size(), SQLITE_STATIC);
    bound_ = bound_ == SQLITE_OK ? code : bound_;
    return *this;
}

Statement& Statement::bind(std::nullptr_t)
{
    const int code = sqlite3_bind_null(statement_.get(), next_++);
    bound_ = bound_ == SQLITE_OK ? code : bound_;
    return *this;
}

int Statement::step()
{
    const int code = bound_ == SQLITE_OK ? sqlite3_step(statement_.get()) : bound_;
    bound_ = SQLITE_OK;
    if (code != SQLITE_ROW)
        reset();
    return code;
}

std::string_view Statement::text(int column) const
{
    const void* data = sqlite3_column_blob(statement_.get(), column);  // the text's own bytes when it is a text
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column));
    return data == nullptr ? std::string_view() : std::string_view(static_cast<const char*>(data), size);
}

Database::Database(const std::filesystem::path& file, const OpenOptions& options)
{
    if (!options.read_only) {
        const int made =
            ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);  // SQLite's own files take these rights over
        if (made >= 0)
            ::close(made);
    }
    const int flags = (options.read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE) | SQLITE_OPEN_NOMUTEX;
    sqlite3* opened = nullptr;
    const int code = sqlite3_open_v2(file.c_str(), &opened, flags, nullptr);
    database_.reset(opened);
    if (code != SQLITE_OK)
        throw std::runtime_error("cannot open " + file.string() + ": " + sqlite3_errstr(code));
    sqlite3_extended_result_codes(opened, 1);
    sqlite3_busy_timeout(opened, static_cast<int>(options.busy_timeout.count()));
    if (options.read_only)
        return;

    if (options.page_size != 0)
        must_run("PRAGMA page_size = " + std::to_string(options.page_size));
    if (options.cache_bytes != 0)
        must_run("PRAGMA cache_size = -" + std::to_string(options.cache_bytes / 1024));  // below zero: KiB
    must_run("PRAGMA foreign_keys = ON");
    if (options.max_pages != 0)
        must_run("PRAGMA max_page_count = " + std::to_string(options.max_pages));
    Statement mode = prepare("PRAGMA journal_mode = WAL");
    if (mode.step() != SQLITE_ROW || mode.text(0) != "wal")
        throw std::runtime_error("cannot use a write-ahead log for " + file.string() + ": " + sqlite3_errmsg(opened));
    mode.reset();
    must_run("PRAGMA synchronous = FULL");
    struct stat status{};
    if (::stat(file.c_str(), &status) == 0) {
        file_ = file;
        device_ = status.st_dev;
        inode_ = status.st_ino;
    }
}

std::optional<Failure> Database::gone() const
{
    struct stat status{};
    if (file_.empty() || (::stat(file_.c_str(), &status) == 0 && status.st_dev == device_ && status.st_ino == inode_))
        return std::nullopt;
    return Failure{FailureClass::transient,
                   "sqlite_file_gone",
                   file_.string() +
                       " was moved, deleted or replaced while it was open; put it back, or restart "
                       "Headgate to begin a new one",
                   {}};
}

Result<Statement> Database::try_prepare(std::string_view sql)
{
    sqlite3_stmt* made = nullptr;
    const int code = sqlite3_prepare_v2(database_.get(), sql.data(), static_cast<int>(sql.size()), &made, nullptr);
    if (code != SQLITE_OK)
        return std::unexpected(failure_of(code, "preparing a statement"));
    return Statement(made);
}

void Database::must_run(const std::string& sql)
{
    if (run(sql.c_str()) != SQLITE_OK)
        throw std::runtime_error(complaint(database_.get()));
}

}  // namespace headgate::sqlite
