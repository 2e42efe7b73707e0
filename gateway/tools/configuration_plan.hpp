#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/configuration.hpp"
#include "gateway/job.hpp"
#include "gateway/masking/mask.hpp"
#include "gateway/tools/difference_summary.hpp"
#include "gateway/tools/document_text.hpp"
#include "gateway/working_out.hpp"
#include "observability/log.hpp"

namespace headgate::gateway {

/// What one event would become otherwise under another configuration.
struct EventChange {
    enum class Kind {
        same,       // just what it was, and also a letter for the same cause
        otherwise,  // other deliveries, or others in content
        broken,     // a letter now
        mended,     // a letter before
        elsewhere,  // a letter for another cause
    };
    struct Delivery {
        enum class Kind {
            changed,  // in content
            added,
            gone,
            other_key,  // the same fact under another effect key: where it was applied, it would be again
        };
        Kind kind = Kind::changed;
        std::string system, type, entity;
        std::vector<Difference> differences;  // masked
    };
    Kind kind = Kind::same;
    std::string event;
    std::string before, now;  // causes of the letters that it was and is; "" none
    std::vector<Delivery> deliveries;
};
[[nodiscard]] std::string_view name_of(EventChange::Kind kind);
[[nodiscard]] std::string_view name_of(EventChange::Delivery::Kind kind);

/// Works stored events out with two configurations, and nothing comes of it.
class ConfigurationPlan {
public:
    ConfigurationPlan(const Configuration& before, const Configuration& now, observability::Log& log)
        : before_(before),
          now_(now),
          mask_(now.deployment.history),
          log_(log)
    {}

    EventChange add(const EventId& event, const std::string& stored);

    [[nodiscard]] bool changes_anything() const;
    /// How many, of what, and a few of each.
    [[nodiscard]] std::string text() const;

private:
    using Made = std::expected<std::shared_ptr<Job>, FailedAt>;
    void compare(Job& before, Job& now, EventChange& change) const;
    [[nodiscard]] EventChange::Delivery difference(const Attempt& before, const Attempt& now) const;
    void count(const EventChange& change);

    const Configuration& before_;
    const Configuration& now_;
    Mask mask_;
    observability::Log& log_;
    std::map<EventChange::Kind, std::size_t> events_;
    std::map<std::string, std::size_t> broken_;  // by cause
    std::map<std::pair<EventChange::Delivery::Kind, std::string>, std::size_t>
        deliveries_;  // by what, and type and system
    DifferenceSummary differences_;
};

}  // namespace headgate::gateway
