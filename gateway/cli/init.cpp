#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include <yaml-cpp/yaml.h>

#include "connectors/connector.hpp"
#include "core/ascii.hpp"
#include "core/config/schema.hpp"
#include "gateway/cli/cli.hpp"
#include "gateway/cli/tool_commands.hpp"
#include "gateway/hint.hpp"
#include "gateway/name.hpp"

namespace headgate::gateway {

namespace {

namespace fs = std::filesystem;

/// ACME_SHOP of acme-shop, _1A of 1a.
std::string variable_of(const std::string& channel)
{
    std::string name = upper(channel);
    std::ranges::replace(name, '-', '_');
    return name.front() >= '0' && name.front() <= '9' ? "_" + name : name;  // what a shell can export
}

/// A text as lines of a comment.
std::string comment(const std::string& text, const std::string& indent)
{
    constexpr std::size_t width = 110;
    std::string out;
    std::string line;
    std::istringstream words(text);
    for (std::string word; words >> word;) {
        if (!line.empty() && indent.size() + 2 + line.size() + 1 + word.size() > width)
            out += indent + "# " + std::exchange(line, {}) + "\n";
        line += (line.empty() ? "" : " ") + word;
    }
    return line.empty() ? out : out + indent + "# " + line + "\n";
}

/// What the vendor's API asks of the channel.
std::string api_lines(const connectors::ApiConfig& api, const std::string& variable)
{
    using Auth = connectors::ApiConfig::Auth;
    std::string text = "  # To fetch what events name and to find what no webhook brought:\n  # api:\n";
    const auto secret = [&](const char* key, const char* name) {
        text += std::string("  #   ") + key + ": env:" + variable + "_" + name + "\n";
    };
    switch (api.auth) {
    case Auth::none: break;
    case Auth::basic:
        text += "  #   username: …\n";
        secret("password", "PASSWORD");
        break;
    case Auth::bearer: secret("token", "TOKEN"); break;
    case Auth::api_key: secret("key", "KEY"); break;
    case Auth::client_credentials:
    case Auth::refresh_token:
        text += "  #   client_id: …\n";
        secret("client_secret", "CLIENT_SECRET");
        if (api.auth == Auth::refresh_token)
            secret("refresh_token", "REFRESH_TOKEN");
        break;
    }
    return text;
}

/// The queue that the vendor can fill instead of posting.
std::string sqs_lines(const std::string& how, const std::string& variable)
{
    return comment("Or its events come in a queue of Amazon SQS, and `secret` is removed: " + how, "  ") +
           "  # sqs:\n  #   url: https://sqs.REGION.amazonaws.com/ACCOUNT/QUEUE\n  #   access_key: env:" + variable +
           "_AWS_ACCESS_KEY_ID\n  #   secret_key: env:" + variable + "_AWS_SECRET_ACCESS_KEY\n";
}

std::string channel_text(const InitOptions& options, const connectors::ConnectorConfig& connector)
{
    const std::string variable = variable_of(options.name);
    std::string text =
        comment(connector.title + ". What its topics become: headgate connectors show " + options.connector, "");
    text += options.name + ":\n  connector: " + options.connector + "\n";
    if (connector.signature.given()) {
        text += comment("The vendor posts to " + options.public_url + "/hooks/" + options.name, "  ");
        if (!connector.setup.url.empty())
            text += comment("There: " + connector.setup.url, "  ");
        if (connector.registration)
            text += comment("Or with `api`, once it runs: headgate channels register " + options.name, "  ");
        if (!connector.setup.secret.empty())
            text += comment("Its secret: " + connector.setup.secret, "  ");
        if (connector.signature.needs_secret())
            text += "  secret: env:" + variable + "_SECRET\n";
    } else if (!connector.setup.url.empty()) {
        text += comment(connector.setup.url, "  ");
    }
    if (!connector.setup.sqs.empty())
        text += sqs_lines(connector.setup.sqs, variable);
    if (!connector.setup.settings.empty()) {
        text += "  # settings:\n";
        for (const auto& [name, is] : connector.setup.settings)
            text += comment(name + ": " + is, "  #   ");
    }
    if (connector.api)
        text += api_lines(*connector.api, variable);
    if (!connector.polls.empty())
        text += "  # poll: {}\n";
    if (!connector.feeds.empty())
        text += "  # receive: { folder: /srv/in/" + options.name + " }\n";
    return text + "  # mode: shadow        # accept, map and show, deliver nothing\n";
}

int write_new(const fs::path& path, const std::string& text)
{
    std::error_code error;
    fs::create_directories(path.parent_path().empty() ? fs::path(".") : path.parent_path(), error);
    if (fs::exists(path, error))
        return complain(
            {FailureClass::permanent, "file_exists", path.string() + " is there already; nothing was written", {}});
    std::ofstream file(path);
    file << text;
    if (!file.flush())
        return complain({FailureClass::permanent, "not_written", path.string() + " cannot be written", {}});
    std::cout << "wrote " << path.string() << "\n";
    return exit_fine;
}

constexpr std::string_view deployment =
    R"(# One deployment of Headgate. Every key: docs/configuration.md; `headgate check` says what is wrong.
name: headgate

# As vendors see it. Some sign it, so it is never guessed.
# public_url: https://hooks.example.com

# Times that a vendor writes without an offset are taken to be of this zone. UTC is a guess: say where the shop is.
zone: UTC

# Channels stand in channels/, a file each: headgate init channel NAME --connector shopify
# Without `systems`, transactions go to DATA/ledger.db. For another system see docs/systems.md:
# systems:
#   erp: { preset: http, url: https://erp.example.com, requests: requests/erp, auth: { kind: bearer, token: env:ERP_TOKEN } }
# routes:
#   - { id: orders, types: ["*"], to: [erp] }
)";

/// What a channel's file depends on in a headgate.yaml, if there is one: not more, since it may not be whole yet.
struct Deployment {
    std::string public_url;
    bool has_channels = false;
};

Deployment deployment_of(const std::string& folder)
{
    Deployment found;
    try {
        const auto root = YAML::LoadFile((fs::path(folder) / "headgate.yaml").string());
        if (root["public_url"] && root["public_url"].IsScalar())
            found.public_url = root["public_url"].Scalar();
        found.has_channels = root["channels"] && root["channels"].IsMap() && root["channels"].size() > 0;
    } catch (const YAML::Exception&) {
        return {};  // none, or one that `check` has more to say of
    }
    return found;
}

}  // namespace

int init_command(const InitOptions& options)
{
    return write_new(fs::path(options.config) / "headgate.yaml", std::string(deployment));
}

int init_channel_command(const InitOptions& options)
{
    if (!is_name(options.name))
        return complain({FailureClass::permanent,
                         "channel_name",
                         "`" + options.name + "`: a channel's name is of a-z, 0-9, - and _, at most 64 letters",
                         {}});
    if (is_reserved(options.name))
        return complain({FailureClass::permanent,
                         "channel_name",
                         "`" + options.name + "` names a secret of Headgate's own; choose another name",
                         {}});
    const auto known = [&](const std::string& base) { return base + "/connectors/" + options.connector; };
    std::string folder = known(options.config);
    if (!is_name(options.connector) || !fs::exists(folder + "/connector.yaml"))
        folder = known(shipped_folder());
    if (!is_name(options.connector) || !fs::exists(folder + "/connector.yaml"))
        return complain({FailureClass::permanent,
                         "unknown_connector",
                         "there is no connector `" + options.connector + "`; `headgate connectors` lists them",
                         {}});
    const auto loaded = connectors::load_connector(folder, config::process_environment());
    if (!loaded.problems.empty()) {
        for (const auto& problem : loaded.problems)
            std::cerr << text_of(problem) << "\n";
        return exit_bad_configuration;
    }
    const auto deployment = deployment_of(options.config);
    InitOptions with = options;
    if (with.public_url.empty())
        with.public_url = deployment.public_url.empty() ? "https://YOUR-HOST" : deployment.public_url;
    while (with.public_url.ends_with('/'))
        with.public_url.pop_back();
    const std::string text = channel_text(with, loaded.connector);
    if (deployment.has_channels) {
        std::cout << text;
        return complain({FailureClass::permanent,
                         "channels_inside",
                         options.config +
                             "/headgate.yaml has its channels inside, so a file in channels/ would not be taken: put "
                             "these lines below its `channels:`, two spaces further in; nothing was written",
                         {}});
    }
    const int written = write_new(fs::path(options.config) / "channels" / (options.name + ".yaml"), text);
    if (written == exit_fine && !loaded.connector.signature.given())
        std::cout
            << "the connector does not say how its webhooks are signed: `headgate check` takes the channel once it has "
               "`poll`, `receive` or `sqs`\n";
    return written;
}

}  // namespace headgate::gateway
