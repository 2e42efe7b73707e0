#include "connectors/systems/sqlite_ledger.hpp"

#include <atomic>
#include <utility>

#include "connectors/systems/ledger_book.hpp"
#include "observability/group_commit.hpp"
#include "observability/sqlite.hpp"

namespace headgate::connectors {

class SqliteLedger::Impl {
public:
    explicit Impl(LedgerOptions options)
        : now_(std::move(options.now)),
          database_(options.file, {.busy_timeout = options.busy_timeout, .max_pages = options.max_pages}),
          book_(database_, std::move(options.tables)),
          highest_seq_(last_seqs(database_)),
          began_empty_(highest_seq_ == 0),
          writer_(database_, {"ledger", options.queue, options.batch, std::move(options.may_write)},
                  [this](const Delivery& delivery) {
                      auto decided = book_.decide(delivery, sqlite::utc_text(now_()));
                      if (decided && delivery.seq > highest_seq_.load(std::memory_order_relaxed))
                          highest_seq_.store(delivery.seq, std::memory_order_relaxed);
                      return decided;
                  })
    {}

    sqlite::GroupCommit<Delivery, Applied>& writer() { return writer_; }
    [[nodiscard]] std::uint64_t highest_seq() const { return highest_seq_.load(std::memory_order_relaxed); }
    [[nodiscard]] bool began_empty() const { return began_empty_; }

private:
    /// Effects stand in the order they were applied, which leaves that of their seqs by no more than was in flight.
    static std::uint64_t last_seqs(sqlite::Database& database)
    {
        auto query = database.prepare(
            "SELECT coalesce(max(seq), 0) FROM (SELECT seq FROM effect ORDER BY position DESC LIMIT 10000)");
        return query.step() == SQLITE_ROW ? static_cast<std::uint64_t>(query.integer(0)) : 0;
    }

    std::function<std::chrono::system_clock::time_point()> now_;
    sqlite::Database database_;
    LedgerBook book_;
    std::atomic<std::uint64_t> highest_seq_;
    bool began_empty_;
    sqlite::GroupCommit<Delivery, Applied> writer_;  // last: its thread uses the others
};

SqliteLedger::SqliteLedger(LedgerOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}

SqliteLedger::~SqliteLedger()
{
    close();
}

void SqliteLedger::apply(Delivery delivery, Done done)
{
    impl_->writer().push(std::move(delivery), std::move(done));
}

std::uint64_t SqliteLedger::highest_seq() const
{
    return impl_->highest_seq();
}

bool SqliteLedger::began_empty() const
{
    return impl_->began_empty();
}

std::size_t SqliteLedger::waiting() const
{
    return impl_->writer().waiting();
}

void SqliteLedger::close()
{
    impl_->writer().close();
}

}  // namespace headgate::connectors
