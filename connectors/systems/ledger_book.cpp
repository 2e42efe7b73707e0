#include "connectors/systems/ledger_book.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "connectors/formats/json.hpp"
#include "core/hash.hpp"

namespace headgate::connectors {

namespace {

constexpr const char* own_tables = R"sql(
CREATE TABLE IF NOT EXISTS effect (
    position INTEGER PRIMARY KEY, effect_key TEXT NOT NULL UNIQUE, seq INTEGER NOT NULL, origin_seq INTEGER NOT NULL,
    event TEXT NOT NULL, type TEXT NOT NULL, external_ref TEXT NOT NULL, version TEXT, outcome TEXT NOT NULL,
    applied_at TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS guard (
    source TEXT NOT NULL, family TEXT NOT NULL, entity TEXT NOT NULL, id TEXT NOT NULL, version_kind TEXT NOT NULL,
    version TEXT NOT NULL, digest BLOB NOT NULL, origin_seq INTEGER NOT NULL,
    PRIMARY KEY (source, family, entity, id)) STRICT, WITHOUT ROWID;
)sql";

constexpr std::array<std::pair<Version::Kind, std::string_view>, 5> kind_names{{{Version::Kind::none, "none"},
                                                                                {Version::Kind::integer, "integer"},
                                                                                {Version::Kind::time, "time"},
                                                                                {Version::Kind::text, "text"},
                                                                                {Version::Kind::once, "once"}}};

std::string_view name_of(Version::Kind kind)
{
    for (const auto& [each, name] : kind_names)
        if (each == kind)
            return name;
    std::unreachable();
}

Version::Kind kind_of(std::string_view name)
{
    for (const auto& [kind, each] : kind_names)
        if (each == name)
            return kind;
    return Version::Kind::none;  // written by a later Headgate: arrival orders
}

std::string_view name_of(Applied::Outcome outcome)
{
    switch (outcome) {
    case Applied::Outcome::applied: return "applied";
    case Applied::Outcome::adopted: return "adopted";
    case Applied::Outcome::repeated: return "repeated";
    case Applied::Outcome::unchanged: return "unchanged";
    case Applied::Outcome::stale: return "stale";
    case Applied::Outcome::expired:
    case Applied::Outcome::split:
    case Applied::Outcome::fetched: break;  // no words of a ledger's
    }
    std::unreachable();
}

Applied::Outcome outcome_of(Verdict verdict)
{
    switch (verdict) {
    case Verdict::stale: return Applied::Outcome::stale;
    case Verdict::repeated: return Applied::Outcome::repeated;
    case Verdict::apply:
    case Verdict::changed: break;
    }
    return Applied::Outcome::applied;
}

std::unexpected<Failure> failed(int code, std::string_view during)
{
    return std::unexpected(sqlite::failure_of(code, during));
}

}  // namespace

LedgerBook::LedgerBook(sqlite::Database& database, std::vector<LedgerTable> tables)
    : tables_((database.must_run(own_tables), database), std::move(tables)),
      find_effect_(database.prepare("SELECT outcome, external_ref FROM effect WHERE effect_key = ?")),
      add_effect_(database.prepare(
          "INSERT INTO effect (effect_key, seq, origin_seq, event, type, external_ref, outcome, applied_at, version) "
          "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")),
      find_guard_(database.prepare("SELECT version_kind, version, digest, origin_seq FROM guard "
                                   "WHERE source = ? AND family = ? AND entity = ? AND id = ?")),
      set_guard_(
          database.prepare("REPLACE INTO guard (source, family, entity, id, version_kind, version, digest, origin_seq) "
                           "VALUES (?, ?, ?, ?, ?, ?, ?, ?)"))
{}

Result<Applied> LedgerBook::decide(const Delivery& delivery, const std::string& now)
{
    const Transaction& transaction = delivery.transaction;
    if (!tables_.knows(transaction.type))
        return fail(FailureClass::permanent, "unknown_type", "the ledger has no table for this type");

    const std::string effect_key = delivery.effect_key.text();
    auto before = known(effect_key);
    if (!before)
        return std::unexpected(std::move(before.error()));
    if (*before)
        return std::move(**before);

    const std::string& family = transaction.family.empty() ? transaction.type : transaction.family;
    const std::string& id = transaction.id.empty() ? transaction.entity : transaction.id;
    const std::string ref = external_ref(delivery.source, transaction.entity, id);
    const std::string event = delivery.event.text();
    const LedgerRow row{ref,
                        effect_key,
                        event,
                        delivery.source,
                        delivery.channel,
                        transaction.entity,
                        id,
                        transaction.version.text,
                        delivery.seq,
                        delivery.origin_seq,
                        now,
                        transaction.json};
    const Digest digest = hash_parts({transaction.type, transaction.json});
    Telling telling{transaction.version, view(digest), delivery.origin_seq};

    const auto judgement = judged(row, family, telling);
    if (!judgement)
        return std::unexpected(judgement.error());
    if (judgement->verdict == Verdict::changed)
        return fail(FailureClass::permanent, "fact_changed", "a fact that never changes came with another content");

    telling.origin_seq = judgement->origin_seq;
    auto outcome = outcome_of(judgement->verdict);
    if (delivery.as_new && outcome != Applied::Outcome::stale)
        outcome = Applied::Outcome::applied;
    if (auto written = write(transaction.type, family, row, telling, outcome); !written)
        return std::unexpected(std::move(written.error()));
    return Applied{outcome, ref};
}

Result<std::optional<Applied>> LedgerBook::known(const std::string& effect_key)
{
    const int code = find_effect_.start(effect_key).step();
    if (code == SQLITE_DONE)
        return std::optional<Applied>();
    if (code != SQLITE_ROW)
        return failed(code, "looking for an effect");

    // What was decided stays decided: a stale one is stale again, whatever the guard says by now.
    Applied applied{Applied::Outcome::adopted, std::string(find_effect_.text(1))};
    for (const auto outcome : {Applied::Outcome::stale, Applied::Outcome::repeated})
        if (find_effect_.text(0) == name_of(outcome))
            applied.outcome = outcome;
    find_effect_.reset();
    return applied;
}

Result<LedgerBook::Judged> LedgerBook::judged(const LedgerRow& row, const std::string& family, const Telling& arrived)
{
    const int code = find_guard_.start(row.source, family, row.entity, row.id).step();
    if (code == SQLITE_DONE)
        return Judged{Verdict::apply, arrived.origin_seq};
    if (code != SQLITE_ROW)
        return failed(code, "looking for a guard");

    const Telling held{{kind_of(find_guard_.text(0)), std::string(find_guard_.text(1))},
                       find_guard_.text(2),
                       static_cast<std::uint64_t>(find_guard_.integer(3))};
    Judged judged{judge(held, arrived), arrived.origin_seq};
    if (judged.verdict == Verdict::repeated)  // said again: later tellings are measured against the last time it was
        judged.origin_seq = std::max(held.origin_seq, arrived.origin_seq);
    find_guard_.reset();
    return judged;
}

Result<void> LedgerBook::write(const std::string& type, const std::string& family, const LedgerRow& row,
                               const Telling& telling, Applied::Outcome outcome)
{
    Document document;
    if (outcome == Applied::Outcome::applied) {
        auto read = read_json(row.json);
        if (!read)
            return std::unexpected(std::move(read.error()));
        document = std::move(*read);
    }

    if (outcome == Applied::Outcome::applied)
        if (const int code = tables_.write(type, row, document); code != SQLITE_DONE)
            return failed(code, "writing a transaction");
    if (outcome != Applied::Outcome::stale) {
        const auto kind = name_of(telling.version.kind);
        const int code = set_guard_
                             .start(row.source, family, row.entity, row.id, kind, telling.version.text,
                                    sqlite::Blob{telling.digest}, telling.origin_seq)
                             .step();
        if (code != SQLITE_DONE)
            return failed(code, "setting a guard");
    }
    add_effect_.start(row.effect_key, row.seq, row.origin_seq, row.event, type, row.external_ref, name_of(outcome),
                      row.applied_at);
    if (row.version.empty())
        add_effect_.bind(nullptr);
    else
        add_effect_.bind(row.version);
    if (const int code = add_effect_.step(); code != SQLITE_DONE)
        return failed(code, "noting an effect");
    return {};
}

}  // namespace headgate::connectors
