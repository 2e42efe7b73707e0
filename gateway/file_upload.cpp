#include "gateway/file_upload.hpp"

#include <algorithm>
#include <optional>

#include <boost/json.hpp>

#include "gateway/file_drop.hpp"
#include "gateway/refusal.hpp"
#include "gateway/stages/verify.hpp"

namespace headgate::gateway {

namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

constexpr std::string_view feeds_path = "/feeds/";
constexpr int most_at_once = 4;  // of a channel, for each loop that takes requests in

Refused refuse_file(int status, FailureClass failure_class, std::string code, std::string detail,
                    std::optional<std::chrono::seconds> retry_after = {})
{
    return {status, {failure_class, std::move(code), std::move(detail), {}}, retry_after};
}

int status_of(const Failure& failure)
{
    if (failure.code == "disk_full")
        return 507;
    if (failure.code == "file_waiting")
        return 409;
    if (failure.code == "file_too_large")
        return 413;
    return failure.failure_class == FailureClass::permanent ? 400 : 503;
}

}  // namespace

/// One upload: what its request has to say, judged when its head has come, and the file.
class FileUploads::Upload final : public net::BodySink {
public:
    Upload(FileUploads& uploads, const net::Request& request)
        : uploads_(uploads),
          under_way_(uploads.under_way_),
          request_(request)
    {}
    ~Upload() override
    {
        if (counted_)
            --(*under_way_)[channel_->name];
    }

    asio::awaitable<bool> take(std::string_view piece) override
    {
        if (!file_ && !refused_)
            refused_ = begin();
        if (refused_)
            co_return false;
        if (piece.empty())
            co_return true;
        auto taking = file_->take(piece);
        co_return co_await std::move(taking);
    }

    asio::awaitable<net::Response> answer();

private:
    std::optional<Refused> begin();
    Task<FileDrop::Placed> verify_and_place();

    FileUploads& uploads_;
    std::shared_ptr<UnderWay> under_way_;  // an upload may go after them
    const net::Request& request_;
    const Channel* channel_ = nullptr;
    std::string name_;
    bool counted_ = false;
    bool verified_ = false;
    std::optional<Refused> refused_;
    std::unique_ptr<FileDrop> file_;
};

std::optional<Refused> FileUploads::Upload::begin()
{
    const auto& with = uploads_.with_;
    std::string_view rest = request_.path.substr(feeds_path.size());
    const auto slash = rest.find('/');
    const Channel* channel = with.configuration.channel(rest.substr(0, slash));
    if (channel == nullptr || slash == std::string_view::npos || !channel->config.receive ||
        !channel->config.receive->upload)
        return refuse_file(404, FailureClass::permanent, "unknown_channel", "no channel takes files at this path");
    channel_ = channel;
    name_ = rest.substr(slash + 1);
    if (request_.method != "PUT")
        return refuse_file(405, FailureClass::permanent, "method_not_allowed", "a file is sent by PUT");
    if (auto may = admits(*channel, with.listener_rate, with.state()); !may)
        return std::move(may.error());
    if (auto from = from_known_address(*channel, request_, with.configuration.trusted_proxies); !from)
        return std::move(from.error());
    const auto& token = channel->connector->config.signature.shared_secret;
    if (token && !token->header.empty()) {
        auto matched = verify(*channel, request_, {}, std::chrono::system_clock::now());
        if (!matched)
            return std::move(matched.error());
        verified_ = true;
    }
    if (request_.field("content-encoding").value_or("identity") != "identity")
        return refuse_file(415, FailureClass::permanent, "content_encoding_unsupported",
                           "a file is sent as it is, without Content-Encoding");
    if (!is_file_name(name_))
        return refuse_file(400, FailureClass::permanent, "bad_file_name",
                           "a file's name is of letters, digits, . _ and -, at most 128 of them");
    if (feed_of(*channel, name_) == nullptr)
        return refuse_file(400, FailureClass::permanent, "unknown_file",
                           "no feed of the channel's connector reads files of this name");
    int& count = (*under_way_)[channel->name];
    if (count >= most_at_once)
        return refuse_file(503, FailureClass::throttled, "too_many_uploads", "too many files at once", 5s);
    ++count;
    counted_ = true;
    file_ = std::make_unique<FileDrop>(FileDrop::Dependencies{uploads_.executor_, uploads_.disk_.get_executor(),
                                                              with.redis, with.configuration.folder},
                                       *channel, name_);
    return std::nullopt;
}

Task<FileDrop::Placed> FileUploads::Upload::verify_and_place()
{
    if (file_->failure())
        co_return std::unexpected(*file_->failure());
    if (!verified_) {
        std::optional<Refused> refused;
        auto looking = file_->look_at([&](std::string_view bytes) -> Result<void> {
            auto matched = verify(*channel_, request_, bytes, std::chrono::system_clock::now());
            if (!matched)
                refused = std::move(matched.error());
            return {};
        });
        auto looked = co_await std::move(looking);
        if (!looked)
            co_return std::unexpected(std::move(looked.error()));
        if (refused) {
            refused_ = refused;
            co_return std::unexpected(std::move(refused->failure));
        }
    }
    auto placing = file_->place();
    co_return co_await std::move(placing);
}

asio::awaitable<net::Response> FileUploads::Upload::answer()
{
    const auto& with = uploads_.with_;
    const std::string name = channel_ == nullptr ? "" : channel_->name;
    if (refused_)
        co_return refusal_answer(with.metrics, name, *refused_, "PUT");
    auto placing = verify_and_place();
    auto placed = co_await std::move(placing);
    if (!placed) {
        const bool again = placed.error().failure_class == FailureClass::transient;
        const int status = status_of(placed.error());
        if (!refused_)
            refused_ = Refused{status, std::move(placed.error()), again ? std::optional(10s) : std::nullopt};
        co_return refusal_answer(with.metrics, name, *refused_, "PUT");
    }
    const bool before = *placed == FileDrop::Placed::before;
    with.log.info("a file was sent", observability::LogLine{}
                                         .field("channel", name)
                                         .field("file", name_)
                                         .field("bytes", file_->size())
                                         .field("duplicate", before));
    net::Response response;
    response.status = before ? 200 : 201;
    response.content_type = "application/json";
    json::object body{{"file", name_}, {"bytes", file_->size()}};
    if (before)
        body["duplicate"] = true;
    response.body = json::serialize(body);
    co_return response;
}

FileUploads::FileUploads(asio::any_io_executor executor, Dependencies dependencies)
    : executor_(std::move(executor)),
      with_(std::move(dependencies))
{}

FileUploads::~FileUploads()
{
    disk_.join();
}

std::uint64_t FileUploads::largest(const Configuration& configuration)
{
    std::uint64_t most = 0;
    for (const auto& [name, channel] : configuration.channels)
        if (channel->config.receive && channel->config.receive->upload)
            most = std::max(most, channel->config.receive->largest.bytes);
    return most;
}

std::unique_ptr<net::BodySink> FileUploads::open(const net::Request& request)
{
    return request.path.starts_with(feeds_path) ? std::make_unique<Upload>(*this, request) : nullptr;
}

asio::awaitable<net::Response> FileUploads::run(net::Request& request)
{
    auto& upload = dynamic_cast<Upload&>(*request.sink);
    auto answering = upload.answer();
    auto response = co_await std::move(answering);
    request.sink.reset();
    co_return response;
}

}  // namespace headgate::gateway
