#include "life.hpp"

#include <algorithm>
#include <cstdio>

#include <boost/asio/co_spawn.hpp>

#include "core/async.hpp"
#include "gateway/stages/accept.hpp"
#include "gateway/stages/identify.hpp"
#include "retry/keys.hpp"
#include "retry/tally.hpp"

namespace headgate::simulation {

namespace {

constexpr auto busy_time = 16s;      // things are told
constexpr auto longest_rest = 300s;  // everything is over by then

Mood mood_of(Chance& chance)
{
    const auto up_to = [&chance](std::uint64_t most) { return chance.percent(50) ? 0 : chance.pick(most + 1); };
    Mood mood;
    switch (chance.pick(4)) {
    case 0: return mood;  // all is well
    case 1: mood.unavailable = chance.percent(50) ? 100 : 0; [[fallthrough]];
    default:
        mood.lost = up_to(8);
        mood.answer_lost = up_to(12);
        mood.late = up_to(8);
        mood.unavailable = std::max(mood.unavailable, up_to(20));
        mood.broken = up_to(6);
        mood.throttled = up_to(8);
        mood.refused = up_to(3);
        mood.slow_to_leave = up_to(15);
    }
    return mood;
}

}  // namespace

Life::Life(const Home& home, std::uint64_t seed, bool traced)
    : world_(seed, home.line, traced),
      judge_(world_, tellings_),
      ground_{world_,   judge_,       home.configuration, home.scripts, home.metrics,
              home.log, home.history, home.audit,         home.folder,  {}},
      outside_loop_(world_.add(outside_)),
      redis_(outside_.get_executor(), home.line.party("outside").options()),
      inbox_(redis_, home.scripts),
      person_(ground_, tellings_, outside_, redis_, owner_calls())
{
    for (const auto& [name, plan] : home.configuration.systems)
        ground_.systems.emplace(name, std::make_unique<Erp>(world_, judge_, *plan));
    for (const auto& [name, channel] : home.configuration.channels)
        channel->waiting.store(0);
    std::error_code ignored;
    for (const char* party : {"a", "b"})
        std::filesystem::remove(home.folder / (std::string("token-") + party), ignored);
    tellings_.all.reserve(256);
}

void Life::spawn(asio::awaitable<void> work)
{
    asio::co_spawn(outside_, std::move(work), [](const std::exception_ptr& error) {
        if (error)
            std::rethrow_exception(error);
    });
}

EventId Life::new_event()
{
    char text[40];
    std::snprintf(text, sizeof text, "019b0000-0000-7000-8000-%012zx", ++events_ever_);
    return *EventId::parse(text);
}

gateway::api::OwnerCalls Life::owner_calls()
{
    const auto each = [this](auto&& tell) {
        for (const auto& process : processes_)
            tell(*process);
    };
    gateway::api::OwnerCalls calls;
    calls.readmitted = [each](Partition partition, std::uint64_t seq) {
        each([&](Process& process) { process.readmitted(partition, seq); });
    };
    calls.perhaps_readmitted = [each] { each([](Process& process) { process.perhaps_readmitted(); }); };
    calls.ready = [each](const std::vector<retry::DeliveryAt>& deliveries) {
        each([&](Process& process) { process.ready(deliveries); });
    };
    calls.pauses_changed = [this](gateway::api::OwnerCalls::Heard heard) {
        for (std::size_t i = 1; i < processes_.size(); ++i)
            processes_[i]->pauses_changed({});
        if (!processes_.empty())
            processes_.front()->pauses_changed(std::move(heard));
    };
    calls.references_changed = [this](gateway::api::OwnerCalls::Heard heard) {
        for (std::size_t i = 1; i < processes_.size(); ++i)
            processes_[i]->references_changed({});
        if (!processes_.empty())
            processes_.front()->references_changed(std::move(heard));
    };
    return calls;
}

// What is told. ----------------------------------------------------------------------------------------------------

Told& Life::draw_telling()
{
    auto& chance = world_.chance;
    Told told;
    told.number = tellings_.all.size();
    static constexpr std::pair<const char*, std::uint64_t> topics[]{{"order", 34}, {"change", 14}, {"payment", 10},
                                                                    {"inside", 8}, {"refund", 7},  {"cancel", 4},
                                                                    {"stock", 13}, {"move", 7},    {"both", 3}};
    auto draw = chance.pick(100);
    for (const auto& [topic, share] : topics) {
        if (draw < share) {
            told.topic = topic;
            break;
        }
        draw -= share;
    }
    const bool other = chance.percent(15);
    told.channel = other ? "other" : chance.percent(70) ? "web" : "till";
    told.source = other ? "other" : "shop";
    told.order = std::to_string(1 + chance.pick(other ? 1 : 3));
    auto& version = versions_[told.topic == "stock" ? "stock" : told.source + told.order];
    const auto draw_version = chance.pick(100);
    told.version = draw_version < 75 || version == 0 ? ++version
                   : draw_version < 92               ? 1 + chance.pick(version)
                                                     : version;
    told.quantity = 1 + chance.pick(4);
    told.key = std::to_string(told.number);
    // Now and then a key that was used before, for the same or for something else.
    if (told.number > 0 && chance.percent(8)) {
        const Told before = tellings_.all[chance.pick(told.number)];
        const auto number = told.number;
        const auto quantity = told.quantity;
        told = before;
        told.number = number;
        told.answered = told.repeated = false;
        if (chance.percent(50))
            told.quantity = quantity;
        if (told.quantity != before.quantity)
            told.body.clear();
    }
    if (told.body.empty())
        told.body = R"({"order":")" + told.order + R"(","id":")" + std::to_string(told.number) + R"(","version":)" +
                    std::to_string(told.version) + R"(,"lines":[{"id":"l","sku":"s","quantity":)" +
                    std::to_string(told.quantity) + "}]}";
    return tellings_.all.emplace_back(std::move(told));
}

void Life::tell(std::size_t number)
{
    spawn(tell_now(number));
}

/// As vendors do: again and again until it is answered.
asio::awaitable<void> Life::tell_now(std::size_t number)
{
    Timer pause(outside_.get_executor());
    for (;;) {
        const std::string channel_name = tellings_.all[number].channel;
        const auto* channel = ground_.configuration.channel(channel_name);
        net::Request request;
        request.fields.push_back({"x-topic", tellings_.all[number].topic});
        request.fields.push_back({"x-event-id", tellings_.all[number].key});
        request.body = tellings_.all[number].body;
        const gateway::Received received{channel, &request, wall_now()};
        auto identified = gateway::identify(received);
        identified->envelope.event = new_event();
        tellings_.by_event[identified->envelope.event] = number;
        auto accepted = co_await gateway::accept(inbox_, std::move(*identified));
        if (accepted) {
            Told& told = tellings_.all[number];
            told.answered = true;
            told.repeated = tellings_.by_event.at(accepted->event) != number;
            told.seq = accepted->seq;
            told.answered_at = world_.elapsed();
            world_.trace("accepted " + told.text() + (accepted->duplicate ? " again" : "") +
                         (accepted->conflict ? ", a conflict" : "") + " as seq " + std::to_string(told.seq));
            if (accepted->duplicate && accepted->seq > 0)
                for (const auto& process : processes_)
                    process->heard_of(accepted->partition, accepted->seq);
            if (accepted->fresh)
                hand_over(*accepted->fresh, accepted->ordinal);
            co_return;
        }
        if (accepted.error().failure.failure_class == FailureClass::unknown_outcome)
            for (const auto& process : processes_)
                process->look_again();
        pause.expires_after(world_.chance.between(100ms, 3000ms));
        co_await pause.async_wait(use_tuple);
    }
}

void Life::hand_over(const gateway::Event& event, std::uint64_t ordinal)
{
    const auto copy = [](const gateway::Event& one) {
        gateway::Event copied;
        copied.envelope = one.envelope;
        copied.stored = one.stored;
        copied.partition = one.partition;
        copied.seq = one.seq;
        copied.origin_seq = one.origin_seq;
        copied.channel = one.channel;
        return copied;
    };
    auto& chance = world_.chance;
    for (const auto& process : processes_) {
        const auto draw = chance.pick(100);
        if (draw < 85) {
            process->hand(copy(event), ordinal, draw > 4);
            continue;
        }
        // Another one is there first.
        world_.in(chance.between(1ms, 120ms),
                  [this, number = process->number(), ordinal, late = std::make_shared<gateway::Event>(copy(event))] {
                      for (const auto& one : processes_)
                          if (one->number() == number)
                              one->hand(std::move(*late), ordinal, true);
                  });
    }
}

// What happens to it. ----------------------------------------------------------------------------------------------

void Life::start(const std::string& party)
{
    auto& process = processes_.emplace_back(std::make_unique<Process>(ground_, ++processes_ever_, party));
    process->party().loss_per_mille = ending_ ? 0 : loss_;
    world_.trace("process " + std::to_string(processes_ever_) + " begins");
}

void Life::crash(std::size_t place)
{
    world_.trace("process " + std::to_string(processes_[place]->number()) + " dies");
    processes_.erase(processes_.begin() + static_cast<std::ptrdiff_t>(place));
}

/// A process stands still, longer than its lease or not; meanwhile another may take its place, and one of both dies.
void Life::stand_still()
{
    auto& chance = world_.chance;
    if (processes_.size() != 1 || processes_.front()->frozen())
        return;
    const auto span = chance.percent(40) ? chance.between(100ms, 4s) : chance.between(8s, 16s);
    processes_.front()->freeze(true);
    const auto number = processes_.front()->number();
    world_.trace("process " + std::to_string(number) + " stands still");
    if (chance.percent(50))
        world_.in(chance.between(0ms, span), [this] {
            if (!ending_ && processes_.size() == 1)
                start(&processes_.front()->party() == &world_.line.party("a") ? "b" : "a");
        });
    world_.in(span, [this, number] {
        for (const auto& process : processes_)
            if (process->number() == number) {
                world_.trace("process " + std::to_string(number) + " goes on");
                process->freeze(false);
            }
    });
    world_.in(span + chance.between(1s, 12s), [this] {
        if (processes_.size() > 1)
            crash(world_.chance.pick(processes_.size()));
    });
}

void Life::break_redis()
{
    auto& chance = world_.chance;
    auto& party =
        chance.percent(75) && !processes_.empty() ? processes_.front()->party() : world_.line.party("outside");
    auto& how = chance.percent(50) ? party.stalled : party.away;
    how = true;
    world_.trace("Redis " + std::string(&how == &party.away ? "is away" : "does not answer") + " for " +
                 party.path.substr(party.path.rfind('/') + 1));
    if (party.away)
        world_.line.cut(party);
    world_.in(chance.percent(70) ? chance.between(10ms, 2s) : chance.between(2s, 12s), [&how] { how = false; });
}

void Life::pause_something()
{
    auto& chance = world_.chance;
    const bool channel = chance.percent(50);
    const std::string kind = channel ? "channel" : "system";
    const std::string name = channel ? chance.percent(50) ? "web" : "till" : chance.percent(50) ? "erp" : "wms";
    person_.pause(kind, name, true);
    world_.in(chance.between(1s, 10s), [this, kind, name] { person_.pause(kind, name, false); });
}

void Life::archive()
{
    std::vector<Partition> partitions;
    for (const Told& told : tellings_.all)
        if (const auto partition = partition_of(told.source, told.order);
            std::ranges::find(partitions, partition) == partitions.end())
            partitions.push_back(partition);
    for (const auto& process : processes_)
        process->archive(partitions);
}

void Life::verify()
{
    auto look = [](Life& life) -> asio::awaitable<void> {
        const auto found = co_await retry::verify(life.redis_, life.ground_.scripts);
        if (!found)
            co_return;
        for (const auto& one : *found)
            life.world_.finding(one.code + " p" + std::to_string(one.partition) + ": " + one.text);
    };
    spawn(look(*this));
}

void Life::trouble()
{
    auto& chance = world_.chance;
    if (ending_)
        return;
    switch (chance.pick(8)) {
    case 0:
    case 1:
        if (processes_.size() == 1) {
            const auto& party = processes_.front()->party();
            const std::string name = &party == &world_.line.party("a") ? "a" : "b";
            crash(0);
            const bool other = chance.percent(15);  // with another data folder: the lease has to lapse
            world_.in(chance.between(0ms, 2s), [this, name, other] {
                if (processes_.empty())
                    start(other ? name == "a" ? "b" : "a" : name);
            });
        }
        return;
    case 2: return stand_still();
    case 3: return break_redis();
    case 4: return pause_something();
    case 5:
        world_.trace("time jumps");
        return world_.jump(chance.percent(50) ? chance.between(10ms, 3s) : chance.between(5s, 15s));
    case 6: return verify();
    default:
        for (const auto& [name, system] : ground_.systems)
            system->mood(mood_of(chance));
    }
}

void Life::look_now_and_then()
{
    if (ending_)
        return;
    person_.look();
    if (world_.chance.percent(10))
        person_.tell_reference("shop", std::to_string(1 + world_.chance.pick(3)));
    if (world_.chance.percent(50))
        archive();
    world_.in(world_.chance.between(1s, 6s), [this] { look_now_and_then(); });
}

void Life::plan()
{
    auto& chance = world_.chance;
    loss_ = chance.percent(50) ? 0 : chance.pick(8);
    world_.line.party("outside").loss_per_mille = loss_;
    for (const auto& [name, system] : ground_.systems) {
        system->mood(mood_of(chance));
        system->refuses(chance.percent(50) ? 0 : chance.pick(15));
    }
    for (auto tellings = 15 + chance.pick(30); tellings > 0; --tellings) {
        // Many come together.
        auto at = chance.between(0ms, busy_time);
        if (chance.percent(60))
            at -= at % 5s;
        world_.in(at, [this] { tell(draw_telling().number); });
    }
    for (auto troubles = chance.pick(7); troubles > 0; --troubles)
        world_.in(chance.between(100ms, busy_time + 4s), [this] { trouble(); });
    world_.in(2s, [this] { look_now_and_then(); });
}

std::string Life::run()
{
    start("a");
    plan();
    world_.run_for(busy_time + world_.chance.between(1s, 8s));

    world_.trace("nothing goes wrong any more");
    ending_ = true;
    for (const auto& [name, system] : ground_.systems)
        system->heal();
    for (const char* name : {"a", "b", "outside"}) {
        auto& party = world_.line.party(name);
        party.loss_per_mille = 0;
        party.stalled = party.away = false;
    }
    while (processes_.size() > 1)
        crash(processes_.size() - 1);
    if (processes_.empty())
        start("a");
    processes_.front()->freeze(false);
    while (!redis_.connected())
        world_.run_for(100ms);
    for (const auto& [kind, name] :
         {std::pair{"channel", "web"}, {"channel", "till"}, {"system", "erp"}, {"system", "wms"}})
        person_.pause(kind, name, false);
    const auto latest = world_.elapsed() + longest_rest;
    world_.run_for(3s);
    while (!rests() && world_.elapsed() < latest) {
        person_.tidy_up();
        world_.run_for(2s);
    }
    if (!rests())
        world_.finding("it does not come to rest: " + what_is_left());
    else
        judge_.sum_up();
    verify();
    world_.run_for(1s);
    processes_.clear();
    return world_.findings();
}

/// Everything was answered, and nothing is left of it.
bool Life::rests()
{
    static const std::string count =
        "local n = 0 for p = 0, 63 do n = n + redis.call('XLEN', 'hg:in:' .. p) + "
        "redis.call('HLEN', 'hg:open:' .. p) end return n";
    return std::ranges::all_of(tellings_.all, &Told::answered) && world_.line.ask({"EVAL", count, "0"}).integer == 0;
}

std::string Life::what_is_left()
{
    std::string left;
    for (const Told& told : tellings_.all)
        if (!told.answered)
            left += told.text() + " is not answered; ";
    for (const auto& [event, number] : tellings_.by_event) {
        const auto bytes = std::string(view(event.bytes()));
        const auto partition = partition_of(tellings_.all[number].source, tellings_.all[number].order);
        for (const auto& entry : world_.line.ask({"XRANGE", retry::partition_key("in", partition), "-", "+"}).list)
            if (entry.list[1].list[1].text == bytes)
                left += tellings_.all[number].text() + " is in the backlog as " + entry.list[0].text + "; ";
        const auto halves = world_.line.ask({"HGET", "hg:e:" + bytes, "d"}).text;
        for (std::size_t at = 0; at < halves.size(); at += 16) {
            const auto d =
                world_.line.ask({"HMGET", "hg:d:" + bytes + halves.substr(at, 16), "type", "system", "state"});
            if (d.list[2].text != "applied" && d.list[2].text != "suppressed" && d.list[2].text != "discarded")
                left += tellings_.all[number].text() + " " + d.list[0].text + " at " + d.list[1].text + " is " +
                        d.list[2].text + "; ";
        }
    }
    return left;
}

}  // namespace headgate::simulation
