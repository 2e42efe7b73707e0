#include "gateway/approvals.hpp"

#include <boost/json.hpp>

#include "gateway/api/held.hpp"
#include "gateway/api/resources.hpp"
#include "gateway/letter_id.hpp"
#include "retry/decisions.hpp"
#include "retry/waiting.hpp"

namespace headgate::gateway::api {

namespace {

/// What a person says of a delivery that a rule holds.
struct Word {
    retry::WaitingDelivery held;
    const HoldConfig::Approve* approve = nullptr;
    std::string why;
};

net::Response changed(std::string_view how)
{
    return refuse(409, "hold_changed", how);
}

asio::awaitable<std::expected<Word, net::Response>> read_word(const Means& with, const Call& call)
{
    const auto id = co_await hold_of(with, call);
    if (!id)
        co_return std::unexpected(id.error());
    const auto given = members(call.body, {"why", "content"});
    if (!given)
        co_return std::unexpected(failed(given.error()));
    const auto why = reason(*given, "a decision");
    const auto content = text_member(*given, "content", 2 * sizeof(Digest));
    if (!why || !content)
        co_return std::unexpected(failed(why ? content.error() : why.error()));
    auto held = co_await retry::held_delivery(with.redis, *id);
    if (!held)
        co_return std::unexpected(failed(held.error()));
    if (!*held)
        co_return std::unexpected(no_hold(with, *id));
    if ((*held)->rule.empty())
        co_return std::unexpected(refuse(409, "hold_refused",
                                         "no rule holds it: nobody knows whether it arrived, and `arrived` or "
                                         "`not-arrived` says so"));
    if (!content->empty() && *content != to_hex((*held)->content))
        co_return std::unexpected(changed("it would be sent with another content than you saw: look at it once more"));
    Word word{std::move(**held), nullptr, *why};
    word.approve = &approve_of(with.configuration, word.held.rule);
    if (call.caller.role < word.approve->role)
        co_return std::unexpected(refuse(403, "role_wanted",
                                         "the rule `" + word.held.rule + "` wants the role `" +
                                             std::string(name_of(word.approve->role)) + "` for that"));
    co_return word;
}

retry::Decision decision_of(const Word& word, bool approves, std::string_view who)
{
    const auto now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
    const auto& held = word.held;
    retry::Decision decision;
    decision.delivery = held.id;
    decision.attempts = held.attempts;
    decision.verdict = approves ? retry::Decision::Verdict::approve : retry::Decision::Verdict::discard;
    decision.reason = approves ? "approved" : "rejected";
    decision.who = who;
    decision.asked = retry::Decision::Asked{
        .rule = held.rule,
        .content = held.content,
        .apart = approves && word.approve->four_eyes,
        .note = json::serialize(json::object{{"who", who}, {"why", word.why}, {"at", time_text(now)}})};
    json::object told{{"system", held.system},
                      {"type", held.type},
                      {"outcome", approves ? "approved" : "discarded"},
                      {"rule", held.rule}};
    decision.frame = json::serialize(json::object{{"finished", now.time_since_epoch().count()},
                                                  {"reason", decision.reason},
                                                  {"who", who},
                                                  {"why", word.why},
                                                  {"delivery", std::move(told)}});
    return decision;
}

asio::awaitable<net::Response> decide(const Means& with, const Call& call, bool approves)
{
    const auto word = co_await read_word(with, call);
    if (!word)
        co_return word.error();
    retry::Decisions decisions(with.redis, with.scripts);
    auto decision = decision_of(*word, approves, call.caller.name);
    const auto decided = co_await decisions.decide(std::move(decision));
    const auto& held = word->held;
    if (!decided) {
        if (decided.error().failure_class == FailureClass::unknown_outcome)
            with.owner.ready(anywhere());
        co_return failed(decided.error());
    }
    switch (decided->answer) {
    case retry::Decided::Answer::gone: co_return no_hold(with, held.id);
    case retry::Decided::Answer::refused:
    case retry::Decided::Answer::changed:
        co_return changed(decided->state == retry::DeliveryState::hold
                              ? "it is held for something else now: look at it once more"
                              : "it is not held any more: it is " +
                                    std::string(decided->state ? retry::name_of(*decided->state) : "gone") + " now");
    case retry::Decided::Answer::apart:
        co_return refuse(
            403, "four_eyes_wanted",
            "you have put this event back to work, and the rule `" + held.rule + "` wants somebody else to approve it");
    case retry::Decided::Answer::done: break;
    }
    std::vector<retry::DeliveryAt> touched{{decided->partition, held.id}};
    if (decided->next)
        touched.push_back(*decided->next);
    with.owner.ready(std::move(touched));  // and so history hears of it
    const auto name = letter_text(held.id.event, held.id.half);
    with.log.info(approves ? "a held delivery was approved" : "a held delivery was rejected",
                  observability::LogLine{}
                      .field("hold", name)
                      .field("system", held.system)
                      .field("rule", held.rule)
                      .field("why", word->why)
                      .field("who", call.caller.name));
    co_return reply(200, json::object{{"hold", name},
                                      {"event", held.id.event.text()},
                                      {"system", held.system},
                                      {"rule", held.rule},
                                      {"verdict", approves ? "approved" : "rejected"},
                                      {"state", decided->state ? retry::name_of(*decided->state) : ""}});
}

}  // namespace

asio::awaitable<net::Response> approve_hold(const Means& with, const Call& call)
{
    co_return co_await decide(with, call, true);
}

asio::awaitable<net::Response> reject_hold(const Means& with, const Call& call)
{
    co_return co_await decide(with, call, false);
}

}  // namespace headgate::gateway::api
