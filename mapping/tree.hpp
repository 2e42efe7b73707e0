#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mapping/value.hpp"

namespace headgate::mapping {

struct Run;
struct Expr;
struct Function;
struct Shape;
using ExprPtr = std::unique_ptr<Expr>;
using Evaluate = bool (*)(const Expr&, Run&, Value&);

/// Where a piece of the mapping stands, for failures.
struct Site {
    const std::string* file = nullptr;
    int line = 0;
    int column = 0;
};

/// Where a name stood among its siblings the last time. Documents of one source are alike, so it mostly stands there
/// again; it is only a hint, and threads may overwrite each other's.
class Guess {
public:
    Guess() = default;
    Guess(const Guess& other) : place_(other.place()) {}
    Guess& operator=(const Guess&) = delete;
    [[nodiscard]] std::uint32_t place() const { return place_.load(std::memory_order_relaxed); }
    void learn(std::uint32_t place)
    {
        if (place != this->place())
            place_.store(place, std::memory_order_relaxed);
    }

private:
    std::atomic<std::uint32_t> place_{0};
};

struct Step {
    enum class Kind : std::uint8_t { name, descend, every, place, condition };
    Kind kind = Kind::name;
    std::string_view name;
    mutable Guess guess;
    std::int64_t place = 0;
    ExprPtr condition;
};

enum class Root : std::uint8_t { dot, document, headers, event, channel, index, slot, primary };

enum class Comparison : std::uint8_t { equal, not_equal, less, less_equal, greater, greater_equal, in };

/// One node of a compiled expression. `evaluate` is the function for its kind, resolved once.
struct Expr {
    Evaluate evaluate = nullptr;
    Site site;
    std::string_view source;  // as written
    std::vector<ExprPtr> args;
    std::vector<Step> steps;             // paths
    const Function* function = nullptr;  // calls
    const void* table = nullptr;         // a vocabulary that a literal argument names
    Value literal;
    int slot = -1;
    int depth = 1;  // of what is inside, itself included
    Root root = Root::dot;
    Comparison comparison = Comparison::equal;
    bool is_path = false;
};

/// A compiled value of a mapping: what a YAML node became.
struct Block {
    enum class Kind : std::uint8_t { expression, inserted_text, literal, list, object, match, scope };
    struct Field;
    struct Let {
        int slot = -1;
        std::unique_ptr<Block> value;
    };
    struct Segment {
        std::string_view text;  // before the insertion
        ExprPtr insertion;      // null in the last one
    };

    Kind kind = Kind::literal;
    Site site;
    Value literal;
    ExprPtr expression;             // expression; what `match` looks at
    std::vector<Segment> segments;  // inserted_text
    std::vector<Block> items;       // list; the cases of a match
    std::vector<Field> fields;      // object
    std::vector<std::string_view> cases;
    std::unique_ptr<Block> otherwise;  // else of a match

    // scope
    ExprPtr each;
    int as = -1;
    std::vector<Let> lets;
    ExprPtr when;
    ExprPtr of;
    int depth = 0;             // of a name's value: how deep it nests
    bool keeps_nulls = false;  // an `each` of `value:` keeps the places of its items
    std::unique_ptr<Block> body;

    const Shape* shape = nullptr;  // what a leaf must be; null when anything goes
};

struct Block::Field {
    std::string_view name;
    Site site;
    bool required = false;
    Block value;
};

/// Everything that compiled blocks of one file point into.
struct Program {
    std::deque<std::string> texts;
    int slots = 0;
    /// Tables whose words go straight into a field with a closed list.
    struct Codes {
        const void* table;
        const Shape* shape;
        bool falls_back;  // to the table's own default: the call names none
    };
    std::vector<Codes> codes;
    std::string_view keep(std::string_view text) { return texts.emplace_back(text); }
};

}  // namespace headgate::mapping
