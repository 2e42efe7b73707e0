// Two texts, divided by a space, as decimals: what is written reads back, and arithmetic keeps its laws where it fits.
#include <cstdint>
#include <string_view>

#include "core/decimal.hpp"

namespace {

void must(bool holds)
{
    if (!holds)
        __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    using headgate::Decimal;
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const auto space = std::min(input.find(' '), input.size());
    const auto left = Decimal::parse_json(input.substr(0, space));
    const auto right = space < input.size() ? Decimal::parse_json(input.substr(space + 1)) : std::nullopt;
    if (!left)
        return 0;
    must(Decimal::parse(left->text()) == left);
    must(Decimal::parse(left->scaled_text()) == left);
    must(left->negated().negated() == *left);
    must(!(left->rounded(2) < left->rounded(2, headgate::Rounding::down) && !left->is_negative()));
    if (!right)
        return 0;
    const auto sum = left->plus(*right);
    must(sum == right->plus(*left));
    if (const auto back = sum ? sum->minus(*right) : std::nullopt)
        must(*back == *left);
    must(left->times(*right) == right->times(*left));
    static_cast<void>(left->divided(*right, 10));
    must((*left < *right) == (*right > *left));
    return 0;
}
