#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "chance.hpp"
#include "net/redis/connection.hpp"
#include "net/redis/reply.hpp"

namespace headgate::simulation {

/// Between the connections of a simulation and its Redis: what a connection has written is executed as a whole, and the
/// answers are there at once, so that nothing depends on when the machine gets round to it. And commands and answers
/// are lost here: a connection breaks before some were executed, and before some were answered.
class Line {
public:
    /// Where one party connects; it hears nothing from the others.
    struct Party {
        std::string path;
        std::uint64_t loss_per_mille = 0;  // of a batch of commands
        bool away = false;                 // nobody is let in
        bool stalled = false;              // nothing is read or answered
        bool frozen = false;               // the process stands still: as stalled, but what it has written is executed

        [[nodiscard]] net::RedisOptions options() const
        {
            net::RedisOptions options;
            options.address.unix_path = path;
            return options;
        }

    private:
        friend class Line;
        struct Client {
            int fd = -1;
            std::string in;
            bool closed = false;  // by the other side
        };
        int listener = -1;
        std::vector<Client> clients;
    };
    using Trace = std::function<void(std::string)>;

    Line(const std::string& redis_socket, std::string folder);
    Line(const Line&) = delete;
    Line& operator=(const Line&) = delete;
    ~Line();

    /// For the next life: connections are gone, and what is drawn is drawn from here.
    void begin(Chance& chance, Trace trace);
    /// Names of scripts by their SHA-1, for the trace.
    void name_script(const std::string& sha1, std::string name) { scripts_[sha1] = std::move(name); }

    Party& party(const std::string& name);
    /// Executes what was written. True: something was, or a connection has come or gone.
    bool pump();
    /// The connections of a party break: of what was written, so much as is drawn is executed.
    void cut(Party& party);
    /// The time that scripts see from here on, in ms since 1970.
    void time(std::int64_t ms) { now_ms_ = ms; }
    /// Past all parties, at once.
    net::Reply ask(const std::vector<std::string>& command);
    std::vector<net::Reply> ask_all(const std::vector<std::vector<std::string>>& commands);

private:
    void accept(Party& party);
    static void read(Party::Client& client);
    bool serve(Party& party, Party::Client& client);
    void watch(int fd) const;
    std::string execute(std::string_view bytes, std::size_t commands);
    void tell(const Party& party, std::string_view bytes, const std::vector<std::size_t>& ends, std::size_t executed,
              std::size_t answered);

    int redis_ = -1;
    int watched_ = -1;  // an epoll of all that may be readable
    std::string folder_;
    std::map<std::string, std::unique_ptr<Party>> parties_;
    std::map<std::string, std::string> scripts_;
    Chance* chance_ = nullptr;
    Trace trace_;
    std::int64_t now_ms_ = 0;
    std::int64_t told_ms_ = -1;
};

}  // namespace headgate::simulation
