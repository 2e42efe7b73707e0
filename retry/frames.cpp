#include "retry/frames.hpp"

#include "retry/keys.hpp"
#include "retry/tellings.hpp"

namespace headgate::retry {

Frames::Frames(net::Redis& redis, const Scripts& scripts, const Lease& lease)
    : redis_(redis),
      scripts_(scripts),
      lease_(lease)
{}

Task<std::vector<Frame>> Frames::read(Partition partition, std::string after, std::size_t limit)
{
    std::vector<std::string> range{"XRANGE",
                                   partition_key("hist", partition),
                                   after.empty() ? "-" : "(" + after,
                                   "+",
                                   "COUNT",
                                   std::to_string(limit)};
    auto found = co_await redis_.command(std::move(range));
    if (!found)
        co_return std::unexpected(std::move(found.error()));

    std::vector<Frame> frames;
    for (auto& item : found->list) {
        if (!item.is_list(2))
            co_return odd_reply("XRANGE");
        auto event = event_of(field_of(item.list[1], "e").value_or(""));
        auto state = field_of(item.list[1], "s").value_or("");
        auto round = number_of<std::uint32_t>(field_of(item.list[1], "r").value_or(""));
        auto bytes = field_of(item.list[1], "f");
        if (!event || state.size() != 1 || !round || !bytes)
            co_return odd_reply("XRANGE");
        Frame frame{
            item.list[0].text, *event, static_cast<FrameState>(state[0]), *round, std::string(*bytes), {}, {}, false};
        if (auto half = field_of(item.list[1], "d"))
            frame.delivery = delivery_of(std::string(view(event->bytes())).append(*half));
        frame.ended = ended_of(field_of(item.list[1], "end").value_or(""));
        frame.waiting = field_of(item.list[1], "now").value_or("") == "w";
        frames.push_back(std::move(frame));
    }
    co_return frames;
}

Task<std::uint64_t> Frames::archive(Partition partition, std::string upto)
{
    std::uint64_t gone = 0;
    for (std::int64_t page = 128; page == 128;) {
        std::vector<std::string> keys;
        std::vector<std::string> args{std::string(view(lease_.token())), std::to_string(partition), upto};
        auto reply = co_await redis_.eval(scripts_.archive, std::move(keys), std::move(args));
        if (!reply)
            co_return std::unexpected(through_fence(std::move(reply.error())));
        page = reply->integer;
        gone += static_cast<std::uint64_t>(page);
    }
    co_return gone;
}

}  // namespace headgate::retry
