#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <CLI/CLI.hpp>

namespace headgate::gateway {

struct OperatorOptions {
    std::string data = "./data";
    bool json = false;
    std::string name;  // of a system or a channel; the id of a hold
    std::string why;
    std::string target;                     // of a hold that arrived, of a missing cross-reference
    std::optional<std::uint32_t> attempts;  // of a hold, when it was looked at
    std::string queue;                      // of holds
    std::string content;                    // of a hold, when it was looked at
};
int systems_list_command(const OperatorOptions& options);
int channels_list_command(const OperatorOptions& options);
/// `kind` is "systems" or "channels".
int pause_command(const OperatorOptions& options, const std::string& kind);
int resume_command(const OperatorOptions& options, const std::string& kind);
int holds_list_command(const OperatorOptions& options);
int hold_show_command(const OperatorOptions& options);
int hold_approve_command(const OperatorOptions& options);
int hold_reject_command(const OperatorOptions& options);
int hold_arrived_command(const OperatorOptions& options);
int hold_not_arrived_command(const OperatorOptions& options);
int work_list_command(const OperatorOptions& options);
int work_resolve_command(const OperatorOptions& options);

struct ReconcileOptions {
    std::string data = "./data";
    bool json = false;
    std::string channel;
    std::string since;
    bool list = false;
    std::uint32_t wait = 600;  // seconds
};
int reconcile_command(const ReconcileOptions& options);

struct RegisterOptions {
    std::string data = "./data";
    bool json = false;
    std::string channel;
    bool check = false;
};
int register_command(const RegisterOptions& options);

struct ReferenceOptions {
    std::string data = "./data";
    bool json = false;
    std::string system;
    std::string kind;
    std::string id;
    std::string source;
    std::string theirs;
    std::string file;    // "-": standard input
    std::string format;  // "ndjson" or "csv"
};
int xref_get_command(const ReferenceOptions& options);
int xref_set_command(const ReferenceOptions& options);
int xref_forget_command(const ReferenceOptions& options);
int xref_kinds_command(const ReferenceOptions& options);
int xref_import_command(const ReferenceOptions& options);
int xref_export_command(const ReferenceOptions& options);

struct VocabularyOptions {
    std::string data = "./data";
    bool json = false;
    std::string vocabulary;
    std::string word;
    std::string value;
    std::string why;
};
int unmapped_command(const VocabularyOptions& options);
int entries_command(const VocabularyOptions& options);
int set_entry_command(const VocabularyOptions& options);
int forget_entry_command(const VocabularyOptions& options);

/// What an operator works with: systems, channels, holds, work, xref, vocabularies. Each is a call to the admin API of
/// a Headgate that runs.
class OperatorCommands {
public:
    /// The app writes into this object when it parses: both stay where they are.
    explicit OperatorCommands(CLI::App& app);
    OperatorCommands(const OperatorCommands&) = delete;
    OperatorCommands& operator=(const OperatorCommands&) = delete;
    /// Runs the command that was parsed; nothing when it is none of these.
    [[nodiscard]] std::optional<int> run() const;

private:
    void systems_and_channels(CLI::App& app);
    void holds(CLI::App& app);
    void work(CLI::App& app);
    void references(CLI::App& app);
    void vocabularies(CLI::App& app);

    OperatorOptions options_;
    ReferenceOptions reference_;
    VocabularyOptions vocabulary_;
    struct {
        CLI::App* list = nullptr;
        CLI::App* pause = nullptr;
        CLI::App* resume = nullptr;
    } systems_, channels_;
    ReconcileOptions reconciling_;
    CLI::App* reconcile_ = nullptr;
    RegisterOptions registering_;
    CLI::App* register_ = nullptr;
    CLI::App* holds_list_ = nullptr;
    CLI::App* hold_show_ = nullptr;
    CLI::App* hold_approve_ = nullptr;
    CLI::App* hold_reject_ = nullptr;
    CLI::App* hold_arrived_ = nullptr;
    CLI::App* hold_not_arrived_ = nullptr;
    CLI::App* work_list_ = nullptr;
    CLI::App* work_resolve_ = nullptr;
    CLI::App* get_ = nullptr;
    CLI::App* set_ = nullptr;
    CLI::App* forget_ = nullptr;
    CLI::App* kinds_ = nullptr;
    CLI::App* import_ = nullptr;
    CLI::App* export_ = nullptr;
    CLI::App* unmapped_ = nullptr;
    CLI::App* entries_ = nullptr;
    CLI::App* set_entry_ = nullptr;
    CLI::App* forget_entry_ = nullptr;
};

}  // namespace headgate::gateway
