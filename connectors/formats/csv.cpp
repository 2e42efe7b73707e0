#include "connectors/formats/csv.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <map>
#include <set>
#include <utility>

#include "connectors/formats/csv_scanner.hpp"
#include "core/document.hpp"
#include "core/utf8.hpp"

namespace headgate::connectors {

namespace {

constexpr std::size_t most_csv_columns = 16'384;

Failure csv_failure(std::string code, std::string detail)
{
    return {FailureClass::permanent, std::move(code), std::move(detail), {}};
}

/// The names as the columns have them; of each failure the detail names columns by their place, since what was taken
/// for names may be data.
Result<std::vector<std::string>> column_names(std::vector<std::string> written, CsvConfig::Repeated repeated)
{
    if (written.size() > most_csv_columns)
        return std::unexpected(
            csv_failure("csv_too_many_columns", "more than " + std::to_string(most_csv_columns) + " columns"));
    std::map<std::string, std::size_t, std::less<>> first;
    for (std::size_t i = 0; i < written.size(); ++i) {
        if (is_blank(written[i]))
            return std::unexpected(csv_failure("csv_column_empty", "column " + std::to_string(i + 1) + " has no name"));
        if (const auto [found, fresh] = first.emplace(written[i], i); !fresh && repeated == CsvConfig::Repeated::error)
            return std::unexpected(csv_failure("csv_column_repeated", "columns " + std::to_string(found->second + 1) +
                                                                          " and " + std::to_string(i + 1) +
                                                                          " have the same name"));
    }
    std::map<std::string, std::size_t, std::less<>> counts;  // of each name that has stood already
    std::set<std::string, std::less<>> made;
    for (auto& name : written) {
        auto& count = counts[name];
        if (++count == 1)
            continue;
        std::string numbered;
        do
            numbered = name + "_" + std::to_string(count);
        while ((first.contains(numbered) || made.contains(numbered)) && ++count != 0);
        made.insert(numbered);
        name = std::move(numbered);
    }
    return written;
}

/// Where a row stops being UTF-8; its size when it never does. Most rows are all ASCII.
std::size_t wrong_utf8_at(std::string_view text)
{
    std::size_t at = 0;
    for (std::uint64_t word = 0; at + sizeof word <= text.size(); at += sizeof word) {
        std::memcpy(&word, text.data() + at, sizeof word);
        if ((word & 0x8080808080808080U) != 0)
            break;
    }
    return at + utf8_until(text.substr(at));
}

bool one_character(std::string_view text)
{
    return !text.empty() && is_utf8(text) && std::ranges::count_if(text, [](char letter) {
                                                 return (static_cast<unsigned char>(letter) & 0xC0U) != 0x80U;
                                             }) == 1;
}

/// Whether JSON writes one of eight bytes in another way: a control, a quote or a backslash. It may be taken for so of
/// a byte that follows one.
bool needs_escape(const char* bytes)
{
    constexpr std::uint64_t ones = 0x0101010101010101U;
    constexpr std::uint64_t tops = ones << 7U;
    std::uint64_t word = 0;
    std::memcpy(&word, bytes, sizeof word);
    const std::uint64_t quote = word ^ (ones * '"');
    const std::uint64_t backslash = word ^ (ones * '\\');
    return ((((word - ones * 0x20U) & ~word) | ((quote - ones) & ~quote) | ((backslash - ones) & ~backslash)) & tops) !=
           0;
}

void append_json_byte(std::string& out, unsigned char byte)
{
    constexpr std::string_view digits = "0123456789abcdef";
    switch (byte) {
    case '"': out += "\\\""; break;
    case '\\': out += "\\\\"; break;
    case '\b': out += "\\b"; break;
    case '\f': out += "\\f"; break;
    case '\n': out += "\\n"; break;
    case '\r': out += "\\r"; break;
    case '\t': out += "\\t"; break;
    default:
        if (byte < 0x20)
            out += {'\\', 'u', '0', '0', digits[byte >> 4U], digits[byte & 15U]};
        else
            out += static_cast<char>(byte);
    }
}

/// What stands between the quotes of a JSON text.
void append_json_inside(std::string& out, std::string_view text)
{
    std::size_t plain = 0;
    while (plain + 8 <= text.size() && !needs_escape(text.data() + plain))
        plain += 8;
    while (plain < text.size() && static_cast<unsigned char>(text[plain]) >= 0x20 && text[plain] != '"' &&
           text[plain] != '\\')
        ++plain;
    out += text.substr(0, plain);
    for (const char letter : text.substr(plain))
        append_json_byte(out, static_cast<unsigned char>(letter));
}

}  // namespace

void CsvConfig::describe(config::Schema& schema)
{
    schema.field("delimiter", delimiter, "What stands between two cells: one character, or `tab`.");
    schema.field("quote", quote,
                 "What a cell is put in that holds a delimiter or a line end: one character, or `none`.");
    schema.choice("escape", escape, {{"doubled", Escape::doubled}, {"backslash", Escape::backslash}},
                  "How a quote in a cell is written: twice, or behind a backslash.");
    schema.field("columns", columns, "The columns of a file whose first row does not name them.");
    schema.field("skip", skip, {0, 1'000'000}, "Lines in front of everything that are passed over.");
    schema.field("comment", comment, "What lines begin with that are passed over, wherever they stand.");
    schema.choice("encoding", encoding,
                  {{name_of(TextEncoding::utf8), TextEncoding::utf8},
                   {name_of(TextEncoding::windows_1252), TextEncoding::windows_1252},
                   {name_of(TextEncoding::iso_8859_1), TextEncoding::iso_8859_1},
                   {name_of(TextEncoding::utf16), TextEncoding::utf16},
                   {name_of(TextEncoding::utf16_le), TextEncoding::utf16_le},
                   {name_of(TextEncoding::utf16_be), TextEncoding::utf16_be}},
                  "The character encoding. A byte order mark says more; `utf-16` needs one.");
    schema.field("trim", trim, "Whether spaces and tabs around a cell are left out; those in quotes stay.");
    schema.choice("ragged", ragged, {{"error", Ragged::error}, {"pad", Ragged::pad}},
                  "A row with fewer cells than columns: a bad row, or filled up with empty cells.");
    schema.choice("repeated", repeated, {{"error", Repeated::error}, {"rename", Repeated::rename}},
                  "A second column of a name: refused, or called NAME_2.");
    schema.field("most_row", most_row, {config::Size{1024}, config::Size{std::uint64_t{64} << 20U}},
                 "The longest row that is read; a longer one is a bad row.");
    if (!schema.reading())
        return;
    schema.not_empty("columns", "remove the key where the first row names them");
    const auto apart = [](char letter) { return letter == '\r' || letter == '\n' || letter == '\0'; };
    const bool quoting = quote != "none";
    if (delimiter != "tab" && (!one_character(delimiter) || apart(delimiter.front())))
        schema.problem("delimiter", "wrong_value", "`delimiter` is one character, or `tab`", "for example \";\"");
    if (quoting && (quote.size() != 1 || !one_character(quote) || apart(quote.front()) || is_blank(quote)))
        schema.problem("quote", "wrong_value", "`quote` is one character of ASCII, or `none`");
    if (quote == delimiter || (escape == Escape::backslash && (quote == "\\" || delimiter == "\\")))
        schema.problem("", "wrong_value", "delimiter, quote and backslash are different characters");
    if (std::ranges::any_of(comment, apart) || (quoting && !quote.empty() && comment.starts_with(quote)))
        schema.problem("comment", "wrong_value", "`comment` is what a line begins with, and no quote");
    if (auto names = column_names(columns, repeated); !names)
        schema.problem("columns", names.error().code, names.error().detail);
}

struct CsvReader::State {
    State(const CsvConfig& given, std::vector<std::string> names, const CsvPlace& place)
        : config(given),
          scanner(given, place, names.empty() ? most_csv_columns + 1 : names.size()),
          columns(std::move(names))
    {}

    void name_columns(std::vector<std::string> written)
    {
        auto names = column_names(std::move(written), config.repeated);
        if (!names) {
            failure = std::move(names.error());
            return;
        }
        columns = std::move(*names);
        scanner.keep_cells(columns.size());
    }

    /// The row that names the columns.
    void read_header()
    {
        if (auto wrong = wrong_row()) {
            failure = std::move(*wrong);
            failure->detail += "; it names the columns";
            return;
        }
        if (scanner.text().contains('\0')) {
            failure = csv_failure("csv_no_header",
                                  row_line() +
                                      " should name the columns and has NUL characters: UTF-16 without a byte "
                                      "order mark, or no text at all");
            return;
        }
        std::vector<std::string> written;
        for (const auto& cell : scanner.cells())
            written.emplace_back(scanner.value(cell));
        name_columns(std::move(written));
    }

    Result<std::span<const std::string_view>> read_row()
    {
        if (auto wrong = wrong_row())
            return std::unexpected(std::move(*wrong));
        const bool pads = config.ragged == CsvConfig::Ragged::pad && !scanner.more_than_empty();
        if (const auto count = scanner.cell_count(); count != columns.size() && !pads)
            return fail(FailureClass::permanent, "csv_row_ragged",
                        row_line() + " has not as many cells (" + std::to_string(count) + ") as there are columns (" +
                            std::to_string(columns.size()) + ")");
        cells.clear();
        for (const auto& cell : scanner.cells())
            cells.push_back(scanner.value(cell));
        cells.resize(columns.size());
        return cells;
    }

    /// What is wrong with a row, whatever the columns are.
    std::optional<Failure> wrong_row() const
    {
        switch (scanner.wrong()) {
        case CsvScanner::Wrong::nothing: return wrong_bytes();
        case CsvScanner::Wrong::quote_inside:
            return csv_failure("csv_quote_inside", cell_place(scanner.wrong_line(), scanner.wrong_column()) +
                                                       " has a quote in it, or something behind the one that ends it");
        case CsvScanner::Wrong::quote_open:
            return csv_failure("csv_quote_open", cell_place(scanner.wrong_line(), scanner.wrong_column()) +
                                                     " begins with a quote that is not closed" + lines_taken());
        case CsvScanner::Wrong::too_long:
            return csv_failure("csv_row_too_long",
                               row_line() + " begins a row of more than " + text_of(config.most_row) + lines_taken());
        }
        std::unreachable();
    }

    std::optional<Failure> wrong_bytes() const
    {
        const auto encoding = scanner.decoder().encoding();
        if (encoding == TextEncoding::windows_1252 || encoding == TextEncoding::iso_8859_1)
            return std::nullopt;
        const auto text = scanner.text();
        const auto at = wrong_utf8_at(text);
        if (at == text.size())
            return std::nullopt;
        std::uint64_t line = scanner.line();
        for (std::size_t i = 0; i < at; ++i)
            line += text[i] == '\n' || (text[i] == '\r' && text[i + 1] != '\n') ? 1U : 0U;
        const auto column = std::ranges::count_if(scanner.cells(), [&](const auto& cell) { return cell.begin <= at; });
        const bool eight = encoding == TextEncoding::utf8;
        return csv_failure(eight ? "csv_invalid_utf8" : "csv_invalid_utf16",
                           cell_place(line, static_cast<std::size_t>(column)) + " has bytes that are no " +
                               (eight ? "UTF-8" : "UTF-16"));
    }

    std::string row_line() const { return "line " + std::to_string(scanner.line()); }

    std::string cell_place(std::uint64_t line, std::size_t column) const
    {
        return "line " + std::to_string(line) +
               (line == scanner.line() ? "" : " (of the row that begins in " + row_line() + ")") + ": column " +
               std::to_string(column);
    }

    /// Which other lines the row took along.
    std::string lines_taken() const
    {
        if (scanner.last_line() == scanner.line())
            return "";
        return "; it goes on to " +
               (scanner.last_line() == 0 ? "the end of the file" : "line " + std::to_string(scanner.last_line()));
    }

    CsvConfig config;
    CsvScanner scanner;
    std::vector<std::string> columns;
    std::optional<Failure> failure;  // the file's: all there is from then on
    std::vector<std::string_view> cells;
};

CsvReader::CsvReader(const CsvConfig& config) : CsvReader(config, {}, {}) {}

CsvReader::CsvReader(const CsvConfig& config, std::vector<std::string> columns, const CsvPlace& place)
{
    const bool goes_on = place.offset > 0;
    assert(!goes_on || !columns.empty());
    state_ = std::make_unique<State>(config, goes_on ? std::move(columns) : std::vector<std::string>{}, place);
    if (!goes_on && !config.columns.empty())
        state_->name_columns(config.columns);
}

CsvReader::CsvReader(CsvReader&&) noexcept = default;
CsvReader& CsvReader::operator=(CsvReader&&) noexcept = default;
CsvReader::~CsvReader() = default;

void CsvReader::feed(std::string_view bytes)
{
    if (!state_->failure)
        state_->scanner.feed(bytes);
}

void CsvReader::finish()
{
    state_->scanner.finish();
}

Result<std::optional<CsvRow>> CsvReader::next()
{
    State& state = *state_;
    while (!state.failure && state.scanner.next()) {
        if (!state.columns.empty())
            return CsvRow{state.scanner.line(), state.scanner.place(), state.read_row()};
        state.read_header();
    }
    if (!state.failure && state.scanner.decoder().lacks_mark())
        state.failure = csv_failure("csv_no_mark", "the file begins without the byte order mark of UTF-16");
    if (!state.failure && state.scanner.finished() && state.columns.empty())
        state.failure = csv_failure("csv_no_header", "the file has no line that names the columns");
    if (state.failure)
        return std::unexpected(*state.failure);
    return std::nullopt;
}

const std::vector<std::string>& CsvReader::columns() const
{
    return state_->columns;
}

CsvObject::CsvObject(std::span<const std::string> columns)
{
    for (const auto& column : columns) {
        auto& before = before_.emplace_back(before_.empty() ? "{\"" : "\", \"");
        append_json_inside(before, column);
        before += "\": \"";
    }
}

void CsvObject::append(std::span<const std::string_view> cells, std::string& out) const
{
    assert(cells.size() == before_.size());
    for (std::size_t i = 0; i < cells.size(); ++i) {
        out += before_[i];
        append_json_inside(out, cells[i]);
    }
    out += cells.empty() ? "{}" : "\"}";
}

}  // namespace headgate::connectors
