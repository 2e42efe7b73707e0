#include "gateway/stored_transaction.hpp"

#include <gtest/gtest.h>

namespace headgate::gateway {

namespace {

TEST(StoredTransactionTest, IsReadAsItWasWritten)
{
    for (const Order order : {Order::latest, Order::sequence, Order::free})
        for (const auto kind : {Version::Kind::none, Version::Kind::integer, Version::Kind::time, Version::Kind::text,
                                Version::Kind::once}) {
            Transaction transaction;
            transaction.type = "order_change";
            transaction.family = "sales_order";
            transaction.order = order;
            transaction.slot = {"shop/changes", "lines[2]"};
            transaction.entity = "order/\"7\"";
            transaction.id = "change/9";
            transaction.version = {kind, "2026-01-01T00:00:00.000000001Z"};
            transaction.parents = {{"sales_order", "sales_order", "order/7"}};
            transaction.overtakes = true;
            transaction.json = R"({"amount":"19.990", "text":"é\u0001"})";
            const auto read = read_stored_transaction(text_of(StoredTransaction{"erp", transaction}));
            ASSERT_TRUE(read);
            EXPECT_EQ(read->system, "erp");
            const Transaction& got = read->transaction;
            EXPECT_EQ(got.type, transaction.type);
            EXPECT_EQ(got.family, transaction.family);
            EXPECT_EQ(got.order, order);
            EXPECT_EQ(got.slot, transaction.slot);
            EXPECT_EQ(got.entity, transaction.entity);
            EXPECT_EQ(got.id, transaction.id);
            EXPECT_EQ(got.version.kind, kind);
            EXPECT_EQ(got.version.text, transaction.version.text);
            EXPECT_EQ(got.parents, transaction.parents);
            EXPECT_TRUE(got.overtakes);
            EXPECT_EQ(got.json, transaction.json) << "to the byte";
        }
}

TEST(StoredTransactionTest, WhatIsNoneIsRefused)
{
    for (const char* text : {"", "[]", "{}", R"({"system":"erp"})", R"({"system":7})"})
        EXPECT_EQ(read_stored_transaction(text).error().code, "transaction_unreadable") << text;
}

}  // namespace

}  // namespace headgate::gateway
