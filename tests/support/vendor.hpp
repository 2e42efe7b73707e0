#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "net/http/server.hpp"

namespace headgate::test {

/// A vendor's API on a real socket, in the test's process: it outlives the Headgate that dies. What it answers is the
/// test's to say; what it was asked it remembers.
class Vendor {
public:
    struct Asked {
        std::string method;
        std::string target;
        std::map<std::string, std::string> headers;  // names in lower case
        std::string body;
    };
    struct Answer {
        int status = 200;
        std::string body;
        std::vector<std::pair<std::string, std::string>> headers{};
    };
    using Say = std::function<Answer(const Asked&)>;

    explicit Vendor(Say say);
    ~Vendor();
    Vendor(const Vendor&) = delete;
    Vendor& operator=(const Vendor&) = delete;

    [[nodiscard]] int port() const { return port_; }
    /// From the next request on.
    void say(Say say);
    [[nodiscard]] std::vector<Asked> asked() const;
    /// How many requests there were whose target begins so.
    [[nodiscard]] std::size_t count(const std::string& target) const;

private:
    boost::asio::io_context io_{1};
    std::unique_ptr<net::HttpServer> server_;
    int port_ = 0;
    mutable std::mutex mutex_;
    Say say_;
    std::vector<Asked> asked_;
    std::thread thread_;
};

}  // namespace headgate::test
