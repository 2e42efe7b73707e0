#pragma once

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <iterator>
#include <mutex>
#include <utility>
#include <vector>

namespace headgate {

/// The bounded queue before a writer thread: many push, one takes all that is there up to a limit. While the writer
/// commits, the next batch gathers, so the batches grow with the load and one fsync serves them.
template <class T>
class BatchQueue {
public:
    enum class Push { taken, full, closed };

    explicit BatchQueue(std::size_t capacity) : capacity_(capacity) {}

    /// Moves from `item` only when it is taken. Never waits.
    Push push(T& item)
    {
        {
            const std::lock_guard lock(mutex_);
            if (closed_)
                return Push::closed;
            if (items_.size() + taken_ >= capacity_)
                return Push::full;
            items_.push_back(std::move(item));
        }
        some_.notify_one();
        return Push::taken;
    }

    /// Waits for items and takes the oldest, at most `limit`; empty when the queue is closed and drained. The
    /// items of the batch before count as waiting until this is called again.
    std::vector<T> take(std::size_t limit)
    {
        std::unique_lock lock(mutex_);
        taken_ = 0;
        some_.wait(lock, [this] { return closed_ || !items_.empty(); });
        taken_ = std::min(limit, items_.size());
        const auto until = items_.begin() + static_cast<std::ptrdiff_t>(taken_);
        std::vector<T> batch(std::make_move_iterator(items_.begin()), std::make_move_iterator(until));
        items_.erase(items_.begin(), until);
        return batch;
    }

    void close()
    {
        {
            const std::lock_guard lock(mutex_);
            closed_ = true;
        }
        some_.notify_all();
    }

    [[nodiscard]] std::size_t waiting() const
    {
        const std::lock_guard lock(mutex_);
        return items_.size() + taken_;
    }

private:
    const std::size_t capacity_;
    mutable std::mutex mutex_;
    std::condition_variable some_;
    std::deque<T> items_;
    std::size_t taken_ = 0;
    bool closed_ = false;
};

}  // namespace headgate
