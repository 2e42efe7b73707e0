#include <iostream>

#include "gateway/cli/cli.hpp"
#include "gateway/configuration.hpp"

namespace headgate::gateway {

int check_command(const std::string& config, bool show)
{
    LoadOptions options;
    options.folder = config;
    options.shipped = shipped_folder();
    options.secrets_required = false;
    const auto loaded = load_configuration(options);
    const auto& deployment = loaded.configuration->deployment;
    for (const auto& problem : loaded.problems)
        std::cerr << with_source(problem) << "\n";
    for (const auto& note : loaded.notes)
        std::cerr << "note: " << with_source(note) << "\n";
    if (!loaded.problems.empty())
        return exit_bad_configuration;
    if (show) {
        auto copy = deployment;
        std::cout << config::show([&](config::Schema& schema) { copy.describe(schema); });
    } else {
        std::cout << config << ": " << loaded.configuration->channels.size() << " channels, "
                  << loaded.configuration->connectors.size() << " connectors, " << loaded.configuration->routes.size()
                  << " routes: fine\n";
    }
    return exit_fine;
}

}  // namespace headgate::gateway
