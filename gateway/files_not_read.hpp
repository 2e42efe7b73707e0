#pragma once

#include <set>
#include <string>
#include <vector>

#include "core/problem.hpp"

namespace headgate::gateway {

/// What the loading of a configuration came by below its own folder.
struct FilesRead {
    std::set<std::string> connectors;  // names of those that a channel uses
    std::set<std::string> files;       // mappings and fragments

    void add(const std::string& file);
    [[nodiscard]] bool has(const std::string& file) const;
};

struct FilesNotRead {
    Problems problems;  // meant to be read, by their names
    Problems notes;     // would be read if something named them
};

/// What lies in the folders of a configuration as if it were read, and is not: files that end in .yml, folders in the
/// wrong place or named as a section that is none of `sections`, connectors without a connector.yaml, mappings that no
/// topic names and fragments that no mapping uses.
[[nodiscard]] FilesNotRead files_not_read(const std::string& folder, const std::vector<std::string>& sections,
                                          const FilesRead& read);

}  // namespace headgate::gateway
