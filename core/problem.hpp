#pragma once

#include <string>
#include <vector>

namespace headgate {

/// One thing wrong with a file of the configuration. All problems of a file are reported together; none stops
/// the search for the others. Lines and columns count from 1; 0 means the file as a whole.
struct Problem {
    std::string file;
    int line = 0;
    int column = 0;
    std::string code;     // stable and documented: "unknown_function"
    std::string message;  // for people
    std::string hint;     // what to write instead; may be empty
};

using Problems = std::vector<Problem>;

/// `file:line:col: code: message (hint)`
[[nodiscard]] inline std::string text_of(const Problem& problem)
{
    std::string text = problem.file;
    if (problem.line > 0)
        text += ":" + std::to_string(problem.line) + ":" + std::to_string(problem.column);
    text += ": " + problem.code + ": " + problem.message;
    if (!problem.hint.empty())
        text += " (" + problem.hint + ")";
    return text;
}

/// The same with the line of the file and a caret below the place, for people; just `text_of` where the file cannot be
/// read.
[[nodiscard]] std::string with_source(const Problem& problem);

}  // namespace headgate
