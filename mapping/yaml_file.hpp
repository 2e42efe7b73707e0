#pragma once

// yaml-cpp's types: for the .cpp files of this module only.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <yaml-cpp/yaml.h>

#include "core/problem.hpp"

namespace headgate::mapping {

/// One YAML file with what yaml-cpp does not look at: repeated keys are problems. It may be laid over the files it
/// extends; then each node still knows the file and line it stands in.
class YamlFile {
public:
    static std::optional<YamlFile> read(const std::string& path, Problems& problems);
    static std::optional<YamlFile> parse(std::string path, std::string text, Problems& problems);

    /// No file at all, only its name: for texts that another reader has taken from one.
    static YamlFile named(std::string path);

    /// Adds a file that the last one extends. False when there is a problem with one of them.
    bool add_base(std::string path, std::string text, Problems& problems);
    /// The last file as it stands.
    [[nodiscard]] const YAML::Node& last() const { return bases_.empty() ? root_ : bases_.back(); }
    /// Lays each file over the one it extends, this one last: mappings merge by key, what is null is removed,
    /// everything else replaces. The order of keys is that of the deepest base.
    void merge();

    struct Place {
        std::size_t part = 0;  // which of `paths`
        int line = 0;          // from 1
        int column = 0;
    };
    [[nodiscard]] const YAML::Node& root() const { return root_; }
    [[nodiscard]] const std::string& path() const { return parts_.front().path; }
    [[nodiscard]] std::vector<std::string> paths() const;
    [[nodiscard]] Place place(const YAML::Node& node) const;
    [[nodiscard]] Problem problem(const YAML::Node& node, std::string code, std::string message,
                                  std::string hint) const;
    /// The column (from 0) where a scalar's own text begins, quote passed; nullopt when escapes, folding or several
    /// lines make offsets in the text and columns of the file differ.
    [[nodiscard]] std::optional<int> text_column(const YAML::Node& scalar) const;

private:
    /// A file's text. Its lines are counted on from those of the part before, so a mark tells its part.
    struct Part {
        std::string path;
        std::string text;
        std::vector<std::size_t> lines{0};  // where each begins
        int first_line = 0;
    };
    [[nodiscard]] std::size_t part_at(int line) const;
    std::optional<YAML::Node> load(std::string path, std::string text, Problems& problems);

    std::vector<Part> parts_;
    YAML::Node root_;
    std::vector<YAML::Node> bases_;  // each is extended by the one before
};

}  // namespace headgate::mapping
