#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/formats/text_decoder.hpp"
#include "core/config/schema.hpp"
#include "core/result.hpp"

namespace headgate::connectors {

/// How a file of delimited text is written. `describe` refuses what cannot be read; a reader takes it as checked.
struct CsvConfig {
    enum class Escape : std::uint8_t { doubled, backslash };
    enum class Ragged : std::uint8_t { error, pad };
    enum class Repeated : std::uint8_t { error, rename };
    std::string delimiter = ",";  // one character, or `tab`
    std::string quote = "\"";     // one character of ASCII, or `none`
    Escape escape = Escape::doubled;
    std::vector<std::string> columns;  // of a file that does not name them itself
    std::int64_t skip = 0;             // lines in front of everything
    std::string comment;               // what lines begin with that are none of the data
    TextEncoding encoding = TextEncoding::utf8;
    bool trim = false;
    Ragged ragged = Ragged::error;
    Repeated repeated = Repeated::error;
    config::Size most_row{std::uint64_t{1} << 20U};

    void describe(config::Schema& schema);
};

/// Where reading may begin again: in front of a row. An offset of 0 is the front of the file, with its mark, its
/// skipped lines and its header.
struct CsvPlace {
    std::uint64_t offset = 0;                    // in the input, before it is decoded
    std::uint64_t line = 1;                      // there
    TextEncoding encoding = TextEncoding::utf8;  // as a byte order mark may have said
    bool operator==(const CsvPlace&) const = default;
};

struct CsvRow {
    std::uint64_t line = 0;  // its first; each CR, LF and CR LF ends one, in quotes too
    CsvPlace next;           // behind it
    /// As many as there are columns, valid until the next call of the reader; or what is wrong with the row, which is
    /// permanent and names lines and columns (counted from 1), never what stands there:
    ///   csv_row_ragged     fewer or more cells than columns. `pad` fills up with empty cells and leaves out empty ones
    ///                      at the end
    ///   csv_quote_inside   a quote in a cell that does not begin with one, or something behind the one that ends it
    ///   csv_quote_open     a quote that is not closed
    ///   csv_row_too_long   more than `most_row` bytes (of UTF-8)
    ///   csv_invalid_utf8, csv_invalid_utf16
    Result<std::span<const std::string_view>> cells;
};

/// Reads delimited text (RFC 4180 and its relatives) row by row from bytes that come piece by piece, in the memory of
/// one row and one piece. How the bytes are cut into pieces changes nothing. Empty lines are passed over.
///
/// `trim` takes spaces and tabs around a cell away, not those in its quotes; a line of nothing else is empty then.
/// `backslash`: in front of a quote, a backslash, a delimiter or a line end it makes them part of the cell, in quotes
/// or not. Where there are no quotes, \n, \r and \t are what they are called. In front of anything else a backslash
/// stands for itself.
///
/// Where a bad row ends: one that is ragged or has wrong bytes, where any row does. One with a misplaced quote, at the
/// next line end, since nothing behind that quote can be told any more. One that is too long is read on like any other
/// without being kept, to the first line end that is in no quotes: a cell that is only large is not taken for rows. But
/// a quote that is still open four times `most_row` bytes behind the row's begin is given up, and the next line end
/// ends the row: one that is not closed costs no more of a file than that.
///
/// Calls must not overlap.
class CsvReader {
public:
    explicit CsvReader(const CsvConfig& config);
    /// Goes on at a place that a row named, with the columns of then; what is fed begins at that offset.
    CsvReader(const CsvConfig& config, std::vector<std::string> columns, const CsvPlace& place);
    CsvReader(CsvReader&&) noexcept;
    CsvReader& operator=(CsvReader&&) noexcept;
    ~CsvReader();

    /// The next bytes; ask for all rows before there are more.
    void feed(std::string_view bytes);
    /// There are no more bytes.
    void finish();

    /// The next row; nothing when more must be fed, or after `finish` when there is none. A failure is the file's, and
    /// permanent; it is all there is from then on:
    ///   csv_no_header         no line that could name the columns
    ///   csv_column_empty      a column without a name
    ///   csv_column_repeated   two columns of one name; `rename` calls the second NAME_2
    ///   csv_too_many_columns  more than 16,384
    ///   csv_no_mark           `utf-16` without a byte order mark
    /// and those of a row, for the one that names the columns.
    [[nodiscard]] Result<std::optional<CsvRow>> next();

    /// Empty until the first row is handed out.
    [[nodiscard]] const std::vector<std::string>& columns() const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

/// Rows of these columns as JSON objects of texts, `{"sku": "A-1", "note": ""}`. What RFC 8259 asks for is escaped and
/// nothing else, so that a row has one text.
class CsvObject {
public:
    explicit CsvObject(std::span<const std::string> columns);
    /// Appends the object of a row.
    void append(std::span<const std::string_view> cells, std::string& out) const;

private:
    std::vector<std::string> before_;  // each cell: what stands there in every row
};

}  // namespace headgate::connectors
