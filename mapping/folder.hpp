#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/problem.hpp"

namespace headgate::mapping {

/// The files of a folder that end in `extension` (".yaml"), by name. A folder in it, and a file that ends so but for
/// the spelling (".yml", ".JSON"), is a problem: it was meant to be read. Names that begin with a dot are nobody's.
/// Where folders are read too, `folders` gets them, by name.
[[nodiscard]] std::vector<std::string> files_of(const std::string& folder, std::string_view extension,
                                                Problems& problems, std::vector<std::string>* folders = nullptr);

}  // namespace headgate::mapping
