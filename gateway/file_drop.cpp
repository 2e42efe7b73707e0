#include "gateway/file_drop.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <mutex>
#include <set>
#include <sstream>
#include <system_error>
#include <vector>

#include "core/fault_point.hpp"
#include "core/hash.hpp"
#include "core/inflate.hpp"
#include "core/pattern.hpp"
#include "gateway/aside.hpp"
#include "gateway/data_folder.hpp"
#include "gateway/folder_names.hpp"

namespace headgate::gateway {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t inflated_at_once = 4U << 10U;  // a thousand times as much may come of it

std::unexpected<Failure> unusable(const std::string& what, const fs::path& path, int error)
{
    const bool full = error == ENOSPC || error == EDQUOT;
    return fail(FailureClass::transient, full ? "disk_full" : "folder_unusable",
                what + " " + path.string() + ": " + std::generic_category().message(error));
}

Result<void> write_all(int fd, std::string_view bytes, const fs::path& path)
{
    while (!bytes.empty()) {
        const auto count = ::write(fd, bytes.data(), bytes.size());
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return unusable("cannot write", path, errno);
        bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return {};
}

/// The digest of a file's bytes, in hex; nothing when it cannot be read.
std::optional<std::string> digest_of(const fs::path& path)
{
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return std::nullopt;
    Sha256 hash;
    std::string piece(256U << 10U, '\0');
    ssize_t count = 0;
    while ((count = ::read(fd, piece.data(), piece.size())) > 0)
        hash.feed(std::string_view(piece).substr(0, static_cast<std::size_t>(count)));
    ::close(fd);
    return count < 0 ? std::nullopt : std::optional(to_hex(hash.finish()));
}

/// Whether one of these folders has the file that was about to be renamed there: it is that one still, and its bytes
/// are these. `move_into` gives names a number.
bool is_there(const std::vector<fs::path>& folders, const std::string& name, const std::string& inode,
              const std::string& digest)
{
    for (const fs::path& folder : folders) {
        std::error_code error;
        for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
            const std::string found = at->path().filename().string();
            if (found != name && !found.starts_with(name + "."))
                continue;
            struct stat seen{};
            if (::lstat(at->path().c_str(), &seen) == 0 && std::to_string(seen.st_ino) == inode &&
                digest_of(at->path()) == digest)
                return true;
        }
    }
    return false;
}

/// Where it stands what became of a file: of a report of its own, of what is sent by name of the newest of that name.
std::string dropped_key(const Channel& channel, std::string_view name, std::string_view what)
{
    return "hg:dropped:" + channel.name + ":" + to_hex(hash16({name, what}));
}

/// What stands in Redis of a file that was sent.
struct Dropped {
    bool placed = false;  // it was renamed to where files are read; else somebody was about to
    std::string inode;
    std::string digest;

    [[nodiscard]] std::string text() const { return (placed ? "placed " : "placing ") + inode + " " + digest; }
    [[nodiscard]] static Dropped read(const std::string& text)
    {
        Dropped read;
        std::string state;
        std::istringstream(text) >> state >> read.inode >> read.digest;
        read.placed = state == "placed";
        return read;
    }
};

/// One file is placed by one at a time: whoever sends it again because no answer came may be early.
class Placing {
public:
    explicit Placing(std::string key) : key_(std::move(key))
    {
        const std::lock_guard lock(mutex);
        alone_ = under_way.insert(key_).second;
    }
    Placing(const Placing&) = delete;
    Placing& operator=(const Placing&) = delete;
    ~Placing()
    {
        const std::lock_guard lock(mutex);
        if (alone_)
            under_way.erase(key_);
    }
    [[nodiscard]] bool alone() const { return alone_; }

private:
    inline static std::mutex mutex;
    inline static std::set<std::string> under_way;
    std::string key_;
    bool alone_ = false;
};

std::unexpected<Failure> waiting(std::string detail)
{
    return fail(FailureClass::transient, "file_waiting", std::move(detail));
}

}  // namespace

/// The file while it comes. The thread of the disk works on it, and it goes when neither needs it any more.
struct FileDrop::File {
    File(fs::path folder, std::string name, std::uint64_t most, bool gzip) : in(std::move(folder)), most_bytes(most)
    {
        path = in / ".coming" / (name + ".XXXXXX");
        if (gzip)
            inflater.emplace(Inflater::Coding::gzip);
    }
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    ~File()
    {
        if (fd >= 0)
            ::close(fd);
        if (fd >= 0 && !placed)
            ::unlink(path.c_str());
    }

    Result<void> open()
    {
        if (fd >= 0)
            return {};
        std::error_code error;
        fs::create_directories(path.parent_path(), error);
        std::string made = path.string();
        fd = error ? -1 : ::mkostemp(made.data(), O_CLOEXEC);
        if (fd < 0)
            return unusable("cannot make", path, error ? error.value() : errno);
        path = made;
        ::fchmod(fd, 0640);
        return {};
    }

    Result<void> add(std::string_view bytes)
    {
        size += bytes.size();
        if (size > most_bytes)
            return fail(FailureClass::permanent, "file_too_large",
                        "the file is larger than the channel's `receive.largest`");
        hash.feed(bytes);
        return write_all(fd, bytes, path);
    }

    Result<void> take(std::string_view bytes)
    {
        if (auto opened = open(); !opened)
            return opened;
        if (!inflater)
            return add(bytes);
        while (!bytes.empty()) {
            std::string out;
            const auto now = bytes.substr(0, inflated_at_once);
            if (auto fed = inflater->feed(now, out, std::size_t{64} << 20U); !fed)
                return fed;
            if (auto added = add(out); !added)
                return added;
            bytes.remove_prefix(now.size());
        }
        return {};
    }

    [[nodiscard]] ino_t inode() const
    {
        struct stat seen{};
        return ::fstat(fd, &seen) == 0 ? seen.st_ino : 0;
    }

    Result<void> sync()
    {
        if (auto opened = open(); !opened)
            return opened;
        if (inflater && !inflater->whole())
            return fail(FailureClass::permanent, "content_coding_broken", "the gzip stream ends too early");
        if (::fsync(fd) != 0)
            return unusable("cannot sync", path, errno);
        return {};
    }

    fs::path in;
    std::uint64_t most_bytes;
    fs::path path;
    int fd = -1;
    bool placed = false;
    std::uint64_t size = 0;
    Sha256 hash;
    std::optional<Inflater> inflater;
};

FileDrop::FileDrop(Dependencies dependencies, const Channel& channel, std::string name, bool gzip)
    : with_(std::move(dependencies)),
      channel_(channel),
      name_(std::move(name)),
      file_(std::make_shared<File>(folder_paths(channel, with_.folder).folder, name_,
                                   channel.config.receive->largest.bytes, gzip))
{}

FileDrop::~FileDrop() = default;

asio::awaitable<bool> FileDrop::take(std::string_view piece)
{
    if (failure_)
        co_return false;
    auto writing = aside<std::uint64_t>(with_.disk, with_.executor,
                                        [file = file_, bytes = std::string(piece)]() -> Result<std::uint64_t> {
                                            if (auto taken = file->take(bytes); !taken)
                                                return std::unexpected(std::move(taken.error()));
                                            return file->size;
                                        });
    const auto written = co_await std::move(writing);
    if (written)
        size_ = *written;
    else
        failure_ = written.error();
    co_return written.has_value();
}

Task<void> FileDrop::finish()
{
    if (failure_)
        co_return std::unexpected(*failure_);
    if (!digest_.empty())
        co_return Result<void>{};
    auto syncing = aside<std::string>(with_.disk, with_.executor, [file = file_]() -> Result<std::string> {
        if (auto synced = file->sync(); !synced)
            return std::unexpected(std::move(synced.error()));
        return to_hex(file->hash.finish());
    });
    auto synced = co_await std::move(syncing);
    if (!synced) {
        failure_ = synced.error();
        co_return std::unexpected(std::move(synced.error()));
    }
    digest_ = std::move(*synced);
    co_return Result<void>{};
}

Task<void> FileDrop::look_at(std::function<Result<void>(std::string_view bytes)> look)
{
    auto finishing = finish();
    auto finished = co_await std::move(finishing);
    if (!finished)
        co_return finished;
    auto looking = aside<bool>(with_.disk, with_.executor, [file = file_, look = std::move(look)]() -> Result<bool> {
        void* at = file->size == 0 ? nullptr : ::mmap(nullptr, file->size, PROT_READ, MAP_PRIVATE, file->fd, 0);
        if (at == MAP_FAILED)
            return unusable("cannot read", file->path, errno);
        auto looked = look({static_cast<const char*>(at), file->size});
        if (at != nullptr)
            ::munmap(at, file->size);
        if (!looked)
            return std::unexpected(std::move(looked.error()));
        return true;
    });
    auto looked = co_await std::move(looking);
    if (!looked)
        co_return std::unexpected(std::move(looked.error()));
    co_return Result<void>{};
}

Task<bool> FileDrop::is_placed(net::Redis& redis, const Channel& channel, std::string name, std::string what)
{
    std::vector<std::string> ask{"GET", dropped_key(channel, name, what)};
    const auto reply = co_await redis.command(std::move(ask));
    if (!reply)
        co_return std::unexpected(reply.error());
    co_return Dropped::read(reply->text).placed;
}

/// Said before it is done, and after: who dies in between looks whether the file is there.
Task<FileDrop::Placed> FileDrop::place(std::string what)
{
    auto finishing = finish();
    const auto finished = co_await std::move(finishing);
    if (!finished)
        co_return std::unexpected(finished.error());
    const std::string key = dropped_key(channel_, name_, what);
    const auto remembered = std::max<std::int64_t>(channel_.window.count(), 60);
    const auto paths = folder_paths(channel_, with_.folder);
    const std::vector<fs::path> folders{paths.work, paths.archive, paths.error};

    const Placing placing_it(key);
    if (!placing_it.alone())
        co_return waiting("the same file is just being taken");
    std::vector<std::string> ask{"GET", key};
    const auto known = co_await with_.redis.command(std::move(ask));
    if (!known)
        co_return std::unexpected(known.error());
    const auto before = Dropped::read(known->text);
    const bool same = !what.empty() || before.digest == digest_;
    bool there = same && before.placed;
    if (same && !before.placed && !before.inode.empty()) {
        auto looking =
            aside<bool>(with_.disk, with_.executor,
                        [folders, name = name_, inode = before.inode, digest = before.digest]() -> Result<bool> {
                            return is_there(folders, name, inode, digest);
                        });
        const auto found = co_await std::move(looking);
        there = found && *found;
    }
    const Dropped now = there ? before : Dropped{false, std::to_string(file_->inode()), digest_};
    const auto remember = [&](bool placed) {
        return std::vector<std::string>{"SET", key, Dropped{placed, now.inode, now.digest}.text(), "EX",
                                        std::to_string(remembered)};
    };
    if (!there) {
        auto begun = co_await with_.redis.command(remember(false));
        if (!begun)
            co_return std::unexpected(begun.error());
        fault_point("file_placing");
        auto placing = aside<bool>(
            with_.disk, with_.executor, [file = file_, folder = paths.work, name = name_]() -> Result<bool> {
                std::error_code error;
                fs::create_directories(folder, error);
                if (error)
                    return unusable("cannot make", folder, error.value());
                if (::renameat2(AT_FDCWD, file->path.c_str(), AT_FDCWD, (folder / name).c_str(), RENAME_NOREPLACE) != 0)
                    return errno == EEXIST ? waiting("another file of this name is still being read")
                                           : unusable("cannot move", file->path, errno);
                file->placed = true;
                sync_folder(folder);
                return true;
            });
        auto placed = co_await std::move(placing);
        if (!placed) {
            // What was the newest before is so still, and is known when it is sent again.
            std::vector<std::string> undo{"DEL", key};
            if (!known->text.empty())
                undo = {"SET", key, known->text, "EX", std::to_string(remembered)};
            co_await with_.redis.command(std::move(undo));
            co_return std::unexpected(std::move(placed.error()));
        }
        fault_point("file_placed");
    }
    auto ended = co_await with_.redis.command(remember(true));
    if (!ended)
        co_return std::unexpected(ended.error());
    co_return there ? Placed::before : Placed::now;
}

bool is_file_name(std::string_view name)
{
    return !name.empty() && name.size() <= 128 && !is_aside(name) && std::ranges::all_of(name, [](char letter) {
        return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
               (letter >= '0' && letter <= '9') || letter == '.' || letter == '_' || letter == '-';
    });
}

const DroppedFile* feed_of(const Channel& channel, std::string_view name)
{
    for (const auto& [feed, kind] : channel.connector->feeds)
        for (const auto& pattern : kind.config.files)
            if (fits_pattern(pattern, name))
                return &kind;
    return nullptr;
}

}  // namespace headgate::gateway
