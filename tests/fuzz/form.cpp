// Any bytes as a form: what is read and written again reads the same.
#include <cstdint>
#include <string>
#include <string_view>

#include "connectors/formats/form.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    using namespace headgate::connectors;
    const auto fields = form_fields({reinterpret_cast<const char*>(data), size});
    std::string written;
    for (const auto& [name, value] : fields)
        written += (written.empty() ? "" : "&") + form_encoded(name) + "=" + form_encoded(value);
    if (form_fields(written) != fields)
        __builtin_trap();
    return 0;
}
