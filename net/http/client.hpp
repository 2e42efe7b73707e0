#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/result.hpp"

namespace headgate::net {

struct ClientRequest {
    std::string host;
    std::uint16_t port = 80;
    std::string method = "GET";
    std::string target = "/";
    std::vector<std::pair<std::string, std::string>> fields;
    std::string body;
    std::chrono::milliseconds timeout{30'000};  // of the whole exchange
};

struct ClientAnswer {
    int status = 0;
    std::string body;
};

/// One plain HTTP/1.1 exchange on a connection of its own, for the command line: it blocks. Fails transient
/// `connect_failed` when nothing was sent, unknown_outcome `no_answer` after that.
Result<ClientAnswer> exchange(const ClientRequest& request);

}  // namespace headgate::net
