#include "gateway/announcement.hpp"

#include <filesystem>

#include <fmt/format.h>

namespace headgate::gateway {

namespace {

std::string binary()
{
    std::error_code error;
    const auto path = std::filesystem::read_symlink("/proc/self/exe", error);
    const auto here = std::filesystem::relative(path, error);
    return error || here.empty() || here.string().starts_with("..") ? path.string() : here.string();
}

}  // namespace

std::string announcement(const Configuration& configuration, const RunningInfo& info)
{
    const auto& deployment = configuration.deployment;
    const auto base = deployment.public_url.empty() ? "http://" + info.public_address : deployment.public_url;
    std::string text = fmt::format("Headgate {} is ready (pid {}).\n\n", HEADGATE_VERSION, info.pid);
    text += fmt::format("  public  http://{}\n  admin   http://{}   token: {}\n  data    {}\n", info.public_address,
                        info.admin_address, info.admin_token_file, info.data);
    for (const auto& [name, configured] : deployment.channels) {
        const Channel* channel = configuration.channel(name);
        const auto& connector = channel->connector->config;
        if (channel->sqs != nullptr)
            text += fmt::format("\n  channel {}: reads {}\n", name, channel->sqs->url);
        if (channel->sqs != nullptr && channel->config.secret.empty())
            continue;  // nobody can post to it
        text += fmt::format("\n  channel {}: paste at {}\n    URL     {}/hooks/{}\n", name,
                            connector.title.empty() ? "the vendor" : connector.title, base, name);
        if (const auto place = connector.signature.place(); !place.empty())
            text += fmt::format("    signed  {}\n", place);
        for (const auto& source : channel->config.secret) {
            if (source.kind == config::SecretSource::Kind::generated) {
                const auto secret = read_secrets({source}, name, {.data = info.data});
                text += fmt::format("    secret  {}\n", secret ? secret->front() : "unreadable");
            } else {
                text += fmt::format("    secret  from {}{}\n",
                                    source.kind == config::SecretSource::Kind::env ? "env:" : "file:", source.name);
            }
        }
    }
    if (!deployment.channels.empty())
        text += fmt::format(
            "\nTry it:\n  {} send {} --data {}\n  sqlite3 {} \"select order_number, currency, grand_total from "
            "sales_order\"\n",
            binary(), deployment.channels.begin()->first, info.data,
            (std::filesystem::path(info.data) / "ledger.db").string());
    return text;
}

}  // namespace headgate::gateway
