#include "net/redis/connection.hpp"

#include <boost/asio/post.hpp>

#include "net/redis/connection_impl.hpp"
#include "net/redis/wait_for.hpp"

namespace headgate::net {

namespace {

std::vector<std::string_view> views(const std::vector<std::string>& texts)
{
    return {texts.begin(), texts.end()};
}

}  // namespace

Redis::Redis(asio::any_io_executor executor, RedisOptions options)
    : impl_(std::make_shared<Impl>(std::move(executor), std::move(options)))
{
    asio::post(impl_->executor, [impl = impl_] { impl->start(); });
}

Redis::~Redis()
{
    impl_->close();
}

void Redis::send(Args args, Callback done)
{
    std::string command;
    append_command(command, args);
    impl_->send(command, std::move(done));
}

void Redis::send(const Script& script, Args keys, Args args, Callback done)
{
    auto count = std::to_string(keys.size());
    std::vector<std::string_view> head{"EVALSHA", script.sha1, count};
    head.insert(head.end(), keys.begin(), keys.end());
    auto command = std::make_shared<std::string>();
    append_command(*command, head, args);
    impl_->send_script(script, std::move(command), std::move(done), true);
}

Task<Reply> Redis::command(std::vector<std::string> args)
{
    auto impl = impl_;
    auto start = [impl, args = std::move(args)](Callback done) {
        std::string command;
        append_command(command, views(args));
        impl->send(command, std::move(done));
    };
    auto answer = wait_for<Result<Reply>>(std::move(start));
    co_return co_await std::move(answer);
}

Task<Reply> Redis::eval(const Script& script, std::vector<std::string> keys, std::vector<std::string> args)
{
    auto impl = impl_;
    auto start = [impl, &script, keys = std::move(keys), args = std::move(args)](Callback done) {
        std::vector<std::string> head{"EVALSHA", script.sha1, std::to_string(keys.size())};
        head.insert(head.end(), keys.begin(), keys.end());
        auto command = std::make_shared<std::string>();
        append_command(*command, views(head), views(args));
        impl->send_script(script, std::move(command), std::move(done), true);
    };
    auto answer = wait_for<Result<Reply>>(std::move(start));
    co_return co_await std::move(answer);
}

bool Redis::connected() const
{
    return impl_->usable();
}

Task<void> Redis::wait_connected(std::chrono::milliseconds limit)
{
    auto impl = impl_;
    auto start = [impl, limit](std::move_only_function<void(Result<void>)> done) {
        impl->add_waiter(limit, std::move(done));
    };
    auto answer = wait_for<Result<void>>(std::move(start));
    co_return co_await std::move(answer);
}

void Redis::on_state(std::move_only_function<void(bool, const Failure*)> callback)
{
    impl_->state_callback = std::move(callback);
}

const asio::any_io_executor& Redis::executor() const
{
    return impl_->executor;
}

std::size_t Redis::pending() const
{
    return impl_->pending.size();
}

void Redis::close()
{
    impl_->close();
}

}  // namespace headgate::net
