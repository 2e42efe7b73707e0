#include "connectors/systems/sqlite_ledger.hpp"

#include <optional>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

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
          writer_(database_, {"ledger", options.queue, options.batch, std::move(options.may_write)},
                  [this](const Delivery& delivery) { return book_.decide(delivery, sqlite::utc_text(now_())); })
    {}

    sqlite::GroupCommit<Delivery, Applied>& writer() { return writer_; }

private:
    std::function<std::chrono::system_clock::time_point()> now_;
    sqlite::Database database_;
    LedgerBook book_;
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

std::size_t SqliteLedger::waiting() const
{
    return impl_->writer().waiting();
}

void SqliteLedger::close()
{
    impl_->writer().close();
}

Task<Applied> SqliteLedger::apply(Delivery delivery)
{
    // The timer never fires: it is how the answer, posted to the caller's executor, ends the wait.
    struct Waiting {
        asio::steady_timer answered;
        std::optional<Result<Applied>> result;
    };
    auto executor = co_await asio::this_coro::executor;
    auto waiting =
        std::make_shared<Waiting>(asio::steady_timer(executor, asio::steady_timer::time_point::max()), std::nullopt);
    Done done = [executor, waiting](Result<Applied> result) mutable {
        // Moved, not copied: the timer must not die on the writer thread.
        asio::post(executor, [waiting = std::move(waiting), result = std::move(result)]() mutable {
            waiting->result = std::move(result);
            waiting->answered.cancel();
        });
    };
    impl_->writer().push(std::move(delivery), std::move(done));

    [[maybe_unused]] auto [ended] = co_await waiting->answered.async_wait(asio::as_tuple(asio::use_awaitable));
    if (waiting->result)
        co_return std::move(*waiting->result);
    co_return fail(FailureClass::unknown_outcome, "ledger_wait_cancelled",
                   "stopped waiting; the ledger may still apply it");
}

}  // namespace headgate::connectors
