#include "gateway/tools/configuration_plan.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "connectors/formats/json.hpp"
#include "gateway/letter.hpp"
#include "gateway/tools/trial.hpp"

namespace headgate::gateway {

namespace {

using Kind = EventChange::Kind;
using Of = EventChange::Delivery::Kind;

std::string cause_in(const FailedAt& failed, const std::string& channel)
{
    return cause_of(failed.stage, failed.failure,
                    {.code = failed.failure.code, .channel = channel, .type = {}, .system = {}});
}

bool is_same_fact(const Attempt& one, const Attempt& other)
{
    const auto &a = one.delivery.transaction, &b = other.delivery.transaction;
    return one.system == other.system && a.type == b.type && a.entity == b.entity && a.id == b.id;
}

EventChange::Delivery change_of(Of kind, const Attempt& attempt)
{
    const auto& transaction = attempt.delivery.transaction;
    return {kind, attempt.system, transaction.type, transaction.entity, {}};
}

/// Takes out of a list what fits.
std::shared_ptr<Attempt> take(std::vector<std::shared_ptr<Attempt>>& attempts, const auto& fits)
{
    const auto found = std::ranges::find_if(attempts, [&](const auto& attempt) { return fits(*attempt); });
    if (found == attempts.end())
        return nullptr;
    auto taken = std::move(*found);
    attempts.erase(found);
    return taken;
}

}  // namespace

std::string_view name_of(Kind kind)
{
    switch (kind) {
    case Kind::same: return "same";
    case Kind::otherwise: return "otherwise";
    case Kind::broken: return "broken";
    case Kind::mended: return "mended";
    case Kind::elsewhere: return "other_cause";
    }
    std::unreachable();
}

std::string_view name_of(Of kind)
{
    switch (kind) {
    case Of::changed: return "changed";
    case Of::added: return "added";
    case Of::gone: return "gone";
    case Of::other_key: return "other_effect_key";
    }
    std::unreachable();
}

EventChange ConfigurationPlan::add(const EventId& event, const std::string& stored)
{
    EventChange change;
    change.event = event.text();
    const Made before = make_all(event, 0, 0, stored, {}, before_, log_);
    const Made now = make_all(event, 0, 0, stored, {}, now_, log_);
    const auto envelope = decode_envelope_head(stored);
    const std::string channel = envelope ? envelope->channel : "";
    if (!before)
        change.before = cause_in(before.error(), channel);
    if (!now)
        change.now = cause_in(now.error(), channel);
    if (before && now) {
        compare(**before, **now, change);
        change.kind = change.deliveries.empty() ? Kind::same : Kind::otherwise;
    } else if (before || now) {
        change.kind = before ? Kind::broken : Kind::mended;
    } else {
        change.kind = change.before == change.now ? Kind::same : Kind::elsewhere;
    }
    for (const auto* made : {&before, &now})
        if (*made)
            (**made)->let_go();
    count(change);
    return change;
}

void ConfigurationPlan::compare(Job& before, Job& now, EventChange& change) const
{
    std::vector<std::shared_ptr<Attempt>> added;
    for (const auto& attempt : now.attempts) {
        const auto was = take(before.attempts, [&](const Attempt& other) {
            return other.delivery.effect_key == attempt->delivery.effect_key;
        });
        if (!was) {
            added.push_back(attempt);
        } else if (auto differs = difference(*was, *attempt); !differs.differences.empty()) {
            change.deliveries.push_back(std::move(differs));
        }
    }
    for (const auto& attempt : added) {
        const auto was = take(before.attempts, [&](const Attempt& other) { return is_same_fact(other, *attempt); });
        change.deliveries.push_back(change_of(was ? Of::other_key : Of::added, *attempt));
    }
    for (const auto& attempt : before.attempts)
        change.deliveries.push_back(change_of(Of::gone, *attempt));
}

EventChange::Delivery ConfigurationPlan::difference(const Attempt& before, const Attempt& now) const
{
    auto change = change_of(Of::changed, now);
    const std::string was = text_of(before.delivery.transaction), is = text_of(now.delivery.transaction);
    if (was == is)
        return change;
    const auto old_document = connectors::read_json(was), new_document = connectors::read_json(is);
    if (!old_document || !new_document)
        return change;
    change.differences = differences(*old_document, *new_document);
    for (auto& one : change.differences)
        for (auto* value : {&one.expected, &one.got})
            if (*value != "nothing")
                *value = mask_.field(one.path, *value);
    return change;
}

void ConfigurationPlan::count(const EventChange& change)
{
    ++events_[change.kind];
    if (!change.now.empty() && change.kind != Kind::same)
        ++broken_[change.now];
    for (const auto& delivery : change.deliveries) {
        ++deliveries_[{delivery.kind, delivery.type + " to " + delivery.system}];
        for (const auto& one : delivery.differences)
            differences_.add(delivery.type, one.path, {change.event, one.expected, one.got});
    }
}

bool ConfigurationPlan::changes_anything() const
{
    return std::ranges::any_of(events_, [](const auto& counted) { return counted.first != Kind::same; });
}

std::string ConfigurationPlan::text() const
{
    std::size_t all = 0;
    for (const auto& [kind, count] : events_)
        all += count;
    std::string out = fmt::format("{} events\n", all);
    for (const auto& [kind, about] : {std::pair{Kind::same, "as before"}, std::pair{Kind::otherwise, "made otherwise"},
                                      std::pair{Kind::mended, "mended: letters before, and not now"},
                                      std::pair{Kind::broken, "broken: letters now, and not before"},
                                      std::pair{Kind::elsewhere, "letters for another cause"}})
        if (const auto found = events_.find(kind); found != events_.end())
            out += fmt::format("  {} {}\n", found->second, about);
    for (const auto& [cause, count] : broken_)
        out += fmt::format("    {} {}\n", count, cause);
    for (const auto& [of, count] : deliveries_)
        if (of.first != Of::changed)
            out += fmt::format("  {} {} {}\n", count, of.second,
                               of.first == Of::added  ? "made in addition"
                               : of.first == Of::gone ? "not made any more"
                                                      : "under other effect keys: what was applied would be applied "
                                                        "again when its event is replayed");
    if (const auto differing = differences_.text(); !differing.empty())
        out += "by field, before -> now:\n" + differing;
    return out;
}

}  // namespace headgate::gateway
