#include "gateway/kept_configuration.hpp"

#include <system_error>

namespace headgate::gateway {

namespace fs = std::filesystem;

namespace {

bool belongs(const fs::path& file)
{
    return file.extension() == ".yaml" || file.extension() == ".json";
}

void copy(const fs::path& from, const fs::path& to, const fs::path& data)
{
    fs::create_directories(to);
    for (auto entry = fs::recursive_directory_iterator(from); entry != fs::recursive_directory_iterator(); ++entry) {
        const fs::path& path = entry->path();
        const bool hidden = path.filename().string().starts_with('.');
        if (entry->is_directory() && (hidden || fs::equivalent(path, data))) {
            entry.disable_recursion_pending();
        } else if (entry->is_regular_file() && !hidden && belongs(path)) {
            const auto target = to / path.lexically_relative(from);
            fs::create_directories(target.parent_path());
            fs::copy_file(path, target);
        }
    }
}

}  // namespace

fs::path kept_configuration(const fs::path& data)
{
    return data / "configuration";
}

Result<void> keep_configuration(const std::string& folder, const fs::path& data)
{
    const auto kept = kept_configuration(data);
    const auto coming = data / "configuration.new";
    try {
        fs::remove_all(coming);
        copy(folder, coming, data);
        fs::remove_all(kept);
        fs::rename(coming, kept);
    } catch (const std::exception& error) {
        return fail(FailureClass::transient, "configuration_not_kept", error.what());
    }
    return {};
}

}  // namespace headgate::gateway
