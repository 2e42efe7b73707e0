#include "gateway/refusal.hpp"

#include <string>

#include <boost/json.hpp>

namespace headgate::gateway {

net::Response refusal_answer(GatewayMetrics& metrics, std::string_view channel, const Refused& refused,
                             std::string_view allow)
{
    metrics.refused(channel, refused.failure.code, refused.status).add();
    net::Response response;
    response.status = refused.status;
    response.content_type = "application/json";
    response.body = boost::json::serialize(
        boost::json::object{{"error", refused.failure.code}, {"detail", refused.failure.detail}});
    if (refused.retry_after)
        response.fields.emplace_back("Retry-After", std::to_string(refused.retry_after->count()));
    if (refused.status == 405)
        response.fields.emplace_back("Allow", allow);
    return response;
}

}  // namespace headgate::gateway
