#pragma once

// yaml-cpp's types: for the .cpp files of this module only.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <yaml-cpp/yaml.h>

#include "core/problem.hpp"

namespace headgate::mapping {

/// One YAML file with what yaml-cpp does not look at: repeated keys are problems.
class YamlFile {
public:
    static std::optional<YamlFile> read(const std::string& path, Problems& problems);
    static std::optional<YamlFile> parse(std::string path, std::string text, Problems& problems);

    /// No file at all, only its name: for texts that another reader has taken from one.
    static YamlFile named(std::string path);

    [[nodiscard]] const YAML::Node& root() const { return root_; }
    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] Problem problem(const YAML::Node& node, std::string code, std::string message,
                                  std::string hint) const;
    /// The column (from 0) where a scalar's own text begins, quote passed; nullopt when escapes, folding or several
    /// lines make offsets in the text and columns of the file differ.
    [[nodiscard]] std::optional<int> text_column(const YAML::Node& scalar) const;

private:
    std::string path_;
    std::string text_;
    std::vector<std::size_t> lines_;  // where each begins
    YAML::Node root_;
};

}  // namespace headgate::mapping
