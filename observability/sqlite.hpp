#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include <sqlite3.h>
#include <sys/types.h>

#include "core/result.hpp"

/// SQLite as its users here need it: result codes instead of exceptions once it is open, and one table that says
/// which codes pass. For .cpp files; public headers do not include it.
namespace headgate::sqlite {

/// What SQLite reported. Only what a repeat cannot mend is permanent (a constraint, a value too big); everything
/// else, a damaged file included, waits for an operator and is tried again: `sqlite_busy`, `sqlite_full`, `sqlite_io`,
/// …
[[nodiscard]] Failure failure_of(int code, std::string_view during);

/// RFC 3339, UTC, milliseconds: how stores here write an instant down for people.
[[nodiscard]] std::string utc_text(std::chrono::system_clock::time_point instant);

struct Blob {
    std::string_view bytes;
};

/// A prepared statement. Used by one thread at a time, as its connection is.
class Statement {
public:
    Statement() = default;
    /// Throws std::runtime_error with SQLite's words: the statements are ours.
    Statement(sqlite3* database, std::string_view sql);
    explicit Statement(sqlite3_stmt* prepared) : statement_(prepared) {}

    /// Starts anew with these values. Texts and blobs are borrowed until the next `start` or `reset`.
    template <class... Values>
    Statement& start(const Values&... values)
    {
        reset();
        next_ = 1;
        (bind(values), ...);
        return *this;
    }
    Statement& bind(std::string_view text);
    Statement& bind(std::int64_t value);
    Statement& bind(Blob blob);
    Statement& bind(std::nullptr_t);
    template <class T>
        requires std::is_integral_v<T>
    Statement& bind(T value)
    {
        return bind(static_cast<std::int64_t>(value));
    }

    /// SQLITE_ROW, SQLITE_DONE or an error's code; resets after everything but a row.
    int step();
    void reset() { sqlite3_reset(statement_.get()); }

    /// Of the current row; valid until the next step or reset.
    [[nodiscard]] std::string_view text(int column) const;  // blobs too
    [[nodiscard]] bool is_null(int column) const
    {
        return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
    }
    [[nodiscard]] std::int64_t integer(int column) const { return sqlite3_column_int64(statement_.get(), column); }

private:
    struct Finalize {
        void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
    };
    std::unique_ptr<sqlite3_stmt, Finalize> statement_;
    int next_ = 1;
    int bound_ = SQLITE_OK;  // the first bind that failed; step reports it
};

struct OpenOptions {
    std::chrono::milliseconds busy_timeout{2000};
    std::size_t max_pages = 0;
    std::size_t page_size = 0;    // bytes, of a new file; 0: SQLite's own, as below
    std::size_t cache_bytes = 0;  // of pages at hand
    bool read_only = false;
};

/// A connection: WAL, synchronous=FULL, foreign keys on. A new file is readable by its owner alone.
class Database {
public:
    /// Throws std::runtime_error with the file's name and SQLite's words.
    Database(const std::filesystem::path& file, const OpenOptions& options);

    [[nodiscard]] Statement prepare(std::string_view sql) { return {database_.get(), sql}; }
    /// For when it runs already: the failure instead of an exception.
    [[nodiscard]] Result<Statement> try_prepare(std::string_view sql);
    /// Runs statements without values; SQLITE_OK or the code.
    int run(const char* sql) { return sqlite3_exec(database_.get(), sql, nullptr, nullptr, nullptr); }
    /// The same at start-up: throws.
    void must_run(const std::string& sql);
    /// Why nothing may be committed any more: the file's name leads elsewhere or nowhere, and what is written into a
    /// file without a name is lost when it closes. One stat(2).
    [[nodiscard]] std::optional<Failure> gone() const;
    /// Whether a row was inserted since `forget_inserted`; an upsert may only update.
    [[nodiscard]] bool has_inserted() const { return sqlite3_last_insert_rowid(database_.get()) != 0; }
    void forget_inserted() { sqlite3_set_last_insert_rowid(database_.get(), 0); }
    [[nodiscard]] bool in_transaction() const { return sqlite3_get_autocommit(database_.get()) == 0; }

private:
    struct Close {
        void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
    };
    std::unique_ptr<sqlite3, Close> database_;
    std::filesystem::path file_;
    dev_t device_ = 0;
    ino_t inode_ = 0;
};

}  // namespace headgate::sqlite
