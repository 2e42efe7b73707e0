#pragma once

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>

#include "connectors/formats/json.hpp"
#include "core/document.hpp"
#include "mapping/canonical.hpp"
#include "mapping/expression.hpp"
#include "mapping/mapping.hpp"

namespace headgate::mapping::test {

inline Document read_document(std::string_view json)
{
    auto document = connectors::read_json(json);
    if (!document)
        throw std::runtime_error("the test's document is no JSON: " + document.error().detail);
    return std::move(*document);
}

/// The value of an expression as JSON, or "!" and the code of its failure or problem.
inline std::string evaluated(std::string_view expression, std::string_view json = "{}",
                             const Vocabularies* vocabularies = nullptr, const CrossReferences* references = nullptr)
{
    const auto compiled =
        Expression::compile_bare(expression, {}, references == nullptr ? Use::anywhere : Use::request);
    if (!compiled)
        return "!" + compiled.error().code;
    const Document document = read_document(json);
    const auto value = compiled->json(MappingContext{.document = document, .references = references}, vocabularies);
    return value ? *value : "!" + value.error().code;
}

inline std::string source_folder()
{
    const char* folder = std::getenv("HEADGATE_SOURCE");
    return folder == nullptr ? "." : folder;
}

inline std::string file_text(const std::string& path)
{
    std::ifstream stream(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

inline const Canonical& shipped_canonical()
{
    static const auto canonical = Canonical::load(source_folder() + "/config/canonical");
    return canonical.value();
}

inline const Vocabularies& shipped_vocabularies()
{
    static const Vocabularies vocabularies = [] {
        Vocabularies loaded;
        if (!loaded.load(source_folder() + "/config/vocabularies"))
            throw std::runtime_error("the shipped vocabularies do not load");
        return loaded;
    }();
    return vocabularies;
}

inline std::string all_of(const Problems& problems)
{
    std::string text;
    for (const Problem& problem : problems)
        text += text_of(problem) + "\n";
    return text;
}

}  // namespace headgate::mapping::test
