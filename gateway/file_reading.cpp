#include "gateway/file_reading.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <system_error>
#include <utility>

#include <boost/asio/steady_timer.hpp>
#include <boost/json.hpp>

#include "connectors/formats/json.hpp"
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

namespace json = boost::json;
using namespace std::chrono_literals;

constexpr std::size_t piece_of_file = std::size_t{256} << 10U;
constexpr std::size_t accepted_together = 250;
constexpr std::size_t most_waiting = std::size_t{4} << 20U;    // bytes of these
constexpr std::int64_t most_ahead = 500;                       // accepted, and not worked on yet
constexpr std::size_t largest_group = std::size_t{16} << 20U;  // of one event
constexpr std::size_t most_groups = 100'000;                   // whose values are remembered
constexpr std::size_t shown_of_bad_row = std::size_t{64} << 10U;

std::string text_of(const FileProgress& progress)
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

FileProgress read_progress(const std::string& text)
{
    FileProgress progress;
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

std::unexpected<Failure> unreadable(const std::filesystem::path& path)
{
    return fail(FailureClass::transient, "folder_unusable",
                "cannot read " + path.string() + ": " + std::generic_category().message(errno));
}

std::int64_t modified_ns(const struct stat& seen)
{
    return std::int64_t{seen.st_mtim.tv_sec} * 1'000'000'000 + seen.st_mtim.tv_nsec;
}

}  // namespace

FileReading::FileReading(Dependencies dependencies, const Channel& channel, ClaimedFile file, const DroppedFile& kind)
    : with_(std::move(dependencies)),
      channel_(channel),
      file_(std::move(file)),
      kind_(kind)
{}

FileReading::~FileReading()
{
    if (fd_ >= 0)
        ::close(fd_);
}

std::vector<std::string> FileReading::state(const char* command) const
{
    return {command, "hg:file:" + channel_.name, file_.name + "|" + std::to_string(file_.modified_ns)};
}

Task<void> FileReading::run()
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
    auto accepting = accept();
    co_return co_await std::move(accepting);
}

Task<void> FileReading::resume()
{
    auto ask = state("HGET");
    const auto reply = co_await with_.redis.command(std::move(ask));
    if (!reply)
        co_return std::unexpected(reply.error());
    progress_ = read_progress(reply->text);
    if (progress_.began.empty())
        progress_.began =
            text_of_second(std::chrono::duration_cast<std::chrono::seconds>(wall_now().time_since_epoch()).count());
    if (progress_.place.offset > 0)
        reader_.emplace(kind_.config.csv, progress_.columns, progress_.place);
    else
        reader_.emplace(kind_.config.csv);
    at_ = row_begins_ = progress_.place.offset;
    fd_ = ::open(file_.path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd_ < 0)
        co_return unreadable(file_.path);
    co_return Result<void>{};
}

Task<void> FileReading::feed()
{
    const auto patience = channel_.config.receive->ready == ReceiveConfig::Ready::stable
                              ? channel_.config.receive->stable_for
                              : config::Duration{0};
    for (;;) {
        auto reading =
            aside<Piece>(with_.disk, with_.executor, [fd = fd_, at = at_, file = file_, patience]() -> Result<Piece> {
                Piece piece{std::string(piece_of_file, '\0')};
                const auto got = ::pread(fd, piece.bytes.data(), piece.bytes.size(), static_cast<off_t>(at));
                if (got < 0)
                    return unreadable(file.path);
                piece.bytes.resize(static_cast<std::size_t>(got));
                struct stat seen{};
                if (got == 0 && ::fstat(fd, &seen) == 0 && modified_ns(seen) != file.modified_ns) {
                    const auto changed =
                        std::chrono::system_clock::time_point(std::chrono::seconds(seen.st_mtim.tv_sec));
                    piece.grows = std::chrono::system_clock::now() - changed < patience;
                }
                return piece;
            });
        auto piece = co_await std::move(reading);
        if (!piece)
            co_return std::unexpected(std::move(piece.error()));
        if (!with_.is_ours())
            co_return fail(FailureClass::transient, "lease_lost", "somebody else goes on with it");
        if (piece->grows) {  // claimed too early: its sender had only paused
            asio::steady_timer pause(with_.executor, 200ms);
            co_await pause.async_wait(use_tuple);
            continue;
        }
        at_ += piece->bytes.size();
        if (piece->bytes.empty()) {
            reader_->finish();
            ended_ = true;
        } else {
            reader_->feed(piece->bytes);
        }
        co_return Result<void>{};
    }
}

Task<void> FileReading::begin_rows()
{
    object_.emplace(reader_->columns());
    progress_.columns = reader_->columns();
    // The names that are there may be no names: a file without a header has a customer in its first line.
    for (const auto& wanted : kind_.config.columns)
        if (std::ranges::find(progress_.columns, wanted) == progress_.columns.end())
            co_return fail(FailureClass::permanent, "feed_column_missing",
                           "the file has no column `" + wanted + "` among the " +
                               std::to_string(progress_.columns.size()) + " of its first line, cut at `" +
                               kind_.config.csv.delimiter + "`");
    if (kind_.config.group.empty())
        co_return Result<void>{};
    const auto found = std::ranges::find(progress_.columns, kind_.config.group);
    if (found == progress_.columns.end())
        co_return fail(FailureClass::permanent, "feed_group_missing",
                       "the file has no column `" + kind_.config.group + "` to group its rows by");
    group_column_ = static_cast<std::size_t>(found - progress_.columns.begin());
    co_return Result<void>{};
}

Task<void> FileReading::take(const connectors::CsvRow& row)
{
    if (!object_) {
        auto beginning = begin_rows();
        auto begun = co_await std::move(beginning);
        if (!begun)
            co_return begun;
    }
    if (!row.cells) {
        end_group();
        add_bad(row.cells.error(), row.line, text_between(row_begins_, row.next.offset), row.next.offset - row_begins_);
    } else if (group_column_ == no_column) {
        std::string body;
        object_->append(*row.cells, body);
        ++progress_.rows;
        add(std::move(body), row.line);
    } else {
        take_into_group(row);
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

void FileReading::take_into_group(const connectors::CsvRow& row)
{
    const std::string_view value = (*row.cells)[group_column_];
    if (value.empty())
        return take_stray(row);
    if (group_rows_ == 0 || value != group_value_) {
        end_group();
        group_value_ = value;
        group_line_ = row.line;
        group_too_large_ = false;
        group_ = "{\"group\":";
        mapping::append_json_string(group_, value);
        group_ += ",\"rows\":[";
    }
    ++group_rows_;
    if (group_too_large_)
        return;
    if (group_.back() != '[')
        group_ += ',';
    object_->append(*row.cells, group_);
    if (group_.size() > largest_group) {
        group_too_large_ = true;
        group_.clear();
        group_.shrink_to_fit();
    }
}

/// A row without a value belongs to no group, and ends none: it is one of its own, and goes behind the group it stands
/// in.
void FileReading::take_stray(const connectors::CsvRow& row)
{
    std::string body = R"({"group":"","rows":[)";
    object_->append(*row.cells, body);
    body += "]}";
    strays_bytes_ += body.size();
    group_too_large_ = group_too_large_ || (group_rows_ > 0 && strays_bytes_ > largest_group);
    strays_.emplace_back(std::move(body), row.line);
    if (group_rows_ == 0 || strays_bytes_ > largest_group)
        add_strays();
}

void FileReading::add_strays()
{
    strays_bytes_ = 0;
    for (auto& [body, line] : std::exchange(strays_, {})) {
        ++progress_.rows;
        add(std::move(body), line);
    }
}

/// A part of a group would be taken for the whole: what is too large, and what comes back further down, are letters.
void FileReading::end_group()
{
    if (group_rows_ == 0)
        return;
    const auto rows = std::exchange(group_rows_, 0);
    const std::string body = std::exchange(group_, {}) + "]}";
    const bool again = groups_.contains(std::hash<std::string>()(group_value_));
    if (groups_.size() < most_groups)
        groups_.insert(std::hash<std::string>()(group_value_));
    const auto where = std::to_string(rows) + " rows from line " + std::to_string(group_line_) + " on";
    if (group_too_large_)
        add_bad({FailureClass::permanent, "feed_group_too_large", where + " are one group of more than 16 MiB", {}},
                group_line_, {});
    else if (again)
        add_bad(
            {FailureClass::permanent,
             "feed_group_again",
             where + " have the value of a group further up: the file is not sorted by `" + kind_.config.group + "`",
             {}},
            group_line_, body);
    else {
        progress_.rows += rows;
        add(body, group_line_);
    }
    add_strays();
    behind_ = group_end_;
}

Envelope FileReading::envelope_at(std::uint64_t line) const
{
    Envelope envelope;
    envelope.received_at = wall_now();
    envelope.intake = "file " + file_.name + ":" + std::to_string(line);
    envelope.headers = {{"feed-file", file_.name}, {"feed-line", std::to_string(line)}};
    return envelope;
}

/// The same file dropped again is another file, and its rows are news or not by what they say.
std::string FileReading::key_at(std::uint64_t line) const
{
    return file_.name + "|" + std::to_string(file_.size) + "|" + std::to_string(file_.modified_ns) + "|" +
           std::to_string(line);
}

void FileReading::add(std::string body, std::uint64_t line)
{
    Envelope envelope = envelope_at(line);
    envelope.body = std::move(body);
    if (!kind_.topic)
        envelope.topic = identity_of(channel_, envelope).topic;
    if (kind_.topic || kind_.key)
        if (const auto document = connectors::read_json(envelope.body)) {
            const mapping::MappingContext context{.document = *document,
                                                  .headers = envelope.headers,
                                                  .channel_name = channel_.name,
                                                  .channel_zone = channel_.zone,
                                                  .channel_settings = &channel_.settings};
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

/// The topic of what has no document that could say it: the feed's own where that is the same for every row, so that a
/// letter that was edited is mapped.
std::string FileReading::topic_of_all() const
{
    static const auto nothing = connectors::read_json("{}");
    if (kind_.topic)
        if (auto text = kind_.topic->text({.document = *nothing}); text && *text)
            return std::move(**text);
    return "feed." + kind_.config.name;
}

void FileReading::add_bad(const Failure& failure, std::uint64_t line, const std::string& shown, std::uint64_t bytes)
{
    ++progress_.bad;
    Envelope envelope = envelope_at(line);
    envelope.topic = topic_of_all();
    envelope.idempotency_key = key_at(line);
    mark_bad_row(envelope, failure);
    if (shown.starts_with('{')) {  // a document as it is
        envelope.body = shown;
        return wait(std::move(envelope));
    }
    envelope.body = R"({"file":)";
    mapping::append_json_string(envelope.body, file_.name);
    envelope.body += ",\"line\":" + std::to_string(line) + ",\"row\":";
    mapping::append_json_string(envelope.body, shown);
    if (bytes > shown_of_bad_row)
        envelope.body += ",\"row_bytes\":" + std::to_string(bytes);
    envelope.body += "}";
    wait(std::move(envelope));
}

std::string FileReading::text_between(std::uint64_t from, std::uint64_t to) const
{
    std::string bytes(std::min<std::uint64_t>(to - from, shown_of_bad_row), '\0');
    const auto got = ::pread(fd_, bytes.data(), bytes.size(), static_cast<off_t>(from));
    bytes.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
    while (!bytes.empty() && (bytes.back() == '\n' || bytes.back() == '\r'))
        bytes.pop_back();
    if (!is_utf8(bytes))
        for (char& letter : bytes)
            if (static_cast<unsigned char>(letter) >= 0x80)
                letter = '?';
    return bytes;
}

void FileReading::wait(Envelope envelope)
{
    waiting_bytes_ += envelope.body.size();
    waiting_.push_back(std::move(envelope));
}

Task<void> FileReading::bury(const Failure& failure)
{
    waiting_.clear();
    add_bad(failure, 0, {});
    auto accepting = accept();
    co_return co_await std::move(accepting);
}

Task<void> FileReading::accept()
{
    // What is not read yet waits well in its file.
    while (with_.is_ours() && (channel_.waiting.load(std::memory_order_relaxed) >= most_ahead ||
                               channel_.backlog() >= channel_.config.backlog || with_.full())) {
        asio::steady_timer pause(with_.executor, 5ms);
        co_await pause.async_wait(use_tuple);
    }
    if (!with_.is_ours())
        co_return fail(FailureClass::transient, "lease_lost", "somebody else goes on with it");
    progress_.events += waiting_.size();
    waiting_bytes_ = 0;
    auto admitting = admit_all(with_.admission, channel_, std::exchange(waiting_, {}));
    const auto fresh = co_await std::move(admitting);
    if (!fresh)
        co_return std::unexpected(fresh.error());
    fault_point("rows_accepted");
    progress_.fresh += *fresh;
    if (behind_)
        progress_.place = *behind_;
    auto ask = state("HSET");
    ask.push_back(text_of(progress_));
    const auto reply = co_await with_.redis.command(std::move(ask));
    if (!reply)
        co_return std::unexpected(reply.error());
    co_return Result<void>{};
}

Task<void> FileReading::forget()
{
    auto ask = state("HDEL");
    const auto reply = co_await with_.redis.command(std::move(ask));
    if (!reply)
        co_return std::unexpected(reply.error());
    co_return Result<void>{};
}

}  // namespace headgate::gateway
