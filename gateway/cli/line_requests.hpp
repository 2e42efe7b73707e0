#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json/value.hpp>

#include "core/result.hpp"

namespace headgate::gateway {

// A file of one thing a line, sent to the admin API in requests that are quick to check.

/// Lines for one request, and where in the file each stands.
struct Chunk {
    std::string lines;
    std::vector<std::size_t> places;
};

/// A line with its place in the file, from 1 on.
using Line = std::pair<std::size_t, std::string_view>;

class Chunks {
public:
    explicit Chunks(std::size_t most_lines) : most_lines_(most_lines) {}

    /// Lines that go together.
    void add(const std::vector<Line>& lines);
    [[nodiscard]] std::vector<Chunk> take() { return std::move(chunks_); }

private:
    std::size_t most_lines_;
    std::vector<Chunk> chunks_;
};

/// All of a file, or of the standard input ("-"). `invalid_utf8` says which line is none.
Result<std::string> read_utf8(const std::string& file);

/// Those that are not empty.
[[nodiscard]] std::vector<Line> lines_of(std::string_view text);

/// Posts one chunk. What is wrong with a line is told with its place in the file.
Result<boost::json::value> send(const std::string& data, const std::string& target, const Chunk& chunk);

}  // namespace headgate::gateway
