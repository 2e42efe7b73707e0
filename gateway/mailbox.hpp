#pragma once

#include <functional>
#include <mutex>
#include <utility>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/post.hpp>

namespace headgate::gateway {

/// Calls from any thread to one event loop, run there in the order they were put in: what gathers while the loop is
/// busy is run in one wake-up. The box must outlive what it has posted to the loop.
class Mailbox {
public:
    using Call = std::move_only_function<void()>;

    explicit Mailbox(boost::asio::any_io_executor executor) : executor_(std::move(executor)) {}

    void put(Call call)
    {
        {
            const std::lock_guard lock(mutex_);
            waiting_.push_back(std::move(call));
            if (waiting_.size() > 1)
                return;  // the loop knows already
        }
        boost::asio::post(executor_, [this] { run(); });
    }

private:
    void run()
    {
        std::vector<Call> batch;
        {
            const std::lock_guard lock(mutex_);
            batch.swap(waiting_);
        }
        for (Call& call : batch)
            call();
    }

    boost::asio::any_io_executor executor_;
    std::mutex mutex_;
    std::vector<Call> waiting_;
};

}  // namespace headgate::gateway
