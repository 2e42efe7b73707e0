#include <gtest/gtest.h>

#include "retry/replay_jobs.hpp"
#include "retry/waiting.hpp"
#include "slow_path.hpp"

namespace headgate::test {

namespace {

using Answer = retry::Reopened::Answer;

/// Events that have ended, once more: as a job's.
class ReopeningTest : public VerifiedSlowPathTest {
protected:
    void SetUp() override
    {
        VerifiedSlowPathTest::SetUp();
        jobs_.emplace(*redis_, scripts_);
    }
    /// Applied on the fast path, and history has it: nothing of it is left in Redis.
    std::uint64_t finished_event(std::uint64_t event)
    {
        const auto seq = accept(item_of(event, event))->seq;
        EXPECT_TRUE(finish(finished_of(event, seq)));
        archive_all();
        return seq;
    }
    void archive_all()
    {
        const auto all = frames();
        ASSERT_TRUE(loop_.await(frames_->archive(0, all.back().id)));
    }
    void begin_job(std::vector<std::uint64_t> events)
    {
        ASSERT_TRUE(loop_.await(jobs_->create(job, "{}", 10, retry::Millis(std::chrono::milliseconds(1)))));
        std::vector<retry::JobLetter> list;
        for (const auto event : events)
            list.push_back({event_of(event)});
        ASSERT_TRUE(loop_.await(jobs_->add(job, 0, list)));
        ASSERT_TRUE(loop_.await(jobs_->begin(job)));
    }
    Result<retry::Reopened> reopen(std::uint64_t event, std::uint64_t seq, std::uint64_t at)
    {
        return loop_.await(letters_->reopen(
            {event_of(event), 0, seq, 1, "by ann", envelope_of(event), "ann", R"({"to":"wms"})", job, at}));
    }
    retry::ReplayJob job_now() { return loop_.await(jobs_->show(job)).value().value(); }

    static constexpr const char* job = "abcdefgh";
    std::optional<retry::ReplayJobs> jobs_;
};

TEST_F(ReopeningTest, WhatHasEndedIsBackAtItsOldPlaceInOrderWithItsTerms)
{
    const auto seq = finished_event(1);
    finished_event(2);
    begin_job({1});

    const auto reopened = reopen(1, seq, 0);

    ASSERT_TRUE(reopened);
    EXPECT_EQ(reopened->answer, Answer::reopened);
    const auto entries = loop_.await(backlog_->load(0, 0)).value();
    ASSERT_EQ(entries.size(), 1U);
    EXPECT_EQ(entries[0].event, event_of(1));
    EXPECT_EQ(entries[0].seq, reopened->seq);
    EXPECT_EQ(entries[0].origin_seq, seq);
    EXPECT_EQ(entries[0].envelope, envelope_of(1));
    const auto known = loop_.await(retry::known_event(*redis_, scripts_, event_of(1))).value();
    EXPECT_EQ(known.round, 1U);
    EXPECT_EQ(known.terms, R"({"to":"wms"})");
    EXPECT_TRUE(known.deliveries.empty());
    EXPECT_EQ(job_now().replayed, 1U);
    EXPECT_EQ(job_now().at, 1U);
    EXPECT_EQ(finding_lines(), "");

    EXPECT_EQ(reopen(1, seq, 0)->answer, Answer::not_its_turn) << "the answer was lost and it is told again";
    ASSERT_TRUE(finish(finished_of(1, reopened->seq)));
    EXPECT_EQ(tally().accepted, 2) << "it is one event, however often it is replayed";
    EXPECT_EQ(tally().applied, 2);
    archive_all();
    EXPECT_EQ(finding_lines(), "");
}

TEST_F(ReopeningTest, WhatIsAtWorkALetterOrHasOnlyJustEndedIsLeft)
{
    const auto working = accept(item_of(1, 1))->seq;
    const auto dead = accept(item_of(2, 2))->seq;
    ASSERT_TRUE(bury(burial_of(2, dead)));
    const auto ended = accept(item_of(3, 3))->seq;
    ASSERT_TRUE(finish(finished_of(3, ended)));
    begin_job({1, 2, 3});

    EXPECT_EQ(reopen(1, working, 0)->answer, Answer::at_work);
    EXPECT_EQ(reopen(2, dead, 1)->answer, Answer::at_work);
    EXPECT_EQ(reopen(3, ended, 2)->answer, Answer::at_work) << "history has not told yet that it has it";
    EXPECT_EQ(job_now().left, 3U);
    EXPECT_EQ(tally().accepted, 3);
    EXPECT_EQ(finding_lines(), "");
}

TEST_F(ReopeningTest, AJobThatIsPausedOrElsewherePutsNothingBack)
{
    const auto seq = finished_event(1);
    const auto other = finished_event(2);
    begin_job({1, 2});
    EXPECT_EQ(reopen(2, other, 0)->answer, Answer::not_its_turn);
    EXPECT_EQ(reopen(1, seq, 1)->answer, Answer::not_its_turn);
    ASSERT_TRUE(loop_.await(jobs_->pause(job)));
    EXPECT_EQ(reopen(1, seq, 0)->answer, Answer::not_its_turn);
    EXPECT_EQ(tally().accepted, 2);
    EXPECT_TRUE(loop_.await(backlog_->load(0, 0))->empty());
}

TEST_F(ReopeningTest, TermsStayWithALetterAndAreMadeAgainWithItsDelivery)
{
    const auto seq = finished_event(1);
    begin_job({1});
    const auto reopened = reopen(1, seq, 0);
    ASSERT_TRUE(bury(burial_of(1, reopened->seq)));
    EXPECT_EQ(finding_lines(), "");

    retry::Readmission readmission{event_of(1), 1, "by ann", ""};
    readmission.made = "a stored transaction";
    const auto again = loop_.await(letters_->readmit(readmission));
    ASSERT_EQ(again->answer, retry::Readmitted::Answer::readmitted);
    auto known = loop_.await(retry::known_event(*redis_, scripts_, event_of(1))).value();
    EXPECT_EQ(known.terms, R"({"to":"wms"})") << "as they were";
    EXPECT_EQ(known.made, "a stored transaction");

    auto delivery = delivery_as(retry::DeliveryState::dead, "order/1");
    delivery.terms = "terms of its own";
    ASSERT_TRUE(place(placement_of(1, again->seq, {delivery})));
    EXPECT_EQ(field_of_delivery(id_of(1), "terms"), "terms of its own");
    ASSERT_EQ(readmit(id_of(1), 2)->answer, retry::Readmitted::Answer::readmitted);
    known = loop_.await(retry::known_event(*redis_, scripts_, event_of(1))).value();
    EXPECT_EQ(known.made, "") << "of that one replay alone";
}

}  // namespace

}  // namespace headgate::test
