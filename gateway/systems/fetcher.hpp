#pragma once

#include "core/system.hpp"
#include "gateway/admission.hpp"
#include "gateway/configuration.hpp"
#include "gateway/job.hpp"
#include "gateway/systems/fetched_documents.hpp"
#include "gateway/systems/vendor_api.hpp"

namespace headgate::gateway {

/// A vendor's API as a system: what is delivered to it are events that only name their document. It is fetched, and the
/// event with it is accepted as one of its own. So a vendor that is away has retries, breaker and letters like any
/// other system. Events of one document that arrived before it is asked for share it. One thread: its executor's.
class Fetcher final : public System {
public:
    struct Dependencies {
        const Channel& channel;
        VendorApi& api;
        Admission& admission;
        Spawn spawn;
    };
    Fetcher(asio::any_io_executor executor, Dependencies dependencies)
        : with_(std::move(dependencies)),
          documents_(std::move(executor))
    {}

    void apply(const Delivery& delivery, Sending sending, Done done) override;

private:
    asio::awaitable<void> run(const Delivery& delivery, Done done);
    asio::awaitable<SystemAnswer> fetch(const Delivery& delivery);
    asio::awaitable<FetchedDocuments::Fetched> ask(const Fetch& how, std::string target);

    Dependencies with_;
    FetchedDocuments documents_;
};

}  // namespace headgate::gateway
