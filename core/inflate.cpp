#include "core/inflate.hpp"

#include <algorithm>
#include <new>
#include <utility>

#include <zlib.h>

namespace headgate {

namespace {

constexpr int window = 15;     // the largest there is
constexpr int gzip_only = 16;  // added to it
constexpr std::size_t step = std::size_t{64} << 10U;

std::unexpected<Failure> broken(std::string detail)
{
    return fail(FailureClass::permanent, "content_coding_broken", std::move(detail));
}

}  // namespace

struct Inflater::State {
    State(Coding as) : coding(as) {}
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    ~State()
    {
        if (begun)
            ::inflateEnd(&stream);
    }

    /// RFC 1950 begins with its method and a checksum of two bytes; what does not is taken for bare deflate.
    void begin(std::string_view bytes)
    {
        const auto first = static_cast<unsigned char>(bytes[0]);
        const bool zlib = coding == Coding::deflate && bytes.size() > 1 && (first & 0x0fU) == 8 &&
                          (first * 256U + static_cast<unsigned char>(bytes[1])) % 31 == 0;
        const int bits = coding == Coding::gzip ? window + gzip_only : zlib ? window : -window;
        if (::inflateInit2(&stream, bits) != Z_OK)
            throw std::bad_alloc();
        begun = true;
    }

    Coding coding;
    z_stream stream{};
    std::string held;  // of a first byte that came alone
    bool begun = false;
    bool ended = false;
};

Inflater::Inflater(Coding coding) : state_(std::make_unique<State>(coding)) {}
Inflater::Inflater(Inflater&&) noexcept = default;
Inflater& Inflater::operator=(Inflater&&) noexcept = default;
Inflater::~Inflater() = default;

bool Inflater::whole() const
{
    return state_->ended;
}

Result<void> Inflater::feed(std::string_view bytes, std::string& out, std::size_t most)
{
    State& state = *state_;
    std::string joined;
    if (!state.begun) {
        joined = std::exchange(state.held, {}).append(bytes);
        if (joined.size() < 2) {
            state.held = std::move(joined);
            return {};
        }
        bytes = joined;
        state.begin(bytes);
    }
    bool full = false;  // some of what was taken in may wait for room
    while (!bytes.empty() || full) {
        if (state.ended) {
            if (state.coding != Coding::gzip)
                return broken("something follows behind the end of what is compressed");
            ::inflateReset(&state.stream);
            state.ended = false;
        }
        const std::size_t before = out.size();
        // One byte more than is allowed tells what is too large from what fits to the byte.
        const std::size_t room = std::min(step, most - std::min(most, before) + 1);
        const auto piece = static_cast<uInt>(std::min<std::size_t>(bytes.size(), std::size_t{1} << 30U));
        int said = Z_OK;
        out.resize_and_overwrite(before + room, [&](char* to, std::size_t) {
            state.stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));  // zlib does not write
            state.stream.avail_in = piece;
            state.stream.next_out = reinterpret_cast<Bytef*>(to + before);
            state.stream.avail_out = static_cast<uInt>(room);
            said = ::inflate(&state.stream, Z_NO_FLUSH);
            return before + room - state.stream.avail_out;
        });
        bytes.remove_prefix(piece - state.stream.avail_in);
        if (out.size() > most)
            return fail(FailureClass::permanent, "content_too_large",
                        "what is compressed is larger than " + std::to_string(most) + " bytes");
        state.ended = said == Z_STREAM_END;
        // Z_BUF_ERROR: nothing was left to do.
        if (!state.ended && said != Z_OK && said != Z_BUF_ERROR)
            return broken("what is compressed cannot be read");
        full = !state.ended && said == Z_OK && state.stream.avail_out == 0;
    }
    return {};
}

Result<std::string> inflated(std::string_view bytes, Inflater::Coding coding, std::size_t most)
{
    Inflater inflater(coding);
    std::string out;
    if (auto fed = inflater.feed(bytes, out, most); !fed)
        return std::unexpected(std::move(fed.error()));
    if (!inflater.whole())
        return broken("what is compressed ends too early");
    return out;
}

}  // namespace headgate
