// Any bytes as the answer of an HTTP server, the first of them saying how they are cut: the same comes of it as of the
// whole, and never more than the limits let through.
#include <algorithm>
#include <cstdint>
#include <string_view>

#include "net/http/answer_reader.hpp"

namespace {

using namespace headgate::net;

constexpr AnswerLimits limits{512, 2048};

struct Read {
    bool good = false;
    bool done = false;
    std::size_t used = 0;
    HttpAnswer answer;
};

void must(bool holds)
{
    if (!holds)
        __builtin_trap();
}

Read read(std::string_view bytes, std::size_t piece, bool to_head)
{
    Read result;
    AnswerReader reader(to_head, limits);
    while (result.used < bytes.size() && !reader.done()) {
        const auto part = bytes.substr(result.used, piece);
        const auto used = reader.feed(part);
        if (!used)
            return result;
        must(*used == part.size() || reader.done());
        result.used += *used;
    }
    result.good = reader.end().has_value();
    result.done = reader.done();
    must(result.good == result.done);
    static_cast<void>(reader.rest(std::chrono::seconds(1)));
    result.answer = reader.take();
    return result;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    if (size == 0)
        return 0;
    const bool to_head = (data[0] & 1) != 0;
    const std::size_t piece = 1 + (data[0] >> 1);
    const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);

    const auto whole = read(bytes, bytes.size(), to_head);
    const auto cut = read(bytes, piece, to_head);

    must(whole.good == cut.good && whole.done == cut.done);
    if (!whole.good)
        return 0;
    must(whole.used == cut.used && whole.answer.status == cut.answer.status);
    must(whole.answer.headers == cut.answer.headers && whole.answer.body == cut.answer.body);
    must(whole.answer.status >= 200 && whole.answer.body.size() <= limits.bytes);
    std::size_t room = 0;
    for (const auto& [name, value] : whole.answer.headers) {
        room += name.size() + value.size();
        must(value.find_first_of("\r\n") == std::string::npos);
        must(std::ranges::none_of(name, [](char letter) { return letter >= 'A' && letter <= 'Z'; }));
    }
    must(room <= limits.head_bytes);
    static_cast<void>(whole.answer.retry_after({}));
    return 0;
}
