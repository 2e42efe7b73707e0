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

Task<std::vector<AcceptAnswer>> Inbox::accept(std::vector<AcceptItem> items)
{
    using Answers = Result<std::vector<AcceptAnswer>>;
    struct Gathered {
        Answers answers;
        std::size_t missing;
        std::move_only_function<void(Answers)> done;
    };
    if (items.empty())
        co_return std::vector<AcceptAnswer>{};
    auto impl = impl_;
    auto start = [impl, items = std::move(items)](std::move_only_function<void(Answers)> done) mutable {
        const auto all = std::make_shared<Gathered>(
            Gathered{std::vector<AcceptAnswer>(items.size()), items.size(), std::move(done)});
        for (std::size_t i = 0; i < items.size(); ++i)
            impl->add(std::move(items[i]), [all, i](Result<AcceptAnswer> answer) {
                if (answer && all->answers)
                    (*all->answers)[i] = *answer;
                else if (!answer && (all->answers || answer.error().failure_class == FailureClass::unknown_outcome))
                    all->answers = std::unexpected(std::move(answer.error()));
                if (--all->missing == 0)
                    all->done(std::move(all->answers));
            });
    };
    auto answers = net::wait_for<Answers>(std::move(start));
    co_return co_await std::move(answers);
}

}  // namespace headgate::retry
