#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/document.hpp"
#include "core/system.hpp"
#include "gateway/systems/http_system.hpp"
#include "gateway/systems/progress.hpp"

namespace headgate::gateway {

/// Brings a call to its system and the answer back, as HttpPool::send does.
using HttpSend = std::function<Task<net::HttpAnswer>(net::HttpCall)>;

/// One delivery on its way through the steps of its request.
class HttpDelivery {
public:
    struct Means {
        const HttpSystem::Dependencies& with;
        const HttpSend& send;
        Login& login;
    };
    HttpDelivery(Means means, const Delivery& delivery, Sending sending);

    asio::awaitable<SystemAnswer> run();
    /// What the system calls it, if the first probe that asks by the entity alone finds it; nothing: it does not, or
    /// there is no such probe. What it captures is stored. Of the delivery only the source and the transaction's type,
    /// entity and id are read.
    Task<std::optional<std::string>> find();

private:
    struct Answer {
        int status = 0;
        net::HttpFields headers;
        Document body;          // empty: there is none, or none that is JSON
        bool has_body = false;  // of any kind
        std::optional<std::chrono::milliseconds> retry_after;
        [[nodiscard]] bool is_garbled() const { return has_body && body.empty(); }
    };

    asio::awaitable<std::optional<SystemAnswer>> step(std::size_t index);
    asio::awaitable<SystemAnswer> send(std::size_t index);
    /// Nothing: it is not there. Else its captures.
    Task<std::optional<std::string>> probe(std::size_t index);
    Task<Answer> call(std::size_t index, mapping::RequestMessage message, bool sends);

    /// Evaluates, and again with the cross-references that were asked for, until none is.
    template <class Made, class Make>
    Task<Made> with_references(Make make);

    [[nodiscard]] mapping::RequestContext context() const;
    [[nodiscard]] bool may_have_arrived(const mapping::Request::Step& step) const;
    void done(std::size_t index, std::string captures);
    std::vector<retry::Reference> told_references();
    SystemAnswer answer(Result<Applied> result);
    SystemAnswer failed(Failure failure);
    SystemAnswer unknown(std::size_t index, Failure failure);

    Means means_;
    HttpSystem::MaySend may_send_;
    const HttpSystemPlan& plan_;
    const Delivery& delivery_;
    Sending sending_;
    Progress progress_;
    const mapping::Request* request_ = nullptr;
    Document transaction_;
    std::string effect_key_;
    std::map<std::string, Document> captured_;  // by step, for `$steps`
    std::vector<std::pair<std::string, const Document*>> steps_;
    ReferenceView view_;
    Applied applied_;
    std::optional<std::chrono::milliseconds> not_before_;
};

}  // namespace headgate::gateway
