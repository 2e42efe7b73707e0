#include <iostream>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "gateway/cli/admin.hpp"
#include "gateway/cli/cli.hpp"
#include "gateway/cli/output.hpp"

namespace headgate::gateway {

namespace {

namespace json = boost::json;

/// What asks to see what is personal.
std::string unveiled(const QueryOptions& options)
{
    return options.reveal ? "?reveal=true&why=" + encoded(options.why) : "";
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
    return show(options.data, "/api/v1/events/" + encoded(id) + unveiled(options), options.json);
}

int events_raw_command(const QueryOptions& options, const std::string& id)
{
    const auto answer = call(options.data, "GET", "/api/v1/events/" + encoded(id) + "/raw" + unveiled(options));
    if (!answer)
        return complain(answer.error());
    if (answer->status != 200) {
        const auto told = told_by(*answer);
        return complain(told ? Failure{FailureClass::permanent, "bad_answer", "no body", {}} : told.error());
    }
    std::cout.write(answer->body.data(), static_cast<std::streamsize>(answer->body.size()));
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
