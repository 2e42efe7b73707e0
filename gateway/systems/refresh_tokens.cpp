#include "gateway/systems/refresh_tokens.hpp"

#include <system_error>

#include "core/encoding.hpp"
#include "core/hash.hpp"
#include "gateway/data_folder.hpp"

namespace headgate::gateway {

namespace fs = std::filesystem;

fs::path RefreshTokens::file(const AuthConfig& config, const std::string& configured) const
{
    return folder_ / to_hex(sha256(config.token_url + '\n' + config.client_id + '\n' + configured)).substr(0, 32);
}

std::string RefreshTokens::current(const AuthConfig& config, const std::string& configured)
{
    const auto path = file(config, configured);
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

bool RefreshTokens::keep(const AuthConfig& config, const std::string& configured, const std::string& given)
{
    std::error_code error;
    if (fs::create_directories(folder_, error))
        fs::permissions(folder_, fs::perms::owner_all, error);
    const auto path = file(config, configured);
    const auto written = write_file(path, given, 0600);
    if (!written)
        log_.error("a refresh token that was given cannot be kept: it is lost when this process ends",
                   observability::LogLine{}
                       .field("token_url", config.token_url)
                       .field("file", path.string())
                       .field("detail", written.error().detail));
    return written.has_value();
}

}  // namespace headgate::gateway
