#include <gmock/gmock.h>

#include "tests/flow/replaying.hpp"

namespace headgate::test {

namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

/// What a replay would come to, told before anything is done.
class ReplayPlan : public ReplayFlow {
protected:
    boost::json::object plan(const std::string& letter)
    {
        return headgate_->admin_json("/api/v1/dlq/" + letter + "/plan").as_object();
    }
    std::string letter_of(const std::string& event)
    {
        const auto found = headgate_->admin_json("/api/v1/dlq?event=" + event);
        return std::string(found.at("letters").at(0).at("letter").as_string());
    }
    bool change(const std::string& more)
    {
        mapping_is(std::string(right_mapping) + more);
        return headgate_->terminate() && headgate_->start();
    }
    std::string everything()
    {
        return headgate_->admin("GET", "/api/v1/dlq").second + headgate_->admin("GET", "/api/v1/unmapped").second +
               headgate_->admin("GET", "/api/v1/verify").second + std::to_string(erp_.calls().size());
    }
};

TEST_F(ReplayPlan, SaysHowManyWouldPassAndDoesNothing)
{
    ASSERT_TRUE(begin()) << headgate_->log();
    for (std::uint64_t id = 1; id <= 10; ++id)
        order(id, 1, true);
    const auto strange = order(11, 1, true, true);
    order(12, 1, false);
    ASSERT_TRUE(quiet()) << headgate_->log();
    const auto before = headgate({"replay", "plan", "--all"});
    EXPECT_EQ(before.code, 1);
    EXPECT_THAT(before.out, HasSubstr("11 letters\n  11 would be letters again\n"));
    EXPECT_THAT(before.out, HasSubstr("10 map/wrong_kind/notes/shop")) << before.out;

    ASSERT_TRUE(mend()) << headgate_->log();
    const auto state = everything();
    const auto after = headgate({"replay", "plan", "--all"});
    EXPECT_EQ(after.code, 1) << "not all of them";
    EXPECT_THAT(after.out, HasSubstr("11 letters\n  10 would go on to their system\n  1 would be letters again\n"
                                     "    1 map/unmapped/payment_state/shop\n"));
    EXPECT_EQ(headgate({"replay", "plan", "--code", "wrong_kind", "--json"}).code, 0);
    EXPECT_EQ(plan(strange).at("verdict").as_string(), "fails");
    EXPECT_EQ(plan(strange).at("code").as_string(), "unmapped");
    EXPECT_EQ(everything(), state) << "nothing comes of a plan";

    EXPECT_EQ(headgate({"replay", "plan"}).code, 2) << "which letters was not said";
    EXPECT_EQ(headgate_->admin("GET", "/api/v1/dlq/plan?limit=0").first, 400);
    EXPECT_EQ(headgate_->admin("GET", "/api/v1/dlq/00000000-0000-7000-8000-000000000000/plan").first, 404);
}

TEST_F(ReplayPlan, ShowsFieldByFieldWhatWouldBeSentOtherwise)
{
    ASSERT_TRUE(begin()) << headgate_->log();
    ASSERT_TRUE(change("")) << headgate_->log();
    erp_.next({ErpFault::refuse, ErpFault::refuse});
    const auto one = order(1, 1, true), two = order(2, 1, true);
    ASSERT_TRUE(quiet()) << headgate_->log();
    ASSERT_EQ(letters(), 2);
    EXPECT_EQ(plan(one).at("verdict").as_string(), "same") << "the ERP would be told the same again";
    EXPECT_THAT(headgate({"replay", "plan", letter_of(two)}).out, HasSubstr("1 would be sent just as they died"));

    ASSERT_TRUE(change("fields:\n  order_class: expedited\n  notes: mail to ann@example.com\n")) << headgate_->log();
    const auto changed = plan(one);
    EXPECT_EQ(changed.at("verdict").as_string(), "passes");
    const auto& delivery = changed.at("deliveries").at(0);
    EXPECT_EQ(delivery.at("system").as_string(), "erp");
    EXPECT_FALSE(delivery.at("new").as_bool());
    const auto differences = boost::json::serialize(delivery.at("differences"));
    EXPECT_THAT(differences, HasSubstr(R"({"field":"fields.notes","before":)"));
    EXPECT_THAT(differences, Not(HasSubstr("ann@example.com"))) << "masked";
    EXPECT_THAT(boost::json::serialize(
                    headgate_->admin_json("/api/v1/dlq/" + one + "/plan?reveal=true&why=a+test").at("deliveries")),
                HasSubstr("mail to ann@example.com"));
    const auto all = headgate({"replay", "plan", "--all"});
    EXPECT_EQ(all.code, 0) << all.out;
    EXPECT_THAT(all.out, HasSubstr("  sales_order fields.notes: 2\n"));

    ASSERT_EQ(headgate({"dlq", "replay", one}).code, 0);
    ASSERT_TRUE(quiet()) << headgate_->log();
    EXPECT_EQ(letters(), 1) << "as it was planned";
}

TEST_F(ReplayPlan, SaysWhenAMappingWouldMakeNewDeliveriesOfAnEvent)
{
    ASSERT_TRUE(begin()) << headgate_->log();
    ASSERT_TRUE(change("")) << headgate_->log();
    erp_.next({ErpFault::refuse});
    const auto one = order(1, 1, false);
    ASSERT_TRUE(quiet()) << headgate_->log();

    write(folder_ / "config/connectors/store/mappings/renamed.yaml",
          "extends: shopify/sales_order\ntopics: [orders/updated]\n");
    fs::remove(folder_ / "config/connectors/store/mappings/sales_order.yaml");
    auto connector_file = std::string(replay_connector);
    connector_file.replace(connector_file.find("[sales_order]"), 13, "[renamed]");
    write(folder_ / "config/connectors/store/connector.yaml", connector_file);
    ASSERT_TRUE(headgate_->terminate() && headgate_->start()) << headgate_->log();

    const auto renamed = plan(one);
    EXPECT_EQ(renamed.at("verdict").as_string(), "passes");
    EXPECT_TRUE(renamed.at("deliveries").at(0).at("new").as_bool()) << "its effect key is another one";
    EXPECT_THAT(headgate({"replay", "plan", letter_of(one)}).out, HasSubstr("1 deliveries are new"));
}

}  // namespace

}  // namespace headgate::test
