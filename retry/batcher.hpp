#pragma once

#include <deque>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/post.hpp>

#include "net/redis/connection.hpp"
#include "retry/replies.hpp"

namespace headgate::retry {

/// Arguments of a script: borrowed bytes and numbers that are kept here.
struct Arguments {
    std::vector<std::string_view> views;
    std::deque<std::string> kept;

    void add(std::string_view borrowed) { views.push_back(borrowed); }
    void add(std::uint64_t number) { keep(std::to_string(number)); }
    void keep(std::string text) { views.push_back(kept.emplace_back(std::move(text))); }
};

/// Gathers what is ready in one turn of the loop into as few calls of one script as possible: at most 128 items and
/// 1 MB each (an item above it goes alone). A Call says how: Item, Answer, `stride` reply values per item, and
/// script(), head(Arguments&), encode(const Item&, Arguments&), size(const Item&),
/// decode(const Item&, span<const Reply>) -> Result<Answer>.
template <class Call>
class Batcher : public std::enable_shared_from_this<Batcher<Call>> {
public:
    using Item = typename Call::Item;
    using Answer = typename Call::Answer;
    using Done = std::move_only_function<void(Result<Answer>)>;

    Batcher(asio::any_io_executor executor, net::Redis& redis, Call call)
        : executor_(std::move(executor)),
          redis_(redis),
          call_(std::move(call))
    {}

    void add(Item item, Done done)
    {
        waiting_.push_back({std::move(item), std::move(done)});
        if (asked_)
            return;
        asked_ = true;
        asio::post(executor_, [self = this->shared_from_this()] { self->flush(); });
    }

    /// The Redis is going away: what has not left fails at the next turn.
    void close() { closed_ = true; }

private:
    struct Entry {
        Item item;
        Done done;
    };
    static constexpr std::size_t max_items = 128;
    static constexpr std::size_t max_bytes = 1U << 20U;

    void flush()
    {
        asked_ = false;
        auto ready = std::exchange(waiting_, {});
        if (closed_) {
            for (auto& entry : ready)
                entry.done(fail(FailureClass::transient, "redis_unavailable", "closed"));
            return;
        }
        std::vector<Entry> batch;
        std::size_t bytes = 0;
        for (auto& entry : ready) {
            auto size = call_.size(entry.item);
            if (!batch.empty() && (batch.size() == max_items || bytes + size > max_bytes)) {
                leave(std::exchange(batch, {}));
                bytes = 0;
            }
            bytes += size;
            batch.push_back(std::move(entry));
        }
        leave(std::move(batch));
    }

    void leave(std::vector<Entry> batch)
    {
        Arguments arguments;
        call_.head(arguments);
        for (const auto& entry : batch)
            call_.encode(entry.item, arguments);
        auto args = std::span<const std::string_view>(arguments.views);
        // The batch moves after its bytes were copied into the command: `send` reads its arguments at once.
        auto shared = std::make_shared<std::vector<Entry>>(std::move(batch));
        redis_.send(call_.script(), {}, args, [self = this->shared_from_this(), shared](Result<net::Reply> reply) {
            self->answered(*shared, std::move(reply));
        });
    }

    void answered(std::vector<Entry>& batch, Result<net::Reply> reply)
    {
        if (reply && !reply->is_list(batch.size() * Call::stride))
            reply = odd_reply(call_.script().name);
        // A script that refuses has written nothing: one bad item must not hold up its neighbours.
        if (!reply && reply.error().code == "redis_error" && batch.size() > 1) {
            for (auto& entry : batch) {
                std::vector<Entry> alone;
                alone.push_back(std::move(entry));
                leave(std::move(alone));
            }
            return;
        }
        for (std::size_t i = 0; i < batch.size(); ++i) {
            if (!reply) {
                batch[i].done(std::unexpected(reply.error()));
                continue;
            }
            auto values = std::span<const net::Reply>(reply->list).subspan(i * Call::stride, Call::stride);
            batch[i].done(call_.decode(batch[i].item, values));
        }
    }

    asio::any_io_executor executor_;
    net::Redis& redis_;
    Call call_;
    std::vector<Entry> waiting_;
    bool asked_ = false;
    bool closed_ = false;
};

}  // namespace headgate::retry
