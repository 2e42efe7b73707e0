#include "gateway/systems/refresh_tokens.hpp"

#include <system_error>

#include "core/async.hpp"
#include "core/encoding.hpp"
#include "core/hash.hpp"
#include "gateway/data_folder.hpp"

namespace headgate::gateway {

namespace {

namespace fs = std::filesystem;

std::string file_of(const AuthConfig& config, const std::string& configured)
{
    return to_hex(sha256(config.token_url + '\n' + config.client_id + '\n' + configured)).substr(0, 32);
}

}  // namespace

asio::awaitable<std::string> RefreshTokens::begin(const AuthConfig& config, std::string configured,
                                                  std::chrono::steady_clock::time_point deadline)
{
    const std::string name = file_of(config, configured);
    for (;;) {
        const auto [asking, first] = asking_.try_emplace(name);
        if (first)
            break;
        const auto turn = std::make_shared<asio::steady_timer>(executor_, deadline);
        asking->second.push_back(turn);
        const auto [cancelled] = co_await turn->async_wait(use_tuple);
        if (!cancelled) {
            if (const auto still = asking_.find(name); still != asking_.end())
                still->second.remove(turn);
            co_return std::string();
        }
    }
    co_return read(config, name, configured);
}

void RefreshTokens::asked(const AuthConfig& config, const std::string& configured, const std::string& given)
{
    const std::string name = file_of(config, configured);
    if (!given.empty())
        keep(config, name, given);
    if (auto asking = asking_.extract(name); !asking.empty())
        for (const auto& turn : asking.mapped())
            turn->cancel();
}

std::string RefreshTokens::read(const AuthConfig& config, const std::string& name, const std::string& configured)
{
    if (const auto known = unkept_.find(name); known != unkept_.end())
        return known->second;
    const auto path = folder_ / name;
    std::error_code error;
    if (!fs::exists(path, error) && !error)
        return configured;
    auto text = read_file(path);
    if (text && !text->empty())
        return std::move(*text);
    log_.error(
        "a refresh token that was given cannot be read, and the configured one is tried; if it is refused, "
        "authorize Headgate again and configure the new one",
        observability::LogLine{}
            .field("token_url", config.token_url)
            .field("file", path.string())
            .field("detail", text ? "it is empty" : text.error().detail));
    return configured;
}

void RefreshTokens::keep(const AuthConfig& config, const std::string& name, const std::string& given)
{
    std::error_code error;
    if (fs::create_directories(folder_, error)) {
        fs::permissions(folder_, fs::perms::owner_all, error);
        sync_folder(folder_.parent_path());
    }
    const auto path = folder_ / name;
    const auto written = write_file(path, given, 0600);
    if (written) {
        unkept_.erase(name);
        return;
    }
    unkept_.insert_or_assign(name, given);
    log_.error("a refresh token that was given cannot be kept: it is lost when this process ends",
               observability::LogLine{}
                   .field("token_url", config.token_url)
                   .field("file", path.string())
                   .field("detail", written.error().detail));
}

}  // namespace headgate::gateway
