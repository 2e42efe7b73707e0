#pragma once

#include <cstddef>
#include <string_view>

#include "core/document.hpp"
#include "core/result.hpp"

namespace headgate::connectors {

/// What a JSON text may cost. One node takes 60 bytes, and `[0,0,…` makes one of every two bytes.
struct JsonLimits {
    std::size_t bytes = std::size_t{64} << 20U;
    std::size_t depth = 64;  // lists and objects open at once
    std::size_t nodes = 1'000'000;
};

/// Reads one JSON text as RFC 8259 defines it, and nothing it does not. The bytes are copied once; the document owns
/// that copy, so `bytes` may go as soon as this returns. Numbers keep their source text, whatever their size. Names
/// are compared as they read, not as they are written, and may not repeat within an object.
/// Calls may overlap (one parser a thread). Each failure is permanent; its detail gives the byte offset and its
/// `where.document` the pointer, if the place has one:
///   json_empty          nothing but white space
///   json_truncated      the text ends too early, though all of it might have been right
///   json_trailing       something follows the value
///   json_syntax         any other breach of the grammar: numbers, literals, control characters, a byte order mark, …
///   invalid_utf8        bytes that are not UTF-8 (RFC 3629), anywhere
///   invalid_text        `\ud800` without its other half
///   duplicate_key       a name twice in one object
///   too_deep, too_many_nodes, too_large     a limit
[[nodiscard]] Result<Document> read_json(std::string_view bytes, const JsonLimits& limits = {});

}  // namespace headgate::connectors
