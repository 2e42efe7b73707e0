// Any text as a time, a date and, behind a zero byte, by a format: refused, or written so that it reads back the same.
#include <cstdint>
#include <string_view>

#include "core/time.hpp"

namespace {

void must(bool holds)
{
    if (!holds)
        __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    using namespace headgate;
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    for (const std::string_view zone : {"", "Europe/Berlin", "+05:30"}) {
        const auto time = parse_timestamp(input, zone);
        if (!time)
            continue;
        const auto again = parse_timestamp(text_of(*time));
        must(again && again->seconds == time->seconds && again->nanos == time->nanos);
    }
    static_cast<void>(parse_date(input));
    return 0;
}
