#include "gateway/folder_intake.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>

#include <boost/asio/steady_timer.hpp>
#include <boost/json.hpp>

#include "connectors/formats/csv.hpp"
#include "connectors/formats/json.hpp"
#include "core/async.hpp"
#include "core/clock.hpp"
#include "core/fault_point.hpp"
#include "core/time.hpp"
#include "core/utf8.hpp"
#include "gateway/aside.hpp"
#include "gateway/bad_row.hpp"
#include "gateway/stages/identify.hpp"
#include "gateway/systems/door.hpp"
#include "mapping/json_text.hpp"

namespace headgate::gateway {

namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using namespace std::chrono_literals;

constexpr std::size_t piece_of_file = std::size_t{256} << 10U;
constexpr std::size_t accepted_together = 250;
constexpr std::size_t most_waiting = std::size_t{4} << 20U;    // bytes of these
constexpr std::int64_t most_ahead = 500;                       // accepted, and not worked on yet
constexpr std::size_t largest_group = std::size_t{16} << 20U;  // of one event
constexpr std::size_t shown_of_bad_row = std::size_t{64} << 10U;
constexpr auto look_every = 1s;

std::string times_text(std::chrono::system_clock::time_point at)
{
    return text_of(Timestamp{std::chrono::duration_cast<std::chrono::seconds>(at.time_since_epoch()).count(), 0, {}});
}

/// A file, claimed.
struct Claimed {
    fs::path path;     // in work/
    std::string name;  // as it was dropped
    std::uint64_t size = 0;
    std::int64_t modified_ns = 0;
};

/// How far a file was read.
struct Progress {
    connectors::CsvPlace place;
    std::vector<std::string> columns;
    std::uint64_t rows = 0;    // whole ones
    std::uint64_t bad = 0;     // rows that cannot be read
    std::uint64_t events = 0;  // accepted
    std::uint64_t fresh = 0;   // of these: what was not known
    std::string began;
};

std::string text_of(const Progress& progress)
{
    json::array columns;
    for (const auto& column : progress.columns)
        columns.emplace_back(column);
    return json::serialize(json::object{{"offset", progress.place.offset},
                                        {"line", progress.place.line},
                                        {"encoding", connectors::name_of(progress.place.encoding)},
                                        {"columns", std::move(columns)},
                                        {"rows", progress.rows},
                                        {"bad", progress.bad},
                                        {"events", progress.events},
                                        {"fresh", progress.fresh},
                                        {"began", progress.began}});
}

Progress read_progress(const std::string& text)
{
    Progress progress;
    boost::system::error_code error;
    const auto parsed = json::parse(text, error);
    if (error || !parsed.is_object())
        return progress;
    const auto& object = parsed.get_object();
    const auto number = [&](std::string_view name) -> std::uint64_t {
        const auto* value = object.if_contains(name);
        return value != nullptr && value->is_number() ? value->to_number<std::uint64_t>(error) : 0;
    };
    progress.place.offset = number("offset");
    progress.place.line = std::max<std::uint64_t>(1, number("line"));
    progress.rows = number("rows");
    progress.bad = number("bad");
    progress.events = number("events");
    progress.fresh = number("fresh");
    if (const auto* value = object.if_contains("encoding"); value != nullptr && value->is_string())
        progress.place.encoding =
            connectors::text_encoding_of(value->get_string()).value_or(connectors::TextEncoding::utf8);
    if (const auto* value = object.if_contains("began"); value != nullptr && value->is_string())
        progress.began = std::string(value->get_string());
    if (const auto* value = object.if_contains("columns"); value != nullptr && value->is_array())
        for (const auto& column : value->get_array())
            if (column.is_string())
                progress.columns.emplace_back(column.get_string());
    return progress;
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

std::optional<Claimed> claimed_at(const fs::path& path, const std::string& name)
{
    struct stat seen{};
    if (::lstat(path.c_str(), &seen) != 0 || !S_ISREG(seen.st_mode))
        return std::nullopt;
    return Claimed{path, name, static_cast<std::uint64_t>(seen.st_size),
                   std::int64_t{seen.st_mtim.tv_sec} * 1'000'000'000 + seen.st_mtim.tv_nsec};
}

bool is_ours(const std::string& name)
{
    return name.empty() || name.front() == '.' || name.ends_with(".done") || name.ends_with(".tmp") ||
           name.ends_with(".part") || name.ends_with(".filepart");
}

}  // namespace

/// A folder of a channel, and the timer of its loop.
struct FolderIntake::Folder {
    const Channel* channel = nullptr;
    fs::path path;
    fs::path archive;
    fs::path error;
    asio::steady_timer timer;
    std::string said;  // the last failure that was told

    [[nodiscard]] const DroppedFile* kind_of(const std::string& name) const
    {
        for (const auto& [feed, kind] : channel->connector->feeds)
            for (const auto& pattern : kind.config.files)
                if (connectors::fits_pattern(pattern, name))
                    return &kind;
        return nullptr;
    }

    /// The file to read next: one that was claimed before, or one that is whole and is claimed now. Blocks.
    [[nodiscard]] Result<std::optional<Claimed>> next() const
    {
        std::error_code error;
        const fs::path work = path / "work";
        std::vector<std::string> names;
        for (fs::directory_iterator at(work, error), end; !error && at != end; at.increment(error))
            names.push_back(at->path().filename().string());
        std::ranges::sort(names);
        for (const auto& name : names)
            if (auto found = claimed_at(work / name, name); found && !is_ours(name))
                return found;
        names.clear();
        error.clear();
        for (fs::directory_iterator at(path, error), end; !error && at != end; at.increment(error))
            names.push_back(at->path().filename().string());
        if (error)
            return disk_failure("cannot look into", path, error);
        std::ranges::sort(names);
        for (const auto& name : names) {
            if (is_ours(name) || kind_of(name) == nullptr || !is_whole(name))
                continue;
            fs::create_directories(work, error);
            const fs::path to = work / name;
            if (::renameat2(AT_FDCWD, (path / name).c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) != 0) {
                if (errno == ENOENT)
                    continue;  // somebody else has it
                return disk_failure("cannot claim", path / name, std::error_code(errno, std::generic_category()));
            }
            fs::remove(path / (name + ".done"), error);
            return claimed_at(to, name);
        }
        return std::optional<Claimed>();
    }

private:
    [[nodiscard]] bool is_whole(const std::string& name) const
    {
        const auto& receive = *channel->config.receive;
        struct stat seen{};
        if (::lstat((path / name).c_str(), &seen) != 0 || !S_ISREG(seen.st_mode))
            return false;
        if (receive.ready == ReceiveConfig::Ready::done)
            return ::access((path / (name + ".done")).c_str(), F_OK) == 0;
        const auto changed = std::chrono::system_clock::time_point(std::chrono::seconds(seen.st_mtim.tv_sec));
        return std::chrono::system_clock::now() - changed >= receive.stable_for;
    }
};

/// One file from where it was left to its end.
class FolderIntake::Reading {
public:
    Reading(FolderIntake& with, const Folder& folder, Claimed file, const DroppedFile& kind, std::uint64_t epoch)
        : with_(with),
          folder_(folder),
          file_(std::move(file)),
          kind_(kind),
          epoch_(epoch)
    {}
    ~Reading()
    {
        if (fd_ >= 0)
            ::close(fd_);
    }
    Reading(const Reading&) = delete;
    Reading& operator=(const Reading&) = delete;

    /// Reads it to its end. A failure of class permanent is the file's own; any other may pass.
    Task<void> run()
    {
        auto resuming = resume();
        auto resumed = co_await std::move(resuming);
        if (!resumed)
            co_return resumed;
        for (;;) {
            auto row = reader_->next();
            if (!row)
                co_return std::unexpected(std::move(row.error()));
            if (*row) {
                auto taking = take(**row);
                auto taken = co_await std::move(taking);
                if (!taken)
                    co_return taken;
                continue;
            }
            if (ended_)
                break;
            auto feeding = feed();
            auto fed = co_await std::move(feeding);
            if (!fed)
                co_return fed;
        }
        end_group();
        progress_.place.offset = file_.size;
        auto accepting = accept();
        co_return co_await std::move(accepting);
    }

    [[nodiscard]] const Progress& progress() const { return progress_; }

private:
    [[nodiscard]] std::vector<std::string> state_key(const char* command) const
    {
        return {command, "hg:file:" + folder_.channel->name, file_.name + "|" + std::to_string(file_.modified_ns)};
    }

    Task<void> resume()
    {
        auto ask = state_key("HGET");
        const auto reply = co_await with_.with_.redis.command(std::move(ask));
        if (!reply)
            co_return std::unexpected(reply.error());
        progress_ = read_progress(reply->text);
        if (progress_.began.empty())
            progress_.began = times_text(wall_now());
        if (progress_.place.offset > 0)
            reader_.emplace(kind_.config.csv, progress_.columns, progress_.place);
        else
            reader_.emplace(kind_.config.csv);
        at_ = progress_.place.offset;
        row_begins_ = progress_.place.offset;
        fd_ = ::open(file_.path.c_str(), O_RDONLY | O_CLOEXEC);
        if (fd_ < 0)
            co_return disk_failure("cannot open", file_.path, std::error_code(errno, std::generic_category()));
        co_return Result<void>{};
    }

    Task<void> feed()
    {
        auto reading = aside<std::string>(
            with_.disk_.get_executor(), with_.executor_,
            [fd = fd_, at = at_, path = file_.path]() -> Result<std::string> {
                std::string bytes(piece_of_file, '\0');
                const auto got = ::pread(fd, bytes.data(), bytes.size(), static_cast<off_t>(at));
                if (got < 0)
                    return disk_failure("cannot read", path, std::error_code(errno, std::generic_category()));
                bytes.resize(static_cast<std::size_t>(got));
                return bytes;
            });
        auto bytes = co_await std::move(reading);
        if (!bytes)
            co_return std::unexpected(std::move(bytes.error()));
        at_ += bytes->size();
        if (bytes->empty()) {
            reader_->finish();
            ended_ = true;
        } else {
            reader_->feed(*bytes);
        }
        co_return Result<void>{};
    }

    Task<void> take(const connectors::CsvRow& row)
    {
        if (!object_) {
            object_.emplace(reader_->columns());
            progress_.columns = reader_->columns();
            const auto found = std::ranges::find(progress_.columns, kind_.config.group);
            group_column_ =
                kind_.config.group.empty() ? no_column : static_cast<std::size_t>(found - progress_.columns.begin());
            if (!kind_.config.group.empty() && found == progress_.columns.end())
                co_return fail(FailureClass::permanent, "feed_group_missing",
                               "the file has no column `" + kind_.config.group + "` to group its rows by");
        }
        if (!row.cells) {
            end_group();
            ++progress_.bad;
            add_bad_row(row);
        } else if (group_column_ == no_column) {
            std::string body;
            object_->append(*row.cells, body);
            ++progress_.rows;
            add(std::move(body), row.line);
        } else {
            const std::string_view value = (*row.cells)[group_column_];
            if (group_rows_ == 0 || value != group_value_ || group_.size() > largest_group) {
                end_group();
                group_value_ = value;
                group_line_ = row.line;
                group_ = "{\"group\":";
                mapping::append_json_string(group_, value);
                group_ += ",\"rows\":[";
            } else {
                group_ += ',';
            }
            object_->append(*row.cells, group_);
            ++group_rows_;
        }
        if (group_rows_ == 0)
            behind_ = row.next;  // what is waited for of a group is read again
        row_begins_ = row.next.offset;
        group_end_ = row.next;
        if (waiting_.size() < accepted_together && waiting_bytes_ < most_waiting)
            co_return Result<void>{};
        auto accepting = accept();
        co_return co_await std::move(accepting);
    }

    void end_group()
    {
        if (group_rows_ == 0)
            return;
        progress_.rows += group_rows_;
        group_rows_ = 0;
        add(std::exchange(group_, {}) + "]}", group_line_);
        behind_ = group_end_;
    }

    Envelope envelope_at(std::uint64_t line) const
    {
        Envelope envelope;
        envelope.received_at = wall_now();
        envelope.intake = "file " + file_.name + ":" + std::to_string(line);
        envelope.headers = {{"feed-file", file_.name}, {"feed-line", std::to_string(line)}};
        return envelope;
    }

    /// The same file dropped again is another file, and its rows are news or not by what they say.
    std::string key_at(std::uint64_t line) const
    {
        return file_.name + "|" + std::to_string(file_.size) + "|" + std::to_string(file_.modified_ns) + "|" +
               std::to_string(line);
    }

public:
    /// The file as a whole cannot be read: a letter says so.
    Task<void> bury(const Failure& failure)
    {
        waiting_.clear();
        Envelope envelope = envelope_at(progress_.place.line);
        envelope.topic = "feed." + kind_.config.name;
        envelope.idempotency_key = key_at(0);
        mark_bad_row(envelope, failure);
        envelope.body = R"({"file":)";
        mapping::append_json_string(envelope.body, file_.name);
        envelope.body += "}";
        wait(std::move(envelope));
        auto accepting = accept();
        co_return co_await std::move(accepting);
    }

private:
    void add(std::string body, std::uint64_t line)
    {
        Envelope envelope = envelope_at(line);
        envelope.body = std::move(body);
        const Channel& channel = *folder_.channel;
        auto said = identity_of(channel, envelope);
        envelope.topic = kind_.topic ? "" : std::move(said.topic);
        if (kind_.topic || kind_.key)
            if (const auto document = connectors::read_json(envelope.body)) {
                const mapping::MappingContext context{.document = *document,
                                                      .headers = envelope.headers,
                                                      .channel_name = channel.name,
                                                      .channel_zone = channel.zone,
                                                      .channel_settings = &channel.settings};
                if (kind_.topic)
                    if (auto text = kind_.topic->text(context); text && *text)
                        envelope.topic = std::move(**text);
                if (kind_.key)
                    if (auto text = kind_.key->text(context); text && *text)
                        envelope.idempotency_key = std::move(**text);
            }
        if (envelope.topic.empty())
            envelope.topic = "feed." + kind_.config.name;
        if (envelope.idempotency_key.empty())
            envelope.idempotency_key = key_at(line);
        wait(std::move(envelope));
    }

    /// The topic of what has no document that could say it: the feed's own where that is the same for every row, so
    /// that a letter that was edited is mapped.
    std::string topic_of_all() const
    {
        static const auto nothing = connectors::read_json("{}");
        if (kind_.topic)
            if (auto text = kind_.topic->text({.document = *nothing}); text && *text)
                return std::move(**text);
        return "feed." + kind_.config.name;
    }

    void add_bad_row(const connectors::CsvRow& row)
    {
        Envelope envelope = envelope_at(row.line);
        envelope.topic = topic_of_all();
        envelope.idempotency_key = key_at(row.line);
        mark_bad_row(envelope, row.cells.error());
        const auto size = std::min<std::uint64_t>(row.next.offset - row_begins_, shown_of_bad_row);
        std::string bytes(size, '\0');
        const auto got = ::pread(fd_, bytes.data(), bytes.size(), static_cast<off_t>(row_begins_));
        bytes.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
        while (!bytes.empty() && (bytes.back() == '\n' || bytes.back() == '\r'))
            bytes.pop_back();
        if (!is_utf8(bytes))
            for (char& letter : bytes)
                if (static_cast<unsigned char>(letter) >= 0x80)
                    letter = '?';
        envelope.body = R"({"file":)";
        mapping::append_json_string(envelope.body, file_.name);
        envelope.body += ",\"line\":" + std::to_string(row.line) + ",\"row\":";
        mapping::append_json_string(envelope.body, bytes);
        envelope.body += "}";
        wait(std::move(envelope));
    }

    void wait(Envelope envelope)
    {
        waiting_bytes_ += envelope.body.size();
        waiting_.push_back(std::move(envelope));
    }

    /// What waits is accepted, and then how far that was is stored.
    Task<void> accept()
    {
        const Channel& channel = *folder_.channel;
        // What is not read yet waits well in its file.
        while (channel.waiting.load(std::memory_order_relaxed) >= most_ahead ||
               channel.backlog() >= channel.config.backlog) {
            asio::steady_timer pause(with_.executor_, 5ms);
            co_await pause.async_wait(use_tuple);
            if (epoch_ != with_.epoch_)
                break;
        }
        if (epoch_ != with_.epoch_)
            co_return fail(FailureClass::transient, "lease_lost", "somebody else goes on with it");
        progress_.events += waiting_.size();
        waiting_bytes_ = 0;
        auto admitting = admit_all(with_.with_.admission, channel, std::exchange(waiting_, {}));
        const auto fresh = co_await std::move(admitting);
        if (!fresh)
            co_return std::unexpected(fresh.error());
        fault_point("rows_accepted");
        progress_.fresh += *fresh;
        if (behind_)
            progress_.place = *behind_;
        auto ask = state_key("HSET");
        ask.push_back(text_of(progress_));
        const auto reply = co_await with_.with_.redis.command(std::move(ask));
        if (!reply)
            co_return std::unexpected(reply.error());
        co_return Result<void>{};
    }

    static constexpr std::size_t no_column = static_cast<std::size_t>(-1);

    FolderIntake& with_;
    const Folder& folder_;
    Claimed file_;
    const DroppedFile& kind_;
    std::uint64_t epoch_;
    int fd_ = -1;
    std::uint64_t at_ = 0;  // of what is fed next
    bool ended_ = false;
    std::optional<connectors::CsvReader> reader_;
    std::optional<connectors::CsvObject> object_;
    Progress progress_;
    std::uint64_t row_begins_ = 0;
    std::optional<connectors::CsvPlace> behind_;  // what is waiting
    std::vector<Envelope> waiting_;
    std::size_t waiting_bytes_ = 0;
    std::size_t group_column_ = no_column;
    std::size_t group_rows_ = 0;
    std::uint64_t group_line_ = 0;
    connectors::CsvPlace group_end_;
    std::string group_value_;
    std::string group_;
};

FolderIntake::FolderIntake(asio::any_io_executor executor, Dependencies dependencies)
    : executor_(std::move(executor)),
      with_(std::move(dependencies))
{
    for (const auto& [name, channel] : with_.configuration.channels) {
        if (!channel->config.receive)
            continue;
        const auto& receive = *channel->config.receive;
        const fs::path base = with_.configuration.folder;
        auto folder = std::make_shared<Folder>(
            Folder{channel.get(), base / receive.folder, {}, {}, asio::steady_timer(executor_), {}});
        folder->archive = receive.archive.empty() ? folder->path / "archive" : base / receive.archive;
        folder->error = receive.error.empty() ? folder->path / "error" : base / receive.error;
        folders_.push_back(std::move(folder));
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
    while (epoch == epoch_) {
        auto looking =
            aside<std::optional<Claimed>>(disk_.get_executor(), executor_, [folder] { return folder->next(); });
        const auto file = co_await std::move(looking);
        if (epoch != epoch_)
            co_return;
        if (!file || !*file) {
            if (!file) {
                told(file.error());
            } else if (!folder->said.empty()) {
                folder->said.clear();
                with_.health.clear_note(note);
            }
            co_await wait(*folder, look_every);
            continue;
        }
        fault_point("file_claimed");
        const DroppedFile* kind = folder->kind_of((*file)->name);
        Reading reading(*this, *folder, **file,
                        kind != nullptr ? *kind : folder->channel->connector->feeds.begin()->second, epoch);
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
        const Progress& progress = reading.progress();
        json::object summary{{"file", (*file)->name},          {"rows", progress.rows},   {"bad_rows", progress.bad},
                             {"events", progress.events},      {"fresh", progress.fresh}, {"began", progress.began},
                             {"ended", times_text(wall_now())}};
        if (!ran)
            summary["failed"] = ran.error().code + ": " + ran.error().detail;
        const auto text = json::serialize(summary);
        auto moving = aside<fs::path>(
            disk_.get_executor(), executor_,
            [from = (*file)->path, to = ran ? folder->archive : folder->error, name = (*file)->name, text] {
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
        std::vector<std::string> ask{"HDEL", "hg:file:" + folder->channel->name,
                                     (*file)->name + "|" + std::to_string((*file)->modified_ns)};
        co_await with_.redis.command(std::move(ask));
        if (ran)
            with_.log.info("a file was read",
                           observability::LogLine{}.field("channel", folder->channel->name).field("summary", text));
        else
            with_.log.warn("a file cannot be read",
                           observability::LogLine{}.field("channel", folder->channel->name).field("summary", text));
    }
}

}  // namespace headgate::gateway
