#pragma once

#include "connectors/systems/sqlite_ledger.hpp"
#include "core/system.hpp"

namespace headgate::gateway {

/// The ledger as one of the systems. It knows every repeat by itself, so how often something was sent is nothing to it.
class LedgerSystem final : public System {
public:
    explicit LedgerSystem(connectors::SqliteLedger& ledger) : ledger_(ledger) {}

    void apply(const Delivery& delivery, Sending /*sending*/, Done done) override
    {
        ledger_.apply(delivery, [done = std::move(done)](Result<Applied> result) mutable {
            done(SystemAnswer{.result = std::move(result)});
        });
    }

private:
    connectors::SqliteLedger& ledger_;
};

}  // namespace headgate::gateway
