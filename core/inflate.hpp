#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "core/result.hpp"

namespace headgate {

/// Content codings of RFC 9110 §8.4.1: gzip (RFC 1952, also several members one behind the other), deflate (RFC 1950,
/// and bare RFC 1951 as some senders have it). Bytes go in piece by piece, so that a file of any size takes little
/// memory.
class Inflater {
public:
    enum class Coding { gzip, deflate };
    explicit Inflater(Coding coding);
    Inflater(Inflater&&) noexcept;
    Inflater& operator=(Inflater&&) noexcept;
    ~Inflater();

    /// Appends what the next bytes inflate to. `content_coding_broken` (permanent) for what is not of this coding,
    /// `content_too_large` when `out` would grow beyond `most` bytes.
    [[nodiscard]] Result<void> feed(std::string_view bytes, std::string& out, std::size_t most);
    /// Whether what was fed is whole; behind its end only more members of gzip may follow.
    [[nodiscard]] bool whole() const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

/// All at once; what ends too early is `content_coding_broken` too.
[[nodiscard]] Result<std::string> inflated(std::string_view bytes, Inflater::Coding coding, std::size_t most);

}  // namespace headgate
