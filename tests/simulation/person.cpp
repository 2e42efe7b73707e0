#include "person.hpp"

#include <algorithm>

#include <boost/asio/co_spawn.hpp>

#include "gateway/letter_id.hpp"
#include "retry/keys.hpp"

namespace headgate::simulation {

namespace {

using Verdict = retry::Decision::Verdict;

constexpr int most_replays = 4;

std::optional<EventId> event_of(std::string_view bytes)
{
    const auto hex = to_hex({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
    return EventId::parse(hex.substr(0, 8) + "-" + hex.substr(8, 4) + "-" + hex.substr(12, 4) + "-" +
                          hex.substr(16, 4) + "-" + hex.substr(20));
}

}  // namespace

Person::Person(Ground& ground, Tellings& tellings, asio::io_context& io, net::Redis& redis,
               gateway::api::OwnerCalls calls)
    : ground_(ground),
      tellings_(tellings),
      io_(io),
      redis_(redis),
      calls_(std::move(calls)),
      releases_(redis, ground.scripts,
                [this](std::vector<retry::DeliveryAt> ready) { calls_.ready(std::move(ready)); }),
      means_{ground.configuration,
             ground.scripts,
             ground.history,
             ground.metrics,
             health_,
             ground.log,
             calls_,
             redis,
             releases_,
             ground.audit,
             mask_}
{}

void Person::spawn(asio::awaitable<void> work)
{
    asio::co_spawn(io_, std::move(work), [](const std::exception_ptr& error) {
        if (error)
            std::rethrow_exception(error);
    });
}

std::set<Partition> Person::partitions() const
{
    std::set<Partition> all;
    for (const Told& told : tellings_.all)
        all.insert(partition_of(told.source, told.order));
    return all;
}

std::vector<std::string> Person::members(const char* set, Partition partition)
{
    std::vector<std::string> all;
    for (const auto& member : ground_.world.line.ask({"ZRANGE", retry::partition_key(set, partition), "0", "-1"}).list)
        all.push_back(member.text);
    return all;
}

std::optional<Person::Seen> Person::see(const std::string& member)
{
    const auto fields = ground_.world.line.ask(
        {"HMGET", "hg:d:" + member, "system", "type", "state", "attempts", "maybe", "effect", "reason"});
    if (!fields.is_list(7) || fields.list[0].is_nil())
        return std::nullopt;
    Seen seen;
    seen.d = member;
    seen.id.event = *event_of(std::string_view(member).substr(0, 16));
    std::ranges::copy(member.substr(16), seen.id.half.begin());
    seen.name = gateway::letter_text(seen.id.event, seen.id.half);
    seen.system = fields.list[0].text;
    seen.type = fields.list[1].text;
    seen.state = fields.list[2].text;
    seen.attempts = static_cast<std::uint32_t>(std::stoul(fields.list[3].text));
    seen.maybe = fields.list[4].text == "1";
    const std::string& effect = fields.list[5].text;
    seen.effect_text = to_hex({reinterpret_cast<const std::uint8_t*>(effect.data()), effect.size()});
    seen.reason = fields.list[6].text;
    return seen;
}

void Person::look()
{
    auto& chance = ground_.world.chance;
    for (const Partition partition : partitions()) {
        for (const auto& member : members("hold", partition))
            if (const auto seen = see(member); seen && chance.percent(60))
                decide_held(*seen);
        for (const auto& member : members("dead", partition)) {
            const auto draw = chance.pick(100);
            if (member.size() == 16)
                continue;
            const auto seen = see(member);
            if (!seen)
                continue;
            ground_.judge.was_a_letter(seen->id.event);
            if (draw < 50)
                replay(seen->name);
            else if (draw < 60)
                decide(*seen, draw < 55 ? Verdict::discard : Verdict::supersede);
            else if (draw < 70 && seen->maybe)
                decide_held(*seen);
        }
        for (const auto& member : members("park", partition))
            if (const auto seen = see(member); seen && chance.percent(4) && !seen->maybe && seen->attempts == 0 &&
                                               ground_.judge.find(seen->system, seen->effect_text) == nullptr)
                decide(*seen, chance.percent(50) ? Verdict::discard : Verdict::supersede);
    }
}

void Person::tidy_up()
{
    for (const Partition partition : partitions()) {
        for (const auto& member : members("hold", partition))
            if (const auto seen = see(member))
                decide_held(*seen);
        for (const auto& member : members("dead", partition)) {
            const auto seen = see(member);
            if (!seen) {
                ground_.world.finding("an event became a letter");
                continue;
            }
            ground_.judge.was_a_letter(seen->id.event);
            const bool missing = seen->reason == "missing_parent" || seen->reason == "reference_missing";
            if (++replays_[seen->name] <= (missing ? 1 : most_replays)) {
                replay(seen->name);
                continue;
            }
            if (!missing)
                ground_.world.finding(seen->name + " dies again and again: " + seen->reason);
            decide(*seen, Verdict::discard);
        }
    }
}

/// Whether it is there is known once nothing of it is under way any more.
void Person::decide_held(const Seen& seen)
{
    if (seen.reason == "approval_wanted" && seen.state == "hold")
        return call(&gateway::api::approve_hold, seen.name, R"({"why":"w"})");
    if (seen.state == "hold" && seen.type != "payment")
        ground_.world.finding(seen.name + " is held, a " + seen.type);
    const Thing* thing = ground_.judge.find(seen.system, seen.effect_text);
    if (thing != nullptr && thing->on_its_way > 0)
        return;
    if (!seen.maybe)
        return decide(seen, Verdict::approve);
    const bool there = thing != nullptr && !thing->effects.empty();
    const auto attempts = std::to_string(seen.attempts);
    ground_.world.trace("a person says of " + tellings_.of(seen.id.event)->text() + " " + seen.type + ": it is " +
                        (there ? "there" : "not there"));
    if (there) {
        call(&gateway::api::hold_arrived, seen.name, R"({"target":"T","attempts":)" + attempts + "}");
    } else {
        ground_.judge.said_not_arrived(seen.system, seen.effect_text);
        call(&gateway::api::hold_not_arrived, seen.name, R"({"attempts":)" + attempts + "}");
    }
}

void Person::decide(const Seen& seen, Verdict verdict)
{
    retry::Decision decision;
    decision.delivery = seen.id;
    decision.seen = *retry::delivery_state(seen.state);
    decision.attempts = seen.attempts;
    decision.verdict = verdict;
    decision.reason = "by_hand";
    decision.frame = "{}";
    spawn(decide_now(seen, std::move(decision)));
}

asio::awaitable<void> Person::decide_now(Seen seen, retry::Decision decision)
{
    retry::Decisions decisions(redis_, ground_.scripts);
    const bool ends = decision.verdict != Verdict::approve;
    const auto decided = co_await decisions.decide(std::move(decision));
    const bool perhaps = !decided && decided.error().failure_class == FailureClass::unknown_outcome;
    if (!perhaps && (!decided || decided->answer != retry::Decided::Answer::done))
        co_return;
    if (ends)
        ground_.judge.settled(seen.id.event, seen.system, seen.type, seen.reason);
    if (perhaps)
        co_return;
    std::vector<retry::DeliveryAt> touched{{decided->partition, seen.id}};
    if (decided->next)
        touched.push_back(*decided->next);
    calls_.ready(std::move(touched));
}

void Person::replay(const std::string& name)
{
    call(&gateway::api::replay_letter, name, "");
}

void Person::pause(const std::string& kind, const std::string& name, bool paused)
{
    ground_.world.trace((paused ? "pause " : "resume ") + kind + " " + name);
    const bool channel = kind == "channel";
    if (paused)
        call(channel ? &gateway::api::pause_channel : &gateway::api::pause_system, name, R"({"why":"w"})");
    else
        call(channel ? &gateway::api::resume_channel : &gateway::api::resume_system, name, "");
}

void Person::tell_reference(const std::string& source, const std::string& order)
{
    ground_.world.trace("a person tells the reference of " + source + "/" + order);
    ground_.judge.said_there("erp", source, "order/" + order);
    call(&gateway::api::put_reference, "",
         R"({"system":"erp","kind":"sales_order","id":"order/)" + order + R"(","source":")" + source +
             R"(","theirs":"T"})");
}

void Person::call(gateway::api::Handler handler, std::string name, std::string body)
{
    spawn(call_now(handler, std::move(name), std::move(body)));
}

asio::awaitable<void> Person::call_now(gateway::api::Handler handler, std::string name, std::string body)
{
    static const gateway::Caller person{"admin", gateway::Role::admin};
    const gateway::api::Call call{"", body, person, name};
    const auto response = co_await handler(means_, call);
    if (response.status != 200)
        ground_.world.trace("the admin API answers " + std::to_string(response.status) + " " + response.body);
}

}  // namespace headgate::simulation
