#pragma once

#include "core/config/values.hpp"
#include "core/document.hpp"

namespace headgate::gateway {

/// `settings` as expressions see them: one object of texts, numbers and booleans.
[[nodiscard]] Document settings_document(const config::Settings& settings);

}  // namespace headgate::gateway
