#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include <boost/asio/any_io_executor.hpp>

#include "connectors/formats/csv.hpp"
#include "core/async.hpp"
#include "gateway/admission.hpp"
#include "gateway/configuration.hpp"
#include "net/redis/connection.hpp"

namespace headgate::gateway {

/// A file of a folder that is ours to read. What it is known by is what it was when it was claimed.
struct ClaimedFile {
    std::filesystem::path path;
    std::string name;  // as it was dropped
    std::uint64_t size = 0;
    std::int64_t modified_ns = 0;
};

/// How far a file was read.
struct FileProgress {
    connectors::CsvPlace place;
    std::vector<std::string> columns;
    std::uint64_t rows = 0;    // whole ones
    std::uint64_t bad = 0;     // rows, and groups of rows, that are letters
    std::uint64_t events = 0;  // accepted
    std::uint64_t fresh = 0;   // of these: what was not known
    std::string began;         // RFC 3339
};

/// One file from where it was left to its end: each row, or each group, is accepted as an event, and then how far that
/// was is stored (`hg:file:<channel>`). Memory: one piece of the file, one group, and what is accepted together. One
/// thread: its executor's; the disk has one of its own.
class FileReading {
public:
    struct Dependencies {
        asio::any_io_executor executor;
        asio::any_io_executor disk;
        net::Redis& redis;
        Admission& admission;
        std::function<bool()> is_ours;  // the lease is held still
        std::function<bool()> full;     // others are behind
    };
    FileReading(Dependencies dependencies, const Channel& channel, ClaimedFile file, const DroppedFile& kind);
    FileReading(const FileReading&) = delete;
    FileReading& operator=(const FileReading&) = delete;
    ~FileReading();

    /// To its end; while somebody still writes to it, that is waited for. A failure of class permanent is the file's
    /// own; any other may pass.
    Task<void> run();
    /// The file as a whole cannot be read: a letter says so.
    Task<void> bury(const Failure& failure);
    /// Nothing of it is stored any more.
    Task<void> forget();

    [[nodiscard]] const FileProgress& progress() const { return progress_; }

private:
    static constexpr auto no_column = static_cast<std::size_t>(-1);
    struct Piece {
        std::string bytes;
        bool grows = false;  // nothing more is there yet, and somebody writes to it
    };

    [[nodiscard]] std::vector<std::string> state(const char* command) const;
    Task<void> resume();
    Task<void> feed();
    Task<void> take(const connectors::CsvRow& row);
    Task<void> begin_rows();
    void take_into_group(const connectors::CsvRow& row);
    void take_stray(const connectors::CsvRow& row);
    void add_strays();
    void end_group();
    Task<void> accept();
    [[nodiscard]] Envelope envelope_at(std::uint64_t line) const;
    [[nodiscard]] std::string key_at(std::uint64_t line) const;
    [[nodiscard]] std::string topic_of_all() const;
    void add(std::string body, std::uint64_t line);
    /// `bytes`: of the row, of which `shown` may be a part.
    void add_bad(const Failure& failure, std::uint64_t line, const std::string& shown, std::uint64_t bytes = 0);
    [[nodiscard]] std::string text_between(std::uint64_t from, std::uint64_t to) const;
    void wait(Envelope envelope);

    Dependencies with_;
    const Channel& channel_;
    ClaimedFile file_;
    const DroppedFile& kind_;
    int fd_ = -1;
    std::uint64_t at_ = 0;  // of what is fed next
    bool ended_ = false;
    std::optional<connectors::CsvReader> reader_;
    std::optional<connectors::CsvObject> object_;
    FileProgress progress_;
    std::uint64_t row_begins_ = 0;
    std::optional<connectors::CsvPlace> behind_;  // what is waiting
    std::vector<Envelope> waiting_;
    std::size_t waiting_bytes_ = 0;
    std::size_t group_column_ = no_column;
    std::size_t group_rows_ = 0;
    std::uint64_t group_line_ = 0;
    bool group_too_large_ = false;
    connectors::CsvPlace group_end_;
    std::string group_value_;
    std::string group_;
    std::vector<std::pair<std::string, std::uint64_t>> strays_;  // body and line of each
    std::size_t strays_bytes_ = 0;
    std::unordered_set<std::size_t> groups_;  // hashes of the values that had a group of this file
};

}  // namespace headgate::gateway
