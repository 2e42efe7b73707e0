// Any text as an expression: it compiles, or says in one problem why it does not.
#include <cstdint>
#include <string_view>

#include "mapping/expression.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    using headgate::mapping::Expression;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto bare = Expression::compile_bare(text);
    if (!bare && (bare.error().code.empty() || bare.error().message.empty()))
        __builtin_trap();
    static_cast<void>(Expression::compile(text));
    return 0;
}
