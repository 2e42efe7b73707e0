#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>

#include "core/ids.hpp"
#include "core/result.hpp"
#include "observability/sqlite.hpp"

namespace headgate::observability {

struct StoredEvent {
    EventId event;
    std::string body;  // the envelope, as it was written
};

/// Events of a history file with their bodies, the newest first, also while a Headgate writes it.
class StoredEvents {
public:
    struct Wanted {
        std::string channel;  // "": of all
        EventId since;        // accepted no earlier than this id
        std::size_t most = 1000;
    };
    /// Throws std::runtime_error when there is no such file or it is none of these.
    StoredEvents(const std::filesystem::path& file, const Wanted& wanted);
    /// Nothing behind the last.
    [[nodiscard]] Result<std::optional<StoredEvent>> next();

private:
    std::string behind_ = "~";  // the last that was given; in front of all ids
    std::string since_;
    std::string channel_;
    std::size_t left_;
    sqlite::Database reader_;
    sqlite::Statement query_;
};

}  // namespace headgate::observability
