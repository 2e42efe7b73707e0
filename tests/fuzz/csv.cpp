// Any bytes as delimited text, the first four saying how it is written: however they are cut into pieces, the rows are
// the same; reading that goes on behind any row finds the rest; each row is a JSON object that says what its cells say,
// and written as RFC 4180 wants it reads the same.
#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/formats/csv.hpp"
#include "connectors/formats/json.hpp"

namespace {

using namespace headgate;
using namespace headgate::connectors;

void demand(bool holds)
{
    if (!holds)
        __builtin_trap();
}

struct Row {
    std::uint64_t line = 0;
    CsvPlace next;
    std::vector<std::string> cells;
    std::string wrong;
    bool operator==(const Row&) const = default;
};

struct Rows {
    std::vector<Row> rows;
    std::vector<std::string> columns;
    std::string failure;
    bool operator==(const Rows&) const = default;
};

void drain(CsvReader& reader, Rows& into)
{
    for (auto row = reader.next();; row = reader.next()) {
        if (!row)
            into.failure = row.error().code + ": " + row.error().detail;
        if (!row || !*row)
            break;
        auto& read = into.rows.emplace_back(Row{(*row)->line, (*row)->next, {}, {}});
        if ((*row)->cells)
            read.cells.assign((*row)->cells->begin(), (*row)->cells->end());
        else
            read.wrong = (*row)->cells.error().code + ": " + (*row)->cells.error().detail;
    }
    into.columns = reader.columns();
}

Rows read(CsvReader reader, std::string_view bytes, std::size_t piece)
{
    Rows rows;
    for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size()))) {
        reader.feed(bytes.substr(0, piece));
        drain(reader, rows);
    }
    reader.finish();
    drain(reader, rows);
    return rows;
}

void check_json(const Rows& rows)
{
    const CsvObject object(rows.columns);
    std::string all = "[";
    std::vector<const Row*> good;
    for (const auto& row : rows.rows) {
        if (!row.wrong.empty())
            continue;
        demand(row.cells.size() == rows.columns.size());
        all += good.empty() ? "" : ",";
        object.append(std::vector<std::string_view>(row.cells.begin(), row.cells.end()), all);
        good.push_back(&row);
    }
    const auto document = read_json(all + "]");
    demand(document.has_value());
    demand(document->children(0).size() == good.size());
    for (std::size_t i = 0; i < good.size(); ++i) {
        const auto members = document->children(document->children(0)[i]);
        demand(members.size() == rows.columns.size());
        for (std::size_t c = 0; c < members.size(); ++c)
            demand((*document)[members[c]].name == rows.columns[c] &&
                   (*document)[members[c]].text == good[i]->cells[c]);
    }
}

/// The good rows written and read again.
void check_written(const Rows& rows)
{
    std::string text;
    std::vector<std::vector<std::string>> good{rows.columns};
    for (const auto& row : rows.rows)
        if (row.wrong.empty())
            good.push_back(row.cells);
    for (const auto& cells : good) {
        std::string_view before;
        for (const auto& cell : cells) {
            text += std::string(before) + '"';
            for (const char letter : cell)
                text += std::string(letter == '"' ? 2 : 1, letter);
            text += '"';
            before = ",";
        }
        text += "\r\n";
    }
    const auto again = read(CsvReader({}), text, text.size());
    demand(again.failure.empty() && again.columns == rows.columns && again.rows.size() + 1 == good.size());
    for (std::size_t i = 0; i < again.rows.size(); ++i)
        demand(again.rows[i].wrong.empty() && again.rows[i].cells == good[i + 1]);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    if (size < 4)
        return 0;
    constexpr std::array delimiters{",", ";", "tab", "|", "\xc2\xa6", "\xc2\xa9", "x", " "};
    constexpr std::array<std::size_t, 4> longest{16, 60, 300, 1U << 20U};
    CsvConfig config;
    config.delimiter = delimiters[data[0] & 7U];
    config.quote = (data[0] & 8U) != 0 ? "none" : (data[0] & 16U) != 0 ? "'" : "\"";
    config.escape = (data[0] & 32U) != 0 ? CsvConfig::Escape::backslash : CsvConfig::Escape::doubled;
    config.trim = (data[0] & 64U) != 0;
    config.comment = (data[0] & 128U) != 0 ? "//" : "";
    config.encoding = static_cast<TextEncoding>((data[1] & 7U) % 6U);
    config.ragged = (data[1] & 8U) != 0 ? CsvConfig::Ragged::pad : CsvConfig::Ragged::error;
    config.repeated = (data[1] & 16U) != 0 ? CsvConfig::Repeated::rename : CsvConfig::Repeated::error;
    config.skip = (data[1] & 32U) != 0 ? 2 : 0;
    if ((data[1] & 64U) != 0)
        config.columns = {"a", "b"};
    config.most_row = {longest[data[2] & 3U]};
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 4, size - 4);

    const auto rows = read(CsvReader(config), bytes, bytes.size());
    demand(read(CsvReader(config), bytes, 1) == rows);
    demand(read(CsvReader(config), bytes, 2U + data[3]) == rows);

    for (std::size_t i = 0; i < rows.rows.size(); i += 1 + rows.rows.size() / 8) {
        const auto& place = rows.rows[i].next;
        demand(place.offset <= bytes.size());
        const auto rest = read(CsvReader(config, rows.columns, place), bytes.substr(place.offset), 2U + data[3]);
        demand(rest.failure.empty() &&
               std::ranges::equal(rest.rows, std::vector<Row>(rows.rows.begin() + static_cast<std::ptrdiff_t>(i) + 1,
                                                              rows.rows.end())));
    }
    if (!rows.rows.empty() && bytes.size() * rows.columns.size() < 100'000) {
        check_json(rows);
        check_written(rows);
    }
    return 0;
}
