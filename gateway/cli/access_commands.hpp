#pragma once

#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

namespace headgate::gateway {

struct TokenOptions {
    std::string name;
    std::string role;
    std::vector<std::string> channels;
    std::vector<std::string> types;
    std::vector<std::string> queues;
    bool machine = false;
    std::string expires;
    std::string config;  // the folder whose tokens/ gets the hash; "": that of `data`
    std::string data = "./data";
};
/// The token alone on standard output, once; what to paste into the configuration on standard error.
int token_add_command(const TokenOptions& options);

/// Who may do what: token.
class AccessCommands {
public:
    /// The app writes into this object when it parses: both stay where they are.
    explicit AccessCommands(CLI::App& app);
    AccessCommands(const AccessCommands&) = delete;
    AccessCommands& operator=(const AccessCommands&) = delete;
    /// Runs the command that was parsed; nothing when it is none of these.
    [[nodiscard]] std::optional<int> run() const;

private:
    TokenOptions token_;
    CLI::App* token_add_ = nullptr;
};

}  // namespace headgate::gateway
