#include "net/http/message.hpp"

#include <algorithm>

namespace headgate::net {

namespace {

constexpr char lower(char letter)
{
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + ('a' - 'A')) : letter;
}

}  // namespace

bool same_ignoring_case(std::string_view left, std::string_view right)
{
    return std::ranges::equal(left, right, [](char a, char b) { return a == b || lower(a) == lower(b); });
}

std::optional<std::string_view> Request::field(std::string_view name) const
{
    for (const auto& candidate : fields)
        if (same_ignoring_case(candidate.name, name))
            return candidate.value;
    return std::nullopt;
}

std::size_t Request::count(std::string_view name) const
{
    return static_cast<std::size_t>(std::ranges::count_if(
        fields, [name](const Field& candidate) { return same_ignoring_case(candidate.name, name); }));
}

}  // namespace headgate::net
