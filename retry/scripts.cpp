#include "retry/scripts.hpp"

#include <fstream>
#include <sstream>

namespace headgate::retry {

namespace {

constexpr std::string_view include_mark = "--include ";

std::optional<std::string> source_of(std::string_view name, const std::optional<std::filesystem::path>& overrides)
{
    if (overrides) {
        std::ifstream file(*overrides / (std::string(name) + ".lua"), std::ios::binary);
        if (file) {
            std::ostringstream text;
            text << file.rdbuf();
            return std::move(text).str();
        }
    }
    for (std::size_t i = 0; i < embedded::source_count; ++i)
        if (embedded::sources[i].name == name)
            return embedded::sources[i].body;
    return {};
}

Result<std::string> whole_source(std::string_view name, const std::optional<std::filesystem::path>& overrides)
{
    auto text = source_of(name, overrides);
    if (!text)
        return fail(FailureClass::permanent, "script_missing", std::string(name) + ".lua");

    std::string out;
    std::istringstream lines(*text);
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with(include_mark)) {
            auto included = whole_source(std::string_view(line).substr(include_mark.size()), overrides);
            if (!included)
                return included;
            out.append(*included);
        } else {
            out.append(line).append("\n");
        }
    }
    return out;
}

}  // namespace

Result<Scripts> Scripts::load(const std::optional<std::filesystem::path>& overrides)
{
    Scripts scripts;
    const std::pair<net::Script*, const char*> all[]{
        {&scripts.accept, "accept"},     {&scripts.lease, "lease"},         {&scripts.reserve, "reserve"},
        {&scripts.finish, "finish"},     {&scripts.bury, "bury"},           {&scripts.readmit, "readmit"},
        {&scripts.reopen, "reopen"},     {&scripts.archive, "archive"},     {&scripts.tally, "tally"},
        {&scripts.verify, "verify"},     {&scripts.letters, "letters"},     {&scripts.sequence, "sequence"},
        {&scripts.place, "place"},       {&scripts.take, "take"},           {&scripts.resolve, "resolve"},
        {&scripts.release, "release"},   {&scripts.decide, "decide"},       {&scripts.spill, "spill"},
        {&scripts.waiting, "waiting"},   {&scripts.pause, "pause"},         {&scripts.xref, "xref"},
        {&scripts.next, "next"},         {&scripts.known, "known"},         {&scripts.overdue, "overdue"},
        {&scripts.entry, "entry"},       {&scripts.words, "words"},         {&scripts.discard, "discard"},
        {&scripts.job, "job"},           {&scripts.edit, "edit"},           {&scripts.behind, "behind"},
        {&scripts.resident, "resident"}, {&scripts.supersede, "supersede"},
    };
    for (auto [script, name] : all) {
        auto source = whole_source(name, overrides);
        if (!source)
            return std::unexpected(std::move(source.error()));
        *script = net::make_script(name, std::move(*source));
    }
    return scripts;
}

}  // namespace headgate::retry
