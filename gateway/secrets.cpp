#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <system_error>

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
        return fail(FailureClass::permanent, "secret_white_space",
                    where + " begins or ends with white space; only one line break at the end is taken off");
    return text;
}

std::unexpected<Failure> unreadable(const fs::path& path, const std::string& why)
{
    return fail(FailureClass::permanent, "secret_missing", "the file " + path.string() + " cannot be read: " + why);
}

/// The words for errno, read before anything else can change it.
std::string last_error()
{
    return std::generic_category().message(errno);
}

Result<std::string> from_file(const fs::path& path)
{
    constexpr std::size_t most = 64U << 10U;
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return unreadable(path, last_error());
    std::string text;
    std::array<char, 4096> piece{};
    ssize_t got = 0;
    while (text.size() <= most && (got = ::read(file, piece.data(), piece.size())) > 0)
        text.append(piece.data(), static_cast<std::size_t>(got));
    const std::string why = got < 0 ? last_error() : "";
    ::close(file);
    if (got < 0)
        return unreadable(path, why);
    if (text.size() > most)
        return unreadable(path, "it is larger than a secret can be");
    return usable(std::move(text), "the file " + path.string());
}

Result<std::string> generated(const fs::path& path)
{
    std::error_code error;
    const bool there = fs::exists(path, error);
    if (error)
        return unreadable(path, error.message());
    if (there)
        return from_file(path);
    fs::create_directories(path.parent_path(), error);
    if (!error)
        fs::permissions(path.parent_path(), fs::perms::owner_all, error);
    if (error)
        return fail(FailureClass::permanent, "secret_missing",
                    "the folder " + path.parent_path().string() + " cannot be made: " + error.message());
    std::array<std::uint8_t, 24> random{};
    if (RAND_bytes(random.data(), static_cast<int>(random.size())) != 1)
        return fail(FailureClass::permanent, "secret_missing", "no random bytes for a new secret");
    const std::string text = to_hex(random) + "\n";

    // Written whole under another name first: a crash leaves no half secret.
    const std::string draft = path.string() + ".new";
    const int file = ::open(draft.c_str(), O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0600);
    bool written = file >= 0 && ::fchmod(file, 0600) == 0 &&
                   ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && ::fsync(file) == 0;
    written = written && ::rename(draft.c_str(), path.c_str()) == 0;
    const std::string why = written ? "" : last_error();
    if (file >= 0)
        ::close(file);
    if (!written)
        return fail(FailureClass::permanent, "secret_missing",
                    "the file " + path.string() + " cannot be written: " + why);
    return usable(text, "the file " + path.string());
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
