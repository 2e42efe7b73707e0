#pragma once

#include "core/system.hpp"
#include "gateway/admission.hpp"
#include "gateway/configuration.hpp"
#include "gateway/job.hpp"

namespace headgate::gateway {

/// Headgate's own door as a system: what is delivered to it is accepted as events, each once by its key, however often
/// it is delivered. Fails as `accept` does, and whole: what was accepted before is a repeat the next time. One thread:
/// its executor's.
class Door final : public System {
public:
    struct Dependencies {
        const Configuration& configuration;
        Admission& admission;
        Spawn spawn;
    };
    explicit Door(Dependencies dependencies) : with_(std::move(dependencies)) {}

    void apply(const Delivery& delivery, Sending sending, Done done) override;

private:
    asio::awaitable<void> run(const Delivery& delivery, Done done);

    Dependencies with_;
};

/// Accepts events of one channel in their order, many at a time, and tells how many were not known. Fails with what the
/// first that failed says; others may have been accepted then. `each` hears what became of which, in any order.
using TellAdmitted = std::function<void(std::size_t number, const Accepted& accepted)>;
Task<std::size_t> admit_all(Admission& admission, const Channel& channel, std::vector<Envelope> arrived,
                            TellAdmitted each = {});

}  // namespace headgate::gateway
