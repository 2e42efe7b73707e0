#include "erp.hpp"

#include <algorithm>

#include <boost/asio/post.hpp>

namespace headgate::simulation {

namespace {

constexpr auto shown_after = 300ms;  // what is done is found after that

net::HttpAnswer status(int code, std::string body = {})
{
    net::HttpAnswer answer;
    answer.status = code;
    answer.body = std::move(body);
    return answer;
}

std::unexpected<Failure> no_answer()
{
    return fail(FailureClass::unknown_outcome, "answer_timeout", "no answer came in time");
}

/// "/change?key=…" is of step change.
std::string step_of(const std::string& target)
{
    return target.substr(1, target.find('?') - 1);
}

}  // namespace

void Erp::call(const std::shared_ptr<Caller>& caller, const Delivery& delivery, net::HttpCall call,
               Caller::Callback done)
{
    const auto id = ++caller->last;
    caller->waiting.emplace(id, std::move(done));
    Thing& thing = judge_.thing(plan_.config.name, delivery);
    things_[thing.key] = &thing;
    const auto wait = world_.chance.percent(mood_.slow_to_leave) ? world_.chance.between(10ms, 1500ms)
                                                                 : world_.chance.between(0ms, 2ms);
    world_.in(wait, [this, weak = Weak(caller), id, key = thing.key,
                     shared = std::make_shared<net::HttpCall>(std::move(call))] { leave(weak, id, key, *shared); });
}

void Erp::answer(const Weak& weak, std::uint64_t id, milliseconds after, Result<net::HttpAnswer> answer)
{
    world_.in(after, [weak, id, shared = std::make_shared<Result<net::HttpAnswer>>(std::move(answer))] {
        const auto caller = weak.lock();
        if (!caller)
            return;
        const auto found = caller->waiting.find(id);
        if (found == caller->waiting.end())
            return;
        asio::post(caller->io, [done = std::move(found->second), shared]() mutable { done(std::move(*shared)); });
        caller->waiting.erase(found);
    });
}

void Erp::leave(const Weak& weak, std::uint64_t id, const std::string& key, const net::HttpCall& call)
{
    const auto caller = weak.lock();
    if (!caller)
        return;
    Thing& thing = *things_[key];
    const auto left = std::chrono::duration_cast<milliseconds>(call.deadline - steady_now());
    if (left <= 0ms)
        return answer(weak, id, 0ms, fail(FailureClass::transient, "queue_timeout", "it did not leave in time"));
    if (auto refusal = call.may_send ? call.may_send() : std::nullopt)
        return answer(weak, id, 0ms, std::unexpected(std::move(*refusal)));
    const auto step = step_of(call.target);
    if (call.method == "GET")
        return probe(weak, id, thing, step, call);

    auto& chance = world_.chance;
    const auto& steps = plan_.requests.find(thing.delivery.transaction.type)->second.steps();
    const auto repeat = std::ranges::find(steps, step, &mapping::Request::Step::id)->repeat;
    judge_.leaves(thing, step, repeat, caller->sender);
    if (!refused_.contains(key))
        refused_[key] = chance.percent(refuses_);
    const auto arrival = chance.between(1ms, 30ms);
    const auto back = chance.between(1ms, 60ms);
    const auto trace = [&](const char* how) {
        world_.trace(plan_.config.name + ": " + thing.told->text() + " " + thing.delivery.transaction.type + "." +
                     step + " " + how);
    };
    if (refuses_ > 0 && refused_[key]) {
        trace("422");
        ++thing.refusals[step];
        return answer(weak, id, back, status(422));
    }
    const auto arrives = [&](milliseconds after, bool answers) {
        ++thing.on_its_way;
        world_.in(after, [this, &thing, step, repeat, weak, id, answers] {
            --thing.on_its_way;
            // What is under way when its process dies may arrive all the same.
            if (weak.expired() && world_.chance.percent(50))
                return;
            auto result = arrive(thing, step, repeat);
            if (answers)
                answer(weak, id, world_.chance.between(0ms, 30ms), std::move(result));
        });
    };
    auto draw = chance.pick(100);
    const auto is = [&draw](std::uint64_t percent) {
        const bool so = draw < percent;
        draw -= so ? 0 : percent;
        return so;
    };
    if (is(mood_.lost)) {
        trace("is lost");
        return answer(weak, id, left, no_answer());
    }
    if (is(mood_.answer_lost)) {
        trace("is done, its answer lost");
        answer(weak, id, left, no_answer());
        return arrives(arrival, false);
    }
    if (is(mood_.late)) {
        trace("is late");
        answer(weak, id, left, no_answer());
        // As late as its `repeat` can stand.
        milliseconds after = chance.between(100ms, 500ms);
        if (repeat == mapping::Repeat::keyed || repeat == mapping::Repeat::never)
            after = left + chance.between(1ms, 1000ms);
        return arrives(after, false);
    }
    if (is(mood_.unavailable)) {
        trace("503");
        ++thing.refusals[step];
        return answer(weak, id, back, status(503));
    }
    if (is(mood_.broken)) {
        trace("500");
        if (chance.percent(50))
            arrive(thing, step, repeat);
        return answer(weak, id, back, status(500));
    }
    if (is(mood_.throttled)) {
        trace("429");
        ++thing.refusals[step];
        auto told = status(429);
        if (chance.percent(50))
            told.headers.emplace_back("retry-after", std::to_string(1 + chance.pick(3)));
        return answer(weak, id, back, std::move(told));
    }
    if (is(mood_.refused)) {
        trace("401");
        ++thing.refusals[step];
        return answer(weak, id, back, status(401));
    }
    trace("is sent");
    arrives(arrival, true);
}

void Erp::probe(const Weak& weak, std::uint64_t id, const Thing& thing, const std::string& step,
                const net::HttpCall& call)
{
    auto& chance = world_.chance;
    const auto left = std::chrono::duration_cast<milliseconds>(call.deadline - steady_now());
    if (chance.percent(mood_.lost))
        return answer(weak, id, left, no_answer());
    if (chance.percent(mood_.unavailable))
        return answer(weak, id, 5ms, status(503));
    const auto shown = thing.shown.find(step);
    const bool found = shown != thing.shown.end() && shown->second <= world_.elapsed();
    world_.trace(plan_.config.name + ": " + thing.told->text() + " probed: " + (found ? "there" : "not there"));
    if (!found)
        return answer(weak, id, 5ms, status(404));
    answer(weak, id, 5ms, status(200, R"({"id":")" + thing.key.substr(0, 8) + R"("})"));
}

net::HttpAnswer Erp::arrive(Thing& thing, const std::string& step, mapping::Repeat repeat)
{
    if (repeat != mapping::Repeat::keyed || thing.effects[step] == 0) {
        thing.shown.emplace(step, world_.elapsed() + shown_after);
        judge_.done(thing, step, repeat);
    }
    return status(201, R"({"id":")" + thing.key.substr(0, 8) + R"("})");
}

}  // namespace headgate::simulation
