#include <gtest/gtest.h>

#include <filesystem>
#include <future>
#include <string>
#include <vector>

#include <stdlib.h>

#include "observability/history.hpp"

namespace headgate::observability {
namespace {

using namespace std::chrono_literals;
using Instant = std::chrono::system_clock::time_point;

constexpr Instant start{std::chrono::hours(500'000)};

EventId event_of(int n)
{
    auto number = std::to_string(n);
    number.insert(0, 12 - number.size(), '0');
    return EventId::parse("01900000-0000-7000-8000-" + number).value();
}

class LettersTest : public ::testing::Test {
protected:
    LettersTest()
    {
        std::string pattern = (std::filesystem::temp_directory_path() / "headgate-letters-XXXXXX").string();
        folder_ = ::mkdtemp(pattern.data());
        HistoryOptions options;
        options.file = folder_ / "history.db";
        store_.emplace(options);
    }
    ~LettersTest() override
    {
        store_.reset();
        std::filesystem::remove_all(folder_);
    }

    /// The nth event's letter, that many minutes after the start.
    static LetterRow letter(int n, const std::string& cause = "map/unmapped/state/shop")
    {
        LetterRow row;
        row.event = event_of(n);
        row.letter = row.event.text();
        row.at = start + std::chrono::minutes(n);
        row.due = row.at + 1h;
        row.stage = cause.substr(0, cause.find('/'));
        row.code = "unmapped";
        row.cause = cause;
        row.queue = n % 2 == 0 ? "even" : "odd";
        row.channel = "shop";
        row.type = "sales_order";
        row.entity = "order/" + std::to_string(n);
        row.order_number = "#" + std::to_string(n);
        return row;
    }
    static HistoryRow event(int n, const std::string& channel)
    {
        HistoryRow row;
        row.event = event_of(n);
        row.received_at = start + std::chrono::minutes(n);
        row.channel = channel;
        row.source = "the source";
        row.topic = "orders/create";
        row.state = "dead";
        row.frame = n;
        row.happened = "{}";
        row.body = "body";
        return row;
    }
    void write(std::vector<LettersOf> letters, std::vector<HistoryRow> rows = {})
    {
        std::promise<Result<void>> promise;
        store_->write({std::move(rows), std::move(letters)},
                      [&](Result<void> done) { promise.set_value(std::move(done)); });
        const auto done = promise.get_future().get();
        ASSERT_TRUE(done) << done.error().detail;
    }
    /// Their numbers, in order.
    std::string found(const LetterFilter& filter)
    {
        const auto page = store_->letters(filter);
        if (!page)
            return page.error().code;
        std::string numbers;
        for (const auto& row : page->letters)
            numbers += (numbers.empty() ? "" : " ") + row.order_number;
        return numbers;
    }
    /// "open/seen CAUSE" each.
    std::string causes(bool all = false)
    {
        std::string text;
        const auto rows = store_->causes(all).value();
        for (const auto& row : rows)
            text += std::to_string(row.open) + "/" + std::to_string(row.seen) + " " + row.cause + "\n";
        return text;
    }

    std::filesystem::path folder_;
    std::optional<HistoryStore> store_;
};

TEST_F(LettersTest, AreFoundByWhatPeopleKnowOfThem)
{
    for (int n = 1; n <= 5; ++n)
        write({{event_of(n), {letter(n)}}});

    EXPECT_EQ(found({}), "#5 #4 #3 #2 #1");
    EXPECT_EQ(found({.queue = "even"}), "#4 #2");
    EXPECT_EQ(found({.order_number = "#3"}), "#3");
    EXPECT_EQ(found({.entity = "order/2"}), "#2");
    EXPECT_EQ(found({.type = "sales_order", .queue = "odd"}), "#5 #3 #1");
    EXPECT_EQ(found({.type = "refund"}), "");
    EXPECT_EQ(found({.since = start + 4min}), "#5 #4");
    EXPECT_EQ(found({.until = start + 3min}), "#2 #1");
    EXPECT_EQ(found({.due_by = start + 62min}), "#2 #1");
    EXPECT_EQ(store_->count_letters({.queue = "odd"}, 100).value(), 3U);
    EXPECT_EQ(store_->count_letters({}, 4).value(), 4U) << "no further than asked";
}

TEST_F(LettersTest, APageGoesOnWhereTheOneBeforeEnded)
{
    std::vector<LettersOf> all;
    for (int n = 1; n <= 5; ++n) {
        auto one = letter(n);
        one.at = start;  // all at once
        all.push_back({event_of(n), {one}});
    }
    write(std::move(all));

    std::string seen;
    LetterFilter filter{.limit = 2};
    do {
        const auto page = store_->letters(filter).value();
        for (const auto& row : page.letters)
            seen += row.order_number;
        filter.cursor = page.next;
    } while (!filter.cursor.empty());
    EXPECT_EQ(seen, "#5#4#3#2#1");
    const auto first = store_->letters({.limit = 3}).value();
    EXPECT_EQ(found({.cursor = first.letters.at(1).cursor}), "#3 #2 #1") << "behind a row of it";
    EXPECT_EQ(found({.cursor = "nonsense"}), "bad_cursor");
    EXPECT_EQ(found({.limit = 0}), "bad_limit");
}

TEST_F(LettersTest, OfAnEventTakeThePlaceOfThoseBefore)
{
    auto of_delivery = letter(1);
    of_delivery.letter += ".00112233445566778899aabbccddeeff";
    of_delivery.system = "erp";
    of_delivery.order_number = "#1b";
    write({{event_of(1), {letter(1), of_delivery}}, {event_of(2), {letter(2)}}});
    EXPECT_EQ(found({.event = event_of(1).text()}), "#1b #1");

    write({{event_of(1), {of_delivery}}});
    EXPECT_EQ(found({}), "#2 #1b");
    write({{event_of(1), {}}});
    EXPECT_EQ(found({}), "#2");
    write({{event_of(1), {}}});
    EXPECT_EQ(found({.system = "erp"}), "");
}

TEST_F(LettersTest, CausesCountWhatIsThereAndWhatHasBeen)
{
    write({{event_of(1), {letter(1)}}, {event_of(2), {letter(2)}}, {event_of(3), {letter(3, "map/other/x/shop")}}});
    EXPECT_EQ(causes(), "2/2 map/unmapped/state/shop\n1/1 map/other/x/shop\n");

    write({{event_of(1), {letter(1)}}});  // told again
    write({{event_of(2), {}}, {event_of(3), {}}});
    EXPECT_EQ(causes(), "1/2 map/unmapped/state/shop\n");

    auto again = letter(2);
    again.at = start + 10min;
    write({{event_of(2), {again}}});
    auto otherwise = letter(1, "map/other/x/shop");
    otherwise.at = start + 11min;
    write({{event_of(1), {otherwise}}});
    EXPECT_EQ(causes(), "1/2 map/other/x/shop\n1/3 map/unmapped/state/shop\n");
    const auto rows = store_->causes(false).value();
    EXPECT_EQ(rows[0].first, start + 3min);
    EXPECT_EQ(rows[0].last, start + 11min);
    write({{event_of(1), {}}, {event_of(2), {}}});
    EXPECT_EQ(causes(), "");
    EXPECT_EQ(causes(true), "0/2 map/other/x/shop\n0/3 map/unmapped/state/shop\n");
}

TEST_F(LettersTest, ACauseIsAShareOfTheTrafficOfItsChannel)
{
    auto first = letter(1), second = letter(2, "deliver/http_422//erp"), third = letter(3, "deliver/http_422//erp");
    first.channel = second.channel = third.channel = "";
    write({{event_of(1), {first}}, {event_of(2), {second}}, {event_of(3), {third}}},
          {event(1, "shop"), event(2, "shop"), event(3, "outlet"), event(4, "outlet"), event(100, "outlet")});
    write({}, {event(1, "shop")});  // told again: no new event

    const auto rows = store_->causes(false).value();
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_EQ(rows[0].channel, "") << "of several";
    EXPECT_EQ(rows[0].events, 4U) << "all of that hour";
    EXPECT_EQ(rows[1].channel, "shop");
    EXPECT_EQ(rows[1].events, 2U);
    EXPECT_EQ(store_->letters({.channel = "outlet"})->letters.at(0).topic, "orders/create") << "as its event says";
}

TEST_F(LettersTest, OfDeliveriesAreFoundByEntityAndSystem)
{
    EXPECT_FALSE(store_->has_delivery_letters().value());
    write({{event_of(1), {letter(1)}}});
    EXPECT_FALSE(store_->has_delivery_letters().value()) << "it reached no system";
    auto of_erp = letter(2);
    of_erp.letter += ".00000000000000000000000000000001";
    of_erp.system = "erp";
    auto of_wms = letter(3);
    of_wms.letter += ".00000000000000000000000000000002";
    of_wms.system = "wms";
    of_wms.entity = of_erp.entity;
    write({{event_of(2), {of_erp}}, {event_of(3), {of_wms}}});

    EXPECT_TRUE(store_->has_delivery_letters().value());
    EXPECT_EQ(store_->delivery_letters_of({{"erp", "order/2"}, {"erp", "order/1"}, {"erp", ""}}).value(),
              (std::vector{of_erp.letter}));
    EXPECT_EQ(store_->delivery_letters_of({{"wms", "order/2"}}).value(), (std::vector{of_wms.letter}));
}

}  // namespace
}  // namespace headgate::observability
