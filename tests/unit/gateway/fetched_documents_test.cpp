// Which event is served by what was asked for when, on a clock of the test's own.

#include <optional>

#include <gtest/gtest.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include "core/clock.hpp"
#include "core/manual_time.hpp"
#include "gateway/systems/fetched_documents.hpp"

namespace headgate::gateway {

namespace {

using namespace std::chrono_literals;

class FetchedDocumentsTest : public ::testing::Test {
protected:
    using Fetched = FetchedDocuments::Fetched;

    /// One that asks for a document now; what it was given is there once it has it.
    struct Asker {
        std::optional<FetchedDocuments::Shared> given;
        [[nodiscard]] bool waits() const { return !given; }
        [[nodiscard]] bool asks() const { return given && !*given; }
        [[nodiscard]] std::string has() const
        {
            return given && *given && (*given)->document ? *(*given)->document : "";
        }
    };
    std::shared_ptr<Asker> ask(std::chrono::system_clock::time_point arrived, const std::string& target = "/a")
    {
        auto asker = std::make_shared<Asker>();
        boost::asio::co_spawn(io_, find(asker, {nullptr, target}, arrived), boost::asio::detached);
        run();
        return asker;
    }
    boost::asio::awaitable<void> find(std::shared_ptr<Asker> asker, FetchedDocuments::Key key,
                                      std::chrono::system_clock::time_point arrived)
    {
        auto finding = documents_.find(std::move(key), arrived);
        asker->given = co_await std::move(finding);
    }
    void land(Fetched fetched, const std::string& target = "/a")
    {
        documents_.landed({nullptr, target}, std::make_shared<const Fetched>(std::move(fetched)));
        run();
    }
    void run()
    {
        io_.restart();
        io_.poll();
    }
    void pass(std::chrono::nanoseconds time) { time_.set(time_.now() + time); }

    ManualTime time_;
    boost::asio::io_context io_{1};
    FetchedDocuments documents_{io_.get_executor()};
};

TEST_F(FetchedDocumentsTest, WhoeverArrivedBeforeItWasAskedForIsServedByItAndNobodyElse)
{
    const auto early = wall_now();
    pass(1s);
    EXPECT_TRUE(ask(early)->asks());
    land({std::string("first")});
    EXPECT_EQ(ask(early)->has(), "first");
    EXPECT_EQ(ask(wall_now() - 11ms)->has(), "first");
    EXPECT_TRUE(ask(early, "/b")->asks()) << "another document";

    const auto late = ask(wall_now() - 5ms);
    EXPECT_TRUE(late->asks()) << "it may have arrived behind it";
    land({std::string("second")});
    EXPECT_EQ(ask(early)->has(), "second");
}

TEST_F(FetchedDocumentsTest, AClockThatWasSetSinceServesNobody)
{
    using Instant = FetchedDocuments::Instant;
    const FetchedDocuments::WallTime noon{12h};
    const FetchedDocuments::SteadyTime begin{1h};
    const auto served = [&](FetchedDocuments::WallTime arrived, std::chrono::nanoseconds clock_was_set) {
        return FetchedDocuments::serves(Instant{noon, begin}, arrived,
                                        Instant{noon + 1min + clock_was_set, begin + 1min});
    };
    EXPECT_TRUE(served(noon - 1s, 0s));
    EXPECT_FALSE(served(noon + 1s, 0s));
    // It arrived a second behind the asking, and the clock was set back in between.
    EXPECT_FALSE(served(noon + 1s - 10s, -10s));
    EXPECT_FALSE(served(noon - 1s, 10s));
    EXPECT_TRUE(served(noon - 1s, 4ms));
    EXPECT_FALSE(served(noon - 9ms, 0s));
}

TEST_F(FetchedDocumentsTest, ThoseWhoWaitAreServedOrOneOfThemAsksForAll)
{
    const auto early = wall_now();
    pass(1s);
    const auto first = ask(wall_now());
    const auto served = ask(early);
    pass(1s);
    const auto second = ask(wall_now());
    const auto third = ask(wall_now());
    EXPECT_TRUE(first->asks() && served->waits() && second->waits() && third->waits());
    pass(1s);
    land({std::string("first")});
    EXPECT_EQ(served->has(), "first");
    EXPECT_TRUE(second->asks());
    EXPECT_TRUE(third->waits());
    land({std::string("second")});
    EXPECT_EQ(third->has(), "second");
}

TEST_F(FetchedDocumentsTest, AFailureIsHadByThoseWhoWaitAndIsForgotten)
{
    const auto early = wall_now();
    pass(1s);
    const auto first = ask(early);
    const auto second = ask(early);
    land({fail(FailureClass::throttled, "http_429", "later"), 5s});
    ASSERT_TRUE(second->given && *second->given);
    EXPECT_FALSE((*second->given)->document);
    EXPECT_EQ((*second->given)->not_before, 5s);
    EXPECT_TRUE(ask(early)->asks());
}

TEST_F(FetchedDocumentsTest, ItIsKeptForAWhileAndOfManyTheLatest)
{
    const auto early = wall_now();
    pass(1s);
    ask(early);
    land({std::string("first")});
    pass(FetchedDocuments::kept);
    EXPECT_EQ(ask(early)->has(), "first");
    pass(1s);
    EXPECT_TRUE(ask(early)->asks());
    land({std::string("again")});

    const std::string quarter(FetchedDocuments::most_bytes / 4, 'x');
    for (const char* target : {"/1", "/2", "/3", "/4"}) {
        EXPECT_TRUE(ask(early, target)->asks());
        land({quarter}, target);
    }
    EXPECT_TRUE(ask(early, "/a")->asks());
    EXPECT_TRUE(ask(early, "/1")->asks());
    EXPECT_EQ(ask(early, "/2")->has(), quarter);
    EXPECT_EQ(ask(early, "/4")->has(), quarter);

    EXPECT_TRUE(ask(early, "/large")->asks());
    land({std::string(2 * FetchedDocuments::most_bytes, 'x')}, "/large");
    EXPECT_TRUE(ask(early, "/large")->asks()) << "larger than all that is kept";
    land({fail(FailureClass::transient, "x", "y")}, "/large");
    EXPECT_EQ(ask(early, "/4")->has(), quarter) << "nothing went for it";
}

}  // namespace

}  // namespace headgate::gateway
