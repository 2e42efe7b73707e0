#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <iostream>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "gateway/access_config.hpp"
#include "gateway/cli/access_commands.hpp"
#include "gateway/cli/cli.hpp"
#include "gateway/hint.hpp"
#include "gateway/name.hpp"
#include "gateway/tokens.hpp"

namespace headgate::gateway {

namespace {

namespace fs = std::filesystem;

/// What no token may be; empty when all is well.
std::string wrong_with(const TokenOptions& options)
{
    if (!is_name(options.name) || options.name == admin_name)
        return fmt::format("a token's name is of a-z, 0-9, - and _, at most 64 letters, and not `{}`", admin_name);
    if (!role_named(options.role))
        return fmt::format("there is no role `{}` ({})", options.role, near_or_all(options.role, role_names()));
    if (!options.expires.empty() && !expiry_of(options.expires))
        return fmt::format("--expires `{}` is neither a day nor a time with an offset (2027-01-01)", options.expires);
    for (const auto* list : {&options.channels, &options.types, &options.queues})
        for (const auto& name : *list)
            if (!is_name(name))
                return fmt::format("`{}` is no name of a channel, type or queue", name);
    return {};
}

/// Writes a file that is not there yet, for its owner alone.
Result<void> write_new(const fs::path& path, const std::string& text)
{
    std::error_code error;
    if (fs::create_directories(path.parent_path(), error))
        fs::permissions(path.parent_path(), fs::perms::owner_all, error);
    const int file = ::open(path.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
    if (file < 0 && errno == EEXIST)
        return fail(FailureClass::permanent, "token_exists",
                    path.string() + " is there already; remove it to make another token of this name");
    bool written =
        file >= 0 && ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && ::fsync(file) == 0;
    const std::string why = written ? "" : std::strerror(errno);
    if (file >= 0)
        ::close(file);
    if (written)
        return {};
    if (file >= 0)
        ::unlink(path.c_str());
    return fail(FailureClass::transient, "file_unwritable", path.string() + " cannot be written: " + why);
}

std::string yaml_of(const TokenOptions& options, const std::string& hash)
{
    std::string line = fmt::format("name: {}, role: {}", options.name, options.role);
    for (const auto& [key, list] : {std::pair{"channels", &options.channels}, std::pair{"types", &options.types},
                                    std::pair{"queues", &options.queues}})
        if (!list->empty())
            line += fmt::format(", {}: [{}]", key, fmt::join(*list, ", "));
    if (options.machine)
        line += ", machine: true";
    if (!options.expires.empty())
        line += fmt::format(", expires: \"{}\"", options.expires);
    return fmt::format("access:\n  tokens:\n    - {{ {}, hash: {} }}\n", line, hash);
}

}  // namespace

int token_add_command(const TokenOptions& options)
{
    if (const auto wrong = wrong_with(options); !wrong.empty()) {
        complain({FailureClass::permanent, "bad_usage", wrong, {}});
        return exit_usage;
    }
    const bool beside_config = !options.config.empty();
    const fs::path folder = beside_config ? options.config : options.data;
    std::error_code error;
    if (!fs::is_directory(folder, error))
        return complain({FailureClass::permanent, "file_unwritable", folder.string() + " is no folder", {}});
    const auto token = new_token();
    if (!token)
        return complain(token.error());
    const fs::path file = folder / "tokens" / options.name;
    if (const auto written = write_new(file, hash_text(*token) + "\n"); !written)
        return complain(written.error());
    // A relative path of the configuration starts at its own folder.
    const auto hash = beside_config ? "file:tokens/" + options.name : "file:" + fs::absolute(file, error).string();
    std::cout << *token << std::endl;
    std::cerr << "This token is shown once. Its hash is in " << file.string()
              << "; paste this into headgate.yaml and restart:\n\n"
              << yaml_of(options, hash);
    return exit_fine;
}

}  // namespace headgate::gateway
