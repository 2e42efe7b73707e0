#include <iostream>

#include "gateway/cli/cli.hpp"
#include "gateway/cli/tool_commands.hpp"
#include "gateway/data_folder.hpp"
#include "gateway/tools/format.hpp"

namespace headgate::gateway {

int fmt_command(const FormatOptions& options)
{
    std::vector<std::string> files;
    for (const auto& path : options.paths.empty() ? std::vector<std::string>{"."} : options.paths)
        std::ranges::move(yaml_files(path), std::back_inserter(files));
    if (files.empty())
        return complain({FailureClass::permanent, "no_files", "there is no YAML of a configuration here", {}});
    int code = exit_fine;
    for (const auto& file : files) {
        const auto text = read_file(file);
        if (!text) {
            code = complain(text.error());
            continue;
        }
        const auto made = formatted(file, *text, kind_of_file(file));
        if (!made) {
            for (const auto& problem : made.error())
                std::cerr << with_source(problem) << "\n";
            code = exit_findings;
        } else if (*made != *text && options.check) {
            std::cout << file << ": not_formatted\n";
            code = exit_findings;
        } else if (*made != *text) {
            if (const auto written = write_file(file, *made, 0644); !written)
                code = complain(written.error());
            else
                std::cout << file << ": formatted\n";
        }
    }
    return code;
}

}  // namespace headgate::gateway
