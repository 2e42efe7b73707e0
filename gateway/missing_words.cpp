#include "gateway/missing_words.hpp"

#include <algorithm>
#include <utility>

#include "core/clock.hpp"
#include "core/fault_point.hpp"
#include "core/give_way.hpp"
#include "gateway/added_entries.hpp"
#include "gateway/missing.hpp"
#include "gateway/stages/finish.hpp"
#include "net/redis/wait_for.hpp"

namespace headgate::gateway {

namespace {

constexpr int ticks_between_tries = 20;   // a second
constexpr int ticks_between_looks = 600;  // for entries that nobody here was told of: half a minute

}  // namespace

MissingWords::MissingWords(Dependencies dependencies)
    : with_(std::move(dependencies)),
      letters_(with_.redis, with_.scripts)
{}

void MissingWords::begin()
{
    begun_ = true;
    without_body_.clear();
    look();
}

void MissingWords::forget()
{
    ++epoch_;
    begun_ = looking_ = failed_ = false;
    if (std::exchange(wanted_, false) || !hearing_.empty())
        look();  // who waits to be heard is
}

void MissingWords::look(Heard heard)
{
    if (heard)
        hearing_.push_back(std::move(heard));
    wanted_ = true;
    if (!std::exchange(looking_, true))
        with_.spawn(look_now(epoch_));
}

void MissingWords::awaits(const Event& event, const mapping::MissedWord& missed)
{
    const auto* table = with_.configuration.vocabularies.find(missed.vocabulary);
    if (table != nullptr && table->has(missed, event.envelope.channel))
        look();
}

void MissingWords::tick()
{
    ++ticks_;
    if (failed_ && ticks_ % ticks_between_tries == 0 && begun_)
        look();
    else if (begun_ && ticks_ % ticks_between_looks == 0)
        with_.spawn(look_for_changes(epoch_));
}

/// Another process's admin API may have written some.
asio::awaitable<void> MissingWords::look_for_changes(std::uint64_t epoch)
{
    const auto changes = co_await retry::entry_changes(with_.redis);
    if (epoch == epoch_ && changes && *changes != with_.configuration.vocabularies.added().changes())
        look();
}

asio::awaitable<void> MissingWords::look_now(std::uint64_t epoch)
{
    while (std::exchange(wanted_, false)) {
        auto hearing = std::exchange(hearing_, {});
        auto reading = read_entries(with_.redis, with_.configuration, with_.health);
        auto done = co_await std::move(reading);
        for (auto& heard : hearing)
            heard();
        if (epoch != epoch_)
            co_return;
        if (done && begun_) {
            auto releasing = release_what_has_come(epoch);
            done = co_await std::move(releasing);
            if (epoch != epoch_)
                co_return;
        }
        failed_ = !done;
    }
    looking_ = false;
}

bool MissingWords::has_come(const mapping::Vocabulary& table, const mapping::MissedWord& missed) const
{
    return table.has(missed, {}) ||
           std::ranges::any_of(table.overlays, [&](const auto& own) { return table.has(missed, own.first); });
}

Task<void> MissingWords::release_what_has_come(std::uint64_t epoch)
{
    std::string cursor;
    do {
        auto page = co_await retry::awaited_words(with_.redis, std::move(cursor));
        if (!page)
            co_return std::unexpected(page.error());
        for (const auto& word : page->words) {
            const auto text = read_missing(word.what);
            auto missed = text ? missed_word(*text) : std::nullopt;
            const auto* table = missed ? with_.configuration.vocabularies.find(missed->vocabulary) : nullptr;
            if (table == nullptr || !has_come(*table, *missed))
                continue;
            auto releasing = release(word.key, *table, std::move(*missed), epoch);
            const auto released = co_await std::move(releasing);
            if (!released || epoch != epoch_ || wanted_)
                co_return released;  // who asked meanwhile is heard first, and then it begins again
        }
        cursor = std::move(page->next);
    } while (!cursor.empty() && epoch == epoch_);
    co_return Result<void>();
}

Task<std::string> MissingWords::who_added(const mapping::MissedWord& missed)
{
    const auto stored = co_await retry::stored_entries(with_.redis);
    if (!stored)
        co_return std::unexpected(stored.error());
    for (const auto& entry : stored->entries) {
        const auto note = entry.vocabulary == missed.vocabulary ? read_note(entry.about) : std::nullopt;
        const bool is_code = missed.asked == mapping::MissedWord::Asked::code;
        if (note && (is_code ? note->value : entry.word) == missed.word)
            co_return note->who;
    }
    co_return std::string();
}

Task<void> MissingWords::release(Hash16 key, const mapping::Vocabulary& table, mapping::MissedWord missed,
                                 std::uint64_t epoch)
{
    std::size_t count = 0;
    std::size_t without_body = 0;
    Result<void> done;
    auto asking = who_added(missed);
    auto who = co_await std::move(asking);
    if (!who)
        co_return std::unexpected(who.error());
    const Cause cause{"the vocabulary " + table.name + " has what it waited for", std::move(*who)};
    std::uint64_t after = 0;
    bool more = true;
    do {
        auto waiting = co_await retry::letters_waiting(with_.redis, with_.scripts, key, after);
        if (!waiting) {
            done = std::unexpected(waiting.error());
            break;
        }
        if (epoch != epoch_)
            break;
        more = waiting->size() == retry::waiting_at_a_time;
        after = waiting->empty() ? after : waiting->back().seq;
        // Another channel's own entries may have it, and then they alone.
        std::erase_if(*waiting, [&](const auto& letter) { return !table.has(missed, letter.channel); });
        auto readmitting = readmit(std::move(*waiting), cause);
        auto back = co_await std::move(readmitting);
        count += back.count;
        without_body += back.without_body;
        done = std::move(back.done);
        let_others_go();
    } while (more && done && epoch == epoch_ && !wanted_);
    if (done && !more)
        tell_without_body(key, table.name, without_body);
    if (count > 0)
        with_.log.info("letters go back to work: what they waited for is there",
                       observability::LogLine{}.field("vocabulary", table.name).field("letters", count));
    co_return done;
}

/// They wait on, and each look finds them again.
void MissingWords::tell_without_body(Hash16 key, const std::string& vocabulary, std::size_t letters)
{
    if (letters == 0) {
        without_body_.erase(key);
        return;
    }
    if (std::exchange(without_body_[key], letters) != letters)
        with_.log.warn("letters cannot go back to work: neither Redis nor history has their bodies any more",
                       observability::LogLine{}.field("vocabulary", vocabulary).field("letters", letters));
}

/// All of a page leave for Redis together, in their order.
asio::awaitable<MissingWords::Back> MissingWords::readmit(std::vector<retry::WaitingLetter> letters, Cause cause)
{
    if (letters.empty())
        co_return Back{};
    auto page = std::make_shared<Page>();
    page->left = letters.size();
    auto start = [&](std::move_only_function<void(Back)> done) {
        page->done = std::move(done);
        for (auto& letter : letters)
            with_.spawn(readmit(std::move(letter), cause, page));
    };
    auto waiting = net::wait_for<Back>(std::move(start));
    co_return co_await std::move(waiting);
}

asio::awaitable<void> MissingWords::readmit(retry::WaitingLetter letter, Cause cause, std::shared_ptr<Page> page)
{
    auto readmitting = readmit(std::move(letter), std::move(cause));
    const auto back = co_await std::move(readmitting);
    if (back) {
        page->back.count += *back == Readmitted::back ? 1 : 0;
        page->back.without_body += *back == Readmitted::without_body ? 1 : 0;
    } else if (back.error().failure_class == FailureClass::permanent)
        with_.log.error("a letter cannot go back to work",
                        observability::LogLine{}.field("code", back.error().code).field("detail", back.error().detail));
    else
        page->back.done = std::unexpected(back.error());
    if (--page->left == 0)
        page->done(std::move(page->back));
}

/// A letter that is gone, or has died anew, is nobody's to wake.
Task<MissingWords::Readmitted> MissingWords::readmit(retry::WaitingLetter letter, Cause cause)
{
    std::string envelope;
    for (int tries = 0; tries < 2; ++tries) {
        retry::Readmission readmission;
        readmission.event = letter.event;
        readmission.round = letter.round;
        readmission.frame = readmission_frame("headgate", cause.why, wall_now());
        readmission.who = cause.who;
        readmission.envelope = std::move(envelope);
        const auto done = co_await letters_.readmit(std::move(readmission));
        if (!done) {
            if (done.error().failure_class == FailureClass::unknown_outcome)
                with_.perhaps_readmitted();
            co_return std::unexpected(done.error());
        }
        if (done->answer == retry::Readmitted::Answer::readmitted) {
            fault_point("after_readmit");
            with_.readmitted(done->partition, done->seq);
            co_return Readmitted::back;
        }
        if (done->answer != retry::Readmitted::Answer::body_in_history)
            co_return Readmitted::not_ours;
        auto reading = with_.spilled(letter.event);
        auto stored = co_await std::move(reading);
        if (!stored)
            co_return std::unexpected(stored.error());
        if (stored->empty())
            co_return Readmitted::without_body;
        envelope = std::move(*stored);
    }
    co_return Readmitted::without_body;
}

}  // namespace headgate::gateway
