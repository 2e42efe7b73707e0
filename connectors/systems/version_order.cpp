#include "connectors/systems/version_order.hpp"

#include <algorithm>

namespace headgate::connectors {

namespace {

struct Integer {
    bool negative = false;
    std::string_view digits;  // without leading zeros; empty for zero
};

std::optional<Integer> integer_of(std::string_view text)
{
    Integer value;
    value.negative = text.starts_with('-');
    if (value.negative)
        text.remove_prefix(1);
    const auto digit = [](char letter) { return letter >= '0' && letter <= '9'; };
    if (text.empty() || !std::ranges::all_of(text, digit))
        return std::nullopt;
    value.digits = text.substr(std::min(text.find_first_not_of('0'), text.size()));
    value.negative = value.negative && !value.digits.empty();
    return value;
}

std::optional<std::strong_ordering> compare_integers(std::string_view left_text, std::string_view right_text)
{
    const auto left = integer_of(left_text);
    const auto right = integer_of(right_text);
    if (!left || !right)
        return std::nullopt;
    if (left->negative != right->negative)
        return left->negative ? std::strong_ordering::less : std::strong_ordering::greater;
    auto order = left->digits.size() <=> right->digits.size();
    if (order == 0)
        order = left->digits <=> right->digits;
    return left->negative ? 0 <=> order : order;
}

bool is_time(std::string_view text)
{
    constexpr std::string_view shape = "0000-00-00T00:00:00.000000000Z";
    return std::ranges::equal(text, shape, [](char letter, char form) {
        return form == '0' ? letter >= '0' && letter <= '9' : letter == form;
    });
}

}  // namespace

std::optional<std::strong_ordering> compare_versions(const Version& left, const Version& right)
{
    if (left.kind != right.kind)
        return std::nullopt;
    switch (left.kind) {
    case Version::Kind::none: return std::nullopt;
    case Version::Kind::integer: return compare_integers(left.text, right.text);
    case Version::Kind::time:
        if (is_time(left.text) && is_time(right.text))
            return left.text <=> right.text;
        return std::nullopt;
    case Version::Kind::text:
        if (left.text == right.text)
            return std::strong_ordering::equal;
        return std::nullopt;
    case Version::Kind::once: return std::strong_ordering::equal;
    }
    return std::nullopt;
}

Verdict judge(const Telling& held, const Telling& arrived)
{
    const bool same = held.digest == arrived.digest;
    if (held.version.kind == Version::Kind::once && arrived.version.kind == Version::Kind::once)
        return same ? Verdict::repeated : Verdict::changed;

    const auto order = compare_versions(arrived.version, held.version);
    if (order && *order > 0)
        return Verdict::apply;
    if (order && *order < 0)
        return Verdict::stale;
    if (order && same)
        return Verdict::repeated;
    if (arrived.origin_seq < held.origin_seq)
        return Verdict::stale;
    return same ? Verdict::repeated : Verdict::apply;
}

}  // namespace headgate::connectors
