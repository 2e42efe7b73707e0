#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/async.hpp"
#include "gateway/configuration.hpp"
#include "gateway/job.hpp"
#include "mapping/missed_word.hpp"
#include "net/redis/connection.hpp"
#include "observability/health.hpp"
#include "observability/log.hpp"
#include "retry/letters.hpp"
#include "retry/scripts.hpp"
#include "retry/words.hpp"

namespace headgate::gateway {

/// The letters that wait for an entry of a vocabulary: once it is there, by a file or by a person, they go back to
/// work, a page at a time, the oldest first. It looks after a take-over, when entries were changed, and where a letter
/// was written while its word came; what it does may be done twice. One thread: its executor's.
class MissingWords {
public:
    using Heard = std::move_only_function<void()>;
    struct Dependencies {
        net::Redis& redis;
        const retry::Scripts& scripts;
        const Configuration& configuration;
        observability::Log& log;
        observability::Health& health;
        Spawn spawn;
        std::function<Task<std::string>(EventId)> spilled;  // the envelope of an event whose body is not in Redis
        std::function<void(Partition, std::uint64_t seq)> readmitted;  // a letter is back in its stream
        std::function<void()> perhaps_readmitted;                      // the answer to that was lost
    };
    explicit MissingWords(Dependencies dependencies);

    /// The lease is held.
    void begin();
    void forget();
    /// Entries may have been changed: they are read, `heard` (may be empty) is run, and then is looked whose word has
    /// come. `heard` is run as well when Redis does not answer; then all of it is done again later.
    void look(Heard heard = {});
    /// Redis has a letter that waits for this. What came while it was written wakes it.
    void awaits(const Event& event, const mapping::MissedWord& missed);
    /// A few times a second.
    void tick();

private:
    /// What became of letters that were to go back to work.
    struct Back {
        std::size_t count = 0;
        std::size_t without_body = 0;  // they cannot
        Result<void> done;
    };
    /// Why letters go back to work, and by whose word: "" nobody's, as when a file has it.
    struct Cause {
        std::string why;
        std::string who;
    };
    enum class Readmitted : std::uint8_t { back, not_ours, without_body };
    struct Page {
        std::size_t left = 0;
        Back back;
        std::move_only_function<void(Back)> done;
    };

    asio::awaitable<void> look_now(std::uint64_t epoch);
    Task<void> release_what_has_come(std::uint64_t epoch);
    Task<void> release(Hash16 key, const mapping::Vocabulary& table, mapping::MissedWord missed, std::uint64_t epoch);
    asio::awaitable<Back> readmit(std::vector<retry::WaitingLetter> letters, Cause cause);
    asio::awaitable<void> readmit(retry::WaitingLetter letter, Cause cause, std::shared_ptr<Page> page);
    Task<Readmitted> readmit(retry::WaitingLetter letter, Cause cause);
    /// Who gave the entry that was missed; "" when a file has it.
    Task<std::string> who_added(const mapping::MissedWord& missed);
    void tell_without_body(Hash16 key, const std::string& vocabulary, std::size_t letters);
    asio::awaitable<void> look_for_changes(std::uint64_t epoch);
    /// Whether an event of any channel has what was missed.
    [[nodiscard]] bool has_come(const mapping::Vocabulary& table, const mapping::MissedWord& missed) const;

    Dependencies with_;
    retry::Letters letters_;
    std::vector<Heard> hearing_;
    std::map<Hash16, std::size_t> without_body_;  // of a word, as was told
    std::uint64_t epoch_ = 0;                     // of `forget`
    int ticks_ = 0;
    bool begun_ = false;
    bool wanted_ = false;  // somebody asked to look, and nobody has begun
    bool looking_ = false;
    bool failed_ = false;  // it is done again
};

}  // namespace headgate::gateway
