#include "retry/decisions.hpp"

#include "retry/tellings.hpp"

namespace headgate::retry {

namespace {

std::string_view name_of(Decision::Verdict verdict)
{
    switch (verdict) {
    case Decision::Verdict::approve: return "approve";
    case Decision::Verdict::arrived: return "arrived";
    case Decision::Verdict::not_arrived: return "not_arrived";
    case Decision::Verdict::discard: return "discard";
    case Decision::Verdict::supersede: return "supersede";
    case Decision::Verdict::escalate: return "escalate";
    }
    std::unreachable();
}

}  // namespace

Decisions::Decisions(net::Redis& redis, const Scripts& scripts) : redis_(redis), scripts_(scripts) {}

Task<Decided> Decisions::decide(Decision decision)
{
    std::vector<std::string> keys;
    std::vector<std::string> args{decision.delivery.raw(),
                                  std::string(retry::name_of(decision.seen)),
                                  std::to_string(decision.attempts),
                                  std::string(name_of(decision.verdict)),
                                  std::move(decision.reason),
                                  std::move(decision.progress),
                                  decision.maybe ? "1" : "0",
                                  std::move(decision.frame),
                                  std::move(decision.who)};
    if (auto& asked = decision.asked)
        args.insert(args.end(), {std::move(asked->rule), std::string(view(asked->content)), asked->apart ? "1" : "0",
                                 std::move(asked->note)});
    else
        args.insert(args.end(), {"", "", "0", ""});
    auto reply = co_await redis_.eval(scripts_.decide, std::move(keys), std::move(args));
    if (!reply)
        co_return std::unexpected(std::move(reply.error()));
    if (!reply->is_list(5) || reply->list[0].integer < 0 || reply->list[0].integer > 4)
        co_return odd_reply("decide");
    Decided decided;
    decided.answer = static_cast<Decided::Answer>(reply->list[0].integer);
    decided.partition = static_cast<Partition>(reply->list[1].integer);
    decided.state = delivery_state(reply->list[2].text);
    if (auto next = named_deliveries(reply->list[3].text); next && !next->empty())
        decided.next = next->front();
    decided.ended = ended_of(reply->list[4].text);
    co_return decided;
}

Task<std::vector<Superseded>> Decisions::supersede(std::vector<DeliveryId> letters, std::string frame)
{
    std::vector<std::string> keys;
    std::vector<std::string> args{std::move(frame)};
    for (const DeliveryId& letter : letters)
        args.push_back(letter.raw());
    auto reply = co_await redis_.eval(scripts_.supersede, std::move(keys), std::move(args));
    if (!reply)
        co_return std::unexpected(std::move(reply.error()));
    if (reply->list.size() % 2 != 0)
        co_return odd_reply("supersede");
    std::vector<Superseded> ended;
    for (std::size_t i = 0; i < reply->list.size(); i += 2)
        ended.push_back({static_cast<Partition>(reply->list[i].integer), ended_of(reply->list[i + 1].text)});
    co_return ended;
}

Task<Released> Decisions::release(Hash16 missing, std::string who)
{
    std::vector<std::string> keys;
    std::vector<std::string> args{std::string(view(missing)), std::move(who)};
    auto reply = co_await redis_.eval(scripts_.release, std::move(keys), std::move(args));
    if (!reply)
        co_return std::unexpected(std::move(reply.error()));
    if (reply->list.size() < 2 || reply->list.size() % 2 != 0)
        co_return odd_reply("release");
    Released released;
    released.count = static_cast<std::uint64_t>(reply->list[0].integer);
    released.more = reply->list[1].integer != 0;
    for (std::size_t i = 2; i < reply->list.size(); i += 2) {
        auto id = delivery_of(reply->list[i + 1].text);
        if (!id)
            co_return odd_reply("release");
        released.ready.push_back({static_cast<Partition>(reply->list[i].integer), *id});
    }
    co_return released;
}

Task<void> Decisions::there(Hash16 fact, std::string target_id)
{
    Guard guard;
    guard.target_id = std::move(target_id);
    std::vector<std::string> set{
        "SET", std::string("hg:g:").append(view(fact)), encode(guard), "NX", "EX", std::to_string(guard_seconds)};
    auto reply = co_await redis_.command(std::move(set));
    if (!reply)
        co_return std::unexpected(of_harmless(std::move(reply.error())));
    co_return Result<void>();
}

Task<void> Decisions::pause(std::string name, std::string why)
{
    std::vector<std::string> keys;
    std::vector<std::string> args{std::move(name), std::move(why)};
    auto reply = co_await redis_.eval(scripts_.pause, std::move(keys), std::move(args));
    if (!reply)
        co_return std::unexpected(std::move(reply.error()));
    co_return Result<void>();
}

Task<void> Decisions::go_on(std::string name)
{
    auto done = pause(std::move(name), {});
    co_return co_await std::move(done);
}

Task<std::map<std::string, std::string>> Decisions::paused()
{
    std::vector<std::string> get{"HGETALL", "hg:paused"};
    auto reply = co_await redis_.command(std::move(get));
    if (!reply)
        co_return std::unexpected(std::move(reply.error()));
    std::map<std::string, std::string> all;
    for (std::size_t i = 0; i + 1 < reply->list.size(); i += 2)
        all[reply->list[i].text] = reply->list[i + 1].text;
    co_return all;
}

}  // namespace headgate::retry
