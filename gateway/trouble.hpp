#pragma once

#include <string>
#include <string_view>

#include "core/result.hpp"
#include "observability/health.hpp"
#include "observability/log.hpp"

namespace headgate::gateway {

/// Something that fails and is tried again: a reason of /readyz for as long, and one line in the log when it begins.
/// One thread.
class Trouble {
public:
    Trouble(observability::Health& health, observability::Log& log, std::string reason, std::string message)
        : health_(health),
          log_(log),
          reason_(std::move(reason)),
          message_(std::move(message))
    {}

    void begins(const Failure& why)
    {
        health_.set(reason_, why.code);
        if (std::exchange(here_, true))
            return;
        log_.warn(message_, observability::LogLine{}.field("code", why.code).field("detail", why.detail));
    }

    void ends()
    {
        if (std::exchange(here_, false))
            health_.clear(reason_);
    }

private:
    observability::Health& health_;
    observability::Log& log_;
    std::string reason_;
    std::string message_;
    bool here_ = false;
};

}  // namespace headgate::gateway
