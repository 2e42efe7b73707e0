#pragma once

#include "core/system.hpp"
#include "gateway/admission.hpp"
#include "gateway/configuration.hpp"
#include "gateway/job.hpp"
#include "gateway/systems/vendor_api.hpp"

namespace headgate::gateway {

/// A vendor's API as a system: what is delivered to it are events that only name their document. It is fetched, and the
/// event with it is accepted as one of its own. So a vendor that is away has retries, breaker and letters like any
/// other system. One thread: its executor's.
class Fetcher final : public System {
public:
    struct Dependencies {
        const Channel& channel;
        VendorApi& api;
        Admission& admission;
        Spawn spawn;
    };
    explicit Fetcher(Dependencies dependencies) : with_(std::move(dependencies)) {}

    void apply(const Delivery& delivery, Sending sending, Done done) override;

private:
    asio::awaitable<void> run(const Delivery& delivery, Done done);
    asio::awaitable<SystemAnswer> fetch(const Delivery& delivery);

    Dependencies with_;
};

}  // namespace headgate::gateway
