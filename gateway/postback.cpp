#include "gateway/postback.hpp"

#include "gateway/stages/verify.hpp"

namespace headgate::gateway {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t most_open = 32;  // of a channel, on one loop

std::unexpected<Refused> unasked(std::string detail, std::chrono::seconds later)
{
    return std::unexpected(Refused{503, {FailureClass::transient, "postback_failed", std::move(detail), {}}, later});
}

/// One of those that are open, until it is destroyed: with its loop perhaps, and behind whoever asked.
class OpenQuestion {
public:
    explicit OpenQuestion(std::shared_ptr<std::size_t> open) : open_(std::move(open)) { ++*open_; }
    ~OpenQuestion() { --*open_; }
    OpenQuestion(const OpenQuestion&) = delete;
    OpenQuestion& operator=(const OpenQuestion&) = delete;

private:
    std::shared_ptr<std::size_t> open_;
};

}  // namespace

asio::awaitable<Intake<void>> Postback::confirmed(const Received& received)
{
    const Channel& channel = *received.channel;
    auto question = channel.postback->question(signed_request(channel, *received.request, received.at));
    if (!question)
        co_return std::unexpected(Refused{401, std::move(question.error()), {}});
    auto& open = open_[&channel];
    if (!open)
        open = std::make_shared<std::size_t>(0);
    if (*open >= most_open)
        co_return unasked("the vendor is being asked about as many requests as it is at a time", 1s);
    const OpenQuestion asking(open);

    VendorApi& api = *with_.apis.at(&channel);
    VendorApi::Request request{
        .method = "POST", .target = api.base() + channel.postback->recipe().path, .body = std::move(*question)};
    auto sending = api.send(std::move(request));
    auto answer = co_await std::move(sending);
    auto confirmed = answer.result ? channel.postback->confirmed(answer.result->body)
                                   : Result<bool>(std::unexpected(answer.result.error()));
    with_.metrics.postbacks(channel.name, !confirmed ? "failed" : *confirmed ? "confirmed" : "refused").add();
    if (!confirmed) {
        with_.log.warn("a vendor could not be asked whether it sent a request",
                       observability::LogLine{}.field("channel", channel.name).field("code", confirmed.error().code));
        const auto later = answer.not_before ? std::chrono::ceil<std::chrono::seconds>(*answer.not_before) : 10s;
        co_return unasked("the vendor could not be asked whether it sent this",
                          std::max<std::chrono::seconds>(later, 1s));
    }
    if (!*confirmed)
        co_return std::unexpected(Refused{
            401, {FailureClass::auth, "postback_refused", "the vendor says that it did not send this", {}}, {}});
    co_return Intake<void>{};
}

}  // namespace headgate::gateway
