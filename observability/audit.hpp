#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/result.hpp"

namespace headgate::observability {

/// A line of the audit log. An *intent* is written before something is changed; the *result* behind it says by `of`
/// which intent it ends. An intent without a result was cut off: nobody knows whether the change was made.
struct AuditLine {
    std::uint64_t n = 0;                       // 1, 2, 3, …: given when it is written
    std::uint64_t of = 0;                      // 0: an intent
    std::chrono::system_clock::time_point at;  // kept to the millisecond
    std::string who;
    std::string role;
    std::string what;    // "POST dlq/ID/replay"
    std::string on;      // the name of the one thing
    std::string before;  // JSON, or empty
    std::string after;   // of an intent: what was asked
    std::string why;
    int status = 0;    // of a result
    std::string hash;  // hex: SHA-256 over the hash of the line before and all of this one
};

struct AuditEntry {
    AuditLine intent;
    std::optional<AuditLine> result;
};

struct AuditPage {
    std::vector<AuditEntry> entries;  // newest first
    std::uint64_t next = 0;           // `before` of the next page; 0: this is the last
    std::string head;                 // hash of the newest line; empty when there is none
};

struct AuditOptions {
    std::filesystem::path file;
    std::chrono::milliseconds busy_timeout{2000};
    std::size_t max_pages = 0;  // 0: SQLite's own limit; for tests of a full disk
};

/// Who changed what: lines that hold on to each other by their hashes, in one SQLite file. Written on a thread of its
/// own, on disk before `done` says ok; read on another connection. Calls may overlap, from any thread. All failures are
/// transient (`audit_busy`, `audit_closed`, `sqlite_full`, …): nothing was written.
class AuditLog {
public:
    using Done = std::move_only_function<void(Result<std::uint64_t>)>;

    /// Opens or creates the file. Throws std::runtime_error.
    explicit AuditLog(const AuditOptions& options);
    ~AuditLog();  // close()
    AuditLog(const AuditLog&) = delete;
    AuditLog& operator=(const AuditLog&) = delete;

    /// `done` is called exactly once with the line's number: on the writer thread after COMMIT, or here and now.
    void write(AuditLine line, Done done);
    /// Intents with their results, from `before` (0: the newest) downwards; 1 to 1000.
    [[nodiscard]] Result<AuditPage> list(std::uint64_t before, std::size_t limit) const;
    /// Takes no more lines, writes those that wait and returns when the last `done` has returned.
    void close();

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

/// What a walk over all lines has found.
struct AuditCheck {
    struct Finding {
        std::uint64_t n = 0;
        std::string text;
    };
    std::uint64_t lines = 0;
    std::string head;
    std::vector<Finding> findings;  // the first of them
    std::uint64_t kept_at = 0;      // the line that has the hash that was kept; 0: none has
};

/// Reads the file, whether a Headgate runs on it or not, and tells of each line that is not what was written there.
/// `kept` is a hash that somebody wrote down elsewhere, or "". Fails with `audit_unreadable`.
[[nodiscard]] Result<AuditCheck> check_audit(const std::filesystem::path& file, const std::string& kept);

}  // namespace headgate::observability
