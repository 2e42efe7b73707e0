#include <iostream>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "gateway/cli/admin.hpp"
#include "gateway/cli/cli.hpp"
#include "gateway/cli/operator_commands.hpp"
#include "gateway/cli/output.hpp"

namespace headgate::gateway {

namespace json = boost::json;

int unmapped_command(const VocabularyOptions& options)
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

int entries_command(const VocabularyOptions& options)
{
    constexpr std::size_t widest = 40;  // `--json` has them whole
    const auto answer = ask(options.data, "GET", "/api/v1/vocabularies/entries");
    if (!answer)
        return complain(answer.error());
    Table table({"VOCABULARY", "WORD", "VALUE", "SINCE", "GENERATION", "WHO", "WHY", "UNUSED"});
    for (const auto& entry : answer->at("entries").as_array()) {
        const auto& row = entry.as_object();
        if (options.json)
            std::cout << json::serialize(entry) << "\n";
        else
            table.add({text(row, "vocabulary"), cut(text(row, "word"), widest), cut(text(row, "value"), widest),
                       text(row, "at"), text(row, "generation"), text(row, "who"), cut(text(row, "why"), widest),
                       text(row, "unused")});
    }
    if (!options.json)
        table.print();
    return exit_fine;
}

int set_entry_command(const VocabularyOptions& options)
{
    json::object body{{"vocabulary", options.vocabulary}, {"word", options.word}, {"value", options.value}};
    if (!options.why.empty())
        body["why"] = options.why;
    const auto answer = ask(options.data, "PUT", "/api/v1/vocabularies/entries", json::serialize(body));
    if (!answer)
        return complain(answer.error());
    const auto& fields = answer->as_object();
    if (options.json) {
        std::cout << json::serialize(*answer) << "\n";
        return exit_fine;
    }
    std::cout << fmt::format("{} `{}` is `{}`", text(fields, "vocabulary"), text(fields, "word"),
                             text(fields, "value"));
    if (!fields.at("before").is_null() && fields.at("before") != fields.at("value"))
        std::cout << ", and was `" << text(fields, "before") << "`";
    const auto waiting = text(fields, "waiting");
    std::cout << "; generation " << text(fields, "generation") << ", "
              << (waiting == "0"   ? "nothing waits for it"
                  : waiting == "1" ? "1 event waits for it"
                                   : waiting + " events wait for it")
              << "\n";
    return exit_fine;
}

int forget_entry_command(const VocabularyOptions& options)
{
    const auto answer = ask(
        options.data, "DELETE",
        "/api/v1/vocabularies/entries?vocabulary=" + encoded(options.vocabulary) + "&word=" + encoded(options.word));
    if (!answer)
        return complain(answer.error());
    const auto& fields = answer->as_object();
    if (options.json)
        std::cout << json::serialize(*answer) << "\n";
    else
        std::cout << fmt::format("forgotten: {} `{}` was `{}`\n", text(fields, "vocabulary"), text(fields, "word"),
                                 text(fields, "before"));
    return exit_fine;
}

}  // namespace headgate::gateway
