#include <algorithm>
#include <iostream>
#include <set>

#include "gateway/cli/cli.hpp"
#include "gateway/cli/tool_commands.hpp"
#include "gateway/configuration.hpp"
#include "gateway/hint.hpp"
#include "gateway/tools/codes.hpp"

namespace headgate::gateway {

int explain_command(const ExplainOptions& options)
{
    if (options.all && options.markdown) {
        std::cout << codes_markdown();
        return exit_fine;
    }
    if (options.all) {
        for (const auto& entry : all_codes())
            std::cout << entry.code << ": " << entry.means << " (" << entry.arises << ")\n";
        return exit_fine;
    }
    if (options.code.empty() || options.markdown) {
        complain({FailureClass::permanent, "no_code", "name a code, as in `headgate explain unmapped`, or --all", {}});
        return exit_usage;
    }
    // One for each status would say the same each time.
    const bool is_status =
        options.code.size() == 8 && options.code.starts_with("http_") &&
        std::ranges::all_of(options.code.substr(5), [](char digit) { return digit >= '0' && digit <= '9'; });
    bool known = false;
    for (const auto* entry : entries_of(is_status ? "http_status" : options.code)) {
        std::cout << (known ? "\n" : "") << text_of(*entry);
        known = true;
    }
    const auto invariants = invariant_codes(shipped_folder() + "/canonical");
    for (const auto& invariant : invariants) {
        if (invariant.code != options.code)
            continue;
        std::cout << (known ? "\n" : "") << invariant.code << "\n  arises   while a " << invariant.type
                  << " is mapped: an invariant of the type, severity " << invariant.severity
                  << "\n  means    not so: " << invariant.says << "\n";
        known = true;
    }
    if (known)
        return exit_fine;
    std::set<std::string> names;
    for (const auto& entry : all_codes())
        names.emplace(entry.code);
    for (const auto& invariant : invariants)
        names.insert(invariant.code);
    const std::string near = did_you_mean(options.code, names);
    return complain({FailureClass::permanent,
                     "unknown_code",
                     "`" + options.code + "` is no code of Headgate" + (near.empty() ? "" : " (" + near + ")") +
                         "; a mapping may have its own, in `required(\"" + options.code + "\")` or `fail(\"" +
                         options.code + "\")`",
                     {}});
}

}  // namespace headgate::gateway
