#include <gmock/gmock.h>

#include <cstdlib>

#include "tests/flow/replaying.hpp"

namespace headgate::test {

namespace {

using ::testing::HasSubstr;
using ::testing::Not;

/// `headgate plan`: a changed configuration and the events that were.
class PlanFlow : public ReplayFlow {
protected:
    bool begin_right()
    {
        return begin() && mend() && ::setenv("ERP_PORT", std::to_string(erp_.port()).c_str(), 1) == 0;
    }
    CommandResult plan(std::vector<std::string> arguments = {})
    {
        arguments.insert(arguments.begin(), {"plan", "--config", (folder_ / "config").string()});
        return headgate(std::move(arguments));
    }
};

TEST_F(PlanFlow, SaysWhatAChangedMappingMakesOfTheEventsThatWere)
{
    ASSERT_TRUE(begin_right()) << headgate_->log();
    for (std::uint64_t id = 1; id <= 5; ++id)
        order(id, 1, false);
    order(6, 1, true);
    order(7, 1, true, true);
    ASSERT_TRUE(quiet()) << headgate_->log();
    const auto same = plan();
    EXPECT_EQ(same.code, 0) << same.out << same.err;
    EXPECT_EQ(same.out, "7 events\n  7 as before\n") << "a letter for the same cause is as before";

    mapping_is(std::string(right_mapping) + wrong_notes);
    const auto broken = plan();
    EXPECT_EQ(broken.code, 1);
    EXPECT_EQ(broken.out,
              "7 events\n  6 as before\n  1 broken: letters now, and not before\n    1 map/wrong_kind/notes/shop\n")
        << "what has a strange state fails for that in both";

    mapping_is(std::string(right_mapping) + "fields:\n  notes: mail to ann@example.com\n");
    const auto otherwise = plan({"--since", "1h"});
    EXPECT_EQ(otherwise.code, 1);
    EXPECT_THAT(otherwise.out, HasSubstr("6 made otherwise\n"));
    EXPECT_THAT(otherwise.out, HasSubstr("  sales_order fields.notes: 6\n"));
    EXPECT_THAT(otherwise.out, Not(HasSubstr("ann@example.com"))) << "masked";
    EXPECT_THAT(plan({"--last", "2"}).out, HasSubstr("2 events\n"));
    EXPECT_EQ(plan({"--channel", "other"}).out, "0 events\n");
    const auto lines = plan({"--json"}).out;
    EXPECT_EQ(std::ranges::count(lines, '\n'), 6);
    EXPECT_THAT(lines, HasSubstr(R"("change":"otherwise","before":"","now":"","deliveries":[{"change":"changed")"));

    ASSERT_TRUE(headgate_->terminate());
    const auto alone = plan();
    EXPECT_EQ(alone.code, 1) << "no Headgate needs to run";
    EXPECT_THAT(alone.out, HasSubstr("6 made otherwise\n"));
    EXPECT_THAT(alone.err, HasSubstr("are not counted"));
}

TEST_F(PlanFlow, WarnsOfEffectKeysThatWouldBeOthers)
{
    ASSERT_TRUE(begin_right()) << headgate_->log();
    order(1, 1, false);
    ASSERT_TRUE(quiet()) << headgate_->log();
    write(folder_ / "config/connectors/store/mappings/renamed.yaml",
          "extends: shopify/sales_order\ntopics: [orders/updated]\n");
    fs::remove(folder_ / "config/connectors/store/mappings/sales_order.yaml");
    auto connector = std::string(replay_connector);
    connector.replace(connector.find("[sales_order]"), 13, "[renamed]");
    write(folder_ / "config/connectors/store/connector.yaml", connector);

    const auto renamed = plan();
    EXPECT_EQ(renamed.code, 1);
    EXPECT_THAT(renamed.out, HasSubstr("1 sales_order to erp under other effect keys"));
    EXPECT_EQ(erp_.made().size(), 1U);
}

TEST_F(PlanFlow, CountsTheEntriesThatPeopleAdded)
{
    ASSERT_TRUE(begin_right()) << headgate_->log();
    order(1, 1, false, true);
    ASSERT_TRUE(quiet()) << headgate_->log();
    ASSERT_EQ(headgate({"vocabularies", "set", "payment_state.shopify", "settled", "captured"}).code, 0);
    mapping_is(std::string(right_mapping) + wrong_notes);
    EXPECT_EQ(plan().out, "1 events\n  1 as before\n") << "without a note; made by both, thanks to the entry";
    mapping_is(std::string(right_mapping) + "fields:\n  notes: '\"x\"'\n");
    EXPECT_THAT(plan().out, HasSubstr("1 made otherwise"));
}

TEST_F(PlanFlow, SaysWhatItCannotDo)
{
    ASSERT_TRUE(begin_right()) << headgate_->log();
    EXPECT_EQ(plan({"--since", "yesterday"}).code, 2);
    mapping_is("extends: nothing/there\n");
    EXPECT_EQ(plan().code, 78);
    mapping_is(right_mapping);
    const auto elsewhere = run_headgate(
        {"plan", "--config", (folder_ / "config").string(), "--data", (folder_ / "no-such-folder").string()});
    EXPECT_EQ(elsewhere.code, 1);
    EXPECT_THAT(elsewhere.err, HasSubstr("nothing_to_compare"));
    const auto against =
        run_headgate({"plan", "--config", (folder_ / "config").string(), "--data",
                      (folder_ / "no-such-folder").string(), "--against", (folder_ / "config").string()});
    EXPECT_EQ(against.code, 1);
    EXPECT_THAT(against.err, HasSubstr("history_unreadable"));
}

}  // namespace

}  // namespace headgate::test
