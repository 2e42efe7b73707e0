#include <atomic>
#include <barrier>
#include <thread>

#include <fmt/format.h>

#include "tests/flow/flow.hpp"

namespace headgate::test {

namespace {

using namespace std::chrono_literals;

class OrderFlow : public FlowTest {};

TEST_F(OrderFlow, ASignedOrderEndsInTheLedgerExactToTheCent)
{
    const auto answer = send("shop", {"orders/create", "evt-1", order_body(450789469, 1, 3), {}});

    ASSERT_EQ(answer.status, 200) << answer.body;
    EXPECT_EQ(event_of(answer.body).size(), 36U);
    ASSERT_TRUE(headgate_.wait_until_quiet(120s));
    EXPECT_EQ(ledger("select order_number || ' ' || currency || ' ' || grand_total from sales_order"),
              std::vector<std::string>{"#450789469 EUR 59.97"});
    EXPECT_EQ(ledger("select item_sku from sales_order_line order by position"),
              (std::vector<std::string>{"SKU-0", "SKU-1", "SKU-2"}));
    EXPECT_EQ(ledger("select typeof(grand_total) from sales_order"), std::vector<std::string>{"text"});
    const auto shown = headgate_.admin_json("/api/v1/events/" + event_of(answer.body));
    ASSERT_TRUE(shown.is_object());
    EXPECT_EQ(shown.at("state").as_string(), "applied");
    EXPECT_EQ(shown.at("order_number").as_string(), "#450789469");
    const auto [status, raw] =
        headgate_.admin("GET", "/api/v1/events/" + event_of(answer.body) + "/raw?reveal=true&why=test");
    EXPECT_EQ(raw, order_body(450789469, 1, 3));
}

TEST_F(OrderFlow, TheSameEventTwiceIsOneEffectAndIsAnsweredWithTheFirstId)
{
    const Webhook webhook{"orders/create", "evt-1", order_body(1, 1), {}};
    const auto first = send("shop", webhook);
    const auto second = send("shop", webhook);

    EXPECT_EQ(second.status, 200);
    EXPECT_EQ(event_of(second.body), event_of(first.body));
    EXPECT_NE(second.body.find("\"duplicate\":true"), std::string::npos);
    ASSERT_TRUE(headgate_.wait_until_quiet(120s));
    EXPECT_EQ(ledger("select count(*) from effect"), std::vector<std::string>{"1"});
    EXPECT_EQ(count("accepted"), 1);
}

TEST_F(OrderFlow, TwoSendersOfTheSameEventAtTheSameInstantGiveOneEffectEachTime)
{
    constexpr int times = 10'000;
    std::barrier start(2);
    std::atomic<int> refused{0};
    std::vector<std::string> ids[2];
    const auto work = [&](int number) {
        Sender sender("/hooks/shop", headgate_.secret("shop"));
        for (int i = 0; i < times; ++i) {
            const Webhook webhook{"orders/create",
                                  fmt::format("evt-{}", i),
                                  order_body(100'000 + static_cast<std::uint64_t>(i), 1, 1),
                                  {}};
            start.arrive_and_wait();
            auto answer = sender.post(headgate_.port(), webhook, 60);
            for (int again = 0; answer.status == 503 && again < 100; ++again)  // a disk that stands still for seconds
                answer = sender.post(headgate_.port(), webhook, 60);
            if (answer.status != 200 && ++refused == 1)
                ADD_FAILURE() << "round " << i << ": " << answer.status << " " << answer.body;
            ids[number].push_back(event_of(answer.body));
        }
    };
    std::thread other(work, 1);
    work(0);
    other.join();

    EXPECT_EQ(refused, 0);
    EXPECT_EQ(ids[0], ids[1]);
    ASSERT_TRUE(headgate_.wait_until_quiet(120s));
    EXPECT_EQ(count("accepted"), times);
    EXPECT_EQ(ledger("select count(*) from effect"), std::vector<std::string>{std::to_string(times)});
    EXPECT_EQ(ledger("select count(*) from sales_order"), std::vector<std::string>{std::to_string(times)});
    EXPECT_GE(std::stoi(metric("headgate_duplicate_requests_total")), times);
}

TEST_F(OrderFlow, AKnownKeyWithANewerBodyIsSeenAndAppliedByVersion)
{
    const auto first = send("shop", {"orders/updated", "evt-1", order_body(1, 1), {}});
    const auto newer = send("shop", {"orders/updated", "evt-1", order_body(1, 2, 3), {}});
    const auto again = send("shop", {"orders/updated", "evt-1", order_body(1, 2, 3), {}});
    ASSERT_TRUE(headgate_.wait_until_quiet(120s));

    EXPECT_EQ(newer.status, 200);
    EXPECT_NE(newer.body.find("\"conflict\":true"), std::string::npos);
    EXPECT_NE(event_of(newer.body), event_of(first.body));
    EXPECT_EQ(event_of(again.body), event_of(newer.body)) << "however often it comes, it is one event";
    EXPECT_EQ(ledger("select grand_total from sales_order"), std::vector<std::string>{"59.97"});
    EXPECT_EQ(metric("headgate_key_conflicts_total"), "2");
    const auto shown = headgate_.admin_json("/api/v1/events/" + event_of(newer.body));
    EXPECT_EQ(shown.at("envelope").at("conflict_of").as_string(), event_of(first.body));
}

TEST_F(OrderFlow, AKnownKeyWithAnOlderBodyIsSeenAndStale)
{
    send("shop", {"orders/updated", "evt-1", order_body(1, 5), {}});
    const auto older = send("shop", {"orders/updated", "evt-1", order_body(1, 2, 3), {}});
    ASSERT_TRUE(headgate_.wait_until_quiet(120s));

    EXPECT_EQ(older.status, 200);
    EXPECT_EQ(ledger("select grand_total from sales_order"), std::vector<std::string>{order_total()});
    const auto shown = headgate_.admin_json("/api/v1/events/" + event_of(older.body));
    EXPECT_EQ(shown.at("state").as_string(), "suppressed");
    EXPECT_EQ(shown.at("reason").as_string(), "stale");
}

TEST_F(OrderFlow, AnOlderChangeThatComesLaterNeverOverwritesANewerOne)
{
    send("shop", {"orders/updated", "evt-2", order_body(1, 9, 4), {}});
    send("shop", {"orders/updated", "evt-1", order_body(1, 3, 1), {}});
    ASSERT_TRUE(headgate_.wait_until_quiet(120s));

    EXPECT_EQ(ledger("select grand_total from sales_order"), std::vector<std::string>{"79.96"});
    EXPECT_EQ(count("suppressed"), 1);
    EXPECT_EQ(count("unaccounted"), 0);
}

TEST_F(OrderFlow, ATopicNobodyWantsIsAnsweredAndSuppressedAsFiltered)
{
    const auto unknown = send("shop", {"carts/create", "evt-1", "not even json", {}});
    const auto unwanted = send("picky", {"orders/create", "evt-2", order_body(1, 1), {}});
    ASSERT_TRUE(headgate_.wait_until_quiet(120s));

    EXPECT_EQ(unknown.status, 200);
    EXPECT_EQ(unwanted.status, 200);
    EXPECT_EQ(count("suppressed"), 2);
    EXPECT_EQ(ledger("select count(*) from effect"), std::vector<std::string>{"0"});
    EXPECT_EQ(headgate_.admin_json("/api/v1/events/" + event_of(unknown.body)).at("reason").as_string(), "filtered");
}

TEST_F(OrderFlow, AShadowChannelMapsAndDeliversNothing)
{
    const auto answer = send("watched", {"orders/create", "evt-1", order_body(1, 1), {}});
    ASSERT_TRUE(headgate_.wait_until_quiet(120s));

    EXPECT_EQ(headgate_.admin_json("/api/v1/events/" + event_of(answer.body)).at("reason").as_string(), "shadow");
    EXPECT_EQ(ledger("select count(*) from sales_order"), std::vector<std::string>{"0"});
}

TEST_F(OrderFlow, AfterTermAndRestartEverythingIsStillThereOnce)
{
    for (int i = 0; i < 200; ++i)
        ASSERT_EQ(
            send("shop",
                 {"orders/create", fmt::format("evt-{}", i), order_body(static_cast<std::uint64_t>(i) + 1, 1), {}})
                .status,
            200);
    ASSERT_TRUE(headgate_.terminate(25s));
    EXPECT_EQ(headgate_.exit_code(), 0);
    EXPECT_EQ(headgate_.redis_pid(), 0) << "its Redis goes with it";
    ASSERT_TRUE(headgate_.start());
    ASSERT_TRUE(headgate_.wait_until_quiet(120s));

    const auto again = send("shop", {"orders/create", "evt-7", order_body(8, 1), {}});
    EXPECT_NE(again.body.find("\"duplicate\":true"), std::string::npos);
    EXPECT_EQ(count("accepted"), 200);
    EXPECT_EQ(count("applied"), 200);
    EXPECT_EQ(ledger("select count(*) from sales_order"), std::vector<std::string>{"200"});
}

}  // namespace

}  // namespace headgate::test
