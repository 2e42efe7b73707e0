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

struct AuditOptions {
    std::string data = "./data";
    bool json = false;
    std::size_t limit = 50;
    std::string head;  // a hash that was kept elsewhere
};
int audit_list_command(const AuditOptions& options);
/// Reads the file itself, whether a Headgate runs on it or not.
int audit_verify_command(const AuditOptions& options);

/// Who may do what, and who did: token, audit.
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
    AuditOptions audit_;
    CLI::App* token_add_ = nullptr;
    CLI::App* audit_list_ = nullptr;
    CLI::App* audit_verify_ = nullptr;
};

}  // namespace headgate::gateway
