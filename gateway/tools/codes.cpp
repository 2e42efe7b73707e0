#include "gateway/tools/codes.hpp"

#include <algorithm>
#include <filesystem>

#include <boost/json.hpp>

#include "gateway/data_folder.hpp"

namespace headgate::gateway {

std::vector<const CodeEntry*> entries_of(std::string_view code)
{
    std::vector<const CodeEntry*> found;
    for (const auto& entry : all_codes())
        if (entry.code == code)
            found.push_back(&entry);
    return found;
}

std::string text_of(const CodeEntry& entry)
{
    std::string text = std::string(entry.code) + "\n  arises   " + std::string(entry.arises) + "\n  means    " +
                       std::string(entry.means) + "\n";
    if (!entry.remedy.empty())
        text += "  to do    " + std::string(entry.remedy) + "\n";
    if (!entry.example.empty())
        text += "  example  " + std::string(entry.example) + "\n";
    return text;
}

std::string codes_markdown()
{
    std::string out =
        "# Codes\n\n"
        "Every code of a failure, a problem or an answer, and what to do about it: what `headgate explain "
        "CODE` says.\nWritten by `headgate explain --all --markdown`.\n\n"
        "Not here: codes of a mapping's own, which `required(\"code\")` and `fail(\"code\")` name, and those of "
        "the invariants of\ncanonical types, which stand in `config/canonical/*.json`; `explain` knows the "
        "latter.\n";
    std::string_view heading;
    for (const auto& entry : all_codes()) {
        if (entry.arises != heading) {
            heading = entry.arises;
            std::string title(heading);
            title.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(title.front())));
            out += "\n## " + title + "\n\n| code | means | to do | example |\n|---|---|---|---|\n";
        }
        const auto cell = [](std::string_view text) {
            std::string escaped;
            for (const char letter : text)
                escaped += letter == '|' ? "\\|" : std::string(1, letter);
            return escaped;
        };
        out += "| `" + std::string(entry.code) + "` | " + cell(entry.means) + " | " + cell(entry.remedy) + " | " +
               cell(entry.example) + " |\n";
    }
    return out;
}

std::vector<InvariantCode> invariant_codes(const std::string& canonical_folder)
{
    namespace json = boost::json;
    std::vector<InvariantCode> codes;
    std::error_code error;
    for (const auto& file : std::filesystem::directory_iterator(canonical_folder, error)) {
        const auto text = read_file(file.path());
        json::error_code wrong;
        const json::value schema = text ? json::parse(*text, wrong) : json::value();
        const auto* invariants = schema.is_object() ? schema.as_object().if_contains("x-invariants") : nullptr;
        if (wrong || invariants == nullptr || !invariants->is_array())
            continue;
        for (const auto& invariant : invariants->as_array()) {
            if (!invariant.is_object())
                continue;
            const auto word = [&](const char* key) {
                const auto* value = invariant.as_object().if_contains(key);
                return value != nullptr && value->is_string() ? std::string(value->as_string()) : std::string();
            };
            codes.push_back({word("code"), file.path().stem(), word("severity"), word("says")});
        }
    }
    std::ranges::sort(codes, {}, [](const InvariantCode& code) { return std::pair(code.code, code.type); });
    return codes;
}

}  // namespace headgate::gateway
