#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace headgate::net {

/// One answer of Redis (RESP2), owned. An `error` inside a list is a value like any other; an error at the top never
/// reaches a caller as a Reply: it is a Failure.
struct Reply {
    enum class Kind : std::uint8_t { nil, integer, text, status, error, list };

    Kind kind = Kind::nil;
    std::int64_t integer = 0;
    std::string text;  // text (any bytes), status or error
    std::vector<Reply> list;

    [[nodiscard]] bool is_nil() const { return kind == Kind::nil; }
    [[nodiscard]] bool is_list(std::size_t size) const { return kind == Kind::list && list.size() == size; }
};

}  // namespace headgate::net
