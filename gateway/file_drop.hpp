#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <boost/asio/any_io_executor.hpp>

#include "core/async.hpp"
#include "core/result.hpp"
#include "gateway/configuration.hpp"
#include "net/http/body_sink.hpp"
#include "net/redis/connection.hpp"

namespace headgate::gateway {

/// A file that Headgate itself puts into the folder of a channel: written into FOLDER/.coming while it comes, and moved
/// to where files are read when it is whole. That it was is remembered in Redis (`hg:dropped:<channel>:<hash>`, as long
/// as the channel remembers events), so that the same one sent again, or asked for again, is not read again. One
/// thread: its executor's; the disk has one of its own.
class FileDrop final : public net::BodySink {
public:
    struct Dependencies {
        asio::any_io_executor executor;
        asio::any_io_executor disk;
        net::Redis& redis;
        std::string folder;  // the configuration's
    };
    /// `gzip`: what comes is taken out of it.
    FileDrop(Dependencies dependencies, const Channel& channel, std::string name, bool gzip = false);
    /// What was not placed is removed.
    ~FileDrop() override;

    /// Nothing is opened before the first byte. False: `failure()` says why.
    asio::awaitable<bool> take(std::string_view piece) override;
    /// `disk_full`, `folder_unusable` (transient), `file_too_large`, `content_coding_broken` (permanent).
    [[nodiscard]] const std::optional<Failure>& failure() const { return failure_; }
    [[nodiscard]] std::uint64_t size() const { return size_; }

    /// Everything that came is on disk; the whole of it, mapped into memory, is given to `look` on the disk's thread.
    Task<void> look_at(std::function<Result<void>(std::string_view bytes)> look);

    enum class Placed : std::uint8_t { now, before };
    /// `what` names it for good: a report's id, or nothing, for the bytes themselves. Fails with `file_waiting`
    /// (transient) while another of that name is being read.
    Task<Placed> place(std::string what = {});
    /// Whether what goes by that name was placed already.
    static Task<bool> is_placed(net::Redis& redis, const Channel& channel, std::string name, std::string what);

private:
    struct File;
    Task<void> finish();

    Dependencies with_;
    const Channel& channel_;
    std::string name_;
    std::shared_ptr<File> file_;
    std::uint64_t size_ = 0;
    std::string digest_;
    std::optional<Failure> failure_;
};

/// What a file may be called that comes by HTTP: letters, digits, `.`, `_` and `-`, at most 128 of them, and nothing
/// that a folder has a use for of its own.
[[nodiscard]] bool is_file_name(std::string_view name);
/// The feed that reads files of this name; null: none does.
[[nodiscard]] const DroppedFile* feed_of(const Channel& channel, std::string_view name);

}  // namespace headgate::gateway
