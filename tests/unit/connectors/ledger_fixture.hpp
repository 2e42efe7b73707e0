#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <future>
#include <latch>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <stdlib.h>

#include "connectors/systems/sqlite_ledger.hpp"
#include "observability/sqlite.hpp"

namespace headgate::connectors {

using Kind = LedgerColumn::Kind;
using Outcome = Applied::Outcome;

/// Stops the writer right before its first COMMIT, so that what comes meanwhile is one batch.
struct Gate {
    std::latch reached{1};
    std::latch opened{1};
    std::atomic<bool> first{true};
    bool pass()
    {
        if (first.exchange(false)) {
            reached.count_down();
            opened.wait();
        }
        return true;
    }
};

class LedgerTest : public ::testing::Test {
protected:
    LedgerTest()
    {
        std::string pattern = (std::filesystem::temp_directory_path() / "headgate-ledger-XXXXXX").string();
        folder_ = ::mkdtemp(pattern.data());
    }
    ~LedgerTest() override { std::filesystem::remove_all(folder_); }

    [[nodiscard]] LedgerOptions options() const
    {
        LedgerTable order;
        order.type = "sales_order";
        order.header = {{"order_number", {"order_number"}, Kind::text},
                        {"grand_total", {"totals", "grand_total", "amount"}, Kind::text},
                        {"placed_by", {"customer", "id"}, Kind::integer},
                        {"gift", {"gift"}, Kind::boolean}};
        order.lines = {{"sku", {"sku"}, Kind::text},
                       {"qty", {"qty", "value"}, Kind::text},
                       {"uom", {"qty", "uom"}, Kind::text},
                       {"unit_price", {"unit_price", "amount"}, Kind::text}};
        LedgerTable refund;
        refund.type = "refund";
        refund.header = {{"amount", {"amount"}, Kind::text}};
        LedgerOptions options;
        options.file = folder_ / "ledger.db";
        options.tables = {order, refund};
        options.busy_timeout = std::chrono::milliseconds(1);
        return options;
    }

    /// A delivery of an event of its own; `seq` makes it one.
    static Delivery order(std::uint64_t seq, const std::string& entity, Version version, std::string json = "{}")
    {
        Delivery delivery;
        delivery.event = EventId::make(std::chrono::system_clock::time_point{});
        delivery.source = "shop";
        delivery.channel = "shop-hooks";
        delivery.seq = delivery.origin_seq = seq;
        delivery.effect_key = EffectKey("shop", "orders", std::to_string(seq), {"order", ""}, "ledger");
        delivery.transaction.type = delivery.transaction.family = "sales_order";
        delivery.transaction.entity = delivery.transaction.id = entity;
        delivery.transaction.version = std::move(version);
        delivery.transaction.json = std::move(json);
        return delivery;
    }

    static Delivery refund(std::uint64_t seq, const std::string& id, std::string json,
                           Version version = {Version::Kind::once, ""})
    {
        Delivery delivery = order(seq, "order/1", std::move(version), std::move(json));
        delivery.transaction.type = delivery.transaction.family = "refund";
        delivery.transaction.order = Order::free;
        delivery.transaction.id = id;
        return delivery;
    }

    static Version number(const std::string& text) { return {Version::Kind::integer, text}; }

    static std::future<Result<Applied>> send(SqliteLedger& ledger, Delivery delivery)
    {
        std::promise<Result<Applied>> promise;
        auto future = promise.get_future();
        ledger.apply(std::move(delivery), [promise = std::move(promise)](Result<Applied> result) mutable {
            promise.set_value(std::move(result));
        });
        return future;
    }

    /// The outcome's name, or the failure's code.
    static std::string apply(SqliteLedger& ledger, Delivery delivery)
    {
        return said(send(ledger, std::move(delivery)).get());
    }
    static std::string said(const Result<Applied>& result)
    {
        if (!result)
            return std::string(name_of(result.error().failure_class)) + " " + result.error().code;
        switch (result->outcome) {
        case Outcome::applied: return "applied";
        case Outcome::adopted: return "adopted";
        case Outcome::repeated: return "repeated";
        case Outcome::stale: return "stale";
        case Outcome::unchanged:
        case Outcome::expired:
        case Outcome::split:
        case Outcome::fetched: break;  // no word of the ledger's
        }
        return "?";
    }

    /// All columns of all rows: "a|b;c|d", null as "-".
    [[nodiscard]] std::string rows(const std::string& sql, int columns = 1) const
    {
        sqlite::Database database(folder_ / "ledger.db", {.read_only = true});
        auto query = database.prepare(sql);
        std::string text;
        while (query.step() == SQLITE_ROW) {
            text += text.empty() ? "" : ";";
            for (int i = 0; i < columns; ++i)
                text += (i == 0 ? "" : "|") + (query.is_null(i) ? std::string("-") : std::string(query.text(i)));
        }
        return text;
    }

    std::filesystem::path folder_;
};

}  // namespace headgate::connectors
