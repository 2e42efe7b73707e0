#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <boost/json/object.hpp>
#include <CLI/CLI.hpp>

namespace headgate::gateway {

struct DeskOptions {
    std::string data = "./data";
    bool json = false;
    std::string id;  // of a letter
    std::string why;
    bool reveal = false;                        // what is personal
    std::map<std::string, std::string> filter;  // as the admin API names it
    std::vector<std::string> fields;            // of the filter: name=value
    bool overdue = false;
    bool all = false;
    std::size_t limit = 0;                          // 0: all there are
    std::vector<std::string> set, replace, remove;  // of an edit: /path=value, and /path
    std::string job;                                // of a replay; "": all
    std::vector<std::string> letters;               // of a replay, by name
    std::optional<std::uint64_t> rate;              // letters a second
    bool wait = false;                              // until the job has ended
    bool stored = false;                            // what they died with, and not what they are mapped to today
    bool as_new = false;                            // whatever was applied of it
    bool finished = false;                          // events that have, instead of letters
    std::string to;                                 // a system: what has finished goes there too
    std::string file;                               // of an import
    bool check = false;                             // of an import: nothing is written
};
int dlq_list_command(const DeskOptions& options);
int dlq_export_command(const DeskOptions& options);
int dlq_import_command(const DeskOptions& options);
int dlq_causes_command(const DeskOptions& options);
int dlq_show_command(const DeskOptions& options);
int dlq_replay_command(const DeskOptions& options);
int dlq_discard_command(const DeskOptions& options);
int dlq_edit_command(const DeskOptions& options);
int replay_plan_command(const DeskOptions& options);
int replay_start_command(const DeskOptions& options);
int replay_status_command(const DeskOptions& options);
int replay_pause_command(const DeskOptions& options);
int replay_resume_command(const DeskOptions& options);
int replay_cancel_command(const DeskOptions& options);

/// The filter as a member of a body.
[[nodiscard]] boost::json::object letter_filter_of(const DeskOptions& options);
/// The filter as a query: "&channel=shop&code=unmapped"; "" without one.
[[nodiscard]] std::string letter_query(const DeskOptions& options);
/// How letters are replayed, as a body; "" as usual.
[[nodiscard]] std::string replay_terms(const DeskOptions& options);
/// A usage error: neither letters, nor a filter, nor `--all` were given, or several of them.
int complain_of_letters();

/// The dead-letter desk: what fails and why, and putting it right. Each is a call to the admin API of a Headgate that
/// runs.
class DeskCommands {
public:
    /// The app writes into this object when it parses: both stay where they are.
    explicit DeskCommands(CLI::App& app);
    DeskCommands(const DeskCommands&) = delete;
    DeskCommands& operator=(const DeskCommands&) = delete;
    /// Runs the command that was parsed; nothing when it is none of these.
    [[nodiscard]] std::optional<int> run() const;

private:
    using Command = int (*)(const DeskOptions& options);
    CLI::App* add(CLI::App& group, const std::string& name, const std::string& about, Command command);
    void letters(CLI::App& app);
    void replays(CLI::App& app);
    void filters(CLI::App* command);
    void terms(CLI::App* command);

    DeskOptions options_;
    std::vector<std::pair<CLI::App*, Command>> commands_;
};

}  // namespace headgate::gateway
