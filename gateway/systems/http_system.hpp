#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/any_io_executor.hpp>

#include "core/system.hpp"
#include "gateway/job.hpp"
#include "gateway/systems/http_plan.hpp"
#include "gateway/systems/login.hpp"
#include "gateway/systems/references.hpp"
#include "net/http/pool.hpp"

namespace headgate::gateway {

/// A system behind HTTP, written to by requests that are YAML. Each step of a request is applied once: what a second
/// sending would do is said by its `repeat`, and a sending whose fate nobody knows is answered by that.
///
///   transient        worth another try; `progress` says what need not be done again
///   unknown_outcome  may have been done, and nobody can tell (`repeat: never`): a person decides
///   throttled        with `not_before`, when the system says how long
///   dependency       `reference_missing`: a cross-reference is not there yet
///   auth             the login is refused; nothing was done
///   permanent        everything that trying again cannot mend
///
/// One thread: its executor's. `apply` may be called for many deliveries at a time.
class HttpSystem final : public System {
public:
    using MaySend = std::function<std::optional<Failure>()>;
    struct Dependencies {
        const HttpSystemPlan& plan;
        ReferenceCache& references;
        /// Asked when a delivery begins; what it gives is asked right before each of its requests leaves: the lease,
        /// which must be the same still.
        std::function<MaySend()> may_send;
        Spawn spawn;
        RefreshTokens* tokens = nullptr;  // without: those that were given are lost with this object
    };
    /// Throws std::runtime_error when the system could never be reached: a host that is none, an unreadable `ca`.
    HttpSystem(asio::any_io_executor executor, Dependencies dependencies);

    void apply(const Delivery& delivery, Sending sending, Done done) override;
    /// What the system calls a fact that was not applied from here, if it has it: asked by its entity alone, where the
    /// request of its type has a probe that needs no more. Nothing: it is not there, or cannot be asked for so. What
    /// its answer captures is stored as cross-references.
    Task<std::optional<std::string>> find(std::string type, std::string source, std::string entity);
    /// Ends what is on the wire; every `done` is called.
    void close();

private:
    asio::awaitable<void> run(const Delivery& delivery, Sending sending, Done done);

    Dependencies with_;
    net::HttpPool pool_;
    std::optional<net::HttpPool> token_pool_;
    Login login_;
};

}  // namespace headgate::gateway
