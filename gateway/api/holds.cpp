#include <algorithm>
#include <charconv>
#include <expected>

#include <boost/json.hpp>

#include "gateway/api/held.hpp"
#include "gateway/api/resources.hpp"
#include "gateway/letter_id.hpp"
#include "gateway/systems/progress.hpp"
#include "retry/decisions.hpp"

namespace headgate::gateway::api {

namespace {

constexpr std::size_t longest_target = 500;

/// A held delivery as it is now, and what a person says of it.
struct Arrival {
    retry::DeliveryId id;
    Partition partition = 0;
    std::string system;
    std::string state;
    std::string type;
    std::string progress;
    std::uint32_t attempts = 0;
    std::string why;
    std::string target;
};

/// What the call says, beside what is stored of the delivery it names.
asio::awaitable<std::expected<Arrival, net::Response>> read_decision(const Means& with, const Call& call, bool arrived)
{
    const auto id = co_await hold_of(with, call);
    if (!id)
        co_return std::unexpected(id.error());
    const auto given =
        arrived ? members(call.body, {"target", "why", "attempts"}) : members(call.body, {"why", "attempts"});
    if (!given)
        co_return std::unexpected(failed(given.error()));
    const auto why = text_member(*given, "why", longest_why);
    const auto target = text_member(*given, "target", longest_target);
    if (!why || !target)
        co_return std::unexpected(failed(why ? target.error() : why.error()));

    Arrival said;
    said.id = *id;
    said.why = *why;
    said.target = *target;
    std::vector<std::string> get{
        "HMGET", "hg:d:" + said.id.raw(), "p", "system", "state", "attempts", "type", "progress", "rule"};
    const auto stored = co_await with.redis.command(std::move(get));
    if (!stored)
        co_return std::unexpected(failed(stored.error()));
    if (!stored->is_list(7) || stored->list[2].is_nil())
        co_return std::unexpected(no_hold(with, said.id));
    if (!stored->list[6].text.empty())
        co_return std::unexpected(refuse(409, "hold_refused",
                                         "the rule `" + stored->list[6].text +
                                             "` holds it: it waits for `approve` or `reject`, not for an arrival"));
    const auto number = [&](std::size_t field, auto& out) {
        const auto& text = stored->list[field].text;
        std::from_chars(text.data(), text.data() + text.size(), out);
    };
    number(0, said.partition);
    said.system = stored->list[1].text;
    said.state = stored->list[2].text;
    number(3, said.attempts);
    said.type = stored->list[4].text;
    said.progress = stored->list[5].text;
    if (const auto* seen = given->if_contains("attempts"); seen != nullptr) {
        boost::system::error_code error;
        const auto attempts = seen->is_number() ? seen->to_number<std::uint32_t>(error) : 0;
        if (!seen->is_number() || error)
            co_return std::unexpected(refuse(400, "bad_body", "`attempts` is the number that was seen"));
        said.attempts = attempts;
    }
    co_return said;
}

/// For history: who said what, and why.
std::string frame_of(const Arrival& said, bool arrived, std::string_view who)
{
    json::object delivery{{"system", said.system}, {"outcome", "retry"}};
    if (!said.target.empty())
        delivery["target"] = said.target;
    const auto now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
    json::object frame{
        {"finished", now.time_since_epoch().count()}, {"reason", arrived ? "arrived" : "not_arrived"}, {"who", who}};
    if (!said.why.empty())
        frame["why"] = said.why;
    frame["delivery"] = std::move(delivery);
    return json::serialize(frame);
}

net::Response changed(const Arrival& said, const retry::Decided& decided)
{
    const auto state = decided.state ? std::string(retry::name_of(*decided.state)) : said.state;
    return refuse(409, "hold_changed",
                  state == "hold" ? "it was tried again since you looked: look at the system once more"
                                  : "it is not held any more: it is " + state + " now");
}

/// What a person's word adds to how far it has come: the doubtful step is done, and the system calls it this. Of an
/// owner that was lost, the steps behind it may have been sent as well.
std::expected<Progress, net::Response> progress_of(const Means& with, const Arrival& said)
{
    const auto system = with.configuration.systems.find(said.system);
    const auto* requests = system == with.configuration.systems.end() ? nullptr : &system->second->requests;
    const auto request = requests == nullptr ? decltype(requests->end()){} : requests->find(said.type);
    if (requests == nullptr || request == requests->end())
        return std::unexpected(refuse(409, "no_request",
                                      "no request of " + said.system + " applies to " + said.type +
                                          " any more, so nobody knows which step arrived; put it back"));
    Progress progress = Progress::read(said.progress);
    const auto steps = request->second.steps();
    const auto doubtful = std::ranges::find_if(steps, [&](const auto& step) {
        return progress.maybe.empty() ? step.repeat == mapping::Repeat::never && !progress.captured.contains(step.id)
                                      : step.id == progress.maybe;
    });
    if (doubtful == steps.end())
        return std::unexpected(refuse(409, "no_request",
                                      "the request of " + said.system + " for " + said.type +
                                          " has changed, so nobody knows which step arrived; put it back"));
    if (said.target.empty() && !doubtful->captures.empty() && std::next(doubtful) != steps.end())
        return std::unexpected(refuse(400, "target_missing",
                                      "steps behind `" + doubtful->id + "` are sent now and may need its `" +
                                          doubtful->captures.front() + "`: say what the system calls it (`--target`)"));
    json::object captures;
    if (!said.target.empty() && !doubtful->captures.empty())
        captures[doubtful->captures.front()] = said.target;
    progress.captured[doubtful->id] = json::serialize(captures);
    progress.maybe.clear();
    progress.misses = 0;
    return progress;
}

asio::awaitable<net::Response> decide_arrival(const Means& with, const Call& call, bool arrived)
{
    const auto said = co_await read_decision(with, call, arrived);
    if (!said)
        co_return said.error();
    retry::Decision decision;
    decision.delivery = said->id;
    decision.attempts = said->attempts;
    decision.verdict = arrived ? retry::Decision::Verdict::arrived : retry::Decision::Verdict::not_arrived;
    decision.reason = arrived ? "arrived" : "not_arrived";
    decision.frame = frame_of(*said, arrived, call.caller.name);
    decision.who = call.caller.name;
    if (said->state != retry::name_of(retry::DeliveryState::hold))
        co_return changed(*said, {});
    if (arrived) {
        const auto progress = progress_of(with, *said);
        if (!progress)
            co_return progress.error();
        decision.progress = progress->text();
        decision.maybe = progress->lost;
    }
    retry::Decisions decisions(with.redis, with.scripts);
    const auto decided = co_await decisions.decide(std::move(decision));

    std::vector<retry::DeliveryAt> touched{{said->partition, said->id}};
    if (!decided) {
        if (decided.error().failure_class == FailureClass::unknown_outcome)
            with.owner.ready(std::move(touched));
        co_return failed(decided.error());
    }
    switch (decided->answer) {
    case retry::Decided::Answer::gone: co_return no_hold(with, said->id);
    case retry::Decided::Answer::changed: co_return changed(*said, *decided);
    case retry::Decided::Answer::apart:
    case retry::Decided::Answer::refused:
        co_return refuse(409, "hold_refused", "it was surely not sent, so there is nothing to say of its arrival");
    case retry::Decided::Answer::done: break;
    }
    if (decided->next)
        touched.push_back(*decided->next);
    with.owner.ready(std::move(touched));  // and so history hears of it
    const auto name = letter_text(said->id.event, said->id.half);
    with.log.info("a held delivery was decided", observability::LogLine{}
                                                     .field("hold", name)
                                                     .field("system", said->system)
                                                     .field("verdict", arrived ? "arrived" : "not_arrived")
                                                     .optional("target", said->target)
                                                     .optional("why", said->why)
                                                     .field("who", call.caller.name));
    co_return reply(200, json::object{{"hold", name},
                                      {"event", said->id.event.text()},
                                      {"system", said->system},
                                      {"verdict", arrived ? "arrived" : "not_arrived"},
                                      {"state", decided->state ? retry::name_of(*decided->state) : ""}});
}

}  // namespace

asio::awaitable<net::Response> hold_arrived(const Means& with, const Call& call)
{
    co_return co_await decide_arrival(with, call, true);
}

asio::awaitable<net::Response> hold_not_arrived(const Means& with, const Call& call)
{
    co_return co_await decide_arrival(with, call, false);
}

}  // namespace headgate::gateway::api
