#include "gateway/tools/run_cases.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>

#include <fmt/format.h>

#include "connectors/formats/json.hpp"
#include "gateway/data_folder.hpp"
#include "mapping/json_text.hpp"

namespace headgate::gateway {

namespace {

namespace fs = std::filesystem;

std::string json_quoted(std::string_view text)
{
    std::string out;
    mapping::append_json_string(out, text);
    return out;
}

std::string transactions(std::size_t count)
{
    return count == 0 ? "no transaction" : std::to_string(count) + (count == 1 ? " transaction" : " transactions");
}

std::string headline(std::string_view type, std::string_view id)
{
    return std::string(type) + " " + std::string(id);
}

void compare(std::vector<Difference>& found, std::string path, const std::optional<std::string>& expected,
             const std::optional<std::string>& got)
{
    if (expected != got)
        found.push_back(
            {std::move(path), expected ? json_quoted(*expected) : "nothing", got ? json_quoted(*got) : "nothing"});
}

Mismatch compared(const ExpectedTransaction& expected, const Transaction& got)
{
    Mismatch mismatch{headline(got.type, got.id), {}};
    compare(mismatch.differences, "type", expected.type, got.type);
    compare(mismatch.differences, "entity", expected.entity, got.entity);
    compare(mismatch.differences, "id", expected.id, got.id);
    compare(mismatch.differences, "version", expected.version, text_of(got.version));
    compare(mismatch.differences, "depends_on", expected.depends_on, text_of(got.parents));
    const auto fields = connectors::read_json(got.json);
    if (!fields)
        mismatch.differences.push_back({"fields", "a document", fields.error().detail});
    else
        std::ranges::move(differences(expected.fields, *fields), std::back_inserter(mismatch.differences));
    return mismatch;
}

std::string with_sources(const Problems& problems)
{
    std::string text;
    for (const auto& problem : problems)
        text += (text.empty() ? "" : "\n") + with_source(problem);
    return text;
}

std::string escaped(std::string_view text)
{
    std::string out;
    for (const char letter : text)
        switch (letter) {
        case '&': out += "&amp;"; break;
        case '<': out += "&lt;"; break;
        case '>': out += "&gt;"; break;
        case '"': out += "&quot;"; break;
        default: out += static_cast<unsigned char>(letter) < 0x20 && letter != '\n' && letter != '\t' ? ' ' : letter;
        }
    return out;
}

}  // namespace

std::vector<std::string> connectors_of(const CasesFolder& folder)
{
    std::vector<std::string> names;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder.connectors, error))
        if (entry.is_directory(error) && !entry.path().filename().string().starts_with('.'))
            names.push_back(entry.path().filename());
    std::ranges::sort(names);
    return names;
}

std::vector<CaseResult> run_cases(const CasesFolder& folder, const std::string& connector)
{
    std::vector<std::string> files;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder.connectors + "/" + connector + "/cases", error))
        if (entry.path().extension() == ".yaml")
            files.push_back(entry.path());
    std::ranges::sort(files);

    std::vector<CaseResult> results;
    std::vector<std::optional<Case>> cases;
    std::vector<ChannelConfig> channels;
    for (const auto& file : files) {
        CaseResult& result = results.emplace_back();
        result.connector = connector;
        result.name = connector + "/" + fs::path(file).stem().string();
        result.file = file;
        auto read = read_case(file, connector);
        if (!read) {
            result.broken = with_sources(read.error());
            cases.emplace_back();
            continue;
        }
        read->channel.name = "case-" + std::to_string(cases.size());
        read->channel.connector = connector;
        read->channel.where = file + ":1:1";
        channels.push_back(read->channel);
        cases.emplace_back(std::move(*read));
    }

    const auto loaded = load_channels(folder.options, channels);
    const std::string wrong = with_sources(loaded.problems);
    for (std::size_t i = 0; i < results.size(); ++i) {
        CaseResult& result = results[i];
        if (!cases[i])
            continue;
        const Channel* channel = loaded.configuration->channel(cases[i]->channel.name);
        if (!wrong.empty() || channel == nullptr) {
            result.broken = wrong.empty() ? "the connector cannot be loaded" : wrong;
            continue;
        }
        const auto started = std::chrono::steady_clock::now();
        auto body = read_file(cases[i]->input);
        if (!body) {
            result.broken = cases[i]->file + ": missing_file: the input " + cases[i]->input + " cannot be read";
            continue;
        }
        result.trial = try_out(*channel, {std::move(*body), cases[i]->topic, cases[i]->headers});
        result.mismatches = mismatches(*cases[i], *result.trial);
        result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
    }
    return results;
}

std::vector<Mismatch> mismatches(const Case& expected, const Trial& trial)
{
    std::vector<Mismatch> found;
    if (expected.says_nothing)
        return {{"the case says nothing yet: `expect:` is missing; `headgate test --update` writes it", {}}};
    if (trial.failure) {
        const Failure& failure = trial.failure->failure;
        Mismatch mismatch{"failure: " + text_of(*trial.failure), {}};
        if (expected.failure) {
            compare(mismatch.differences, "code", expected.failure->code, failure.code);
            if (expected.failure->where)
                compare(mismatch.differences, "where", expected.failure->where, failure.where.document);
        } else {
            mismatch.differences.push_back(
                {"expect", transactions(expected.expect.size()), "the failure " + failure.code});
        }
        if (!mismatch.differences.empty())
            found.push_back(std::move(mismatch));
        return found;
    }
    if (expected.failure) {
        found.push_back(
            {"", {{"expect_failure", "the failure " + expected.failure->code, transactions(trial.made.size())}}});
        return found;
    }
    for (std::size_t i = 0; i < std::max(expected.expect.size(), trial.made.size()); ++i) {
        if (i >= trial.made.size()) {
            const auto& missing = expected.expect[i];
            found.push_back({headline(missing.type, missing.id), {{"", "this transaction", "none"}}});
        } else if (i >= expected.expect.size()) {
            const auto& extra = trial.made[i].transaction;
            found.push_back({headline(extra.type, extra.id), {{"", "none", "this transaction"}}});
        } else if (auto mismatch = compared(expected.expect[i], trial.made[i].transaction);
                   !mismatch.differences.empty()) {
            found.push_back(std::move(mismatch));
        }
    }
    // A filtered event says why; nothing else does.
    if (!found.empty() && trial.made.empty())
        for (const auto& note : trial.notes)
            found.push_back({note, {}});
    return found;
}

std::string text_of(const CaseResult& result)
{
    std::string text = result.name + ": FAILED (" + result.file + ")\n";
    const auto add = [&](std::size_t indent, const std::string& lines) {
        std::size_t at = 0;
        while (at < lines.size()) {
            const auto end = std::min(lines.find('\n', at), lines.size());
            text.append(indent, ' ').append(lines, at, end - at).append("\n");
            at = end + 1;
        }
    };
    add(2, result.broken);
    for (const auto& mismatch : result.mismatches) {
        add(2, mismatch.about);
        for (const auto& difference : mismatch.differences)
            add(4, (difference.path.empty() ? "" : difference.path + ": ") + "expected " + difference.expected +
                       ", got " + difference.got);
    }
    return text;
}

std::string junit(const std::vector<CaseResult>& results)
{
    const auto failed = [](auto begin, auto end) {
        return std::count_if(begin, end, [](const CaseResult& result) { return !result.fine(); });
    };
    std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
    out += fmt::format("<testsuites name=\"headgate\" tests=\"{}\" failures=\"{}\">\n", results.size(),
                       failed(results.begin(), results.end()));
    for (auto begin = results.begin(); begin != results.end();) {
        const auto end = std::find_if(begin, results.end(),
                                      [&](const CaseResult& result) { return result.connector != begin->connector; });
        out += fmt::format("  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\">\n", escaped(begin->connector),
                           end - begin, failed(begin, end));
        for (; begin != end; ++begin) {
            out += fmt::format("    <testcase classname=\"{}\" name=\"{}\" file=\"{}\" time=\"{:.4f}\"",
                               escaped(begin->connector), escaped(begin->name), escaped(begin->file), begin->seconds);
            out += begin->fine() ? "/>\n"
                                 : ">\n      <failure message=\"" + escaped(begin->name) + " is not as expected\">" +
                                       escaped(text_of(*begin)) + "</failure>\n    </testcase>\n";
        }
        out += "  </testsuite>\n";
    }
    return out + "</testsuites>\n";
}

}  // namespace headgate::gateway
