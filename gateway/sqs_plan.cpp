#include "gateway/sqs_plan.hpp"

#include <filesystem>
#include <fstream>

#include "gateway/place.hpp"

namespace headgate::gateway {

namespace {

std::string secret_of_queue(const config::SecretSources& sources, const Channel& channel, const LoadOptions& options,
                            Problems& missing)
{
    if (sources.empty())
        return {};  // it may be left away, or that has been told
    auto read = read_secrets(sources, channel.name, options);
    if (read)
        return std::move(read->front());
    const Failure& failure = read.error();
    const auto at = place_of(":" + failure.where.config);
    missing.push_back({place_of(channel.config.where).file, at.line, at.column, failure.code,
                       "channel `" + channel.name + "`: " + failure.detail, "its queue is read with it"});
    return {};
}

}  // namespace

std::shared_ptr<const SqsPlan> sqs_plan(const Channel& channel, const LoadOptions& options, Problems& problems,
                                        Problems& missing)
{
    const auto& config = channel.config.sqs;
    if (!config)
        return nullptr;
    const auto origin = origin_of(config->url);
    if (!origin)
        return nullptr;  // which has been told
    auto made = std::make_shared<SqsPlan>();
    made->url = config->url;
    made->origin = *origin;
    made->region = config->region.empty() ? sqs_region(origin->host) : config->region;
    for (const auto& text : config->allow)
        if (auto network = net::parse_network(text))
            made->allow.push_back(*network);
    if (!config->ca.empty()) {
        made->ca = (std::filesystem::path(options.folder) / config->ca).string();
        if (!std::ifstream(made->ca)) {
            const auto place = place_of(channel.config.where);
            problems.push_back({place.file, place.line, place.column, "missing_file",
                                "the certificates of `sqs.ca`, " + made->ca + ", cannot be read",
                                "a PEM file, from the configuration's folder on"});
        }
    }
    made->credentials = {secret_of_queue(config->access_key, channel, options, missing),
                         secret_of_queue(config->secret_key, channel, options, missing),
                         secret_of_queue(config->session_token, channel, options, missing)};
    return made;
}

}  // namespace headgate::gateway
