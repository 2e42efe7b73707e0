#include <boost/json.hpp>

#include "gateway/api/resources.hpp"

namespace headgate::gateway::api {

namespace {

namespace json = boost::json;

/// Secrets stand in this answer and nowhere else: the audit log keeps no lists.
net::Response told(const std::string& channel, const Registered& found)
{
    json::array rows;
    for (const auto& row : found.rows)
        rows.push_back(json::object{{"topic", row.topic},
                                    {"word", row.word},
                                    {"state", name_of(row.state)},
                                    {"id", row.id},
                                    {"at", row.at},
                                    {"failed", row.failed}});
    json::array secrets;
    for (const auto& [id, secret] : found.secrets)
        secrets.push_back(json::object{{"id", id}, {"secret", secret}});
    json::value failed = nullptr;
    if (found.failed)
        failed = json::object{{"code", found.failed->code}, {"detail", found.failed->detail}};
    return reply(200, json::object{{"channel", channel},
                                   {"address", found.address},
                                   {"subscriptions", std::move(rows)},
                                   {"secrets", std::move(secrets)},
                                   {"failed", std::move(failed)}});
}

asio::awaitable<net::Response> subscriptions(const Means& with, std::string channel, bool make)
{
    auto asking = with.owner.subscriptions(channel, make);
    const auto found = co_await std::move(asking);
    co_return found ? told(channel, *found) : failed(found.error());
}

}  // namespace

asio::awaitable<net::Response> list_subscriptions(const Means& with, const Call& call)
{
    if (const auto none = parameters(call.query, {}); !none)
        co_return failed(none.error());
    co_return co_await subscriptions(with, std::string(call.name), false);
}

asio::awaitable<net::Response> make_subscriptions(const Means& with, const Call& call)
{
    if (const auto none = parameters(call.query, {}); !none)
        co_return failed(none.error());
    if (const auto none = members(call.body, {}); !none)
        co_return failed(none.error());
    co_return co_await subscriptions(with, std::string(call.name), true);
}

}  // namespace headgate::gateway::api
