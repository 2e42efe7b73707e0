#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/thread_pool.hpp>

#include "gateway/admission.hpp"
#include "gateway/configuration.hpp"
#include "gateway/job.hpp"
#include "net/redis/connection.hpp"
#include "observability/health.hpp"
#include "observability/log.hpp"

namespace headgate::gateway {

/// Files that are dropped into folders: each row, or each group of rows, arrives as an event.
///
/// A file that is whole is claimed by renaming it into FOLDER/work, so that of several readers one gets it. How far it
/// was read stands in Redis (`hg:file:<channel>`, a field a file) and moves only behind what was accepted: who dies
/// goes on at that row. What was read is renamed into archive/ with a summary beside it, what cannot be into error/. A
/// row that cannot be read becomes a letter with its line. Memory: one piece of the file and at most 500 events,
/// whatever its size. Files are read on a thread of their own. Run by whoever holds the lease. One thread: its
/// executor's.
class FolderIntake {
public:
    struct Dependencies {
        const Configuration& configuration;
        net::Redis& redis;
        Admission& admission;
        std::function<bool()> full;  // others are behind: what is in a file waits there
        observability::Health& health;
        observability::Log& log;
        Spawn spawn;
    };
    FolderIntake(asio::any_io_executor executor, Dependencies dependencies);
    FolderIntake(const FolderIntake&) = delete;
    FolderIntake& operator=(const FolderIntake&) = delete;
    ~FolderIntake();

    /// The lease is held.
    void begin();
    /// The lease is gone: what is being read stops behind its next rows.
    void forget();

private:
    struct Folder;
    void tell_of_strangers(Folder& folder, std::set<std::string, std::less<>> strangers);
    asio::awaitable<void> keep(std::shared_ptr<Folder> folder, std::uint64_t epoch);
    asio::awaitable<void> wait(Folder& folder, std::chrono::milliseconds time);

    asio::any_io_executor executor_;
    Dependencies with_;
    asio::thread_pool disk_{1};
    std::vector<std::shared_ptr<Folder>> folders_;
    std::uint64_t epoch_ = 0;
};

}  // namespace headgate::gateway
