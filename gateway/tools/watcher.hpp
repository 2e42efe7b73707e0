#pragma once

#include <string>
#include <string_view>

namespace headgate::gateway {

/// Tells when files of some folders change (inotify). One thread. What the kernel cannot watch is not watched.
class Watcher {
public:
    Watcher();
    ~Watcher();
    Watcher(const Watcher&) = delete;
    Watcher& operator=(const Watcher&) = delete;

    /// A folder, without what is below it. Saying it again does nothing.
    void folder(const std::string& path);
    /// A folder and all folders below it, but for hidden ones.
    void tree(const std::string& path);
    /// Waits until a file that ends in .yaml or .json, or is called `name`, has changed and a moment has passed in
    /// peace.
    void wait(std::string_view name) const;

private:
    int notices_ = -1;
};

}  // namespace headgate::gateway
