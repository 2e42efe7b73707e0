#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/thread_pool.hpp>

#include "gateway/configuration.hpp"
#include "gateway/gateway_metrics.hpp"
#include "gateway/stages/receive.hpp"
#include "net/http/message.hpp"
#include "net/redis/connection.hpp"
#include "observability/log.hpp"

namespace headgate::gateway {

/// PUT /feeds/CHANNEL/NAME: files by HTTP instead of into a folder, for channels with `receive.upload`. Who may send is
/// what the channel's signature says: a token in a header is looked at before anything is taken, a signature over the
/// body when the file is whole. The body goes to disk as it comes. One thread: its executor's.
class FileUploads {
public:
    struct Dependencies {
        const Configuration& configuration;
        net::Redis& redis;
        GatewayMetrics& metrics;
        RateLimiter& listener_rate;
        std::function<IntakeState()> state;
        observability::Log& log;
    };
    FileUploads(asio::any_io_executor executor, Dependencies dependencies);
    FileUploads(const FileUploads&) = delete;
    FileUploads& operator=(const FileUploads&) = delete;
    ~FileUploads();

    /// The largest file that any channel takes, in bytes; 0: none takes any.
    static std::uint64_t largest(const Configuration& configuration);
    /// What takes the body of such a request; null: it is none.
    std::unique_ptr<net::BodySink> open(const net::Request& request);
    /// Answers a request that `open` has made a sink for. 201 with the file's size, 200 when it was placed before; 409
    /// `file_waiting`; 507 `disk_full`.
    asio::awaitable<net::Response> run(net::Request& request);

private:
    class Upload;
    using UnderWay = std::map<std::string, int, std::less<>>;  // how many, by channel

    asio::any_io_executor executor_;
    Dependencies with_;
    asio::thread_pool disk_{1};
    std::shared_ptr<UnderWay> under_way_ = std::make_shared<UnderWay>();
};

}  // namespace headgate::gateway
