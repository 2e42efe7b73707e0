#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include <boost/json/value.hpp>

#include "core/result.hpp"
#include "gateway/numbered_lines.hpp"

namespace headgate::gateway {

// A file of one thing a line, sent to the admin API in requests that are quick to check.

/// Lines for one request, and where in the file each stands.
struct Chunk {
    std::string lines;
    std::vector<std::size_t> places;
};

class Chunks {
public:
    explicit Chunks(std::size_t most_lines) : most_lines_(most_lines) {}

    /// Lines that go together.
    void add(const std::vector<NumberedLine>& lines);
    [[nodiscard]] std::vector<Chunk> take() { return std::move(chunks_); }

private:
    std::size_t most_lines_;
    std::vector<Chunk> chunks_;
};

/// All of a file, or of the standard input ("-"). `invalid_utf8` says which line is none.
Result<std::string> read_utf8(const std::string& file);

/// Posts one chunk. What is wrong with a line is told with its place in the file.
Result<boost::json::value> send(const std::string& data, const std::string& target, const Chunk& chunk);

}  // namespace headgate::gateway
