#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/system.hpp"

namespace headgate::connectors {

/// A column of a ledger's table: the value that stands at `path` in the transaction (or in one of its lines). Texts and
/// numbers are stored as TEXT exactly as they stand, never as REAL. An `integer` is stored as INTEGER only if it is a
/// plain 64-bit integer, else as TEXT; a `boolean` as 0 or 1. What is absent, null, a list or an object is null.
struct LedgerColumn {
    enum class Kind : std::uint8_t { text, integer, boolean };
    std::string name;
    std::vector<std::string> path;  // names of members
    Kind kind = Kind::text;
};

/// The tables of one canonical type: `<type>` and, when it has line columns, `<type>_line` for the items of `lines`.
/// One row is one fact (source, entity, id) as last told, whatever the order of its type; what has been applied, in the
/// order it was applied, is in the table `effect`.
struct LedgerTable {
    std::string type;
    std::vector<LedgerColumn> header;
    std::vector<LedgerColumn> lines;
};

struct LedgerOptions {
    std::filesystem::path file;
    std::vector<LedgerTable> tables;
    std::size_t queue = 4096;                      // deliveries waiting for the writer; one more fails `ledger_busy`
    std::size_t batch = 256;                       // deliveries in one commit at most
    std::chrono::milliseconds busy_timeout{2000};  // for another program that has the file locked
    std::size_t max_pages = 0;                     // 0: SQLite's own limit; for tests of a full disk
    /// Asked on the writer thread right before each COMMIT (the lease): false undoes the batch.
    std::function<bool()> may_write = [] { return true; };
    std::function<std::chrono::system_clock::time_point()> now = std::chrono::system_clock::now;
};

/// The `ledger` system: canonical transactions as real tables of one SQLite file. One thread writes and commits
/// many deliveries at a time; deliveries are applied in the order `apply` was called. What `done` reports as
/// applied is on disk (WAL, synchronous=FULL). Calls may overlap, from any thread.
///
/// Recognises repeats for good: the same effect key is applied once (`adopted`), the same fact at the same version
/// and content once (`repeated`), an older version never replaces a newer one (`stale`). Fails with
///   transient  ledger_busy (the queue is full), ledger_closed, lease_lost, sqlite_busy, sqlite_full, sqlite_io,
///              sqlite_file_gone (deleted or replaced while open), …
///   permanent  fact_changed (a `once` fact came with another content), unknown_type, and read_json's codes
/// A failed delivery has written nothing; its neighbours in the batch are not touched unless the whole batch failed.
class SqliteLedger {
public:
    using Done = std::move_only_function<void(Result<Applied>)>;

    /// Opens or creates the file, its tables and the columns they lack; never drops any. Throws std::runtime_error.
    explicit SqliteLedger(LedgerOptions options);
    ~SqliteLedger();  // close()
    SqliteLedger(const SqliteLedger&) = delete;
    SqliteLedger& operator=(const SqliteLedger&) = delete;

    /// `done` is called exactly once: on the writer thread after COMMIT, or here and now when nothing is queued
    /// (`ledger_busy`, `ledger_closed`). It is destroyed right after, on the same thread. It must not block or throw.
    void apply(Delivery delivery, Done done);

    /// The highest accept sequence of what was applied; 0: nothing was.
    [[nodiscard]] std::uint64_t highest_seq() const;
    /// True when no effect had ever been written when it was opened.
    [[nodiscard]] bool began_empty() const;
    /// Deliveries waiting for the writer or in its hands.
    [[nodiscard]] std::size_t waiting() const;
    /// Takes no more deliveries, applies those that wait and returns when the last `done` has returned.
    void close();

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace headgate::connectors
