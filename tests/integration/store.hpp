#pragma once

#include <optional>
#include <string>
#include <vector>

#include "redis_server.hpp"
#include "retry/backlog.hpp"
#include "retry/frames.hpp"
#include "retry/inbox.hpp"
#include "retry/keys.hpp"
#include "retry/lease.hpp"
#include "retry/letters.hpp"
#include "retry/tally.hpp"

namespace headgate::test {

using namespace std::chrono_literals;

/// An event id of which only the number matters.
[[nodiscard]] EventId event_of(std::uint64_t number);
/// There are three.
[[nodiscard]] std::string channel_of(std::uint64_t event);
[[nodiscard]] std::string envelope_of(std::uint64_t event);
[[nodiscard]] retry::AcceptItem item_of(std::uint64_t event, std::uint64_t key, Partition partition = 0,
                                        std::uint64_t body = 0);
[[nodiscard]] retry::Finished finished_of(std::uint64_t event, std::uint64_t seq, Partition partition = 0);
[[nodiscard]] retry::Burial burial_of(std::uint64_t event, std::uint64_t seq, Partition partition = 0,
                                      std::string cause = "c");
/// What a letter of the channel waits for.
[[nodiscard]] retry::AwaitedWord awaited_of(std::uint64_t word, std::string channel);
[[nodiscard]] inline std::string raw(const EventId& event)
{
    return std::string(view(event.bytes()));
}

/// What one node has: everything over one connection, holding all partitions for an hour.
class StoreTest : public RedisTest {
protected:
    explicit StoreTest(std::vector<std::string> more_settings = {}) : RedisTest(std::move(more_settings)) {}
    void SetUp() override;

    Result<retry::AcceptAnswer> accept(retry::AcceptItem item) { return loop_.await(inbox_->accept(std::move(item))); }
    Result<retry::FinishAnswer> finish(retry::Finished done) { return loop_.await(backlog_->finish(std::move(done))); }
    Result<retry::BuryAnswer> bury(retry::Burial burial) { return loop_.await(backlog_->bury(std::move(burial))); }
    Result<retry::Readmitted> readmit(std::uint64_t event, std::uint32_t round)
    {
        return loop_.await(letters_->readmit({event_of(event), round, "by ann", ""}));
    }
    std::vector<retry::Frame> frames(Partition partition = 0) { return loop_.await(frames_->read(partition)).value(); }
    std::vector<retry::Finding> findings() { return loop_.await(retry::verify(*redis_, scripts_)).value(); }
    /// "I1 p3: text" a line; empty when all is well.
    std::string finding_lines();
    retry::Tally tally(Partition partition = 0);
    std::string scripted(const net::Script& script, std::vector<std::string> args);

    /// HEADGATE_SCRIPTS names a folder of scripts to try instead of ours.
    static std::optional<std::filesystem::path> overrides();

    retry::Scripts scripts_ = retry::Scripts::load(overrides()).value();
    std::optional<retry::Inbox> inbox_;
    std::optional<retry::Lease> lease_;
    std::optional<retry::Backlog> backlog_;
    std::optional<retry::Frames> frames_;
    std::optional<retry::Letters> letters_;
};

}  // namespace headgate::test
