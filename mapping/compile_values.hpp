#pragma once

// For the .cpp files of this module only: yaml-cpp's types are in it.

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "mapping/canonical.hpp"
#include "mapping/mapping.hpp"
#include "mapping/parser.hpp"
#include "mapping/tree.hpp"
#include "mapping/yaml_file.hpp"

namespace headgate::mapping {

/// How a text of the configuration reads: where it stands and whether quotes stood around it.
struct ScalarText {
    std::string_view text;
    const std::string* file = nullptr;
    bool quoted = false;
    int line = 1;
    int column = 1;
    bool exact_columns = true;
};

/// Compiles the values of one YAML file to blocks. Problems are collected; what could not be compiled becomes null.
class ValueCompiler {
public:
    ValueCompiler(Program& program, std::deque<std::string>& files, const Vocabularies* vocabularies,
                  const FragmentLoader* fragments, Problems& problems);

    /// What is compiled from here on stands in a request: it may read what changes with every delivery.
    void for_request() { request_ = true; }
    /// Where to put what is no mistake and worth a look; by default it is not looked for.
    void note_in(Problems& notes) { notes_ = &notes; }
    /// Turns to a file; what is compiled from here on stands in it.
    void enter(const YamlFile& file);
    /// The name of that file, kept as long as what is compiled.
    [[nodiscard]] const std::string* file_name() const { return names_.front(); }

    /// Any value. `shape` is what the field must hold; null when anything goes.
    Block value(const YAML::Node& node, const Shape* shape, const Names& names);
    /// What stands under `fields:`: an object, whatever its keys are called.
    Block fields(const YAML::Node& node, const Shape* shape, const Names& names);
    /// An expression as `each` and `when` take it, without `=`.
    ExprPtr bare(const YAML::Node& node, const Names& names);
    /// Binds the names of a `let:` or `with:`. Their values see `names` as it grows.
    std::vector<Block::Let> lets(const YAML::Node& node, Names& names);
    /// Binds what `as:` of a block calls its item; -1 when it has none.
    int item_name(const YAML::Node& block, Names& names);

    Block scalar(const ScalarText& scalar, const Names& names);
    ExprPtr expression(const ScalarText& scalar, std::size_t from, const Names& names);

    [[nodiscard]] Site site(const YAML::Node& node) const;
    void problem(const YAML::Node& node, std::string code, std::string message, std::string hint = {});
    /// Reports the keys of a mapping that are not among the known.
    void know(const YAML::Node& node, const std::vector<std::string_view>& known, std::string_view what);

private:
    Block list(const YAML::Node& node, const Shape* shape, const Names& names);
    Block object(const YAML::Node& node, const Shape* shape, const Names& names, bool checks_required);
    Block block(const YAML::Node& node, const Shape* shape, Names names);
    Block body(const YAML::Node& node, const Shape* shape, const Names& names);
    Block match(const YAML::Node& node, const Shape* shape, const Names& names);
    int bind(const YAML::Node& node, const std::string& name, Names& names);
    void fragment(const YAML::Node& node, const Shape* shape, Names& names, Block& scope);
    void check_required(const YAML::Node& node, const Block& object, const Shape* shape);
    void note_codes(const Expr& gives, const Shape& shape);
    void check_literal(const YAML::Node& node, const Block& leaf);
    ScalarText scalar_of(const YAML::Node& node);
    Block inserted(const ScalarText& scalar, const Names& names);
    void note_expression(const ScalarText& scalar, const Block& block);

    Program& program_;
    std::deque<std::string>& files_;
    const Vocabularies* vocabularies_;
    const FragmentLoader* fragments_;
    Problems& problems_;
    Problems* notes_ = nullptr;
    const YamlFile* file_ = nullptr;
    std::vector<const std::string*> names_;  // of the file and of those it extends
    std::vector<std::string> inside_;        // the fragments that are being compiled
    int depth_ = 0;
    bool request_ = false;
};

}  // namespace headgate::mapping
