#include "core/fault_point.hpp"

#include <unistd.h>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <string>

namespace headgate {

namespace {

struct Fault {
    std::string name;
    std::atomic<long> left{0};

    Fault()
    {
        const char* value = std::getenv("HEADGATE_FAULT");
        if (value == nullptr)
            return;
        name = value;
        long count = 1;
        if (const auto colon = name.rfind(':'); colon != std::string::npos) {
            count = std::strtol(name.c_str() + colon + 1, nullptr, 10);
            name.resize(colon);
        }
        left = count;
    }
};

}  // namespace

void fault_point(std::string_view name)
{
    static Fault fault;
    if (fault.name.empty() || fault.name != name)
        return;
    if (--fault.left == 0)
        ::kill(::getpid(), SIGKILL);
}

}  // namespace headgate
