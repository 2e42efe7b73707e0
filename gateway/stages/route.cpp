#include "gateway/stages/route.hpp"

#include <algorithm>
#include <utility>

#include "gateway/unfolding.hpp"

namespace headgate::gateway {

Result<std::vector<Routed>> route(std::vector<Transaction> transactions, const Configuration& configuration,
                                  std::string_view channel)
{
    std::vector<Routed> routed;
    for (auto& transaction : transactions) {
        std::vector<std::pair<std::string, const CoalesceConfig*>> systems;
        for (const auto& candidate : configuration.routes)
            if (candidate.matches(transaction.type, channel))
                for (const auto& system : candidate.to)
                    if (std::ranges::find(systems, system, &std::pair<std::string, const CoalesceConfig*>::first) ==
                        systems.end())
                        systems.emplace_back(system, candidate.coalesce ? &*candidate.coalesce : nullptr);
        if (systems.empty())
            return fail(FailureClass::permanent, "unrouted",
                        "no route takes a " + transaction.type + " of channel " + std::string(channel));
        for (std::size_t i = 0; i + 1 < systems.size(); ++i)
            routed.push_back({transaction, systems[i].first, systems[i].second});
        routed.push_back({std::move(transaction), systems.back().first, systems.back().second});
    }
    return routed;
}

Result<Routed> route_to(const StoredTransaction& stored, const Configuration& configuration, std::string_view channel)
{
    if (stored.transaction.type == events_type)  // to Headgate's own door or a vendor's API: no route leads there
        return Routed{stored.transaction, stored.system, nullptr};
    for (const auto& candidate : configuration.routes)
        if (candidate.matches(stored.transaction.type, channel) &&
            std::ranges::find(candidate.to, stored.system) != candidate.to.end())
            return Routed{stored.transaction, stored.system, candidate.coalesce ? &*candidate.coalesce : nullptr};
    return fail(
        FailureClass::permanent, "unrouted",
        "no route takes a " + stored.transaction.type + " of channel " + std::string(channel) + " to " + stored.system);
}

}  // namespace headgate::gateway
