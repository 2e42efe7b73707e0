#include <algorithm>

#include "core/clock.hpp"
#include "retry/sequence.hpp"
#include "store.hpp"

namespace headgate::test {

using retry::BuryAnswer;
using retry::Claim;
using retry::FinishAnswer;
using retry::FrameState;
using retry::Readmitted;

TEST_F(StoreTest, TellsAcceptedRepeatedDuplicateAndConflictApart)
{
    auto first = accept(item_of(1, 10));
    auto repeated = accept(item_of(1, 10));
    auto duplicate = accept(item_of(2, 10));
    auto conflict = accept(item_of(3, 10, 0, 99));

    EXPECT_EQ(first->claim, Claim::accepted);
    EXPECT_EQ(first->seq, 1U);
    EXPECT_EQ(first->ordinal, 1U);
    EXPECT_EQ(repeated->claim, Claim::accepted);
    EXPECT_EQ(repeated->seq, 1U);
    EXPECT_EQ(repeated->ordinal, 1U);
    EXPECT_EQ(duplicate->claim, Claim::duplicate);
    EXPECT_EQ(duplicate->event, event_of(1));
    EXPECT_EQ(conflict->claim, Claim::conflict);
    EXPECT_EQ(conflict->event, event_of(1));
    EXPECT_EQ(tally().accepted, 1);
    EXPECT_EQ(tally().backlog, 1);
}

TEST_F(StoreTest, AcceptsWhatIsReadyTogetherInFewCallsAndInOrder)
{
    command({"CONFIG", "RESETSTAT"});
    std::vector<Task<retry::AcceptAnswer>> tasks;
    for (std::uint64_t i = 0; i < 300; ++i)
        tasks.push_back(inbox_->accept(item_of(i, i / 2)));

    auto answers = loop_.await_all(std::move(tasks));

    for (std::uint64_t i = 0; i < 300; ++i) {
        EXPECT_EQ(answers[i]->claim, i % 2 == 0 ? Claim::accepted : Claim::duplicate);
        EXPECT_EQ(answers[i]->seq, i / 2 + 1);
        EXPECT_EQ(answers[i]->ordinal, i / 2 + 1);
    }
    auto stats = text({"INFO", "commandstats"});
    EXPECT_NE(stats.find("cmdstat_evalsha:calls=6,"), std::string::npos) << stats;  // 3, each again after NOSCRIPT
}

// One key of another type, as a hand at the wrong Redis leaves it, holds up its own event only.
TEST_F(StoreTest, ABadKeyFailsItsOwnItemAndNotItsNeighbours)
{
    command({"SADD", retry::event_key("b", event_of(2)), "not a body"});
    std::vector<Task<retry::AcceptAnswer>> tasks;
    for (std::uint64_t i = 1; i <= 3; ++i)
        tasks.push_back(inbox_->accept(item_of(i, i)));

    auto answers = loop_.await_all(std::move(tasks));

    ASSERT_FALSE(answers[1]);
    EXPECT_EQ(answers[1].error().code, "redis_error");
    for (const std::size_t fine : {0U, 2U}) {
        ASSERT_TRUE(answers[fine]) << fine;
        EXPECT_EQ(answers[fine]->claim, Claim::accepted);
    }
    EXPECT_EQ(tally().accepted, 2);
    EXPECT_EQ(tally().backlog, 2);
}

TEST_F(StoreTest, TheAcceptSequenceIsRaisedAndNeverGoesBack)
{
    accept(item_of(1, 1));
    EXPECT_EQ(loop_.await(retry::accept_sequence(*redis_, scripts_, 0)), 1U);
    EXPECT_EQ(loop_.await(retry::accept_sequence(*redis_, scripts_, 500)), 500U);
    EXPECT_EQ(loop_.await(retry::accept_sequence(*redis_, scripts_, 7)), 500U);

    EXPECT_EQ(accept(item_of(2, 2))->seq, 501U);
    EXPECT_EQ(finding_lines(), "");
}

TEST_F(StoreTest, SendsAnItemAboveAMegabyteAlone)
{
    std::vector<Task<retry::AcceptAnswer>> tasks;
    for (std::uint64_t i = 0; i < 3; ++i) {
        auto item = item_of(i, i);
        item.envelope.assign(1'500'000, 'x');
        tasks.push_back(inbox_->accept(std::move(item)));
    }

    auto answers = loop_.await_all(std::move(tasks));

    EXPECT_EQ(answers[2]->claim, Claim::accepted);
    EXPECT_EQ(number({"STRLEN", retry::event_key("b", event_of(2))}), 1'500'000);
}

TEST_F(StoreTest, NeverAcceptsAnEventThatIsStillHereAfterItsWindow)
{
    accept(item_of(1, 10));
    command({"DEL", "hg:i:" + std::string(view(item_of(1, 10).key))});

    auto again = accept(item_of(1, 10));

    EXPECT_EQ(again->claim, Claim::duplicate);
    EXPECT_EQ(again->event, event_of(1));
    EXPECT_EQ(again->seq, 0U);
    EXPECT_EQ(tally().accepted, 1);
}

TEST_F(StoreTest, FailsWhatHasNotLeftWhenTheInboxGoes)
{
    std::optional<Result<retry::AcceptAnswer>> answer;
    asio::co_spawn(loop_.context, inbox_->accept(item_of(1, 1)),
                   [&](const std::exception_ptr&, Result<retry::AcceptAnswer> got) { answer = std::move(got); });
    while (loop_.context.poll_one() == 0 && !answer)
        ;
    inbox_.reset();
    loop_.run_until([&] { return answer.has_value(); });

    EXPECT_EQ(answer->error().code, "redis_unavailable");
}

TEST_F(StoreTest, LoadsTheBacklogInOrderWithBodies)
{
    for (std::uint64_t i = 1; i <= 5; ++i)
        accept(item_of(i, i));
    command({"DEL", retry::event_key("b", event_of(4))});

    auto entries = loop_.await(backlog_->load(0, 2, 10));

    ASSERT_TRUE(entries);
    ASSERT_EQ(entries->size(), 3U);
    EXPECT_EQ((*entries)[0].event, event_of(3));
    EXPECT_EQ((*entries)[0].seq, 3U);
    EXPECT_EQ((*entries)[0].origin_seq, 3U);
    EXPECT_EQ((*entries)[0].envelope, "envelope of 3");
    EXPECT_FALSE((*entries)[1].envelope);
}

TEST_F(StoreTest, LoadsLargeBodiesInSeveralAnswers)
{
    std::size_t sizes[]{10, 10, 3'000'000, 3'000'000, 5'000'000, 10};
    for (std::uint64_t i = 1; i <= 6; ++i) {
        auto item = item_of(i, i);
        item.envelope.assign(sizes[i - 1], static_cast<char>('a' + i));
        accept(std::move(item));
    }
    command({"DEL", retry::event_key("b", event_of(6))});
    command({"LPUSH", retry::event_key("b", event_of(6)), "no string"});
    command({"CONFIG", "RESETSTAT"});

    auto entries = loop_.await(backlog_->load(0, 0)).value();

    ASSERT_EQ(entries.size(), 6U);
    for (std::uint64_t i = 1; i <= 5; ++i)
        EXPECT_TRUE(entries[i - 1].envelope == std::string(sizes[i - 1], static_cast<char>('a' + i))) << i;
    EXPECT_FALSE(entries[5].envelope);
    auto stats = text({"INFO", "commandstats"});
    EXPECT_NE(stats.find("cmdstat_mget:calls=4,"), std::string::npos) << stats;
}

TEST_F(StoreTest, LeavesAnotherEventAloneThatHasTheSameSeqAfterALoss)
{
    accept(item_of(1, 1));
    auto claim = "hg:i:" + std::string(view(item_of(1, 1).key));
    // As a Redis that has lost its last second.
    command({"DEL", "hg:seq", "hg:in:0", claim, retry::event_key("b", event_of(1))});
    command({"HDEL", "hg:P:0", "accepted"});
    EXPECT_EQ(accept(item_of(2, 2))->seq, 1U);
    auto before = digest();

    EXPECT_EQ(finish(finished_of(1, 1)), FinishAnswer::gone);
    EXPECT_EQ(bury(burial_of(1, 1)), BuryAnswer::gone);

    EXPECT_EQ(digest(), before);
    EXPECT_EQ(finish(finished_of(2, 1)), FinishAnswer::finished);
}

TEST_F(StoreTest, FinishesAnEventOnceThatComesTwiceInOneCall)
{
    accept(item_of(1, 1));
    std::vector<Task<FinishAnswer>> tasks;
    for (int i = 0; i < 2; ++i)
        tasks.push_back(backlog_->finish(finished_of(1, 1)));

    auto answers = loop_.await_all(std::move(tasks));

    EXPECT_EQ(answers[0], FinishAnswer::finished);
    EXPECT_EQ(answers[1], FinishAnswer::gone);
    EXPECT_EQ(tally().unaccounted(), 0);
}

TEST_F(StoreTest, ArchivesNothingWhenTheFrameIsLost)
{
    accept(item_of(1, 1));
    finish(finished_of(1, 1));
    auto committed = frames().at(0).id;
    accept(item_of(2, 2));
    command({"DEL", "hg:hist:0"});  // Redis lost its last second, and its clock, or the replica's, is behind
    command({"XADD", "hg:hist:0", "1-0", "e", raw(event_of(2)), "s", "a", "r", "0", "f", "frame"});
    auto before = digest();

    EXPECT_EQ(loop_.await(frames_->archive(0, committed)), 0U);

    EXPECT_EQ(digest(), before);
}

TEST_F(StoreTest, NeverTakesTheHighWaterMarkBack)
{
    EXPECT_TRUE(loop_.await(backlog_->reserve({{3, 100}, {4, 50}, {3, 90}})));
    EXPECT_TRUE(loop_.await(backlog_->reserve({{3, 10}})));

    EXPECT_EQ(tally(3).high_water, 100U);
    EXPECT_EQ(tally(4).high_water, 50U);
}

TEST_F(StoreTest, FinishesOnceAndKeepsTheBodyUntilItIsArchived)
{
    accept(item_of(1, 1));
    auto first = finish(finished_of(1, 1));
    auto again = finish(finished_of(1, 1));
    auto written = frames();

    EXPECT_EQ(first, FinishAnswer::finished);
    EXPECT_EQ(again, FinishAnswer::gone);
    ASSERT_EQ(written.size(), 1U);
    EXPECT_EQ(written[0].event, event_of(1));
    EXPECT_EQ(written[0].state, FrameState::applied);
    EXPECT_EQ(written[0].bytes, "frame");
    EXPECT_EQ(tally().applied, 1);
    EXPECT_EQ(tally().d_created, 3);
    EXPECT_EQ(number({"EXISTS", retry::event_key("b", event_of(1))}), 1);
    EXPECT_EQ(finding_lines(), "");

    EXPECT_EQ(loop_.await(frames_->archive(0, written[0].id)), 1U);
    EXPECT_EQ(loop_.await(frames_->archive(0, written[0].id)), 0U);
    EXPECT_EQ(number({"EXISTS", retry::event_key("b", event_of(1))}), 0);
    EXPECT_EQ(tally().frames, 0);
}

TEST_F(StoreTest, ArchivesMoreThanOnePageInOneCall)
{
    std::vector<Task<retry::AcceptAnswer>> accepts;
    std::vector<Task<FinishAnswer>> finishes;
    for (std::uint64_t i = 1; i <= 300; ++i) {
        accepts.push_back(inbox_->accept(item_of(i, i)));
        finishes.push_back(backlog_->finish(finished_of(i, i)));
    }
    loop_.await_all(std::move(accepts));
    loop_.await_all(std::move(finishes));
    auto first = loop_.await(frames_->read(0, "", 128)).value();
    auto second = loop_.await(frames_->read(0, first.back().id, 128)).value();
    auto third = loop_.await(frames_->read(0, second.back().id, 128)).value();

    EXPECT_EQ(loop_.await(frames_->archive(0, third[10].id)), 128U + 128U + 11U);

    EXPECT_EQ(tally().frames, 300 - 267);
    EXPECT_EQ(finding_lines(), "");
}

TEST_F(StoreTest, GuardsGrowByVersionElseByArrival)
{
    auto key = retry::guard_hash("erp", "order", "order/1");
    auto write = [&](std::uint64_t seq, Version version) {
        accept(item_of(seq, seq));
        auto finished = finished_of(seq, seq);
        retry::Guard guard;
        guard.version = retry::ordered_version(version);
        guard.seq = seq;
        guard.target_id = "SO-" + std::to_string(seq);
        finished.guards.push_back({key, guard});
        finish(std::move(finished));
        return loop_.await(backlog_->guards({key})).value()[0]->target_id;
    };

    EXPECT_EQ(write(1, {Version::Kind::integer, "9"}), "SO-1");
    EXPECT_EQ(write(2, {Version::Kind::integer, "10"}), "SO-2");
    EXPECT_EQ(write(3, {Version::Kind::integer, "-11"}), "SO-2");
    EXPECT_EQ(write(4, {Version::Kind::none, ""}), "SO-4");
    EXPECT_GT(number({"TTL", "hg:g:" + std::string(view(key))}), 7'775'000);
}

TEST_F(StoreTest, BuriesAnEventAndShowsItsLetter)
{
    accept(item_of(1, 1, 5));
    auto imported = burial_of(1, 1, 5);
    imported.who = "kim";
    EXPECT_EQ(bury(imported), BuryAnswer::buried);
    EXPECT_EQ(bury(burial_of(1, 1, 5)), BuryAnswer::gone);
    EXPECT_EQ(text({"HGET", retry::event_key("e", event_of(1)), "by"}), "kim");
    EXPECT_EQ(finish(finished_of(1, 1, 5)), FinishAnswer::in_open);

    auto letter = loop_.await(letters_->show(event_of(1))).value();

    ASSERT_TRUE(letter);
    EXPECT_EQ(letter->partition, 5);
    EXPECT_EQ(letter->stage, "map");
    EXPECT_EQ(letter->code, "missing_required");
    EXPECT_EQ(letter->failure_class, FailureClass::permanent);
    EXPECT_EQ(letter->where.document, "/total");
    EXPECT_EQ(letter->where.config, "orders.yaml:3:7");
    EXPECT_EQ(letter->queue, "finance");
    EXPECT_EQ(letter->due.time_since_epoch(), 1'700'000'000'123ms);
    EXPECT_EQ(letter->config, 7U);
    EXPECT_EQ(letter->attempts, 2U);
    EXPECT_EQ(letter->round, 0U);
    EXPECT_EQ(letter->seq, 1U);
    EXPECT_GT(letter->at.time_since_epoch(), 1'600'000'000'000ms);
    EXPECT_EQ(frames(5).at(0).state, FrameState::dead);
    EXPECT_EQ(tally(5).dead, 1);
    EXPECT_EQ(finding_lines(), "");
    EXPECT_FALSE(loop_.await(letters_->show(event_of(2))).value());
}

TEST_F(StoreTest, ReadmitsALetterOnceHoweverManyAskForIt)
{
    accept(item_of(1, 1));
    bury(burial_of(1, 1));
    std::vector<Task<Readmitted>> tasks;
    for (int i = 0; i < 2; ++i)
        tasks.push_back(letters_->readmit({event_of(1), 0, "by ann", ""}));

    auto answers = loop_.await_all(std::move(tasks));
    auto entries = loop_.await(backlog_->load(0, 0)).value();

    EXPECT_EQ(answers[0]->answer, Readmitted::Answer::readmitted);
    EXPECT_EQ(answers[0]->seq, 2U);
    EXPECT_EQ(answers[1]->answer, Readmitted::Answer::gone);
    ASSERT_EQ(entries.size(), 1U);
    EXPECT_EQ(entries[0].seq, 2U);
    EXPECT_EQ(entries[0].origin_seq, 1U);
    EXPECT_EQ(entries[0].envelope, "envelope of 1");
    EXPECT_EQ(tally().accepted, 1);
    EXPECT_EQ(tally().cause_sum, 0);
    EXPECT_EQ(finding_lines(), "");
}

TEST_F(StoreTest, KeepsOriginAndRoundThroughASecondDeath)
{
    accept(item_of(1, 1));
    bury(burial_of(1, 1));
    readmit(1, 0);
    bury(burial_of(1, 2));

    EXPECT_EQ(readmit(1, 0)->answer, Readmitted::Answer::changed);
    auto letter = loop_.await(letters_->show(event_of(1))).value();
    EXPECT_EQ(letter->round, 1U);
    EXPECT_EQ(letter->seq, 1U);
    EXPECT_EQ(readmit(1, 1)->answer, Readmitted::Answer::readmitted);
    EXPECT_EQ(finish(finished_of(1, 3)), FinishAnswer::finished);

    auto written = frames();
    ASSERT_EQ(written.size(), 5U);
    EXPECT_EQ(written.back().round, 2U);
    loop_.await(frames_->archive(0, written.back().id));
    EXPECT_EQ(number({"EXISTS", retry::event_key("b", event_of(1)), retry::event_key("e", event_of(1))}), 0);
    EXPECT_EQ(tally().unaccounted(), 0);
}

TEST_F(StoreTest, TakesABodyBackFromHistoryWhenALetterIsReadmitted)
{
    accept(item_of(1, 1));
    bury(burial_of(1, 1));
    command({"DEL", retry::event_key("b", event_of(1))});
    command({"HSET", retry::event_key("e", event_of(1)), "body", "history"});
    command({"HDEL", retry::event_key("e", event_of(1)), "kept"});
    EXPECT_EQ(finding_lines(), "");

    EXPECT_EQ(readmit(1, 0)->answer, Readmitted::Answer::body_in_history);
    retry::Readmission with_body{event_of(1), 0, "by ann", "from history"};
    EXPECT_EQ(loop_.await(letters_->readmit(with_body))->answer, Readmitted::Answer::readmitted);

    EXPECT_EQ(loop_.await(backlog_->load(0, 0)).value().at(0).envelope, "from history");
    EXPECT_EQ(finding_lines(), "");
}

TEST_F(StoreTest, ListsEveryLetterOnceEvenWhenTheLastSeenIsGone)
{
    for (std::uint64_t i = 1; i <= 10; ++i) {
        auto partition = static_cast<Partition>(i % 2 == 0 ? 9 : 63);
        accept(item_of(i, i, partition));
        bury(burial_of(i, i, partition));
    }
    std::vector<EventId> seen;
    std::optional<retry::LetterCursor> cursor{retry::LetterCursor{}};
    while (cursor) {
        auto page = loop_.await(letters_->list(*cursor, 2)).value();
        for (const auto& letter : page.letters)
            if (std::ranges::find(seen, letter.event) == seen.end())
                seen.push_back(letter.event);
        cursor = page.next;
        if (seen.size() == 2)
            loop_.await(letters_->readmit({seen.back(), 0, "", ""}));
    }

    EXPECT_EQ(seen.size(), 10U);
}

TEST_F(StoreTest, ListsOnFromWhereItWasWhenTheLastSeenDiedAnew)
{
    for (std::uint64_t i = 1; i <= 5; ++i) {
        accept(item_of(i, i));
        bury(burial_of(i, i));
        command({"ZADD", "hg:dead:0", std::to_string(1'700'000'000'000 + i / 4), raw(event_of(i))});
    }
    auto page = loop_.await(letters_->list({}, 2)).value();
    ASSERT_EQ(page.letters.at(1).event, event_of(2));
    readmit(2, 0);
    bury(burial_of(2, 6));

    std::vector<EventId> rest;
    while (page.next) {
        page = loop_.await(letters_->list(*page.next, 2)).value();
        for (const auto& letter : page.letters)
            rest.push_back(letter.event);
    }

    for (std::uint64_t i : {3, 4, 5, 2})
        EXPECT_EQ(std::ranges::count(rest, event_of(i)), 1) << i;
}

TEST_F(StoreTest, KeepsEveryOwnerScriptFromWritingWithoutTheLease)
{
    accept(item_of(1, 1));
    finish(finished_of(1, 1));
    accept(item_of(2, 2));
    retry::LeaseConfig short_lived;
    short_lived.ttl = 1ms;
    retry::Lease other(*redis_, scripts_, short_lived);
    retry::Backlog theirs(*redis_, scripts_, other);
    retry::Frames their_frames(*redis_, scripts_, other);
    EXPECT_TRUE(loop_.await(other.acquire()).value().none());
    auto before = digest();

    EXPECT_EQ(loop_.await(theirs.reserve({{0, 9}})).error().code, "lease_lost");
    EXPECT_EQ(loop_.await(theirs.finish(finished_of(2, 2))).error().code, "lease_lost");
    EXPECT_EQ(loop_.await(theirs.bury(burial_of(2, 2))).error().code, "lease_lost");
    EXPECT_EQ(loop_.await(their_frames.archive(0, "99999999999999-0")).error().code, "lease_lost");
    EXPECT_EQ(digest(), before);
}

TEST_F(StoreTest, LetsALeaseLapseByRedisTimeAndAnotherTakeIt)
{
    loop_.await(backlog_->reserve({{7, 70}}));
    loop_.await(lease_->release());
    retry::LeaseConfig short_lived;
    short_lived.ttl = 1ms;
    retry::Lease brief(*redis_, scripts_, short_lived);
    auto before = boottime_ns();
    EXPECT_TRUE(loop_.await(brief.acquire()).value().all());
    EXPECT_GE(brief.valid_until(), before + 1'000'000);
    EXPECT_LE(brief.valid_until(), boottime_ns() + 1'000'000);
    auto until = std::stoll(text({"HGET", "hg:P:0", "until"}));
    auto now = [&] {
        return number({"EVAL", "local t = redis.call('TIME') return t[1] * 1000 + math.floor(t[2] / 1000)", "0"});
    };
    while (now() <= until)
        ;
    retry::Backlog late(*redis_, scripts_, brief);
    EXPECT_EQ(loop_.await(late.reserve({{7, 71}})).error().code, "lease_lost");

    auto old_token = lease_->token();
    EXPECT_TRUE(loop_.await(lease_->acquire()).value().all());

    EXPECT_NE(lease_->token(), old_token);
    EXPECT_EQ(lease_->high_water(7), 70U);
    EXPECT_TRUE(loop_.await(brief.renew()).value().none());
    EXPECT_TRUE(loop_.await(lease_->renew()).value().all());
}

TEST_F(StoreTest, FreesWhatADeadProcessHeldByItsToken)
{
    retry::Lease restarted(*redis_, scripts_);
    EXPECT_TRUE(loop_.await(restarted.acquire()).value().none());

    EXPECT_TRUE(loop_.await(restarted.release(lease_->token())).value().all());

    EXPECT_TRUE(loop_.await(restarted.acquire()).value().all());
}

TEST_F(StoreTest, VerifyNamesEachBrokenInvariant)
{
    accept(item_of(1, 1, 1));
    accept(item_of(2, 2, 2));
    bury(burial_of(2, 2, 2));
    command({"HINCRBY", "hg:P:0", "accepted", "1"});
    command({"DEL", retry::event_key("b", event_of(1))});
    command({"ZREM", "hg:dead:2", raw(event_of(2))});
    command({"ZADD", "hg:dead:3", "1", raw(event_of(3))});

    auto lines = finding_lines();

    EXPECT_NE(lines.find("I1 p0: 1 accepted"), std::string::npos) << lines;
    auto told = [&](const char* code, std::uint64_t event, const char* words) {
        return lines.find(code + (": event " + event_of(event).text()) + " " + words) != std::string::npos;
    };
    EXPECT_TRUE(told("I3 p1", 1, "is in the backlog without a body")) << lines;
    EXPECT_TRUE(told("I2 p2", 2, "is open and in no set")) << lines;
    EXPECT_TRUE(told("I2 p3", 3, "is dead and not open")) << lines;
    EXPECT_TRUE(told("I8 p3", 3, "is dead without its letter")) << lines;
    EXPECT_EQ(retry::unaccounted(loop_.await(retry::tally_all(*redis_, scripts_)).value()), 1);
}

TEST_F(StoreTest, RefusesAnAcceptBehindItsStreamWithoutWritingHalf)
{
    command({"XADD", "hg:in:0", "5-0", "e", "x"});
    command({"XDEL", "hg:in:0", "5-0"});

    auto answer = accept(item_of(1, 1));

    ASSERT_FALSE(answer);
    auto claim = "hg:i:" + std::string(view(item_of(1, 1).key));
    EXPECT_EQ(number({"EXISTS", retry::event_key("b", event_of(1)), claim}), 0);
    EXPECT_EQ(tally().accepted, 0);
}

}  // namespace headgate::test
