#include "connectors/systems/ledger_tables.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <set>
#include <stdexcept>
#include <utility>

namespace headgate::connectors {

namespace {

struct Fixed {
    std::string_view name;
    std::string_view declared;
};

constexpr std::array<Fixed, 12> header_columns{{{"external_ref", "TEXT NOT NULL PRIMARY KEY"},
                                                {"effect_key", "TEXT NOT NULL UNIQUE"},
                                                {"event", "TEXT NOT NULL"},
                                                {"source", "TEXT NOT NULL"},
                                                {"channel", "TEXT NOT NULL"},
                                                {"entity", "TEXT NOT NULL"},
                                                {"id", "TEXT NOT NULL"},
                                                {"version", "TEXT"},
                                                {"seq", "INTEGER NOT NULL"},
                                                {"origin_seq", "INTEGER NOT NULL"},
                                                {"applied_at", "TEXT NOT NULL"},
                                                {"json", "TEXT NOT NULL"}}};

/// STRICT tables keep what they are given. ANY keeps the kind too: an integer that fits stays one, a longer one a text.
std::string_view declared(LedgerColumn::Kind kind)
{
    switch (kind) {
    case LedgerColumn::Kind::integer:
    case LedgerColumn::Kind::boolean: return "ANY";
    case LedgerColumn::Kind::text: return "TEXT";
    }
    std::unreachable();
}

std::string in_quotes(std::string_view name)
{
    return "\"" + std::string(name) + "\"";
}

void check_name(std::string_view name)
{
    const auto plain = [](char letter) {
        return (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') || letter == '_';
    };
    if (name.empty() || !(name[0] >= 'a' && name[0] <= 'z') || !std::ranges::all_of(name, plain) ||
        name.starts_with("sqlite_"))
        throw std::runtime_error("no name for a table or column: " + std::string(name));
}

void check_names(const std::vector<LedgerColumn>& columns, std::set<std::string, std::less<>> taken)
{
    for (const auto& column : columns) {
        check_name(column.name);
        if (!taken.insert(column.name).second)
            throw std::runtime_error("the ledger has two columns called " + column.name);
    }
}

void add_missing(sqlite::Database& database, const std::string& table, const std::vector<LedgerColumn>& columns)
{
    std::set<std::string, std::less<>> there;
    auto info = database.prepare("SELECT name FROM pragma_table_info(?)");
    info.start(std::string_view(table));
    while (info.step() == SQLITE_ROW)
        there.emplace(info.text(0));
    for (const auto& column : columns)
        if (!there.contains(column.name))
            database.must_run("ALTER TABLE " + in_quotes(table) + " ADD COLUMN " + in_quotes(column.name) + " " +
                              std::string(declared(column.kind)));
}

void create(sqlite::Database& database, const LedgerTable& table)
{
    std::string sql = "CREATE TABLE IF NOT EXISTS " + in_quotes(table.type) + " (";
    for (const auto& column : header_columns)
        sql +=
            std::string(column.name) + " " + std::string(column.declared) + (column.name == "json" ? ") STRICT" : ", ");
    database.must_run(sql);
    add_missing(database, table.type, table.header);
    if (table.lines.empty())
        return;
    database.must_run(
        "CREATE TABLE IF NOT EXISTS " + in_quotes(table.type + "_line") + " (external_ref TEXT NOT NULL REFERENCES " +
        in_quotes(table.type) +
        " (external_ref) ON DELETE CASCADE, position INTEGER NOT NULL, PRIMARY KEY (external_ref, position)) "
        "WITHOUT ROWID, STRICT");
    add_missing(database, table.type + "_line", table.lines);
}

std::string upsert_sql(const LedgerTable& table)
{
    std::string names;
    std::string values;
    std::string updates;
    const auto add = [&](std::string_view name) {
        names += (names.empty() ? "" : ", ") + in_quotes(name);
        values += values.empty() ? "?" : ", ?";
        if (name != "external_ref")
            updates += (updates.empty() ? "" : ", ") + in_quotes(name) + " = excluded." + in_quotes(name);
    };
    for (const auto& column : header_columns)
        add(column.name);
    for (const auto& column : table.header)
        add(column.name);
    return "INSERT INTO " + in_quotes(table.type) + " (" + names + ") VALUES (" + values +
           ") ON CONFLICT (external_ref) DO UPDATE SET " + updates;
}

std::string line_sql(const LedgerTable& table)
{
    std::string names = "external_ref, position";
    std::string values = "?, ?";
    for (const auto& column : table.lines) {
        names += ", " + in_quotes(column.name);
        values += ", ?";
    }
    return "INSERT INTO " + in_quotes(table.type + "_line") + " (" + names + ") VALUES (" + values + ")";
}

NodeIndex locate(const Document& document, NodeIndex at, const std::vector<std::string>& path)
{
    for (const auto& name : path) {
        if (at == no_node)
            return at;
        at = document.member(at, name);
    }
    return at;
}

bool is_scalar(const Node& node)
{
    return node.kind != NodeKind::null && node.kind != NodeKind::list && node.kind != NodeKind::object;
}

/// Written as an integer is written: "-0", "007" and "+1" are texts to be kept.
std::optional<std::int64_t> plain_integer(std::string_view text)
{
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || std::to_string(value) != text)
        return std::nullopt;
    return value;
}

void bind_column(sqlite::Statement& statement, const Document& document, NodeIndex from, const LedgerColumn& column)
{
    const NodeIndex at = locate(document, from, column.path);
    if (at == no_node || !is_scalar(document[at])) {
        statement.bind(nullptr);
        return;
    }
    const Node& node = document[at];
    if (column.kind == LedgerColumn::Kind::boolean && node.kind == NodeKind::boolean) {
        statement.bind(node.text == "true" ? 1 : 0);
        return;
    }
    if (column.kind == LedgerColumn::Kind::integer) {
        if (const auto value = plain_integer(node.text)) {
            statement.bind(*value);
            return;
        }
    }
    statement.bind(node.text);
}

std::string encoded(std::string_view part, std::string_view unsafe)
{
    std::string text;
    for (const char letter : part) {
        if (unsafe.find(letter) == std::string_view::npos)
            text += letter;
        else
            text += letter == '%' ? "%25" : letter == '#' ? "%23" : "%2F";
    }
    return text;
}

}  // namespace

std::string external_ref(std::string_view source, std::string_view entity, std::string_view id)
{
    std::string ref = encoded(source, "%#/") + "/" + encoded(entity, "%#");
    if (!id.empty() && id != entity)
        ref += "#" + encoded(id, "%#");
    return ref;
}

LedgerTables::LedgerTables(sqlite::Database& database, std::vector<LedgerTable> tables)
{
    std::set<std::string, std::less<>> names{"effect", "guard"};
    for (auto& table : tables) {
        check_name(table.type);
        if (!names.insert(table.type).second || (!table.lines.empty() && !names.insert(table.type + "_line").second))
            throw std::runtime_error("the ledger has two tables called " + table.type);
        std::set<std::string, std::less<>> taken;
        for (const auto& column : header_columns)
            taken.emplace(column.name);
        check_names(table.header, std::move(taken));
        check_names(table.lines, {"external_ref", "position"});

        create(database, table);
        Writer writer;
        writer.upsert = database.prepare(upsert_sql(table));
        if (!table.lines.empty()) {
            writer.forget_lines =
                database.prepare("DELETE FROM " + in_quotes(table.type + "_line") + " WHERE external_ref = ?");
            writer.add_line = database.prepare(line_sql(table));
        }
        std::string type = table.type;
        writer.table = std::move(table);
        writers_.emplace(std::move(type), std::move(writer));
    }
}

int LedgerTables::write(const std::string& type, const LedgerRow& row, const Document& transaction)
{
    Writer& writer = writers_.at(type);
    auto& upsert =
        writer.upsert.start(row.external_ref, row.effect_key, row.event, row.source, row.channel, row.entity, row.id);
    if (row.version.empty())
        upsert.bind(nullptr);
    else
        upsert.bind(row.version);
    upsert.bind(row.seq).bind(row.origin_seq).bind(row.applied_at).bind(row.json);
    for (const auto& column : writer.table.header)
        bind_column(upsert, transaction, transaction.root(), column);
    if (const int code = upsert.step(); code != SQLITE_DONE || writer.table.lines.empty())
        return code;

    if (const int code = writer.forget_lines.start(row.external_ref).step(); code != SQLITE_DONE)
        return code;
    const NodeIndex list = transaction.member(transaction.root(), "lines");
    if (list == no_node || transaction[list].kind != NodeKind::list)
        return SQLITE_DONE;
    std::int64_t position = 0;
    for (const NodeIndex line : transaction.children(list)) {
        auto& insert = writer.add_line.start(row.external_ref, ++position);
        for (const auto& column : writer.table.lines)
            bind_column(insert, transaction, line, column);
        if (const int code = insert.step(); code != SQLITE_DONE)
            return code;
    }
    return SQLITE_DONE;
}

}  // namespace headgate::connectors
