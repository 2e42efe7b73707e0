#include "tests/faults/checker.hpp"

#include <map>
#include <set>
#include <stdexcept>

#include <fmt/format.h>
#include <hiredis/hiredis.h>
#include <sqlite3.h>

#include "core/ids.hpp"
#include "tests/support/order_sender.hpp"

namespace headgate::test {

namespace {

/// Plain SQLite and plain hiredis: nothing of ours reads what is judged here.
class Rows {
public:
    Rows(sqlite3* database, const char* sql)
    {
        if (sqlite3_prepare_v2(database, sql, -1, &statement_, nullptr) != SQLITE_OK)
            throw std::runtime_error(sqlite3_errmsg(database));
    }
    ~Rows() { sqlite3_finalize(statement_); }
    Rows(const Rows&) = delete;
    Rows& operator=(const Rows&) = delete;
    bool next() { return sqlite3_step(statement_) == SQLITE_ROW; }
    [[nodiscard]] std::string text(int column) const
    {
        const auto* bytes = sqlite3_column_text(statement_, column);
        return bytes == nullptr ? "" : reinterpret_cast<const char*>(bytes);
    }
    [[nodiscard]] std::uint64_t number(int column) const
    {
        return static_cast<std::uint64_t>(sqlite3_column_int64(statement_, column));
    }

private:
    sqlite3_stmt* statement_ = nullptr;
};

std::map<int, std::uint64_t> high_waters(const std::string& socket)
{
    redisContext* redis = redisConnectUnix(socket.c_str());
    if (redis == nullptr || redis->err != 0)
        throw std::runtime_error("no Redis at " + socket);
    std::map<int, std::uint64_t> all;
    for (int p = 0; p < partition_count; ++p) {
        auto* reply = static_cast<redisReply*>(redisCommand(redis, "HGET hg:P:%d hw", p));
        if (reply != nullptr && reply->type == REDIS_REPLY_STRING)
            all[p] = std::strtoull(reply->str, nullptr, 10);
        freeReplyObject(reply);
    }
    redisFree(redis);
    return all;
}

}  // namespace

std::string Verdicts::text() const
{
    return fmt::format(
        "answered {} events {} effects {}: lost {} doubled {} out of order {} wrong at the end {} unreserved {}",
        answered, events, effects, lost, doubled, out_of_order, wrong_end, unreserved);
}

Verdicts check_ledger(const std::string& ledger_file, const std::string& redis_socket,
                      const std::vector<Answered>& answered)
{
    Verdicts verdicts;
    verdicts.answered = answered.size();
    std::map<std::string, Answered> events;
    std::map<std::string, std::set<std::string>> by_webhook;
    std::map<std::uint64_t, std::uint32_t> last;
    for (const auto& one : answered) {
        events[one.event] = one;
        by_webhook[one.webhook_id].insert(one.event);
        last[one.order] = std::max(last[one.order], one.version);
    }
    verdicts.events = events.size();
    for (const auto& [webhook, ids] : by_webhook)
        verdicts.doubled += ids.size() - 1;

    sqlite3* database = nullptr;
    if (sqlite3_open_v2(ledger_file.c_str(), &database, SQLITE_OPEN_READONLY, nullptr) != SQLITE_OK)
        throw std::runtime_error("no ledger at " + ledger_file);
    const auto water = high_waters(redis_socket);
    std::map<std::string, int> effects;
    std::map<std::string, std::string> newest;  // per order: the version last applied
    {
        Rows rows(database, "select event, external_ref, version, outcome, seq from effect order by position");
        while (rows.next()) {
            ++verdicts.effects;
            ++effects[rows.text(0)];
            // external_ref ends in the entity, and the entity in the order's number: its partition is the order's.
            const std::string reference = rows.text(1);
            const std::string order = reference.substr(reference.rfind('/') + 1);
            const auto found = water.find(partition_of("shop", order));
            if (found == water.end() || rows.number(4) > found->second)
                ++verdicts.unreserved;
            if (rows.text(3) != "applied")
                continue;
            std::string& held = newest[reference];
            if (rows.text(2) <= held)
                ++verdicts.out_of_order;
            held = rows.text(2);
        }
    }
    for (const auto& [event, one] : events)
        if (!effects.contains(event))
            ++verdicts.lost;
    for (const auto& [event, count] : effects)
        verdicts.doubled += static_cast<std::uint64_t>(count - 1);

    std::map<std::string, std::pair<std::string, std::string>> orders;
    {
        Rows rows(database, "select order_number, version, grand_total from sales_order");
        while (rows.next())
            orders[rows.text(0)] = {rows.text(1), rows.text(2)};
    }
    for (const auto& [order, version] : last) {
        const auto found = orders.find("#" + std::to_string(order));
        const auto wanted =
            fmt::format("2026-01-{:02}T{:02}:{:02}:00", 1 + version / 1440, version / 60 % 24, version % 60);
        // The last change answered may not be the last one sent: a later one may have gone through unanswered.
        if (found == orders.end() || found->second.first.substr(0, wanted.size()) < wanted ||
            found->second.second != order_total())
            ++verdicts.wrong_end;
    }
    sqlite3_close(database);
    return verdicts;
}

}  // namespace headgate::test
