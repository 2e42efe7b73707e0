#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/result.hpp"

namespace headgate::gateway {

/// Exit codes of every command.
inline constexpr int exit_fine = 0;
inline constexpr int exit_findings = 1;  // findings, or it failed
inline constexpr int exit_usage = 2;
inline constexpr int exit_bad_configuration = 78;

/// The command line: one binary, the commands below.
int cli_main(int argc, char** argv);

struct SendOptions {
    std::string channel;
    std::string topic;
    std::string file;  // "-": standard input; "": the connector's sample
    std::string data;
    std::vector<std::string> set;      // "/line_items/0/price=9.90"
    std::vector<std::string> headers;  // "Name: value"
    bool bad_signature = false;
    bool duplicate = false;  // sends it twice, as a vendor does that got no answer
    bool json = false;
};
int send_command(const SendOptions& options);

int check_command(const std::string& config, bool show);

struct QueryOptions {
    std::string data;
    bool json = false;
    std::string state;
    std::string channel;
    std::string entity;
    std::size_t limit = 50;
    bool reveal = false;  // what is personal
    std::string why;
};
int events_list_command(const QueryOptions& options);
int events_show_command(const QueryOptions& options, const std::string& id);
int events_raw_command(const QueryOptions& options, const std::string& id);
int verify_command(const QueryOptions& options);

/// Says what failed on standard error: `headgate: code: detail`. Returns exit_findings.
int complain(const Failure& failure);

}  // namespace headgate::gateway
