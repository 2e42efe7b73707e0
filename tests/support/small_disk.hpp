#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>

namespace headgate::test {

/// A file system with room for so many bytes, on a folder, which a test fills. Only this process and those it starts
/// see it: it is gone with them, however they end. Made before the process has other threads where it is not root's.
class SmallDisk {
public:
    /// Makes the folder. Null where the system does not let us mount; `why` says what it refused.
    static std::unique_ptr<SmallDisk> mount(const std::filesystem::path& folder, std::size_t bytes, std::string& why);
    ~SmallDisk();
    SmallDisk(const SmallDisk&) = delete;
    SmallDisk& operator=(const SmallDisk&) = delete;

    /// Not one byte more goes on it.
    void fill();
    void make_room();

private:
    explicit SmallDisk(std::filesystem::path folder) : folder_(std::move(folder)) {}
    std::filesystem::path folder_;
};

}  // namespace headgate::test
