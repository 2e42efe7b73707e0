#pragma once

#include <cstddef>

#include "gateway/stages/types.hpp"

namespace headgate::gateway {

/// Takes the Content-Encoding off a body whose sender is known: signatures are over the bytes as they came. gzip and
/// deflate, at most `most` bytes inflated; 415 `content_encoding_unsupported`, 400 `content_coding_broken`, 413
/// `content_too_large`.
Intake<void> uncoded(net::Request& request, std::size_t most);

}  // namespace headgate::gateway
