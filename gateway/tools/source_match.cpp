#include "gateway/tools/source_match.hpp"

#include <algorithm>
#include <vector>

#include <re2/re2.h>

namespace headgate::gateway {

namespace {

using mapping::Shape;

constexpr double margin = 0.02;  // the second best must be so far behind

/// Where sources are looked for: the members of an object, and what its objects hold.
void collect(const SampleNode& scope, const std::string& path, const Words& parent, double distance, bool inside,
             std::vector<Candidate>& all)  // NOLINT(misc-no-recursion)
{
    for (const auto& member : scope.members) {
        Words words = words_of(member.name);
        Words both = words;
        both.insert(parent.begin(), parent.end());
        const std::string at = path + member.step();
        if (inside && member.is_object && !member.is_list && distance < 0.3)
            collect(member, at, both, distance + 0.1, inside, all);
        all.push_back({&member, at, std::move(words), std::move(both), distance, 0});
    }
}

std::string lower(std::string_view text)
{
    std::string out(text);
    std::ranges::transform(out, out.begin(), [](unsigned char letter) { return std::tolower(letter); });
    return out;
}

/// How well a source fits a field, by its values.
double fit(const Shape& shape, const SampleNode& node)
{
    using enum Shape::Kind;
    constexpr double never = -10;
    switch (shape.kind) {
    case object: return node.is_object && !node.is_list ? 0 : never;
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
    collect(scope, "", {}, 0, around.inside, all);
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
        if (lower(candidate.node->name) == lower(field.name))
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
