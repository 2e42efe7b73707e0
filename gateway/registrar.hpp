#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/any_io_executor.hpp>

#include "core/async.hpp"
#include "gateway/configuration.hpp"
#include "gateway/gateway_metrics.hpp"
#include "gateway/job.hpp"
#include "gateway/registered.hpp"
#include "gateway/systems/vendor_api.hpp"
#include "observability/health.hpp"
#include "observability/log.hpp"

namespace headgate::gateway {

/// Makes the subscriptions of channels at their vendors, and watches that they still exist: vendors remove them after
/// failures, and then nothing comes and nothing fails. It looks before it makes, makes what is missing, and neither
/// removes anything nor touches what sends elsewhere. One look or making of a channel at a time. It keeps nothing: what
/// there is the vendor knows. One thread: its executor's.
class Registrar {
public:
    using Apis = std::map<std::string, std::unique_ptr<VendorApi>, std::less<>>;
    struct Dependencies {
        const Configuration& configuration;
        const Apis& apis;  // by channel
        GatewayMetrics& metrics;
        observability::Health& health;
        observability::Log& log;
        std::function<bool()> leads;  // whether the lease is held: two that make would make twice
        Spawn spawn;
    };
    Registrar(asio::any_io_executor executor, Dependencies dependencies);
    Registrar(const Registrar&) = delete;
    Registrar& operator=(const Registrar&) = delete;
    ~Registrar();

    /// The lease is held: watching begins.
    void begin();
    /// The lease is gone.
    void forget();

    /// What the vendor has for the channel; `make`: what is missing is made. What fails before the vendor is asked
    /// fails: `unknown_channel`, `no_registration`, `public_url_missing`, `address_not_https`, `lease_lost`. What fails
    /// at the vendor is `failed` of what came of it.
    Task<Registered> run(std::string channel, bool make);

private:
    struct Watched;
    class Turn;
    asio::awaitable<void> watch(std::shared_ptr<Watched> watched, std::uint64_t epoch);
    asio::awaitable<Registered> look(Watched& watched, bool make);
    asio::awaitable<void> make(Watched& watched, Registered& into, const std::vector<WantedTopic>& wanted,
                               const std::vector<Subscription>& there);
    Task<std::vector<Subscription>> list(Watched& watched);
    asio::awaitable<VendorApi::Answer> send(Watched& watched, VendorApi::Request request);
    /// What is to be seen of it by those who did not ask.
    void tell(Watched& watched, const Registered& found);
    [[nodiscard]] Result<void> may_be_told(const Channel& channel) const;

    asio::any_io_executor executor_;
    Dependencies with_;
    std::map<std::string, std::shared_ptr<Watched>, std::less<>> watched_;
    std::uint64_t epoch_ = 0;
};

}  // namespace headgate::gateway
