#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/document.hpp"
#include "core/problem.hpp"
#include "gateway/system_config.hpp"
#include "mapping/canonical.hpp"
#include "mapping/expression.hpp"
#include "mapping/request.hpp"
#include "mapping/vocabularies.hpp"
#include "net/http/call.hpp"
#include "net/http/egress.hpp"

namespace headgate::gateway {

/// The secrets of a login, as they were read.
struct LoginSecrets {
    std::string password;
    std::string token;
    std::string key;
    std::string client_secret;
    std::string refresh_token;
};

/// What a configuration says of a system of preset http, compiled. Immutable once loaded.
struct HttpSystemPlan {
    SystemConfig config;
    net::HttpOrigin origin;
    std::string base;  // of the url: what stands in front of each path; without a slash at its end
    std::optional<net::HttpOrigin> token_origin;
    std::vector<net::Network> allow;
    std::map<std::string, mapping::Request, std::less<>> requests;  // by canonical type
    Document settings;
    std::optional<mapping::Expression> error_code;
    LoginSecrets secrets;
};

/// Where a URL of http or https leads; nothing when it is none.
[[nodiscard]] std::optional<net::HttpOrigin> origin_of(std::string_view url);

/// Reads the request files of a system (`*.yaml` of its folder, with `fragments/`) and compiles the rest. What is wrong
/// is among the problems. `canonical` and `vocabularies` must outlive the plan. Secrets are not read here.
[[nodiscard]] std::shared_ptr<HttpSystemPlan> load_plan(const SystemConfig& config, const std::string& folder,
                                                        const mapping::Canonical& canonical,
                                                        const mapping::Vocabularies& vocabularies, Problems& problems);

}  // namespace headgate::gateway
