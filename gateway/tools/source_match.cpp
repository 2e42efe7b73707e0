#include "gateway/tools/source_match.hpp"

#include <algorithm>
#include <vector>

#include <re2/re2.h>

#include "core/ascii.hpp"

namespace headgate::gateway {

namespace {

using mapping::Shape;

constexpr double margin = 0.02;  // the second best must be so far behind

bool is_amount(const Shape& shape)
{
    return shape.kind == Shape::Kind::money || shape.kind == Shape::Kind::unit_price;
}

/// The amount of an object that holds money, `{amount, currency}` and hardly more; null when it is none.
const SampleNode* amount_in(const SampleNode& node)
{
    constexpr std::size_t most = 3;
    const SampleNode* amount = nullptr;
    bool currency = false;
    if (!node.is_object || node.is_list || node.members.size() > most)
        return nullptr;
    for (const auto& member : node.members) {
        const Words words = words_of(member.name);
        if (amount == nullptr && words == Words{"amount"} && member.is_scalar() && member.all_seen(reads_as_number))
            amount = &member;
        currency = currency || words.contains("currency");
    }
    return currency ? amount : nullptr;
}

/// `percent`, `rate`, `value`: how much of something, where an object beside it says how much money.
bool names_share(const std::string& name)
{
    const std::string small = lower(name);
    return small.find("percent") != std::string::npos || small.find("rate") != std::string::npos ||
           small.ends_with("value");
}

/// Where sources are looked for: the members of an object, and what its objects hold. For an amount, an object of money
/// stands for the amount in it.
void collect(const SampleNode& scope, const std::string& path, const Words& parent, double distance, bool inside,
             bool amounts, std::vector<Candidate>& all)  // NOLINT(misc-no-recursion)
{
    const bool has_money = amounts && std::ranges::any_of(scope.members, [](const SampleNode& member) {
                               return amount_in(member) != nullptr;
                           });
    for (const auto& member : scope.members) {
        Words words = words_of(member.name);
        Words both = words;
        both.insert(parent.begin(), parent.end());
        const std::string at = path + member.step();
        const SampleNode* amount = amounts ? amount_in(member) : nullptr;
        if (amount != nullptr) {
            all.push_back({amount, at + amount->step(), std::move(words), std::move(both), distance, 0, &member.name});
            continue;
        }
        if (has_money && names_share(member.name))
            continue;
        if (inside && member.is_object && !member.is_list && distance < 0.3)
            collect(member, at, both, distance + 0.1, inside, amounts, all);
        all.push_back({&member, at, std::move(words), std::move(both), distance, 0, &member.name});
    }
}

/// How many of an object's members have the name of one that is looked for, from 0 to 1.
double members_alike(const Shape& shape, const SampleNode& node)
{
    if (node.members.empty())
        return 0;
    const auto alike = std::ranges::count_if(node.members, [&](const SampleNode& member) {
        return std::ranges::any_of(
            shape.members, [&](const Shape::Member& wanted) { return words_of(wanted.name) == words_of(member.name); });
    });
    return static_cast<double>(alike) / static_cast<double>(node.members.size());
}

/// How well a source fits a field, by its values.
double fit(const Shape& shape, const SampleNode& node)
{
    using enum Shape::Kind;
    constexpr double never = -10;
    switch (shape.kind) {
    case object: return node.is_object && !node.is_list ? 0.1 * members_alike(shape, node) : never;
    case list:
        return node.is_list && (shape.item.empty() || (shape.item.front().kind == object) == node.is_object) ? 0
                                                                                                             : never;
    default: break;
    }
    if (!node.is_scalar() || node.seen.empty())
        return never;
    const bool truth = node.scalars == std::set{NodeKind::boolean};
    switch (shape.kind) {
    case boolean: return truth ? 0.05 : never;
    case time:
        return node.all_seen(reads_as_date) && !truth ? 0.05 : node.scalars.contains(NodeKind::number) ? -0.3 : never;
    case date: return node.all_seen(reads_as_date) ? 0.05 : never;
    case money:
    case unit_price:
    case quantity:
    case decimal: return node.all_seen(reads_as_number) ? 0.05 : never;
    case integer: return node.all_seen(reads_as_integer) ? 0.05 : never;
    default: break;
    }
    if (truth)
        return -0.5;
    if (shape.pattern)
        return std::ranges::all_of(node.seen,
                                   [&](const auto& text) { return re2::RE2::FullMatch(text, *shape.pattern); })
                   ? 0.2
                   : -0.3;
    return 0;
}

}  // namespace

std::optional<Candidate> best_source(const SampleNode& scope, const Shape::Member& field, const Around& around,
                                     const std::string& type)
{
    std::vector<Candidate> all;
    collect(scope, "", {}, 0, around.inside, is_amount(field.shape), all);
    const Words own = words_of(field.name);
    Words without = own;  // a line's `line_id` is its `id`; an order's `order_number` its `number`
    for (const auto& words : {around.parent, words_of(type)})
        for (const auto& word : words)
            without.erase(word);
    if (without.empty())
        without = own;
    Words with = own;
    with.insert(around.parent.begin(), around.parent.end());
    std::vector<Words> all_wanted{own, without, with};
    if (own.contains("region"))  // what addresses call a state is no state of an order
        all_wanted.push_back({"state"});
    const auto is_sibling = [&](const Words& words) {
        return std::ranges::any_of(around.siblings->members, [&](const Shape::Member& other) {
            return &other != &field && words_of(other.name) == words;
        });
    };

    const Candidate* first = nullptr;
    double highest = 0;
    double second = 0;
    for (const auto& candidate : all) {
        double score = 0;
        for (const auto& wanted : all_wanted)
            for (const auto& found : {candidate.words, candidate.with_parent})
                score = std::max(score, likeness(wanted, found));
        const bool about = score == 1 || std::ranges::any_of(without, [&](const std::string& word) {
                               return candidate.with_parent.contains(word);
                           });
        if (score == 0 || !about || (score < sure && is_sibling(candidate.words)))
            continue;
        score += fit(field.shape, *candidate.node) - candidate.distance;
        if (lower(*candidate.name) == lower(field.name))
            score += 0.05;
        if (score > highest) {
            second = highest;
            highest = score;
            first = &candidate;
        } else {
            second = std::max(second, score);
        }
    }
    if (first == nullptr || highest < likely)
        return std::nullopt;
    if (second > highest - margin)
        highest = std::min(highest, sure - 0.01);
    Candidate best = *first;
    best.score = highest;
    return best;
}

}  // namespace headgate::gateway
