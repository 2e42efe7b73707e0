#pragma once

#include <functional>
#include <mutex>
#include <utility>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/post.hpp>

namespace headgate::gateway {

/// Carries things from any thread to one event loop, in the order they were put in: what gathers while the loop is
/// busy is handed to it in one wake-up. `receive` runs on the loop. The box must outlive what was posted to the loop.
template <class T>
class Mailbox {
public:
    Mailbox(boost::asio::any_io_executor executor, std::function<void(T)> receive)
        : executor_(std::move(executor)), receive_(std::move(receive))
    {
    }

    void put(T thing)
    {
        {
            const std::lock_guard lock(mutex_);
            waiting_.push_back(std::move(thing));
            if (waiting_.size() > 1)
                return;  // the loop knows already
        }
        boost::asio::post(executor_, [this] { deliver(); });
    }

private:
    void deliver()
    {
        std::vector<T> batch;
        {
            const std::lock_guard lock(mutex_);
            batch.swap(waiting_);
        }
        for (T& thing : batch)
            receive_(std::move(thing));
    }

    boost::asio::any_io_executor executor_;
    std::function<void(T)> receive_;
    std::mutex mutex_;
    std::vector<T> waiting_;
};

}  // namespace headgate::gateway
