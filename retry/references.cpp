#include "retry/references.hpp"

#include <algorithm>

#include "retry/replies.hpp"

namespace headgate::retry {

namespace {

std::string key_of(const std::string& system, const std::string& kind)
{
    return "hg:x:" + system + '\0' + kind;
}

}  // namespace

References::References(net::Redis& redis, const Scripts& scripts) : redis_(redis), scripts_(scripts) {}

Task<void> References::put(std::vector<Reference> references)
{
    for (std::size_t first = 0; first < references.size(); first += 128) {
        std::vector<std::string> keys;
        std::vector<std::string> args;
        for (std::size_t i = first; i < std::min(first + 128, references.size()); ++i) {
            auto& one = references[i];
            for (auto* part : {&one.system, &one.kind, &one.id, &one.theirs})
                args.push_back(std::move(*part));
        }
        auto reply = co_await redis_.eval(scripts_.xref, std::move(keys), std::move(args));
        if (!reply)
            co_return std::unexpected(of_harmless(std::move(reply.error())));
    }
    co_return Result<void>();
}

Task<std::vector<std::optional<std::string>>> References::find(std::string system, std::string kind,
                                                               std::vector<std::string> ids)
{
    std::vector<std::optional<std::string>> found(ids.size());
    if (ids.empty())
        co_return found;
    std::vector<std::string> get{"HMGET", key_of(system, kind)};
    get.insert(get.end(), std::make_move_iterator(ids.begin()), std::make_move_iterator(ids.end()));
    auto reply = co_await redis_.command(std::move(get));
    if (!reply)
        co_return std::unexpected(of_harmless(std::move(reply.error())));
    if (!reply->is_list(found.size()))
        co_return odd_reply("HMGET");
    for (std::size_t i = 0; i < found.size(); ++i)
        if (!reply->list[i].is_nil())
            found[i] = std::move(reply->list[i].text);
    co_return found;
}

Task<ReferencePage> References::list(std::string system, std::string kind, std::string cursor)
{
    std::vector<std::string> scan{"HSCAN", key_of(system, kind), cursor.empty() ? "0" : std::move(cursor), "COUNT",
                                  "128"};
    auto reply = co_await redis_.command(std::move(scan));
    if (!reply)
        co_return std::unexpected(of_harmless(std::move(reply.error())));
    if (!reply->is_list(2))
        co_return odd_reply("HSCAN");
    ReferencePage page;
    if (reply->list[0].text != "0")
        page.next = std::move(reply->list[0].text);
    auto& fields = reply->list[1].list;
    for (std::size_t i = 0; i + 1 < fields.size(); i += 2)
        page.references.push_back({system, kind, std::move(fields[i].text), std::move(fields[i + 1].text)});
    co_return page;
}

}  // namespace headgate::retry
