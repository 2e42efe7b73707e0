#include "retry/words.hpp"

#include <set>

#include "store.hpp"

namespace headgate::test {

/// Letters that wait for an entry of a vocabulary, and the entries that people add.
class WordsTest : public StoreTest {
protected:
    /// A letter that waits for a word, of its own channel.
    void wait_for(std::uint64_t word, std::uint64_t event)
    {
        const auto accepted = accept(item_of(event, event));
        auto burial = burial_of(event, accepted->seq);
        burial.word = awaited_of(word, channel_of(event));
        ASSERT_EQ(bury(burial), retry::BuryAnswer::buried);
    }
    void TearDown() override
    {
        EXPECT_EQ(finding_lines(), "");
        StoreTest::TearDown();
    }

    /// "word 1: 2" a line.
    std::string awaited()
    {
        std::set<std::string> lines;
        std::string cursor;
        do {
            auto page = loop_.await(retry::awaited_words(*redis_, cursor)).value();
            for (const auto& word : page.words)
                lines.insert(word.what + ": " + std::to_string(word.waiting) + "\n");
            cursor = page.next;
        } while (!cursor.empty());
        std::string text;
        for (const auto& line : lines)
            text += line;
        return text;
    }
    std::vector<retry::WaitingLetter> waiting_for(std::uint64_t word)
    {
        std::vector<retry::WaitingLetter> all;
        for (bool more = true; more;) {
            auto page = loop_
                            .await(retry::letters_waiting(*redis_, scripts_, awaited_of(word, "").key,
                                                          all.empty() ? 0 : all.back().seq))
                            .value();
            more = page.size() == retry::waiting_at_a_time;
            std::ranges::move(page, std::back_inserter(all));
        }
        return all;
    }
    retry::EntryWritten write(const std::string& word, const std::string& about)
    {
        return loop_.await(retry::write_entry(*redis_, scripts_, {"state", word, about, 0})).value();
    }
    std::string entries()
    {
        const auto stored = loop_.await(retry::stored_entries(*redis_)).value();
        auto text = std::to_string(stored.changes) + ":";
        for (const auto& entry : stored.entries)
            text += " " + entry.vocabulary + "/" + entry.word + "=" + entry.about + "@" + std::to_string(entry.changes);
        return text;
    }
};

TEST_F(WordsTest, WhatWaitsForAWordIsKnownByItUntilItIsReplayed)
{
    wait_for(1, 1);
    wait_for(1, 2);
    wait_for(2, 3);

    EXPECT_EQ(awaited(), "word 1: 2\nword 2: 1\n");
    EXPECT_EQ(loop_.await(retry::awaited_word(*redis_, awaited_of(2, "").key)).value(), "word 2");
    const auto letters = waiting_for(2);
    ASSERT_EQ(letters.size(), 1U);
    EXPECT_EQ(letters[0].event, event_of(3));
    EXPECT_EQ(letters[0].channel, channel_of(3));
    EXPECT_EQ(letters[0].round, 0U);

    const auto back = readmit(3, 0);
    ASSERT_EQ(back->answer, retry::Readmitted::Answer::readmitted);
    readmit(1, 0);

    EXPECT_EQ(awaited(), "word 1: 1\n");
    EXPECT_EQ(loop_.await(retry::awaited_word(*redis_, awaited_of(2, "").key)).value(), std::nullopt);
    EXPECT_EQ(waiting_for(2).size(), 0U);

    auto again = burial_of(3, back->seq);
    again.word = awaited_of(1, channel_of(3));
    EXPECT_EQ(bury(again), retry::BuryAnswer::buried);
    EXPECT_EQ(bury(again), retry::BuryAnswer::gone) << "said twice, written once";

    EXPECT_EQ(awaited(), "word 1: 2\n");
    const auto of_one = waiting_for(1);
    ASSERT_EQ(of_one.size(), 2U);
    EXPECT_EQ(of_one[0].event, event_of(2)) << "the oldest first, by when it came at first";
    EXPECT_EQ(of_one[1].round, 1U);
    EXPECT_EQ(of_one[1].seq, 3U);
}

TEST_F(WordsTest, ALetterThatWaitsForNothingIsNoWords)
{
    wait_for(1, 1);
    readmit(1, 0);
    const auto accepted = accept(item_of(2, 2));
    bury(burial_of(2, accepted->seq));

    EXPECT_EQ(awaited(), "");
    EXPECT_EQ(loop_.await(redis_->command({"EXISTS", "hg:words"}))->integer, 0);
}

TEST_F(WordsTest, ManyThatWaitForOneWordComeInPages)
{
    for (std::uint64_t event = 1; event <= 500; ++event)
        wait_for(1, event);

    std::set<std::string> events;
    for (const auto& letter : waiting_for(1)) {
        events.insert(raw(letter.event));
        ASSERT_EQ(loop_.await(letters_->readmit({letter.event, letter.round, "back", ""}))->answer,
                  retry::Readmitted::Answer::readmitted);
    }

    EXPECT_EQ(events.size(), 500U);
    EXPECT_EQ(awaited(), "");
}

TEST_F(WordsTest, EntriesAreAddedReplacedAndTakenBackAndEachChangeCounts)
{
    EXPECT_EQ(entries(), "0:");
    EXPECT_EQ(write("odd", "{1}").before, std::nullopt);
    EXPECT_EQ(write("even", "{2}").changes, 2U);
    const auto replaced = write("odd", "{3}");
    EXPECT_EQ(replaced.before, "{1}");
    EXPECT_EQ(replaced.changes, 3U);

    EXPECT_EQ(entries(), "3: state/even={2}@2 state/odd={3}@3");
    EXPECT_EQ(write("even", "").before, "{2}");
    EXPECT_EQ(entries(), "4: state/odd={3}@3");
    EXPECT_EQ(loop_.await(retry::entry_changes(*redis_)).value(), 4U);
}

TEST_F(WordsTest, AnEntryThatIsNoneWritesNothing)
{
    EXPECT_EQ(scripted(scripts_.entry, {"", "odd", "{}"}), "redis_error BADARG");
    EXPECT_EQ(scripted(scripts_.entry, {"state", "", "{}"}), "redis_error BADARG");
    EXPECT_EQ(scripted(scripts_.entry, {std::string("a\0b", 3), "odd", "{}"}), "redis_error BADARG");
    EXPECT_EQ(scripted(scripts_.entry, {"state", "odd"}), "redis_error BADARG");
    EXPECT_EQ(scripted(scripts_.words, {"short", "0", "1"}), "redis_error BADARG");
    ASSERT_TRUE(loop_.await(redis_->command({"SET", "hg:entries", "x"})));
    EXPECT_EQ(scripted(scripts_.entry, {"state", "odd", "{}"}), "redis_error WRONGKEY");

    EXPECT_EQ(loop_.await(retry::entry_changes(*redis_)).value(), 0U);
    ASSERT_TRUE(loop_.await(redis_->command({"DEL", "hg:entries"})));
}

}  // namespace headgate::test
