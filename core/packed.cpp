#include "core/packed.hpp"

#include <memory>
#include <stdexcept>

#include <zstd.h>

namespace headgate {

namespace {

// Making one of these takes longer than most bodies do.
ZSTD_CCtx* compressor()
{
    thread_local const std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> context{ZSTD_createCCtx(), &ZSTD_freeCCtx};
    return context.get();
}
ZSTD_DCtx* decompressor()
{
    thread_local const std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context{ZSTD_createDCtx(), &ZSTD_freeDCtx};
    return context.get();
}

}  // namespace

void append_packed(std::string& out, std::string_view bytes)
{
    const std::size_t bound = ZSTD_compressBound(bytes.size());
    const std::size_t head = out.size();
    std::size_t size = 0;
    out.resize_and_overwrite(head + bound, [&](char* to, std::size_t) {
        // The fastest level that still packs repeated names: beyond it, time buys little.
        size = ZSTD_compressCCtx(compressor(), to + head, bound, bytes.data(), bytes.size(), -1);
        return ZSTD_isError(size) != 0 ? head : head + size;
    });
    if (ZSTD_isError(size) != 0)
        throw std::runtime_error(ZSTD_getErrorName(size));
}

std::string packed(std::string_view bytes)
{
    std::string out;
    append_packed(out, bytes);
    return out;
}

std::optional<std::string> unpacked(std::string_view frame, std::size_t most)
{
    const auto size = ZSTD_getFrameContentSize(frame.data(), frame.size());
    if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN || size > most)
        return std::nullopt;
    std::string bytes;
    std::size_t got = 0;
    bytes.resize_and_overwrite(size, [&](char* to, std::size_t) {
        got = ZSTD_decompressDCtx(decompressor(), to, size, frame.data(), frame.size());
        return size;
    });
    if (ZSTD_isError(got) != 0 || got != size)
        return std::nullopt;
    return bytes;
}

}  // namespace headgate
