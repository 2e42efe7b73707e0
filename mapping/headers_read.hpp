#pragma once

#include <string>
#include <vector>

namespace headgate::mapping {

struct Expr;
struct Block;

/// A header that an expression names: `$headers."x-topic"`.
struct HeaderRead {
    std::string name;  // in lower case
    std::string file;
    int line = 0;
    int column = 0;
};

void add_headers_read(const Expr& expr, std::vector<HeaderRead>& headers);
void add_headers_read(const Block& block, std::vector<HeaderRead>& headers);

}  // namespace headgate::mapping
