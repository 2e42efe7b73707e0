#include "gateway/superseding.hpp"

#include <algorithm>
#include <utility>

#include <boost/json.hpp>

#include "core/clock.hpp"
#include "gateway/aside.hpp"
#include "gateway/letter_id.hpp"

namespace headgate::gateway {

namespace {

namespace json = boost::json;

constexpr std::size_t most_in_a_call = 128;

std::string_view text_of(const json::object& object, std::string_view name)
{
    const auto* value = object.if_contains(name);
    return value != nullptr && value->is_string() ? std::string_view(value->as_string()) : std::string_view();
}

/// Stale ones tell nothing that was not known; what was told again is known by its later arrival.
bool moves_the_guard(std::string_view outcome)
{
    return outcome == "applied" || outcome == "adopted" || outcome == "unchanged" || outcome == "repeated";
}

void take(const json::value& delivery, std::vector<observability::EntityAt>& into)
{
    if (!delivery.is_object())
        return;
    const auto& fields = delivery.as_object();
    const auto system = text_of(fields, "system");
    const auto entity = text_of(fields, "entity");
    if (!system.empty() && !entity.empty() && moves_the_guard(text_of(fields, "outcome")))
        into.push_back({std::string(system), std::string(entity)});
}

}  // namespace

std::vector<observability::EntityAt> applied_in(const retry::Frame& frame)
{
    std::vector<observability::EntityAt> applied;
    boost::system::error_code error;
    const auto parsed = json::parse(frame.bytes, error);
    if (error || !parsed.is_object())
        return applied;
    if (const auto* one = parsed.as_object().if_contains("delivery"))
        take(*one, applied);
    if (const auto* all = parsed.as_object().if_contains("deliveries"); all != nullptr && all->is_array())
        for (const auto& one : all->as_array())
            take(one, applied);
    return applied;
}

Superseding::Superseding(Dependencies dependencies)
    : with_(std::move(dependencies)),
      decisions_(with_.redis, with_.scripts),
      superseded_(with_.metrics.registry.counter("headgate_dead_letters_superseded_total",
                                                 "Letters that ended because something later was applied."))
{}

Task<bool> Superseding::has_any()
{
    auto asking = aside<bool>(with_.reader, with_.executor, [this] { return with_.history.has_delivery_letters(); });
    co_return co_await std::move(asking);
}

Task<std::vector<Partition>> Superseding::end(std::vector<observability::EntityAt> applied,
                                              std::vector<retry::DeliveryId> letters)
{
    if (!applied.empty()) {
        auto looking = letters_of(std::move(applied));
        const auto found = co_await std::move(looking);
        if (!found)
            co_return std::unexpected(found.error());
        letters.insert(letters.end(), found->begin(), found->end());
    }
    std::ranges::sort(letters);
    letters.erase(std::ranges::unique(letters).begin(), letters.end());
    std::vector<Partition> told;
    for (std::size_t i = 0; i < letters.size(); i += most_in_a_call) {
        const auto count = std::min(most_in_a_call, letters.size() - i);
        const auto first = letters.begin() + static_cast<std::ptrdiff_t>(i);
        auto ending = end({first, first + static_cast<std::ptrdiff_t>(count)});
        const auto partitions = co_await std::move(ending);
        if (!partitions)
            co_return std::unexpected(partitions.error());
        told.insert(told.end(), partitions->begin(), partitions->end());
    }
    co_return told;
}

Task<std::vector<retry::DeliveryId>> Superseding::letters_of(std::vector<observability::EntityAt> applied)
{
    std::ranges::sort(applied);
    applied.erase(std::ranges::unique(applied).begin(), applied.end());
    using Found = std::vector<std::string>;
    auto looking = aside<Found>(with_.reader, with_.executor, [this, applied = std::move(applied)] {
        return with_.history.delivery_letters_of(applied);
    });
    const auto found = co_await std::move(looking);
    if (!found)
        co_return std::unexpected(found.error());
    std::vector<retry::DeliveryId> letters;
    for (const auto& name : *found)
        if (const auto letter = parse_letter(name); letter && letter->delivery)
            letters.push_back({letter->event, *letter->delivery});
    co_return letters;
}

Task<std::vector<Partition>> Superseding::end(std::vector<retry::DeliveryId> letters)
{
    const auto now = std::chrono::floor<std::chrono::milliseconds>(wall_now()).time_since_epoch().count();
    auto frame = json::serialize(json::object{{"finished", now}, {"reason", "superseded"}});
    auto ending = decisions_.supersede(std::move(letters), std::move(frame));
    const auto superseded = co_await std::move(ending);
    if (!superseded)
        co_return std::unexpected(superseded.error());
    std::vector<Partition> partitions;
    for (const auto& one : *superseded) {
        partitions.push_back(one.partition);
        superseded_.add();
        if (one.ended == retry::Ended::applied)
            with_.metrics.applied.add();
        else if (one.ended == retry::Ended::suppressed)
            with_.metrics.suppressed.add();
    }
    co_return partitions;
}

}  // namespace headgate::gateway
