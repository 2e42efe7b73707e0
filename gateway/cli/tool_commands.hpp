#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "core/result.hpp"
#include "gateway/configuration.hpp"

namespace headgate::gateway {

struct MapOptions {
    std::vector<std::string> files;  // "-": standard input
    std::string channel;
    std::string topic;
    std::string config;
    std::vector<std::string> headers;  // "Name: value"
    std::string suggest;               // the canonical type to draft a mapping to
    bool trace = false;
    bool all = false;
    bool watch = false;
    bool json = false;
};
/// The folder of the configuration; empty when there is none and the channel is a connector that ships.
std::string folder_of(const MapOptions& options);
LoadedConfiguration load_for(const MapOptions& options);
/// The channel that is named, else the only one there is.
Result<const Channel*> channel_of(const MapOptions& options, const Configuration& configuration);
int map_command(const MapOptions& options);
int suggest_command(const MapOptions& options);

struct TestOptions {
    std::string config;
    std::vector<std::string> connectors;
    std::string junit;
    bool update = false;
};
int test_command(const TestOptions& options);

struct FormatOptions {
    std::vector<std::string> paths;
    bool check = false;
};
int fmt_command(const FormatOptions& options);

struct SchemaOptions {
    std::string name;
    std::string write;
    std::string pages;
};
int schema_command(const SchemaOptions& options);

struct ExplainOptions {
    std::string code;
    bool all = false;
    bool markdown = false;
};
int explain_command(const ExplainOptions& options);

struct PlanOptions {
    std::string config = ".";
    std::string against;  // "": what ran in `data` last
    std::string data = "./data";
    std::string since;
    std::string channel;
    std::size_t last = 0;  // events at most; 0: 1000, or with `since` all of them
    bool json = false;
};
int plan_command(const PlanOptions& options);

struct ConnectorsOptions {
    std::string config;
    std::string name;  // of the one that is shown
    bool markdown = false;
};
int connectors_command(const ConnectorsOptions& options);

struct InitOptions {
    std::string config = ".";
    std::string name;
    std::string connector;
    std::string public_url;  // "": what headgate.yaml says
};
int init_command(const InitOptions& options);
int init_channel_command(const InitOptions& options);

/// What an integration engineer works with: connectors, init, plan, map, test, fmt, schema, explain.
class ToolCommands {
public:
    /// The app writes into this object when it parses: both stay where they are.
    explicit ToolCommands(CLI::App& app);
    ToolCommands(const ToolCommands&) = delete;
    ToolCommands& operator=(const ToolCommands&) = delete;
    /// Runs the command that was parsed; nothing when it is none of these.
    [[nodiscard]] std::optional<int> run() const;

private:
    MapOptions map_;
    TestOptions test_;
    FormatOptions format_;
    SchemaOptions schema_;
    ExplainOptions explain_;
    PlanOptions plan_;
    CLI::App* map_command_ = nullptr;
    CLI::App* test_command_ = nullptr;
    CLI::App* fmt_command_ = nullptr;
    CLI::App* schema_command_ = nullptr;
    CLI::App* explain_command_ = nullptr;
    ConnectorsOptions connectors_;
    InitOptions init_;
    CLI::App* connectors_command_ = nullptr;
    CLI::App* connectors_show_ = nullptr;
    CLI::App* init_command_ = nullptr;
    CLI::App* init_channel_ = nullptr;
    CLI::App* plan_command_ = nullptr;
};

}  // namespace headgate::gateway
