#include "gateway/folder_intake.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <set>
#include <system_error>

#include <boost/asio/steady_timer.hpp>
#include <boost/json.hpp>

#include "core/async.hpp"
#include "core/clock.hpp"
#include "core/fault_point.hpp"
#include "core/time.hpp"
#include "gateway/aside.hpp"
#include "gateway/file_drop.hpp"
#include "gateway/file_reading.hpp"
#include "gateway/folder_names.hpp"

namespace headgate::gateway {

namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using namespace std::chrono_literals;

constexpr auto look_every = 1s;
constexpr std::size_t most_strangers = 100;

std::string times_text(std::chrono::system_clock::time_point at)
{
    return text_of_second(std::chrono::duration_cast<std::chrono::seconds>(at.time_since_epoch()).count());
}

std::unexpected<Failure> disk_failure(const std::string& what, const fs::path& path, const std::error_code& error)
{
    return fail(FailureClass::transient, "folder_unusable", what + " " + path.string() + ": " + error.message());
}

/// Renames without ever replacing what is there: a file of that name gets a number.
Result<fs::path> move_into(const fs::path& from, const fs::path& folder, const std::string& name)
{
    std::error_code error;
    fs::create_directories(folder, error);
    if (error)
        return disk_failure("cannot make", folder, error);
    for (int number = 0; number < 10'000; ++number) {
        const fs::path to = folder / (number == 0 ? name : name + "." + std::to_string(number));
        if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0)
            return to;
        if (errno != EEXIST)
            return disk_failure("cannot move", from, std::error_code(errno, std::generic_category()));
    }
    return fail(FailureClass::transient, "folder_unusable", folder.string() + " is full of files of the name " + name);
}

std::optional<ClaimedFile> claimed_at(const fs::path& path, const std::string& name)
{
    struct stat seen{};
    if (::lstat(path.c_str(), &seen) != 0 || !S_ISREG(seen.st_mode))
        return std::nullopt;
    return ClaimedFile{path, name, static_cast<std::uint64_t>(seen.st_size),
                       std::int64_t{seen.st_mtim.tv_sec} * 1'000'000'000 + seen.st_mtim.tv_nsec};
}

/// What came halfway by HTTP when a process died: nobody goes on with it.
void remove_left_over(const fs::path& folder)
{
    std::error_code error;
    const auto old = fs::file_time_type::clock::now() - 24h;
    for (fs::directory_iterator at(folder / ".coming", error), end; !error && at != end; at.increment(error)) {
        std::error_code ignored;
        if (at->is_regular_file(ignored) && at->last_write_time(ignored) < old && !ignored)
            fs::remove(at->path(), ignored);
    }
}

}  // namespace

/// A folder of a channel, and the timer of its loop.
struct FolderIntake::Folder {
    const Channel* channel = nullptr;
    FolderPaths paths;
    asio::steady_timer timer;
    std::string said;                                // the last failure that was told
    std::set<std::string, std::less<>> strangers{};  // names that no feed takes, as they were told

    /// The file to read next: one that was claimed before, or one that is whole and is claimed now. Blocks.
    struct Look {
        std::optional<ClaimedFile> file;
        std::set<std::string, std::less<>> strangers;  // where nothing is to be read
    };
    [[nodiscard]] Result<Look> next() const
    {
        std::error_code error;
        const fs::path& path = paths.folder;
        const fs::path& work = paths.work;
        std::vector<std::string> names;
        for (fs::directory_iterator at(work, error), end; !error && at != end; at.increment(error))
            names.push_back(at->path().filename().string());
        std::ranges::sort(names);
        for (const auto& name : names)
            if (auto found = claimed_at(work / name, name); found && !is_aside(name))
                return Look{std::move(found), {}};
        names.clear();
        error.clear();
        for (fs::directory_iterator at(path, error), end; !error && at != end; at.increment(error))
            names.push_back(at->path().filename().string());
        if (error)
            return disk_failure("cannot look into", path, error);
        std::ranges::sort(names);
        Look look;
        for (const auto& name : names) {
            if (is_aside(name))
                continue;
            if (feed_of(*channel, name) == nullptr) {
                if (claimed_at(path / name, name) && look.strangers.size() < most_strangers)
                    look.strangers.insert(name);
                continue;
            }
            if (!is_whole(name))
                continue;
            fs::create_directories(work, error);
            const fs::path to = work / name;
            if (::renameat2(AT_FDCWD, (path / name).c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) != 0) {
                if (errno == ENOENT)
                    continue;  // somebody else has it
                return disk_failure("cannot claim", path / name, std::error_code(errno, std::generic_category()));
            }
            fs::remove(path / (name + ".done"), error);
            return Look{claimed_at(to, name), {}};
        }
        return look;
    }

private:
    [[nodiscard]] bool is_whole(const std::string& name) const
    {
        const auto& receive = *channel->config.receive;
        struct stat seen{};
        if (::lstat((paths.folder / name).c_str(), &seen) != 0 || !S_ISREG(seen.st_mode))
            return false;
        if (receive.ready == ReceiveConfig::Ready::done)
            return ::access((paths.folder / (name + ".done")).c_str(), F_OK) == 0;
        const auto changed = std::chrono::system_clock::time_point(std::chrono::seconds(seen.st_mtim.tv_sec));
        return std::chrono::system_clock::now() - changed >= receive.stable_for;
    }
};

FolderIntake::FolderIntake(asio::any_io_executor executor, Dependencies dependencies)
    : executor_(std::move(executor)),
      with_(std::move(dependencies))
{
    for (const auto& [name, channel] : with_.configuration.channels) {
        if (!channel->config.receive)
            continue;
        folders_.push_back(std::make_shared<Folder>(Folder{
            channel.get(), folder_paths(*channel, with_.configuration.folder), asio::steady_timer(executor_), {}}));
    }
}

FolderIntake::~FolderIntake()
{
    forget();
    disk_.join();
}

void FolderIntake::begin()
{
    forget();
    for (const auto& folder : folders_)
        with_.spawn(keep(folder, epoch_));
}

void FolderIntake::forget()
{
    ++epoch_;
    for (const auto& folder : folders_)
        folder->timer.cancel();
}

asio::awaitable<void> FolderIntake::wait(Folder& folder, std::chrono::milliseconds time)
{
    folder.timer.expires_after(time);
    co_await folder.timer.async_wait(use_tuple);
}

/// Somebody waits for what is in them, and a name that is written otherwise than the feeds have it is no failure of
/// anything.
void FolderIntake::tell_of_strangers(Folder& folder, std::set<std::string, std::less<>> strangers)
{
    const std::string note = "folder_not_taken_" + folder.channel->name;
    if (strangers == folder.strangers)
        return;
    if (strangers.empty())
        with_.health.clear_note(note);
    else
        with_.health.note(note, "the folder of the channel " + folder.channel->name +
                                    " has files that no feed of its connector takes, " + *strangers.begin() +
                                    (strangers.size() > 1 ? " for one" : ""));
    for (const auto& name : strangers)
        if (!folder.strangers.contains(name))
            with_.log.warn("no feed takes a file; it lies where it was dropped",
                           observability::LogLine{}.field("channel", folder.channel->name).field("file", name));
    folder.strangers = std::move(strangers);
}

asio::awaitable<void> FolderIntake::keep(std::shared_ptr<Folder> folder, std::uint64_t epoch)
{
    const std::string note = "folder_" + folder->channel->name;
    const auto told = [&](const Failure& failure) {
        with_.health.note(
            note, "the folder of the channel " + folder->channel->name + ": " + failure.code + ": " + failure.detail);
        if (std::exchange(folder->said, failure.code) != failure.code)
            with_.log.warn("a folder cannot be read", observability::LogLine{}
                                                          .field("channel", folder->channel->name)
                                                          .field("code", failure.code)
                                                          .field("detail", failure.detail));
    };
    auto cleaning = aside<bool>(disk_.get_executor(), executor_, [path = folder->paths.folder]() -> Result<bool> {
        remove_left_over(path);
        return true;
    });
    co_await std::move(cleaning);
    while (epoch == epoch_) {
        auto looking = aside<Folder::Look>(disk_.get_executor(), executor_, [folder] { return folder->next(); });
        auto look = co_await std::move(looking);
        if (epoch != epoch_)
            co_return;
        if (!look || !look->file) {
            if (!look) {
                told(look.error());
            } else {
                tell_of_strangers(*folder, std::move(look->strangers));
                if (!std::exchange(folder->said, {}).empty())
                    with_.health.clear_note(note);
            }
            co_await wait(*folder, look_every);
            continue;
        }
        const ClaimedFile& file = *look->file;
        fault_point("file_claimed");
        const DroppedFile* kind = feed_of(*folder->channel, file.name);
        FileReading reading({executor_, disk_.get_executor(), with_.redis, with_.admission,
                             [this, epoch] { return epoch == epoch_; }, with_.full},
                            *folder->channel, file,
                            kind != nullptr ? *kind : folder->channel->connector->feeds.begin()->second);
        auto running = reading.run();
        auto ran = co_await std::move(running);
        if (epoch != epoch_)
            co_return;
        if (!ran && ran.error().failure_class == FailureClass::permanent) {
            auto burying = reading.bury(ran.error());
            if (auto buried = co_await std::move(burying); !buried)
                ran = std::move(buried);
        }
        if (epoch != epoch_)
            co_return;
        if (!ran && ran.error().failure_class != FailureClass::permanent) {
            told(ran.error());
            co_await wait(*folder, look_every);
            continue;
        }
        fault_point("file_read");
        const FileProgress& progress = reading.progress();
        json::object summary{{"file", file.name},
                             {"rows", progress.rows},
                             {"bad_rows", progress.bad},
                             {"events", progress.events},
                             {"fresh", progress.fresh},
                             {"began", progress.began},
                             {"ended", times_text(wall_now())}};
        if (!ran)
            summary["failed"] = ran.error().code + ": " + ran.error().detail;
        const auto text = json::serialize(summary);
        auto moving = aside<fs::path>(
            disk_.get_executor(), executor_,
            [from = file.path, to = ran ? folder->paths.archive : folder->paths.error, name = file.name, text] {
                auto moved = move_into(from, to, name);
                if (moved)
                    std::ofstream(moved->string() + ".summary.json") << text << "\n";
                return moved;
            });
        const auto moved = co_await std::move(moving);
        if (!moved) {
            told(moved.error());
            co_await wait(*folder, look_every);
            continue;
        }
        fault_point("file_moved");
        auto forgetting = reading.forget();  // what stays of it is of a file that is gone
        co_await std::move(forgetting);
        if (ran)
            with_.log.info("a file was read",
                           observability::LogLine{}.field("channel", folder->channel->name).field("summary", text));
        else
            with_.log.warn("a file cannot be read",
                           observability::LogLine{}.field("channel", folder->channel->name).field("summary", text));
    }
}

}  // namespace headgate::gateway
