#include "gateway/cli/cli.hpp"

// Read by jemalloc (its manual, "TUNING"). It would make four arenas for each processor, and every loop and writer
// would keep what it freed in one of its own; two hold some 4 MiB less at the same speed (bench/feeds, bench/e2e).
extern "C" {
extern const char* const malloc_conf;
const char* const malloc_conf = "narenas:2";
}

int main(int argc, char** argv)
{
    return headgate::gateway::cli_main(argc, argv);
}
