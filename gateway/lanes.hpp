#pragma once

#include <deque>
#include <memory>
#include <string>
#include <unordered_map>

#include "gateway/job.hpp"

namespace headgate::gateway {

/// One queue per (system, source, entity): the head is on the wire or waits for its next try, the others wait for it.
/// Plain values, one thread.
class Lanes {
public:
    /// True when the attempt is the head of its lane and may go now.
    bool push(std::shared_ptr<Attempt> attempt)
    {
        auto& lane = lanes_[attempt->lane];
        lane.push_back(std::move(attempt));
        return lane.size() == 1;
    }

    /// The head has ended: the attempt that may go next, if any.
    std::shared_ptr<Attempt> pop(const std::string& name)
    {
        const auto found = lanes_.find(name);
        if (found == lanes_.end())
            return nullptr;
        found->second.pop_front();
        if (!found->second.empty())
            return found->second.front();
        lanes_.erase(found);
        return nullptr;
    }

    /// Who goes first in a lane that somebody is in.
    [[nodiscard]] const Attempt& head(const std::string& name) const { return *lanes_.find(name)->second.front(); }

    void clear() { lanes_.clear(); }
    [[nodiscard]] std::size_t size() const { return lanes_.size(); }

private:
    std::unordered_map<std::string, std::deque<std::shared_ptr<Attempt>>> lanes_;
};

}  // namespace headgate::gateway
