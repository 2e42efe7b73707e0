// An expression and, behind a zero byte, the document it is asked about: a value, or a failure with a code. The same
// asked twice is the same.
#include <cstdint>
#include <string_view>

#include "connectors/formats/json.hpp"
#include "mapping/expression.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    using namespace headgate;
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const auto zero = input.find('\0');
    if (zero == std::string_view::npos)
        return 0;
    const auto expression = mapping::Expression::compile_bare(input.substr(0, zero));
    const auto document = connectors::read_json(input.substr(zero + 1));
    if (!expression || !document)
        return 0;
    const mapping::MappingContext context{.document = *document, .topic = "t", .channel_zone = "Europe/Berlin"};
    const auto first = expression->json(context);
    const auto second = expression->json(context);
    if (first.has_value() != second.has_value() || (first && *first != *second) ||
        (!first && first.error().code.empty()))
        __builtin_trap();
    if (first && !connectors::read_json(*first))
        __builtin_trap();  // what is written can be read
    return 0;
}
