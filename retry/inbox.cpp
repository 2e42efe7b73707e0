#include "retry/inbox.hpp"

#include "net/redis/wait_for.hpp"
#include "retry/batcher.hpp"

namespace headgate::retry {

namespace {

struct AcceptCall {
    using Item = AcceptItem;
    using Answer = AcceptAnswer;
    static constexpr std::size_t stride = 5;
    const Scripts* scripts;

    [[nodiscard]] const net::Script& script() const { return scripts->accept; }
    void head(Arguments&) const {}
    static std::size_t size(const Item& item) { return item.envelope.size() + 160; }

    static void encode(const Item& item, Arguments& out)
    {
        out.add(view(item.key));
        out.add(view(item.event.bytes()));
        out.add(view(item.digest));
        out.add(static_cast<std::uint64_t>(item.partition));
        out.add(static_cast<std::uint64_t>(item.window.count()));
        out.add(std::string_view(item.envelope));
    }

    static Result<Answer> decode(const Item&, std::span<const net::Reply> values)
    {
        auto event = event_of(values[1].text);
        auto claim = values[0].integer;
        if (!event || claim < 0 || claim > 2)
            return odd_reply("accept");
        return Answer{static_cast<Claim>(claim), *event, static_cast<Partition>(values[2].integer),
                      static_cast<std::uint64_t>(values[3].integer), static_cast<std::uint64_t>(values[4].integer)};
    }
};

}  // namespace

struct Inbox::Impl : Batcher<AcceptCall> {
    using Batcher::Batcher;
};

Inbox::Inbox(net::Redis& redis, const Scripts& scripts)
    : impl_(std::make_shared<Impl>(redis.executor(), redis, AcceptCall{&scripts}))
{}

Inbox::~Inbox()
{
    impl_->close();
}

Task<AcceptAnswer> Inbox::accept(AcceptItem item)
{
    auto impl = impl_;
    auto start = [impl, item = std::move(item)](Impl::Done done) mutable {
        impl->add(std::move(item), std::move(done));
    };
    auto answer = net::wait_for<Result<AcceptAnswer>>(std::move(start));
    co_return co_await std::move(answer);
}

}  // namespace headgate::retry
