#include "gateway/cli/admin.hpp"

#include <cstdlib>
#include <iostream>

#include <boost/json.hpp>
#include <boost/url/encode.hpp>
#include <boost/url/rfc/unreserved_chars.hpp>

#include "core/config/values.hpp"
#include "gateway/cli/cli.hpp"
#include "gateway/cli/output.hpp"
#include "gateway/data_folder.hpp"

namespace headgate::gateway {

namespace json = boost::json;

namespace {

/// HEADGATE_TOKEN, else the data folder's own.
Result<std::string> token_for(const RunningInfo& running)
{
    if (const char* given = std::getenv("HEADGATE_TOKEN"); given != nullptr) {
        if (*given == '\0')
            return fail(FailureClass::permanent, "secret_empty",
                        "HEADGATE_TOKEN is set and empty: unset it to use the data folder's own token");
        return std::string(given);
    }
    auto token = read_file(running.admin_token_file);
    if (token && token->ends_with('\n'))
        token->pop_back();
    return token;
}

}  // namespace

Result<net::ClientAnswer> call(const std::string& data, std::string method, std::string target, std::string body)
{
    const auto running = read_running(data);
    if (!running)
        return std::unexpected(running.error());
    const auto address = config::parse_endpoint(running->admin_address);
    auto token = token_for(*running);
    if (!token && token.error().code == "secret_empty")
        return std::unexpected(std::move(token.error()));
    if (!address || !token)
        return fail(FailureClass::permanent, "not_running", "run.json of " + data + " names no admin address or token");
    net::ClientRequest request;
    request.host = address->address == "0.0.0.0" ? "127.0.0.1" : address->address;
    request.port = address->port;
    if (method != "GET")
        request.timeout = std::chrono::minutes(5);
    request.method = std::move(method);
    request.target = std::move(target);
    request.fields.emplace_back("Authorization", "Bearer " + *token);
    request.body = std::move(body);
    return net::exchange(request);
}

Result<json::value> told_by(const net::ClientAnswer& answer)
{
    boost::system::error_code error;
    auto body = json::parse(answer.body, error);
    if (error)
        return fail(FailureClass::permanent, "bad_answer",
                    "the admin API answered " + std::to_string(answer.status) + " without JSON");
    if (answer.status < 200 || answer.status > 299) {
        const auto text = [&](const char* name) {
            const auto* value = body.is_object() ? body.as_object().if_contains(name) : nullptr;
            return value != nullptr && value->is_string() ? std::string(value->as_string()) : std::string{};
        };
        return fail(FailureClass::permanent, text("error"), text("detail"));
    }
    return body;
}

Result<json::value> ask(const std::string& data, std::string method, std::string target, std::string body)
{
    const auto answer = call(data, std::move(method), std::move(target), std::move(body));
    if (!answer)
        return std::unexpected(answer.error());
    return told_by(*answer);
}

int show(const std::string& data, std::string target, bool json)
{
    const auto answer = ask(data, "GET", std::move(target));
    if (!answer)
        return complain(answer.error());
    if (json)
        std::cout << boost::json::serialize(*answer) << "\n";
    else
        print_fields(*answer);
    return exit_fine;
}

std::string encoded(const std::string& value)
{
    return boost::urls::encode(value, boost::urls::unreserved_chars);
}

}  // namespace headgate::gateway
