#include <iostream>

#include <fmt/format.h>
#include <boost/json.hpp>
#include <boost/url/encode.hpp>
#include <boost/url/rfc/unreserved_chars.hpp>

#include "core/config/values.hpp"
#include "gateway/cli/cli.hpp"
#include "gateway/data_folder.hpp"
#include "net/http/client.hpp"

namespace headgate::gateway {

namespace {

namespace json = boost::json;

/// One call to the admin API of the Headgate that runs in `data`.
Result<net::ClientAnswer> call(const std::string& data, std::string method, std::string target)
{
    const auto running = read_running(data);
    if (!running)
        return std::unexpected(running.error());
    const auto address = config::parse_endpoint(running->admin_address);
    auto token = read_file(running->admin_token_file);
    if (!address || !token)
        return fail(FailureClass::permanent, "not_running", "run.json of " + data + " names no admin address or token");
    if (token->ends_with('\n'))
        token->pop_back();
    net::ClientRequest request;
    request.host = address->address == "0.0.0.0" ? "127.0.0.1" : address->address;
    request.port = address->port;
    request.method = std::move(method);
    request.target = std::move(target);
    request.fields.emplace_back("Authorization", "Bearer " + *token);
    return net::exchange(request);
}

/// The JSON of a good answer, or the failure it tells.
Result<json::value> ask(const std::string& data, std::string method, std::string target)
{
    auto answer = call(data, std::move(method), std::move(target));
    if (!answer)
        return std::unexpected(std::move(answer.error()));
    boost::system::error_code error;
    auto body = json::parse(answer->body, error);
    if (error)
        return fail(FailureClass::permanent, "bad_answer",
                    "the admin API answered " + std::to_string(answer->status) + " without JSON");
    if (answer->status < 200 || answer->status > 299) {
        const auto text = [&](const char* name) {
            const auto* value = body.is_object() ? body.as_object().if_contains(name) : nullptr;
            return value != nullptr && value->is_string() ? std::string(value->as_string()) : std::string{};
        };
        return fail(FailureClass::permanent, text("error"), text("detail"));
    }
    return body;
}

/// What a sender wrote, safe on a terminal: control characters escaped, and no longer than a line should be.
std::string shown(std::string_view value)
{
    constexpr std::size_t longest = 200;
    std::string out;
    for (const char letter : value.substr(0, longest)) {
        const auto byte = static_cast<unsigned char>(letter);
        if (byte < 0x20 || byte == 0x7f)
            out += fmt::format("\\x{:02x}", byte);
        else
            out += letter;
    }
    return value.size() > longest ? out + "…" : out;
}

std::string text(const json::object& object, std::string_view name)
{
    const auto* value = object.if_contains(name);
    if (value == nullptr || value->is_null())
        return "";
    return shown(value->is_string() ? std::string(value->as_string()) : json::serialize(*value));
}

void print_fields(const json::value& value, int indent = 0)
{
    const std::string space(static_cast<std::size_t>(indent) * 2, ' ');
    if (const auto* object = value.if_object()) {
        for (const auto& [name, member] : *object) {
            if (member.is_structured()) {
                std::cout << space << name << ":\n";
                print_fields(member, indent + 1);
            } else if (!member.is_string() || !member.as_string().empty()) {
                std::cout << space << fmt::format("{:<16}", std::string_view(name)) << " "
                          << (member.is_string() ? shown(member.as_string()) : json::serialize(member)) << "\n";
            }
        }
    } else if (const auto* list = value.if_array()) {
        for (const auto& item : *list) {
            if (item.is_structured()) {
                std::cout << space << "-\n";
                print_fields(item, indent + 1);
            } else {
                std::cout << space << "- " << json::serialize(item) << "\n";
            }
        }
    }
}

std::string encoded(const std::string& value)
{
    return boost::urls::encode(value, boost::urls::unreserved_chars);
}

int show(const QueryOptions& options, const std::string& target)
{
    const auto answer = ask(options.data, "GET", target);
    if (!answer)
        return complain(answer.error());
    if (options.json)
        std::cout << json::serialize(*answer) << "\n";
    else
        print_fields(*answer);
    return exit_fine;
}

}  // namespace

int events_list_command(const QueryOptions& options)
{
    std::string target = "/api/v1/events?limit=" + std::to_string(options.limit);
    for (const auto& [name, value] : {std::pair{"state", &options.state}, std::pair{"channel", &options.channel},
                                      std::pair{"entity", &options.entity}})
        if (!value->empty())
            target += std::string("&") + name + "=" + encoded(*value);
    const auto answer = ask(options.data, "GET", target);
    if (!answer)
        return complain(answer.error());
    const auto& rows = answer->as_object().at("events").as_array();
    if (options.json) {
        for (const auto& row : rows)
            std::cout << json::serialize(row) << "\n";
        return exit_fine;
    }
    std::cout << fmt::format("{:<36}  {:<24}  {:<10}  {:<14}  {:<16}  {:<24}  {}\n", "EVENT", "RECEIVED", "STATE",
                             "REASON", "CHANNEL", "TOPIC", "ENTITY");
    for (const auto& row : rows) {
        const auto& fields = row.as_object();
        std::cout << fmt::format("{:<36}  {:<24}  {:<10}  {:<14}  {:<16}  {:<24}  {}\n", text(fields, "event"),
                                 text(fields, "received_at"), text(fields, "state"), text(fields, "reason"),
                                 text(fields, "channel"), text(fields, "topic"), text(fields, "entity"));
    }
    return exit_fine;
}

int events_show_command(const QueryOptions& options, const std::string& id)
{
    return show(options, "/api/v1/events/" + encoded(id));
}

int events_raw_command(const QueryOptions& options, const std::string& id)
{
    const auto answer = call(options.data, "GET", "/api/v1/events/" + encoded(id) + "/raw");
    if (!answer)
        return complain(answer.error());
    if (answer->status != 200)
        return complain({FailureClass::permanent, "not_found", "no such event", {}});
    std::cout.write(answer->body.data(), static_cast<std::streamsize>(answer->body.size()));
    return exit_fine;
}

int dlq_list_command(const QueryOptions& options)
{
    constexpr auto row = "{:<36}  {:<24}  {:<8}  {:<24}  {:<24}  {}\n";
    if (!options.json)
        std::cout << fmt::format(fmt::runtime(row), "EVENT", "SINCE", "STAGE", "CODE", "WHERE", "DETAIL");
    for (std::string cursor;;) {
        const auto answer = ask(options.data, "GET", "/api/v1/dlq?limit=1000&cursor=" + encoded(cursor));
        if (!answer)
            return complain(answer.error());
        const auto& page = answer->as_object();
        for (const auto& letter : page.at("letters").as_array()) {
            const auto& fields = letter.as_object();
            if (options.json)
                std::cout << json::serialize(letter) << "\n";
            else
                std::cout << fmt::format(fmt::runtime(row), text(fields, "event"), text(fields, "at"),
                                         text(fields, "stage"), text(fields, "code"), text(fields, "where"),
                                         text(fields, "detail"));
        }
        cursor = page.at("next").as_string();
        if (cursor.empty())
            return exit_fine;
    }
}

int dlq_show_command(const QueryOptions& options, const std::string& id)
{
    return show(options, "/api/v1/dlq/" + encoded(id));
}

int dlq_replay_command(const QueryOptions& options, const std::string& id)
{
    const auto answer = ask(options.data, "POST", "/api/v1/dlq/" + encoded(id) + "/replay");
    if (!answer)
        return complain(answer.error());
    if (options.json)
        std::cout << json::serialize(*answer) << "\n";
    else
        std::cout << "replayed " << id << ": it waits again, `headgate events show " << id
                  << "` tells what becomes of it\n";
    return exit_fine;
}

int unmapped_command(const QueryOptions& options)
{
    const auto answer = ask(options.data, "GET", "/api/v1/unmapped");
    if (!answer)
        return complain(answer.error());
    if (!options.json)
        std::cout << fmt::format("{:<32}  {:>10}  {}\n", "VOCABULARY", "COUNT", "WORD");
    for (const auto& table : answer->as_object().at("vocabularies").as_array()) {
        const auto& fields = table.as_object();
        if (options.json) {
            std::cout << json::serialize(table) << "\n";
            continue;
        }
        const auto row = [&](const std::string& count, const std::string& word) {
            std::cout << fmt::format("{:<32}  {:>10}  {}\n", text(fields, "vocabulary"), count, word);
        };
        for (const auto& word : fields.at("words").as_array())
            row(text(word.as_object(), "count"), text(word.as_object(), "word"));
        if (fields.at("others").to_number<std::uint64_t>() > 0)
            row(text(fields, "others"), "(not listed)");
    }
    return exit_fine;
}

int verify_command(const QueryOptions& options)
{
    const auto answer = ask(options.data, "GET", "/api/v1/verify");
    if (!answer)
        return complain(answer.error());
    const auto& fields = answer->as_object();
    const auto& findings = fields.at("findings").as_array();
    const bool fine = findings.empty() && fields.at("unaccounted").to_number<std::int64_t>() == 0;
    if (options.json)
        std::cout << json::serialize(*answer) << "\n";
    else {
        for (const char* name : {"accepted", "applied", "suppressed", "discarded", "waiting", "dead", "unaccounted"})
            std::cout << fmt::format("{:<12} {:>12}\n", name, text(fields, name));
        for (const auto& finding : findings)
            std::cout << text(finding.as_object(), "code") << " partition " << text(finding.as_object(), "partition")
                      << ": " << text(finding.as_object(), "text") << "\n";
        std::cout << (fine ? "every event is accounted for\n" : "NOT every event is accounted for\n");
    }
    return fine ? exit_fine : exit_findings;
}

}  // namespace headgate::gateway
