#include "gateway/api/bad_line.hpp"

#include <fmt/format.h>
#include <boost/json.hpp>

#include "gateway/api/answers.hpp"

namespace headgate::gateway::api {

net::Response refused_line(const BadLine& bad)
{
    return reply(failed(bad.failure).status,
                 json::object{{"error", bad.failure.code},
                              {"detail", fmt::format("line {}: {}", bad.line, bad.failure.detail)},
                              {"line", bad.line}});
}

}  // namespace headgate::gateway::api
