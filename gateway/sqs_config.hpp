#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/config/schema.hpp"

namespace headgate::gateway {

/// A queue of Amazon SQS that a channel's events arrive in, and who reads it.
struct SqsConfig {
    std::string url;     // of the queue: https://sqs.REGION.amazonaws.com/ACCOUNT/NAME
    std::string region;  // that requests are signed for; "" = the one in the URL's host
    config::SecretSources access_key;
    config::SecretSources secret_key;
    config::SecretSources session_token;  // of temporary credentials
    std::vector<std::string> allow;       // networks it may be in although they are private
    std::string ca;                       // file of certificates to trust instead of the machine's
    void describe(config::Schema& schema);
};

/// The region in the name of a host of SQS, also in those of FIPS and VPC endpoints and in the old ones
/// (`REGION.queue.amazonaws.com`); "" for any other host.
[[nodiscard]] std::string sqs_region(std::string_view host);

}  // namespace headgate::gateway
