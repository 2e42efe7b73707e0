#pragma once

#include <functional>
#include <vector>

#include <boost/asio/any_io_executor.hpp>

#include "core/async.hpp"
#include "gateway/gateway_metrics.hpp"
#include "observability/history.hpp"
#include "retry/decisions.hpp"
#include "retry/frames.hpp"

namespace headgate::gateway {

/// What frames tell of entities that were applied at systems: what they may have made of no use. Nothing of a frame
/// that cannot be read.
[[nodiscard]] std::vector<observability::EntityAt> applied_in(const retry::Frame& frame);

/// Letters of a state that has come anew since: they end by themselves, as `superseded`. Asked behind history's commit
/// and before the frames of it go, so that it is asked again after a crash; which of two frames comes first does not
/// matter, since new letters are looked at as well. One thread: its executor's.
class Superseding {
public:
    struct Dependencies {
        asio::any_io_executor executor;
        net::Redis& redis;
        const retry::Scripts& scripts;
        const observability::HistoryStore& history;
        asio::any_io_executor reader;  // where history is read, which blocks; what it runs must end before this does
        GatewayMetrics& metrics;
    };
    explicit Superseding(Dependencies dependencies);

    /// Whether there is any letter that what is applied could make of no use.
    Task<bool> has_any();
    /// Ends those of `letters` and those of entities in `applied` of which something later has been applied; the
    /// partitions that have frames of it. Fails as a Redis command or a read of history does; may be repeated.
    Task<std::vector<Partition>> end(std::vector<observability::EntityAt> applied,
                                     std::vector<retry::DeliveryId> letters);

private:
    Task<std::vector<retry::DeliveryId>> letters_of(std::vector<observability::EntityAt> applied);
    Task<std::vector<Partition>> end(std::vector<retry::DeliveryId> letters);

    Dependencies with_;
    retry::Decisions decisions_;
    observability::Counter& superseded_;
};

}  // namespace headgate::gateway
