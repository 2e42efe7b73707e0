#include <filesystem>
#include <iostream>

#include "gateway/api/openapi.hpp"
#include "gateway/cli/cli.hpp"
#include "gateway/cli/tool_commands.hpp"
#include "gateway/configuration.hpp"
#include "gateway/data_folder.hpp"
#include "gateway/tools/canonical_page.hpp"
#include "gateway/tools/document_text.hpp"
#include "gateway/tools/schemas.hpp"

namespace headgate::gateway {

namespace {

int write_pages(const std::string& canonical, const std::string& folder)
{
    const auto pages = canonical_pages(canonical);
    if (!pages)
        return complain(pages.error());
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    for (const auto& [name, text] : *pages)
        if (const auto written = write_file(folder + "/" + name + ".md", text, 0644); !written)
            return complain(written.error());
    std::cout << pages->size() << " pages in " << folder << "\n";
    return exit_fine;
}

}  // namespace

int schema_command(const SchemaOptions& options)
{
    const std::string shipped = shipped_folder();
    if (options.name == "openapi") {
        std::cout << pretty_json(api::openapi_document()) << "\n";
        return exit_fine;
    }
    if (!options.pages.empty())
        return write_pages(shipped + "/canonical", options.pages);
    if (!options.write.empty()) {
        std::error_code error;
        std::filesystem::create_directories(options.write, error);
        for (const auto& kind : schema_kinds()) {
            if (!options.name.empty() && options.name != kind.name)
                continue;
            const std::string file = options.write + "/" + std::string(kind.name) + ".schema.json";
            const auto text = schema_of(kind.name, shipped);
            if (!text)
                return complain(text.error());
            if (const auto written = write_file(file, *text, 0644); !written)
                return complain(written.error());
            std::cout << file << ": of " << kind.files << "\n";
        }
        return exit_fine;
    }
    if (options.name.empty()) {
        for (const auto& kind : schema_kinds())
            std::cout << kind.name << std::string(12 - kind.name.size(), ' ') << kind.files << "\n";
        std::cout << "openapi     the admin API, as OpenAPI 3.1\n";
        return exit_fine;
    }
    const auto text = schema_of(options.name, shipped);
    if (!text)
        return complain(text.error());
    std::cout << *text;
    return exit_fine;
}

}  // namespace headgate::gateway
