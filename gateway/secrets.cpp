#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include <openssl/rand.h>

#include "core/hash.hpp"
#include "gateway/configuration.hpp"

namespace headgate::gateway {

namespace {

namespace fs = std::filesystem;

Result<std::string> usable(std::string text, const std::string& where)
{
    if (text.ends_with('\n'))
        text.pop_back();
    if (text.empty())
        return fail(FailureClass::permanent, "secret_empty", where + " is empty");
    const auto space = [](char letter) { return letter == ' ' || letter == '\t' || letter == '\r' || letter == '\n'; };
    if (space(text.front()) || space(text.back()))
        return fail(FailureClass::permanent, "secret_white_space", where + " begins or ends with white space");
    return text;
}

Result<std::string> from_file(const fs::path& path)
{
    std::ifstream file(path, std::ios::binary);
    if (!file)
        return fail(FailureClass::permanent, "secret_missing", "the file " + path.string() + " cannot be read");
    return usable({std::istreambuf_iterator<char>(file), {}}, "the file " + path.string());
}

Result<std::string> generated(const fs::path& path)
{
    if (fs::exists(path))
        return from_file(path);
    std::error_code error;
    fs::create_directories(path.parent_path(), error);
    fs::permissions(path.parent_path(), fs::perms::owner_all, error);
    std::array<std::uint8_t, 24> random{};
    if (RAND_bytes(random.data(), static_cast<int>(random.size())) != 1)
        return fail(FailureClass::permanent, "secret_missing", "no random bytes for a new secret");
    const std::string text = to_hex(random) + "\n";

    // Written whole under another name first: a crash leaves no half secret.
    const std::string draft = path.string() + ".new";
    const int file = ::open(draft.c_str(), O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0600);
    const bool written =
        file >= 0 && ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && ::fsync(file) == 0;
    if (file >= 0)
        ::close(file);
    if (!written || ::rename(draft.c_str(), path.c_str()) != 0)
        return fail(FailureClass::permanent, "secret_missing", "the file " + path.string() + " cannot be written");
    return usable(text, path.string());
}

}  // namespace

Result<std::vector<std::string>> read_secrets(const config::SecretSources& sources, const std::string& name,
                                              const LoadOptions& options)
{
    std::vector<std::string> secrets;
    for (const auto& source : sources) {
        Result<std::string> secret = std::unexpected(Failure{});
        switch (source.kind) {
        case config::SecretSource::Kind::env:
            if (auto value = options.environment(source.name))
                secret = usable(std::move(*value), "the variable " + source.name);
            else
                secret = fail(FailureClass::permanent, "secret_missing", "the environment has no " + source.name);
            break;
        case config::SecretSource::Kind::file: {
            fs::path path = source.name;
            if (path.is_relative())
                path = fs::path(options.folder) / path;
            secret = from_file(path);
            break;
        }
        case config::SecretSource::Kind::generated:
            if (options.data.empty())
                continue;
            secret = generated(fs::path(options.data) / "secrets" / name);
            break;
        }
        if (!secret) {
            Failure failure = std::move(secret.error());
            failure.where.config = std::to_string(source.line) + ":" + std::to_string(source.column);
            return std::unexpected(std::move(failure));
        }
        secrets.push_back(std::move(*secret));
    }
    return secrets;
}

}  // namespace headgate::gateway
