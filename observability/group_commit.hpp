#pragma once

#include <cstddef>
#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/fault_point.hpp"
#include "core/give_way.hpp"
#include "observability/batch_queue.hpp"
#include "observability/sqlite.hpp"

namespace headgate::sqlite {

struct GroupCommitOptions {
    std::string name;          // "ledger": the codes are ledger_busy, ledger_closed, ledger_error
    std::size_t queue = 1024;  // items waiting or being written; one more is refused
    std::size_t batch = 128;   // items in one commit at most
    std::function<bool()> may_commit = [] { return true; };  // asked right before each COMMIT; false: `lease_lost`
};

/// The one thread that writes a database: takes what waits, writes it in one transaction in the order it came, and
/// answers after COMMIT. Each item has a savepoint: one that fails is undone alone. When the transaction fails, all of
/// its items get that failure, and nothing of them is written. For .cpp files. Calls may overlap.
template <class Item, class Answer>
class GroupCommit {
public:
    using Done = std::move_only_function<void(Result<Answer>)>;
    using Write = std::function<Result<Answer>(const Item&)>;

    /// `write` runs on the writer thread inside a transaction of `database`, which is this object's alone from now on.
    GroupCommit(Database& database, GroupCommitOptions options, Write write)
        : database_(database),
          options_(std::move(options)),
          write_(std::move(write)),
          queue_(options_.queue),
          begin_(database.prepare("BEGIN IMMEDIATE")),
          commit_(database.prepare("COMMIT")),
          save_(database.prepare("SAVEPOINT item")),
          keep_(database.prepare("RELEASE item")),
          undo_(database.prepare("ROLLBACK TO item")),
          writer_([this] { run(); })
    {}
    ~GroupCommit() { close(); }
    GroupCommit(const GroupCommit&) = delete;
    GroupCommit& operator=(const GroupCommit&) = delete;

    /// `done` is called exactly once and destroyed right after: on the writer thread, or here when nothing is queued.
    void push(Item item, Done done)
    {
        Job job{std::move(item), std::move(done)};
        switch (queue_.push(job)) {
        case BatchQueue<Job>::Push::taken: return;
        case BatchQueue<Job>::Push::full: return job.done(std::unexpected(transient("_busy", "its queue is full")));
        case BatchQueue<Job>::Push::closed: return job.done(std::unexpected(transient("_closed", "it is closing")));
        }
    }

    [[nodiscard]] std::size_t waiting() const { return queue_.waiting(); }

    void close()
    {
        queue_.close();
        if (writer_.joinable())
            writer_.join();
    }

private:
    struct Job {
        Item item;
        Done done;
    };

    [[nodiscard]] Failure transient(const char* code, const char* detail) const
    {
        return {FailureClass::transient, options_.name + code, options_.name + ": " + detail, {}};
    }

    void run()
    {
        give_way();
        for (auto batch = queue_.take(options_.batch); !batch.empty(); batch = queue_.take(options_.batch)) {
            std::vector<Result<Answer>> results;
            std::optional<Failure> lost;
            try {
                lost = write_all(batch, results);
            } catch (const std::exception&) {  // out of memory: undone, and the callers bring it again
                lost = transient("_error", "the batch was given up");
            }
            if (lost && database_.in_transaction())
                database_.run("ROLLBACK");
            if (!lost)
                fault_point(options_.name + "_committed");
            for (std::size_t i = 0; i < batch.size(); ++i) {
                Done done = std::move(batch[i].done);
                done(lost ? Result<Answer>(std::unexpected(*lost)) : std::move(results[i]));
            }
        }
    }

    std::optional<Failure> write_all(const std::vector<Job>& batch, std::vector<Result<Answer>>& results)
    {
        if (const int code = begin_.start().step(); code != SQLITE_DONE)
            return failure_of(code, "beginning a batch");
        results.reserve(batch.size());
        for (const auto& job : batch) {
            results.push_back(write_one(job.item));
            let_others_go();
            if (!database_.in_transaction())  // SQLite gave all of it up, not only this item
                return results.back() ? transient("_error", "the batch was undone") : results.back().error();
        }
        if (!options_.may_commit())
            return Failure{
                FailureClass::transient, "lease_lost", options_.name + ": another node may own this work now", {}};
        if (auto gone = database_.gone())
            return gone;
        fault_point(options_.name + "_before_commit");
        if (const int code = commit_.start().step(); code != SQLITE_DONE)
            return failure_of(code, "committing a batch");
        return std::nullopt;
    }

    Result<Answer> write_one(const Item& item)
    {
        if (const int code = save_.start().step(); code != SQLITE_DONE)
            return std::unexpected(failure_of(code, "beginning an item"));
        Result<Answer> result = write_(item);
        if (!database_.in_transaction())
            return result;
        int code = result ? SQLITE_DONE : undo_.start().step();
        if (code == SQLITE_DONE)
            code = keep_.start().step();
        if (code == SQLITE_DONE)
            return result;
        database_.run("ROLLBACK");
        return result ? Result<Answer>(std::unexpected(failure_of(code, "ending an item"))) : std::move(result);
    }

    Database& database_;
    GroupCommitOptions options_;
    Write write_;
    BatchQueue<Job> queue_;
    Statement begin_, commit_, save_, keep_, undo_;
    std::thread writer_;
};

}  // namespace headgate::sqlite
