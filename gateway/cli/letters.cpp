#include <algorithm>
#include <iostream>
#include <map>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <boost/json.hpp>

#include "gateway/cli/admin.hpp"
#include "gateway/cli/cli.hpp"
#include "gateway/cli/desk_commands.hpp"
#include "gateway/cli/line_requests.hpp"
#include "gateway/cli/output.hpp"

namespace headgate::gateway {

namespace {

namespace json = boost::json;

/// "0.4 %" of the events that came since it was first seen; "" when none is known to have.
std::string share_of(const json::object& cause)
{
    const auto events = cause.at("events").to_number<double>();
    const auto seen = cause.at("seen").to_number<double>();
    return events < 1 ? "" : fmt::format("{:.1f} %", std::min(100.0, 100.0 * seen / events));
}

}  // namespace

json::object letter_filter_of(const DeskOptions& options)
{
    json::object filter;
    for (const auto& [name, value] : options.filter)
        if (!value.empty())
            filter[name] = value;
    if (!options.fields.empty())
        filter["field"] = fmt::format("{}", fmt::join(options.fields, "\n"));
    if (options.overdue)
        filter["overdue"] = "true";
    return filter;
}

std::string letter_query(const DeskOptions& options)
{
    std::string query;
    for (const auto& [name, value] : letter_filter_of(options))
        query.append("&").append(name).append("=").append(encoded(std::string(value.get_string())));
    return query;
}

std::string replay_terms(const DeskOptions& options)
{
    json::object body;
    if (options.stored)
        body["stored"] = true;
    if (options.as_new)
        body["as_new"] = true;
    if (!options.why.empty())
        body["why"] = options.why;
    return body.empty() ? "" : json::serialize(body);
}

int complain_of_letters()
{
    complain({FailureClass::permanent,
              "bad_usage",
              "say which letters: their names, or a filter like --cause, or --all; one of them",
              {}});
    return exit_usage;
}

int dlq_list_command(const DeskOptions& options)
{
    Table table(
        {"LETTER", "SINCE", "CHANNEL", "ORDER OR ENTITY", "STAGE", "SYSTEM", "CODE", "WHERE", "QUEUE", "DETAIL"});
    std::size_t left = options.limit == 0 ? SIZE_MAX : options.limit;
    std::uint64_t scanned = 0, unreadable = 0;
    for (std::string cursor; left > 0;) {
        const auto answer = ask(options.data, "GET",
                                fmt::format("/api/v1/dlq?limit={}&cursor={}{}", std::min<std::size_t>(left, 1000),
                                            encoded(cursor), letter_query(options)));
        if (!answer)
            return complain(answer.error());
        const auto& page = answer->as_object();
        for (const auto& letter : page.at("letters").as_array()) {
            --left;
            const auto& fields = letter.as_object();
            if (options.json) {
                std::cout << json::serialize(letter) << "\n";
                continue;
            }
            const auto number = text(fields, "order_number");
            table.add({text(fields, "letter"), text(fields, "at"), text(fields, "channel"),
                       number.empty() ? text(fields, "entity") : number, text(fields, "stage"), text(fields, "system"),
                       text(fields, "code"), text(fields, "where"), text(fields, "queue"), text(fields, "detail")});
        }
        scanned += number(page, "scanned");
        unreadable += number(page, "unreadable");
        cursor = page.at("next").as_string();
        if (cursor.empty())
            break;
    }
    if (!options.json)
        table.print();
    if (!options.filter.at("where").empty())
        std::cerr << fmt::format("{} letters were looked at; {} of them have no document, or one on which it fails\n",
                                 scanned, unreadable);
    return exit_fine;
}

int dlq_export_command(const DeskOptions& options)
{
    const auto unveiled = options.reveal ? "&reveal=true&why=" + encoded(options.why) : "";
    std::string cursor;
    do {
        const auto answer =
            ask(options.data, "GET",
                "/api/v1/dlq/export?limit=1000&cursor=" + encoded(cursor) + letter_query(options) + unveiled);
        if (!answer)
            return complain(answer.error());
        for (const auto& letter : answer->at("letters").as_array())
            std::cout << json::serialize(letter) << "\n";
        cursor = answer->at("next").as_string();
    } while (!cursor.empty());
    return exit_fine;
}

int dlq_import_command(const DeskOptions& options)
{
    const auto content = read_utf8(options.file);
    if (!content)
        return complain(content.error());
    // All letters of an event go in one request: a request that finds it here takes no more of it.
    std::map<std::string, std::vector<NumberedLine>> events;
    for (const auto& line : numbered_lines(*content)) {
        boost::system::error_code error;
        const auto letter = json::parse(line.second, error);
        const bool named = !error && letter.is_object() && letter.get_object().contains("event");
        events[named ? text(letter.get_object(), "event") : std::string{}].push_back(line);
    }
    Chunks gathered(1'000);
    for (const auto& [event, lines] : events)
        gathered.add(lines);
    const auto chunks = gathered.take();
    const auto target = "/api/v1/dlq/import?why=" + encoded(options.why);
    std::uint64_t checked = 0, imported = 0, made = 0, known = 0, others = 0;
    const auto count_known = [&](const json::object& told) {
        known += told.at("known").as_array().size() + number(told, "known_more");
    };
    for (const auto& chunk : chunks)
        if (chunks.size() > 1 || options.check) {
            const auto answer = send(options.data, target + "&check=true", chunk);
            if (!answer)
                return complain(answer.error());
            checked += number(answer->as_object(), "checked");
            count_known(answer->as_object());
        }
    const auto here = [&known] { return fmt::format("{} event{} here already", known, known == 1 ? " is" : "s are"); };
    if (options.check) {
        if (options.json)
            std::cout << json::serialize(json::object{{"checked", checked}, {"known", known}}) << "\n";
        else
            std::cout << "nothing is wrong with " << checked << (checked == 1 ? " line; " : " lines; ") << here()
                      << "\n";
        return exit_fine;
    }
    known = 0;
    for (const auto& chunk : chunks) {
        const auto answer = send(options.data, target, chunk);
        if (!answer) {
            auto failure = answer.error();
            if (imported > 0)
                failure.detail += fmt::format("; {} are imported already: import the file once more", imported);
            return complain(failure);
        }
        const auto& told = answer->as_object();
        imported += number(told, "imported");
        made += number(told, "events");
        count_known(told);
        others += number(told, "others");
        for (const auto& one : told.at("known").as_array())
            if (!one.at("same").as_bool())
                std::cerr << fmt::format("{} is not imported, for {} is here: {}\n", text(one.as_object(), "letter"),
                                         text(one.as_object(), "event"), text(one.as_object(), "detail"));
    }
    if (options.json)
        std::cout << json::serialize(json::object{{"imported", imported}, {"events", made}, {"known", known}}) << "\n";
    else
        std::cout << fmt::format("imported {} letter{} of {} event{}; {}\n", imported, imported == 1 ? "" : "s", made,
                                 made == 1 ? "" : "s", here());
    return others > 0 ? exit_findings : exit_fine;
}

int dlq_causes_command(const DeskOptions& options)
{
    const auto answer =
        ask(options.data, "GET",
            fmt::format("/api/v1/dlq/causes?all={}&queue={}", options.all, encoded(options.filter.at("queue"))));
    if (!answer)
        return complain(answer.error());
    Table table({"LETTERS", "SEEN", "SHARE", "FIRST", "LAST", "QUEUE", "OWNER", "CAUSE"});
    for (const auto& cause : answer->as_object().at("causes").as_array()) {
        const auto& fields = cause.as_object();
        if (options.json)
            std::cout << json::serialize(cause) << "\n";
        else
            table.add({text(fields, "letters"), text(fields, "seen"), share_of(fields), text(fields, "first"),
                       text(fields, "last"), text(fields, "queue"), text(fields, "owner"), text(fields, "cause")});
    }
    if (!options.json)
        table.print();
    return exit_fine;
}

int dlq_show_command(const DeskOptions& options)
{
    return show(
        options.data,
        "/api/v1/dlq/" + encoded(options.id) + (options.reveal ? "?reveal=true&why=" + encoded(options.why) : ""),
        options.json);
}

int dlq_replay_command(const DeskOptions& options)
{
    const auto answer =
        ask(options.data, "POST", "/api/v1/dlq/" + encoded(options.id) + "/replay", replay_terms(options));
    if (!answer)
        return complain(answer.error());
    if (options.json)
        std::cout << json::serialize(*answer) << "\n";
    else
        std::cout << "replayed " << options.id << ": it waits again, `headgate events show "
                  << text(answer->as_object(), "event") << "` tells what becomes of it\n";
    return exit_fine;
}

int dlq_edit_command(const DeskOptions& options)
{
    const auto filter = letter_filter_of(options);
    const bool many = !filter.empty() || options.all;
    std::string edits;
    const auto add = [&edits](std::string_view op, const std::string& said) {
        const auto equals = op == "delete" ? said.size() : said.find('=');
        if (equals == std::string::npos)
            return false;
        edits += fmt::format(R"({}{{"op":"{}","path":{})", edits.empty() ? "" : ",", op,
                             json::serialize(json::string(said.substr(0, equals))));
        if (equals < said.size()) {
            const auto value = said.substr(equals + 1);
            boost::system::error_code error;
            static_cast<void>(json::parse(value, error));
            edits += ",\"value\":" + (error ? json::serialize(json::string(value)) : value);
        }
        edits += "}";
        return true;
    };
    bool fine = options.id.empty() == many;
    for (const auto& [op, all] :
         {std::pair{"set", &options.set}, std::pair{"replace", &options.replace}, std::pair{"delete", &options.remove}})
        for (const auto& said : *all)
            fine = add(op, said) && fine;
    if (!fine || edits.empty()) {
        complain({FailureClass::permanent,
                  "bad_usage",
                  "say one letter, a filter or --all; and --set /PATH=VALUE, --replace /PATH=VALUE or --delete /PATH",
                  {}});
        return exit_usage;
    }
    std::string body = "{\"edits\":[" + edits + "],\"why\":" + json::serialize(json::string(options.why));
    if (many)
        body += ",\"filter\":" + json::serialize(filter);
    const auto answer = ask(options.data, "POST",
                            many ? "/api/v1/dlq/edit" : "/api/v1/dlq/" + encoded(options.id) + "/edit", body + "}");
    if (!answer)
        return complain(answer.error());
    const auto& fields = answer->as_object();
    if (options.json) {
        std::cout << json::serialize(*answer) << "\n";
    } else if (!many) {
        std::cout << "edited " << options.id << ": `headgate dlq replay " << options.id << "` puts it back to work\n";
    } else {
        std::cout << "edited " << text(fields, "edited") << " letters\n";
        for (const auto& failure : fields.at("failed").as_array())
            std::cout << text(failure.as_object(), "letter") << " " << text(failure.as_object(), "error") << ": "
                      << text(failure.as_object(), "detail") << "\n";
        if (fields.at("failed_more").to_number<std::uint64_t>() > 0)
            std::cout << "and " << text(fields, "failed_more") << " more\n";
    }
    return many && !fields.at("failed").as_array().empty() ? exit_findings : exit_fine;
}

int dlq_discard_command(const DeskOptions& options)
{
    const auto answer = ask(options.data, "POST", "/api/v1/dlq/" + encoded(options.id) + "/discard",
                            json::serialize(json::object{{"why", options.why}}));
    if (!answer)
        return complain(answer.error());
    if (options.json)
        std::cout << json::serialize(*answer) << "\n";
    else
        std::cout << "discarded " << options.id << ": it is never delivered\n";
    return exit_fine;
}

}  // namespace headgate::gateway
