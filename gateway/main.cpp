#include "gateway/cli/cli.hpp"

int main(int argc, char** argv)
{
    return headgate::gateway::cli_main(argc, argv);
}
