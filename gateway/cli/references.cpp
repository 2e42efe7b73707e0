#include <algorithm>
#include <array>
#include <iostream>
#include <ranges>
#include <vector>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "gateway/cli/admin.hpp"
#include "gateway/cli/cli.hpp"
#include "gateway/cli/csv.hpp"
#include "gateway/cli/line_requests.hpp"
#include "gateway/cli/operator_commands.hpp"
#include "gateway/cli/output.hpp"

namespace headgate::gateway {

namespace {

namespace json = boost::json;

constexpr std::array<const char*, 5> columns{"system", "kind", "source", "id", "theirs"};

/// The query that names the reference of the command line.
std::string target_of(const ReferenceOptions& options)
{
    std::string target = "/api/v1/xref?system=" + encoded(options.system) + "&kind=" + encoded(options.kind) +
                         "&id=" + encoded(options.id);
    if (!options.source.empty())
        target += "&source=" + encoded(options.source);
    return target;
}

std::string woken_text(const json::object& answer)
{
    const auto woken = text(answer, "woken");
    if (woken.empty() || woken == "0")
        return "";
    return "; " + woken + (woken == "1" ? " waiting delivery goes" : " waiting deliveries go") + " back to work";
}

constexpr std::size_t most_lines = 20'000;  // of a request, which takes more

std::vector<Chunk> chunks_of_ndjson(std::string_view text)
{
    Chunks chunks(most_lines);
    for (const auto& line : numbered_lines(text))
        chunks.add({line});
    return chunks.take();
}

/// A header line names the columns, in any order.
Result<std::vector<Chunk>> chunks_of_csv(std::string_view text)
{
    const auto records = read_csv(text);
    if (!records)
        return std::unexpected(records.error());
    const auto wrong = [](std::size_t line, const std::string& what) {
        return fail(FailureClass::permanent, "bad_csv", fmt::format("line {}: {}", line, what));
    };
    if (records->empty())
        return std::vector<Chunk>{};
    const auto& names = records->front().fields;
    for (const auto& name : names)
        if (std::ranges::find(columns, name) == columns.end() || std::ranges::count(names, name) > 1)
            return wrong(records->front().line,
                         fmt::format("the first line names the columns, each once: {}; this has `{}`",
                                     fmt::join(columns, ","), shown(name)));
    Chunks chunks(most_lines);
    for (const auto& record : *records | std::views::drop(1)) {
        if (record.fields.size() != names.size())
            return wrong(record.line, fmt::format("there are {} fields, and {} columns in the first line",
                                                  record.fields.size(), names.size()));
        json::object one;
        for (std::size_t i = 0; i < names.size(); ++i)
            one[names[i]] = record.fields[i];
        const auto line = json::serialize(one);
        chunks.add({{record.line, line}});
    }
    return chunks.take();
}

/// A page of an export to standard output.
void print_page(const json::value& page, bool csv)
{
    for (const auto& reference : page.at("references").as_array()) {
        if (!csv) {
            std::cout << json::serialize(reference) << "\n";
            continue;
        }
        std::vector<std::string> fields;
        for (const auto* name : columns)
            fields.emplace_back(reference.at(name).as_string());
        std::cout << csv_line(fields);
    }
}

Result<void> export_kind(const ReferenceOptions& options, const std::string& system, const std::string& kind)
{
    for (std::string cursor;;) {
        const auto page = ask(
            options.data, "GET",
            "/api/v1/xref/export?system=" + encoded(system) + "&kind=" + encoded(kind) + "&cursor=" + encoded(cursor));
        if (!page)
            return std::unexpected(page.error());
        print_page(*page, options.format == "csv");
        cursor = page->at("next").as_string();
        if (cursor.empty())
            return {};
    }
}

Result<json::value> ask_kinds(const ReferenceOptions& options)
{
    return ask(options.data, "GET",
               "/api/v1/xref/kinds" + (options.system.empty() ? "" : "?system=" + encoded(options.system)));
}

}  // namespace

int xref_get_command(const ReferenceOptions& options)
{
    const auto answer = ask(options.data, "GET", target_of(options));
    if (!answer)
        return complain(answer.error());
    if (options.json)
        std::cout << json::serialize(*answer) << "\n";
    else
        std::cout << std::string_view(answer->at("theirs").as_string()) << "\n";
    return exit_fine;
}

int xref_set_command(const ReferenceOptions& options)
{
    json::object body{
        {"system", options.system}, {"kind", options.kind}, {"id", options.id}, {"theirs", options.theirs}};
    if (!options.source.empty())
        body["source"] = options.source;
    const auto answer = ask(options.data, "PUT", "/api/v1/xref", json::serialize(body));
    if (!answer)
        return complain(answer.error());
    const auto& fields = answer->as_object();
    if (options.json) {
        std::cout << json::serialize(*answer) << "\n";
        return exit_fine;
    }
    std::cout << fmt::format("{} `{}` is `{}` at {}", text(fields, "kind"), text(fields, "id"), text(fields, "theirs"),
                             text(fields, "system"));
    if (!fields.at("before").is_null() && fields.at("before") != fields.at("theirs"))
        std::cout << ", and was `" << text(fields, "before") << "`";
    std::cout << woken_text(fields) << "\n";
    return exit_fine;
}

int xref_forget_command(const ReferenceOptions& options)
{
    const auto answer = ask(options.data, "DELETE", target_of(options));
    if (!answer)
        return complain(answer.error());
    const auto& fields = answer->as_object();
    if (options.json)
        std::cout << json::serialize(*answer) << "\n";
    else
        std::cout << fmt::format("forgotten: {} `{}` was `{}` at {}\n", text(fields, "kind"), text(fields, "id"),
                                 text(fields, "before"), text(fields, "system"));
    return exit_fine;
}

int xref_kinds_command(const ReferenceOptions& options)
{
    const auto answer = ask_kinds(options);
    if (!answer)
        return complain(answer.error());
    Table table({"SYSTEM", "KIND", "REFERENCES"});
    for (const auto& kind : answer->at("kinds").as_array()) {
        const auto& row = kind.as_object();
        if (options.json)
            std::cout << json::serialize(kind) << "\n";
        else
            table.add({text(row, "system"), text(row, "kind"), text(row, "references")});
    }
    if (!options.json)
        table.print();
    return exit_fine;
}

/// All or nothing, as far as what is wrong can be seen: each line is checked before the first is written.
int xref_import_command(const ReferenceOptions& options)
{
    const auto content = read_utf8(options.file);
    if (!content)
        return complain(content.error());
    const auto first = content->find_first_not_of(" \t\r\n");
    if (first != std::string::npos && (*content)[first] == '[')
        return complain({FailureClass::permanent,
                         "bad_csv",
                         "this is a JSON list; wanted is an object a line: `jq -c '.[]' " + options.file + "`",
                         {}});
    const bool ndjson = first != std::string::npos && (*content)[first] == '{';
    auto chunks = ndjson ? Result<std::vector<Chunk>>(chunks_of_ndjson(*content)) : chunks_of_csv(*content);
    if (!chunks)
        return complain(chunks.error());
    for (const auto& chunk : *chunks)
        if (chunks->size() > 1)
            if (const auto checked = send(options.data, "/api/v1/xref/import?check=true", chunk); !checked)
                return complain(checked.error());
    std::uint64_t imported = 0, woken = 0;
    for (const auto& chunk : *chunks) {
        const auto answer = send(options.data, "/api/v1/xref/import", chunk);
        if (!answer) {
            auto failure = answer.error();
            if (imported > 0)
                failure.detail += fmt::format("; {} are written: import the file once more", imported);
            return complain(failure);
        }
        imported += answer->at("imported").to_number<std::uint64_t>();
        woken += answer->at("woken").to_number<std::uint64_t>();
    }
    const json::object sum{{"imported", imported}, {"woken", woken}};
    if (options.json)
        std::cout << json::serialize(sum) << "\n";
    else
        std::cout << "imported " << imported << (imported == 1 ? " cross-reference" : " cross-references")
                  << woken_text(sum) << "\n";
    return exit_fine;
}

int xref_export_command(const ReferenceOptions& options)
{
    if (options.format == "csv" && options.json) {
        complain({FailureClass::permanent, "bad_usage", "--json and --format csv: one of the two", {}});
        return exit_usage;
    }
    std::vector<std::pair<std::string, std::string>> wanted;
    if (!options.system.empty() && !options.kind.empty()) {
        wanted.emplace_back(options.system, options.kind);
    } else {
        const auto kinds = ask_kinds(options);
        if (!kinds)
            return complain(kinds.error());
        for (const auto& row : kinds->at("kinds").as_array())
            if (options.kind.empty() || row.at("kind").as_string() == options.kind)
                wanted.emplace_back(row.at("system").as_string(), row.at("kind").as_string());
    }
    if (options.format == "csv")
        std::cout << csv_line({columns.begin(), columns.end()});
    for (const auto& [system, kind] : wanted)
        if (const auto done = export_kind(options, system, kind); !done)
            return complain(done.error());
    return exit_fine;
}

}  // namespace headgate::gateway
