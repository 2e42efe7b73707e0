#include "gateway/stages/route.hpp"

#include <algorithm>

namespace headgate::gateway {

Result<std::vector<Routed>> route(std::vector<Transaction> transactions, const Configuration& configuration,
                                  std::string_view channel)
{
    std::vector<Routed> routed;
    for (auto& transaction : transactions) {
        std::vector<std::string> systems;
        for (const auto& candidate : configuration.routes)
            if (candidate.matches(transaction.type, channel))
                for (const auto& system : candidate.to)
                    if (std::ranges::find(systems, system) == systems.end())
                        systems.push_back(system);
        if (systems.empty())
            return fail(FailureClass::permanent, "unrouted",
                        "no route takes a " + transaction.type + " of channel " + std::string(channel));
        for (std::size_t i = 0; i + 1 < systems.size(); ++i)
            routed.push_back({transaction, systems[i]});
        routed.push_back({std::move(transaction), systems.back()});
    }
    return routed;
}

}  // namespace headgate::gateway
