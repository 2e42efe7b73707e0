#pragma once

#include <filesystem>
#include <string>

#include "core/result.hpp"

namespace headgate::gateway {

/// Where a data folder keeps a copy of the configuration that ran in it last: what `headgate plan` compares with.
[[nodiscard]] std::filesystem::path kept_configuration(const std::filesystem::path& data);

/// Keeps a copy of a folder's YAML and JSON files, in place of the one before, which stays whole until then. No secret
/// is in them. `configuration_not_kept`.
Result<void> keep_configuration(const std::string& folder, const std::filesystem::path& data);

}  // namespace headgate::gateway
