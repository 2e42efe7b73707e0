#include <algorithm>
#include <filesystem>
#include <iostream>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "gateway/cli/access_commands.hpp"
#include "gateway/cli/admin.hpp"
#include "gateway/cli/cli.hpp"
#include "gateway/cli/output.hpp"
#include "observability/audit.hpp"

namespace headgate::gateway {

namespace json = boost::json;

int audit_list_command(const AuditOptions& options)
{
    Table table({"N", "AT", "WHO", "ROLE", "OUTCOME", "STATUS", "WHAT", "ON", "WHY"});
    std::string cursor;
    std::size_t left = options.limit;
    while (left > 0) {
        const auto answer =
            ask(options.data, "GET",
                "/api/v1/audit?limit=" + std::to_string(std::min<std::size_t>(left, 1000)) + "&cursor=" + cursor);
        if (!answer)
            return complain(answer.error());
        const auto& page = answer->as_object();
        for (const auto& line : page.at("audit").as_array()) {
            const auto& fields = line.as_object();
            if (options.json)
                std::cout << json::serialize(line) << "\n";
            else
                table.add({text(fields, "n"), text(fields, "at"), text(fields, "who"), text(fields, "role"),
                           text(fields, "outcome"), text(fields, "status"), text(fields, "what"),
                           cut(text(fields, "on"), 60), text(fields, "why")});
            --left;
        }
        cursor = page.at("next").as_string();
        if (cursor.empty())
            break;
    }
    if (!options.json)
        table.print();
    return exit_fine;
}

int audit_verify_command(const AuditOptions& options)
{
    auto check = observability::check_audit(std::filesystem::path(options.data) / "audit.db", options.head);
    if (!check)
        return complain(check.error());
    if (!options.head.empty() && check->kept_at == 0)
        check->findings.push_back(
            {check->lines + 1, "no line has the head that was kept: lines were taken off the end, or written anew"});
    const bool fine = check->findings.empty();
    if (options.json) {
        json::array findings;
        for (const auto& finding : check->findings)
            findings.push_back(json::object{{"n", finding.n}, {"text", finding.text}});
        std::cout << json::serialize(json::object{
                         {"lines", check->lines}, {"head", check->head}, {"findings", std::move(findings)}})
                  << "\n";
        return fine ? exit_fine : exit_findings;
    }
    for (const auto& finding : check->findings)
        std::cout << finding.text << "\n";
    std::cout << fmt::format("{} lines, {}\nhead {}\n", check->lines,
                             fine ? "each as it was written" : "NOT all as they were written", check->head);
    return fine ? exit_fine : exit_findings;
}

}  // namespace headgate::gateway
