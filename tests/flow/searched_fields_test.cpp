#include <gmock/gmock.h>

#include <sstream>

#include "tests/flow/replaying.hpp"

namespace headgate::test {

namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* searched = R"(search:
  sales_order: { fields: [customer.email, lines.item.sku, totals.grand_total, payment_state] }
)";

/// Letters are found by what the deployment says that people look for.
class SearchedFieldsFlow : public ReplayFlow {
protected:
    /// Of so many lines, which are of the articles SKU-0, SKU-1 and so on.
    std::string order_of(std::uint64_t id, const std::string& email, int lines, bool strange = false)
    {
        auto body = order_body(id, 1, lines);
        body.insert(1, R"("email":")" + email + R"(",)");
        if (strange)
            body.replace(body.find(R"("paid")"), 6, R"("settled")");
        Sender sender("/hooks/shop", headgate_->secret("shop"));
        return event_of(sender.post(headgate_->port(), {"orders/updated", key_of(id, 1), body, {}}, 60).body);
    }
    /// A token of the deployment, as `headgate token add` makes it.
    std::string token(const std::string& name, const std::string& role)
    {
        const auto made =
            run_headgate({"token", "add", name, "--role", role, "--config", (folder_ / "config").string()});
        EXPECT_EQ(made.code, 0) << made.err;
        access_ += (access_.empty() ? "access:\n  tokens:\n" : "") + made.err.substr(made.err.find("    - {"));
        return made.out.substr(0, made.out.size() - 1);
    }
    /// The order numbers that are found, or what is wrong.
    std::string found(std::vector<std::string> fields)
    {
        std::vector<std::string> arguments{"dlq", "list", "--json"};
        for (auto& field : fields) {
            arguments.emplace_back("--field");
            arguments.push_back(std::move(field));
        }
        const auto result = headgate(arguments);
        if (result.code != 0)
            return result.err;
        std::string numbers;
        std::istringstream lines(result.out);
        for (std::string line; std::getline(lines, line);)
            numbers += std::string(boost::json::parse(line).at("order_number").as_string());
        return numbers;
    }

    std::string access_;
};

TEST_F(SearchedFieldsFlow, LettersAreFoundByWhatTheirTransactionsSayMadeOrNot)
{
    ASSERT_TRUE(begin(searched) && mend()) << headgate_->log();
    erp_.next({ErpFault::refuse});
    order_of(1, "maria@example.com", 2);
    ASSERT_TRUE(quiet()) << headgate_->log();
    order_of(2, "maria@example.com", 1, true);
    order_of(3, "jo@example.com", 2, true);
    ASSERT_TRUE(quiet()) << headgate_->log();
    ASSERT_EQ(letters(), 3);

    EXPECT_EQ(found({"customer.email=maria@example.com"}), "#2#1");
    EXPECT_EQ(found({"customer.email=MARIA@example.com"}), "");
    EXPECT_EQ(found({"lines.item.sku=SKU-1"}), "#3#1");
    EXPECT_EQ(found({"lines.item.sku=SKU-0", "customer.email=maria@example.com"}), "#2#1");
    EXPECT_EQ(found({"lines.item.sku=SKU-1", "customer.email=maria@example.com"}), "#1");
    EXPECT_EQ(found({"totals.grand_total=39.98"}), "#3#1") << "the amount of money";
    EXPECT_EQ(found({"payment_state=captured"}), "#1") << "it could not be made of the others";
    EXPECT_THAT(found({"customer.phone=1"}), HasSubstr("not found by a field `customer.phone`, but by customer.email"));
    EXPECT_THAT(found({"customer.email"}), HasSubstr("`field` is NAME=VALUE"));
    EXPECT_THAT(headgate_->admin("GET", "/api/v1/unmapped").second, HasSubstr(R"("total":2)"))
        << "to look for it is not to meet it";

    ASSERT_TRUE(begin_again()) << headgate_->log();
    EXPECT_EQ(found({"customer.email=maria@example.com"}), "#2#1");
    ASSERT_TRUE(headgate_->terminate());
    for (const auto* file : {"history.db", "history.db-wal", "history.db-shm"})
        fs::remove(folder_ / "data" / file);
    ASSERT_TRUE(headgate_->start()) << headgate_->log();
    EXPECT_TRUE(headgate_->wait_until_told("/api/v1/dlq?count=true", R"("count":3)", 60s)) << headgate_->log();
    EXPECT_EQ(found({"customer.email=maria@example.com"}), "#2#1") << "Redis knows them, too";

    EXPECT_EQ(headgate({"dlq", "edit", "--field", "customer.email=jo@example.com", "--set", "/financial_status=paid",
                        "--why", "so it was meant"})
                  .code,
              0);
    const auto started = headgate({"replay", "start", "--field", "customer.email=jo@example.com", "--wait", "--json"});
    ASSERT_EQ(started.code, 0) << started.err;
    ASSERT_TRUE(quiet()) << headgate_->log();
    EXPECT_EQ(found({"lines.item.sku=SKU-1"}), "#1") << "what is gone is found no more";
    const auto jobs = headgate_->admin("GET", "/api/v1/replay").second;
    EXPECT_THAT(jobs, HasSubstr("customer.email=")) << "which letters it is of";
    EXPECT_THAT(jobs, Not(HasSubstr("jo@example.com"))) << "and not whose";
}

TEST_F(SearchedFieldsFlow, WhatIsPersonalIsFoundByOperatorsAndShownToNobody)
{
    write(folder_ / "config/headgate.yaml", std::string(replay_deployment) + searched);
    const auto viewer = token("lee", "viewer"), helper = token("kim", "operator");
    ASSERT_TRUE(begin(searched + access_) && mend()) << headgate_->log();
    const auto event = order_of(1, "maria@example.com", 1, true);
    ASSERT_TRUE(quiet()) << headgate_->log();
    for (const auto* path : {"dlq", "dlq/export", "dlq/plan"}) {
        const auto target = "/api/v1/" + std::string(path) + "?field=customer.email%3Dmaria%40example.com";
        EXPECT_EQ(headgate_->admin_as(viewer, "GET", target).first, 403) << path;
        EXPECT_EQ(headgate_->admin_as(helper, "GET", target).first, 200) << path;
    }
    const auto audit = headgate_->admin("GET", "/api/v1/audit").second;
    EXPECT_THAT(audit, HasSubstr(R"("what":"GET dlq")"));
    EXPECT_THAT(audit, Not(HasSubstr("maria")));
    const auto listed = headgate_->admin("GET", "/api/v1/dlq/" + event).second;
    EXPECT_THAT(listed, HasSubstr("SKU-0"));
    EXPECT_THAT(listed, Not(HasSubstr("maria")));
}

}  // namespace

}  // namespace headgate::test
