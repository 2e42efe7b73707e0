#pragma once

#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace headgate::observability {

/// Why this process is not ready, as a set of named reasons: ready when there is none. A note is shown but does not
/// make it unready (a check that was waived by name). Names are constants of ours ("redis_away"), details
/// are for people and hold no secret. Calls may overlap; none fails.
class Health {
public:
    struct Reason {
        std::string name;
        std::string detail;
    };

    /// Sets or replaces a reason.
    void set(std::string_view reason, std::string_view detail = {});
    /// Of a reason or a note; nothing when there is none.
    void clear(std::string_view reason);
    void note(std::string_view name, std::string_view detail);
    void clear_note(std::string_view name);

    [[nodiscard]] bool ready() const;
    [[nodiscard]] std::vector<Reason> reasons() const;  // by name
    /// The body of /readyz: {"ready":false,"reasons":[{"name":"…","detail":"…"}],"notes":[]}
    [[nodiscard]] std::string json() const;

private:
    mutable std::mutex mutex_;
    std::map<std::string, std::string, std::less<>> reasons_;
    std::map<std::string, std::string, std::less<>> notes_;
};

}  // namespace headgate::observability
