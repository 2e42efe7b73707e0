#include "store_model.hpp"

#include <algorithm>

namespace headgate::test {

using retry::BuryAnswer;
using retry::Claim;
using retry::FinishAnswer;
using Readmission = retry::Readmitted::Answer;

namespace {

bool not_older(const StoreModel::Fact& held, const StoreModel::Fact& next)
{
    if (held.version_kind != 0 && held.version_kind == next.version_kind && held.version != next.version)
        return next.version > held.version;
    return next.seq >= held.seq;
}

}  // namespace

StoreModel::Answer StoreModel::accept(std::uint64_t key, std::uint64_t event, std::uint64_t body, Partition partition)
{
    if (auto claimed = keys.find(key); claimed != keys.end()) {
        const auto& stored = claimed->second;
        if (stored.event == event)
            return {Claim::accepted, stored};
        return {stored.body == body ? Claim::duplicate : Claim::conflict, stored};
    }
    if (bodies.contains(event) || records.contains(event))
        return {Claim::duplicate, {event, body, partition, 0, 0}};

    auto& share = shares[partition];
    Claimed stored{event, body, partition, ++seq, static_cast<std::uint64_t>(++share.accepted)};
    keys[key] = stored;
    bodies.insert(event);
    share.in[stored.seq] = {event, stored.seq};
    return {Claim::accepted, stored};
}

void StoreModel::reserve(Partition partition, std::uint64_t upto)
{
    auto& mark = shares[partition].high_water;
    mark = std::max(mark, upto);
}

void StoreModel::tell_facts(const Facts& told)
{
    for (const auto& [fact, next] : told) {
        auto held = facts.find(fact);
        if (held == facts.end() || not_older(held->second, next))
            facts[fact] = next;
    }
}

FinishAnswer StoreModel::finish(Partition partition, std::uint64_t entry, std::uint64_t event, bool applied,
                                std::uint32_t d_applied, std::uint32_t d_suppressed, const Facts& told)
{
    auto& share = shares[partition];
    if (share.open.contains(event))
        return FinishAnswer::in_open;
    if (auto found = share.in.find(entry); found == share.in.end() || found->second.first != event)
        return FinishAnswer::gone;
    if (left_of(event) + count_of(event, State::dead) + count_of(event, State::again) > 0)
        return FinishAnswer::in_open;
    share.in.erase(entry);
    tell_facts(told);
    ++(applied ? share.applied : share.suppressed);
    share.d_created += d_applied + d_suppressed;
    share.d_applied += d_applied;
    share.d_suppressed += d_suppressed;
    share.history.push_back({event, applied ? 'a' : 's', records.contains(event) ? records[event].round : 0});
    return FinishAnswer::finished;
}

BuryAnswer StoreModel::bury(Partition partition, std::uint64_t entry, std::uint64_t event, const std::string& cause,
                            bool maybe_sent, std::uint64_t word)
{
    auto& share = shares[partition];
    auto found = share.in.find(entry);
    if (found == share.in.end() || found->second.first != event)
        return BuryAnswer::gone;
    auto origin = found->second.second;
    share.open[event] = origin;
    share.in.erase(found);
    auto& record = records[event];
    record.partition = partition;
    record.seq = origin;
    record.worst = "permanent";
    record.maybe_sent = record.maybe_sent || maybe_sent;
    record.body_in_history = false;
    letters[event] = {cause, record.round, word};
    share.history.push_back({event, 'd', record.round});
    return BuryAnswer::buried;
}

std::pair<Readmission, std::uint64_t> StoreModel::readmit(std::uint64_t event, std::uint32_t round, bool with_body)
{
    auto letter = letters.find(event);
    if (letter == letters.end())
        return {Readmission::gone, 0};
    if (letter->second.round != round)
        return {Readmission::changed, 0};
    if (!with_body && !bodies.contains(event))
        return {Readmission::body_in_history, 0};
    auto& record = records[event];
    auto& share = shares[record.partition];
    share.in[++seq] = {event, share.open[event]};
    share.open.erase(event);
    letters.erase(letter);
    bodies.insert(event);
    record.body_in_history = false;
    share.history.push_back({event, 'r', ++record.round});
    return {Readmission::readmitted, seq};
}

void StoreModel::archive(Partition partition, std::size_t frames)
{
    auto& share = shares[partition];
    for (; frames > 0; --frames) {
        auto outcome = share.history.front();
        share.history.pop_front();
        bool of_event = !outcome.delivery && std::string("asx").find(outcome.state) != std::string::npos;
        if ((!of_event && !outcome.ended) || share.open.contains(outcome.event))
            continue;
        bodies.erase(outcome.event);
        records.erase(outcome.event);
        std::erase_if(deliveries, [&](const auto& each) { return each.first.event == outcome.event; });
    }
}

}  // namespace headgate::test
