#pragma once

#include <string>
#include <vector>

#include "gateway/configuration.hpp"
#include "gateway/tools/case_file.hpp"
#include "gateway/tools/document_text.hpp"

namespace headgate::gateway {

/// A folder of connectors with what their mappings need.
struct CasesFolder {
    std::string connectors;  // <this>/<name>/cases/*.yaml
    LoadOptions options;     // how a connector of it is loaded
};

/// One thing that is not as a case says, ready to print: a headline and the differences below it.
struct Mismatch {
    std::string about;  // "refund refund/77", "failure"; empty: the case as a whole
    std::vector<Difference> differences;
};

struct CaseResult {
    std::string connector;
    std::string name;
    std::string file;
    std::vector<Mismatch> mismatches;
    std::string broken;  // why it could not be run at all
    std::optional<Trial> trial;
    double seconds = 0;
    [[nodiscard]] bool fine() const { return mismatches.empty() && broken.empty(); }
};

/// Connectors of a folder, by name.
[[nodiscard]] std::vector<std::string> connectors_of(const CasesFolder& folder);
/// Runs the cases of one connector, by name. They need no channel and no secret.
[[nodiscard]] std::vector<CaseResult> run_cases(const CasesFolder& folder, const std::string& connector);

/// What is not as the case expects.
[[nodiscard]] std::vector<Mismatch> mismatches(const Case& expected, const Trial& trial);
/// A failed case for people.
[[nodiscard]] std::string text_of(const CaseResult& result);
/// JUnit's XML, as CI systems read it: a suite for each connector.
[[nodiscard]] std::string junit(const std::vector<CaseResult>& results);

}  // namespace headgate::gateway
