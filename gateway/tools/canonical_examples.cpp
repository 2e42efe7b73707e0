#include "gateway/tools/canonical_examples.hpp"

#include "connectors/formats/json.hpp"
#include "mapping/check.hpp"

namespace headgate::gateway {

std::vector<CaseResult> run_examples(const std::string& folder)
{
    std::vector<CaseResult> results;
    const auto start = [&](const std::string& name, const std::string& file) -> CaseResult& {
        CaseResult& result = results.emplace_back();
        result.connector = "canonical";
        result.name = "canonical/" + name;
        result.file = file;
        return result;
    };
    const auto canonical = mapping::Canonical::load(folder);
    if (!canonical) {
        for (const auto& problem : canonical.error())
            start("schemas", problem.file).broken = with_source(problem);
        return results;
    }
    for (const auto& name : canonical->names()) {
        const auto& type = *canonical->find(name);
        for (std::size_t i = 0; i < type.examples.size(); ++i) {
            CaseResult& result = start(name + " " + std::to_string(i + 1), folder + "/" + name + ".json");
            const auto document = connectors::read_json(type.examples[i]);
            const auto checked =
                document ? mapping::check_transaction(type, *document) : std::unexpected(document.error());
            if (!checked)
                result.broken = checked.error().code + ": " + checked.error().detail;
        }
    }
    return results;
}

}  // namespace headgate::gateway
