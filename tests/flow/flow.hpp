#pragma once

#include <sqlite3.h>

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/headgate_process.hpp"
#include "tests/support/order_sender.hpp"

namespace headgate::test {

/// The first column of what a query of a ledger gives.
inline std::vector<std::string> ledger_texts(const std::string& file, const std::string& sql)
{
    std::vector<std::string> rows;
    sqlite3* database = nullptr;
    sqlite3_open_v2(file.c_str(), &database, SQLITE_OPEN_READONLY, nullptr);
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(database, sql.c_str(), -1, &statement, nullptr) != SQLITE_OK)
        ADD_FAILURE() << sqlite3_errmsg(database);
    while (statement != nullptr && sqlite3_step(statement) == SQLITE_ROW) {
        const auto* text = sqlite3_column_text(statement, 0);
        rows.emplace_back(text == nullptr ? "(null)" : reinterpret_cast<const char*>(text));
    }
    sqlite3_finalize(statement);
    sqlite3_close(database);
    return rows;
}

/// One Headgate of its own for each test, on tests/flow/config.
class FlowTest : public ::testing::Test {
protected:
    FlowTest() : headgate_({source_folder() / "tests/flow/config", folder_ / "data", {}, "127.0.0.1:0"}) {}

    void SetUp() override { ASSERT_TRUE(headgate_.start()) << headgate_.log(); }

    /// The first column of each row of the ledger.
    std::vector<std::string> ledger(const std::string& sql)
    {
        return ledger_texts((folder_ / "data/ledger.db").string(), sql);
    }

    Answer send(const std::string& channel, const Webhook& webhook)
    {
        Sender sender("/hooks/" + channel, headgate_.secret(channel));
        return sender.post(headgate_.port(), webhook);
    }

    /// One number of `verify`.
    int count(const std::string& name)
    {
        const auto state = headgate_.admin_json("/api/v1/verify");
        return state.is_object() ? state.at(name).to_number<int>() : -1;
    }

    std::string metric(const std::string& line)
    {
        const auto text = "\n" + headgate_.admin("GET", "/metrics").second;
        const auto at = text.find("\n" + line + " ");
        if (at == std::string::npos)
            return "";
        const auto start = at + line.size() + 2;
        return text.substr(start, text.find('\n', start) - start);
    }

    TemporaryFolder folder_;
    HeadgateProcess headgate_;
};

}  // namespace headgate::test
