#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/formats/byte_marks.hpp"
#include "connectors/formats/csv.hpp"
#include "connectors/formats/text_decoder.hpp"

namespace headgate::connectors {

/// Where rows and their cells begin and end: the grammar of delimited text, for CsvReader alone. What it has seen of a
/// row it does not look at again when more is fed. Everything it decides, it decides by positions in the text and never
/// by where a piece of it ended.
class CsvScanner {
public:
    /// Positions count from the row's begin.
    struct Cell {
        std::uint32_t begin;
        std::uint32_t end;
        bool quoted;
        bool escaped;
    };
    enum class Wrong : std::uint8_t { nothing, quote_inside, quote_open, too_long };

    /// `most_cells`: how many cells of a row are kept.
    CsvScanner(const CsvConfig& config, const CsvPlace& place, std::size_t most_cells);

    void feed(std::string_view bytes);
    void finish();
    /// Whether there is another row. What follows is about it, until the next call of these three.
    [[nodiscard]] bool next();

    [[nodiscard]] std::uint64_t line() const { return row_line_; }
    /// 0 when the file ends the row.
    [[nodiscard]] std::uint64_t last_line() const { return last_line_; }
    /// Its bytes without the line end; not there when it is too long.
    [[nodiscard]] std::string_view text() const;
    /// Those that are kept of its cells, and how many there are.
    [[nodiscard]] std::span<const Cell> cells() const;
    [[nodiscard]] std::size_t cell_count() const { return cell_count_; }
    /// Whether one of those that are not kept has something in it.
    [[nodiscard]] bool more_than_empty() const { return more_than_empty_; }
    /// What a cell says. It is made where the cell stands: once, and after everything that looks at `text`.
    [[nodiscard]] std::string_view value(const Cell& cell)
    {
        if (cell.escaped)
            return unescaped(cell);
        return std::string_view(buffer_).substr(row_ + cell.begin, cell.end - cell.begin);
    }
    [[nodiscard]] Wrong wrong() const { return wrong_; }
    [[nodiscard]] std::uint64_t wrong_line() const { return wrong_line_; }
    [[nodiscard]] std::size_t wrong_column() const { return wrong_column_; }
    /// Behind the row.
    [[nodiscard]] CsvPlace place() const;

    void keep_cells(std::size_t most) { cells_.resize(most); }
    [[nodiscard]] const TextDecoder& decoder() const { return decoder_; }
    [[nodiscard]] bool finished() const { return finished_; }

private:
    enum class Kind : std::uint8_t { text, delimiter, quote, line_end, backslash };
    enum class State : std::uint8_t { between, passing, plain, quoted, closed, rest, ended };
    static constexpr std::size_t not_yet = ~std::size_t{0};

    bool begin_row();
    bool pass_line();
    bool scan_row();
    bool scan_rest();
    bool pass_simple_cells();
    bool in_plain(std::size_t mark, Kind kind);
    bool in_quotes(std::size_t mark, Kind kind);
    bool behind_quotes(std::size_t mark, Kind kind);
    bool all_seen();

    bool take_delimiter(std::size_t mark, std::uint64_t cell_end, bool quoted);
    bool take_row_end(std::size_t mark, std::uint64_t cell_end, bool quoted);
    bool take_line_end(std::size_t mark);
    bool take_escape(std::size_t mark);
    void put_cell(std::uint64_t end, bool quoted);
    void end_row(std::size_t line_end);
    void is_wrong(Wrong how, std::size_t at, std::uint64_t line);
    bool too_long_open(std::size_t at);

    void go_to(std::size_t at);
    bool wait_at(std::size_t at);

    void make_room();
    void drop_too_long();
    void settle(std::size_t until);
    [[nodiscard]] std::string_view unescaped(const Cell& cell);
    [[nodiscard]] Kind kind_at(std::size_t at) const { return kinds_[static_cast<unsigned char>(buffer_[at])]; }
    [[nodiscard]] std::uint64_t in_row(std::size_t at) const { return dropped_ + (at - row_); }
    [[nodiscard]] bool in_a_row() const;
    [[nodiscard]] bool blank_row() const;
    [[nodiscard]] std::size_t past_blanks(std::size_t at, std::size_t until) const;
    [[nodiscard]] std::size_t starts(std::size_t at, std::string_view with) const;
    [[nodiscard]] std::size_t line_end_at(std::size_t at) const;
    [[nodiscard]] std::size_t line_end_size(std::size_t at) const;

    TextDecoder decoder_;
    std::string delimiter_;
    std::string comment_;
    bool quoting_;
    char quote_;
    bool doubled_;
    bool trim_;
    bool simple_ = false;  // cells end at one byte and are taken as they are
    std::uint64_t most_row_;
    std::uint64_t most_open_;
    std::array<Kind, 256> kinds_{};
    ByteMarks marks_;  // what is not `text` in buffer_, from at_ on

    std::string buffer_;         // as UTF-8: the row that is being looked at, and what came behind it
    std::size_t at_ = 0;         // up to where all is decided
    std::size_t row_ = 0;        // where the row begins, or what is left of it
    std::uint64_t dropped_ = 0;  // bytes of a too long row that are gone
    std::size_t settled_ = 0;    // up to where `offset_` counts
    std::uint64_t offset_;
    std::uint64_t fed_;
    std::uint64_t line_;
    std::uint64_t lines_to_skip_;
    State state_ = State::between;
    bool finished_ = false;

    std::vector<Cell> cells_;
    std::size_t cell_count_ = 0;
    std::uint64_t cell_ = 0;       // where the cell begins, from the row's begin
    std::uint64_t closed_at_ = 0;  // and the quote that ended it
    bool only_blanks_ = false;     // up to at_ the cell has nothing else
    bool escaped_ = false;
    bool more_than_empty_ = false;
    std::uint64_t row_line_ = 0;
    std::uint64_t last_line_ = 0;
    std::uint64_t quote_line_ = 0;
    std::size_t row_size_ = 0;
    Wrong wrong_ = Wrong::nothing;
    std::uint64_t wrong_at_ = 0;
    std::uint64_t wrong_line_ = 0;
    std::size_t wrong_column_ = 0;
};

}  // namespace headgate::connectors
