#include "gateway/systems/http_delivery.hpp"

#include <algorithm>
#include <utility>

#include "connectors/formats/json.hpp"
#include "core/clock.hpp"
#include "gateway/systems/answers.hpp"

namespace headgate::gateway {

namespace {

using namespace std::chrono_literals;

constexpr int most_rounds = 16;   // of cross-references that lead to others
constexpr int misses_needed = 2;  // a system may need a moment to show what it has

/// A body that is JSON; nothing of any other.
Document document_of(std::string_view body)
{
    auto read = connectors::read_json(body);
    return read ? std::move(*read) : Document{};
}

constexpr int no_content = 204;

bool is_success(int status)
{
    return status >= 200 && status <= 299;
}

/// What somebody looks into an answer for is not in it, so nobody knows what it meant to say.
Failure unreadable(int status, bool has_body, std::string_view reader)
{
    return {FailureClass::unknown_outcome,
            "answer_unreadable",
            "the system answered " + std::to_string(status) +
                (has_body ? " with a body that is no JSON, and `" : " without a body, and `") + std::string(reader) +
                "` looks into it",
            {}};
}

/// What was found, as the captures of the step that would have made it.
std::string captures_of(const mapping::Request::Step& step, const std::string& found)
{
    const auto value = connectors::read_json(found);
    if (value && (*value)[value->root()].kind == NodeKind::object)
        return found;
    return step.captures.size() == 1 ? "{\"" + step.captures.front() + "\":" + found + "}" : "{}";
}

}  // namespace

HttpDelivery::HttpDelivery(Means means, const Delivery& delivery, Sending sending)
    : means_(means),
      may_send_(means.with.may_send()),
      plan_(means.with.plan),
      delivery_(delivery),
      sending_(std::move(sending)),
      progress_(Progress::read(sending_.progress)),
      effect_key_(delivery_.effect_key.text()),
      view_(means.with.references, delivery_.source)
{
    if (!sending_.maybe_sent)
        progress_.forget_doubts();
    else if (progress_.maybe.empty())
        progress_.lost = true;
}

asio::awaitable<SystemAnswer> HttpDelivery::run()
{
    const auto found = plan_.requests.find(delivery_.transaction.type);
    if (found == plan_.requests.end())
        co_return failed({FailureClass::permanent,
                          "no_request",
                          "no request file of " + plan_.config.name + " applies to " + delivery_.transaction.type,
                          {}});
    request_ = &found->second;
    auto transaction = connectors::read_json(delivery_.transaction.json);
    if (!transaction)
        co_return failed(std::move(transaction.error()));
    transaction_ = std::move(*transaction);
    for (const auto& step : request_->steps())
        if (const auto known = progress_.captured.find(step.id); known != progress_.captured.end())
            steps_.emplace_back(step.id, &(captured_[step.id] = document_of(known->second)));

    for (std::size_t i = 0; i < request_->steps().size(); ++i) {
        if (captured_.contains(request_->steps()[i].id))
            continue;
        auto stopped = co_await step(i);
        if (stopped)
            co_return std::move(*stopped);
    }
    // Before the delivery counts as applied: whoever comes after it will ask for them.
    auto references = told_references();
    if (!references.empty()) {
        const auto stored = co_await means_.with.references.store(std::move(references));
        if (!stored)
            co_return failed(stored.error());
    }
    co_return answer(std::move(applied_));
}

asio::awaitable<std::optional<SystemAnswer>> HttpDelivery::step(std::size_t index)
{
    const auto& step = request_->steps()[index];
    auto ask = [this, index] { return request_->wanted(index, context()); };
    const auto wanted = co_await with_references<bool>(std::move(ask));
    if (!wanted)
        co_return failed(wanted.error());
    if (!*wanted)
        co_return std::nullopt;

    if (may_have_arrived(step)) {
        if (step.repeat == mapping::Repeat::never)
            co_return failed({FailureClass::unknown_outcome,
                              "maybe_sent",
                              "step `" + step.id + "` may have been done, and sending it again would do it twice",
                              {}});
        if (step.repeat == mapping::Repeat::probe) {
            auto there = co_await probe(index);
            if (!there)
                co_return unknown(index, std::move(there.error()));
            if (*there) {
                applied_.outcome = Applied::Outcome::adopted;
                done(index, std::move(**there));
                co_return std::nullopt;
            }
            if (++progress_.misses < misses_needed) {
                if (step.probe_after)
                    not_before_ = *step.probe_after;
                co_return unknown(index,
                                  {FailureClass::transient,
                                   "probe_missed",
                                   "step `" + step.id + "` is not found yet; it is asked again before it is sent again",
                                   {}});
            }
            progress_.lost = false;  // steps follow each other: the ones behind it were not sent either
        }
    }
    progress_.misses = 0;
    auto sent = co_await send(index);
    if (!sent.result)
        co_return sent;
    co_return std::nullopt;
}

bool HttpDelivery::may_have_arrived(const mapping::Request::Step& step) const
{
    return progress_.lost || progress_.maybe == step.id;
}

/// Sends one step. An answer without a failure: it is done, and its captures are kept.
asio::awaitable<SystemAnswer> HttpDelivery::send(std::size_t index)
{
    const auto& step = request_->steps()[index];
    auto make = [this, index] { return request_->send(index, context()); };
    auto message = co_await with_references<mapping::RequestMessage>(std::move(make));
    if (!message)
        co_return failed(std::move(message.error()));
    auto answered = co_await call(index, std::move(*message), true);
    if (!answered) {
        if (answered.error().failure_class == FailureClass::unknown_outcome)
            co_return unknown(index, std::move(answered.error()));
        co_return failed(std::move(answered.error()));
    }
    const mapping::RequestAnswer told{answered->body, answered->status, answered->headers};
    // What a page of a proxy does not say is no sign of success: a rule about bodies is asked where the status is good,
    // unless it looks at the status itself.
    const bool good = is_success(answered->status);
    if (good && answered->is_garbled() && (step.reads.success || step.reads.capture))
        co_return unknown(index, unreadable(answered->status, true, step.reads.success ? "success_when" : "capture"));
    Result<bool> fine = false;
    if (good || step.reads.status) {
        auto look = [this, index, &told] { return request_->succeeded(index, context(), told); };
        fine = co_await with_references<bool>(std::move(look));
    }
    if (!fine)
        co_return unknown(index, fine.error());
    if (*fine) {
        auto take = [this, index, &told] { return request_->captured(index, context(), told); };
        auto captures = co_await with_references<std::string>(std::move(take));
        if (!captures)
            co_return unknown(index, std::move(captures.error()));
        done(index, std::move(*captures));
        co_return answer(Applied{});
    }

    if (good && answered->body.empty() && step.reads.success)
        co_return unknown(index, unreadable(answered->status, false, "success_when"));
    std::string code;
    if (plan_.error_code && !answered->body.empty())
        if (const auto read = plan_.error_code->text(mapping::MappingContext{.document = answered->body});
            read && *read)
            code = **read;
    Failure failure = failure_of(answered->status, code, step.repeat, plan_.config.answers);
    not_before_ = answered->retry_after;
    if (failure.failure_class == FailureClass::unknown_outcome)
        co_return unknown(index, std::move(failure));
    progress_.maybe.clear();
    if (failure.failure_class == FailureClass::conflict && step.probe_after) {
        auto there = co_await probe(index);
        if (!there)
            co_return unknown(index, std::move(there.error()));
        if (*there) {
            applied_.outcome = Applied::Outcome::adopted;
            done(index, std::move(**there));
            co_return answer(Applied{});
        }
    }
    co_return failed(std::move(failure));
}

Task<std::optional<std::string>> HttpDelivery::find()
{
    const auto requests = plan_.requests.find(delivery_.transaction.type);
    if (requests == plan_.requests.end())
        co_return std::nullopt;
    request_ = &requests->second;
    const auto step = std::ranges::find_if(request_->steps(), &mapping::Request::Step::probes_by_entity);
    if (step == request_->steps().end())
        co_return std::nullopt;
    const auto index = static_cast<std::size_t>(step - request_->steps().begin());
    auto there = co_await probe(index);
    if (!there)
        co_return std::unexpected(std::move(there.error()));
    if (!*there)
        co_return std::nullopt;
    done(index, std::move(**there));
    auto storing = means_.with.references.store(told_references());
    if (auto stored = co_await std::move(storing); !stored)
        co_return std::unexpected(std::move(stored.error()));
    co_return std::move(applied_.target_id);
}

Task<std::optional<std::string>> HttpDelivery::probe(std::size_t index)
{
    auto make = [this, index] { return request_->probe(index, context()); };
    auto message = co_await with_references<mapping::RequestMessage>(std::move(make));
    if (!message)
        co_return std::unexpected(std::move(message.error()));
    auto answered = co_await call(index, std::move(*message), false);
    if (!answered)
        co_return std::unexpected(of_harmless(std::move(answered.error())));
    const mapping::RequestAnswer told{answered->body, answered->status, answered->headers};
    if (answered->status == 404)
        co_return std::nullopt;
    if (!is_success(answered->status)) {
        Failure failure = failure_of(answered->status, {}, mapping::Repeat::safe, plan_.config.answers);
        failure.detail = "the probe: " + failure.detail;
        not_before_ = answered->retry_after;
        co_return std::unexpected(std::move(failure));
    }
    const auto& step = request_->steps()[index];
    if (step.reads.found && answered->is_garbled())
        co_return std::unexpected(of_harmless(unreadable(answered->status, true, "found")));
    auto look = [this, index, &told] { return request_->found(index, context(), told); };
    auto found = co_await with_references<std::optional<std::string>>(std::move(look));
    if (!found)
        co_return std::unexpected(std::move(found.error()));
    if (!*found && step.reads.found && answered->body.empty() && answered->status != no_content)
        co_return std::unexpected(of_harmless(unreadable(answered->status, false, "found")));
    if (!*found)
        co_return std::nullopt;
    co_return captures_of(step, **found);
}

Task<HttpDelivery::Answer> HttpDelivery::call(std::size_t index, mapping::RequestMessage message, bool sends)
{
    const auto& config = plan_.config;
    const auto deadline = steady_now() + config.timeout;
    for (bool again = false;; again = true) {
        auto login = co_await means_.login.headers(deadline);
        if (!login)
            co_return std::unexpected(std::move(login.error()));
        net::HttpCall call;
        call.method = message.method;
        call.target = plan_.base + message.path;
        call.headers = *login;
        for (const auto& header : message.headers)
            call.headers.push_back(header);
        if (!message.content_type.empty())
            call.headers.emplace_back("Content-Type", message.content_type);
        if (sends && !config.idempotency_header.empty())
            call.headers.emplace_back(config.idempotency_header, effect_key_ + "-" + request_->steps()[index].id);
        call.body = message.body;
        call.deadline = deadline;
        call.may_send = may_send_;
        call.fresh = sends && request_->steps()[index].repeat == mapping::Repeat::never;
        auto sending = means_.send(std::move(call));
        auto answer = co_await std::move(sending);
        if (!answer) {
            Failure failure = std::move(answer.error());
            // Where the system is, and whether it may be trusted, is no fault of the delivery: it waits until that is
            // mended, as it does for a system that is down.
            if (failure.failure_class == FailureClass::permanent && failure.code != "call_malformed")
                failure.failure_class = FailureClass::transient;
            co_return std::unexpected(std::move(failure));
        }
        if ((answer->status == 401 || answer->status == 403) && !again && means_.login.refused(*login))
            continue;  // the token may have run out a moment ago
        Answer made;
        made.status = answer->status;
        made.has_body = !answer->body.empty();
        made.body = document_of(answer->body);
        if (const auto wait = answer->retry_after(wall_now()))
            made.retry_after = *wait;
        made.headers = std::move(answer->headers);
        co_return made;
    }
}

template <class Made, class Make>
Task<Made> HttpDelivery::with_references(Make make)
{
    for (int round = 0; round < most_rounds; ++round) {
        Result<Made> made = make();
        auto noted = view_.take_noted();
        if (noted.empty())
            co_return made;
        const auto fetched = co_await means_.with.references.fetch(std::move(noted));
        if (!fetched)
            co_return std::unexpected(fetched.error());
    }
    co_return fail(FailureClass::permanent, "limit_depth", "cross-references lead to others more than 16 deep");
}

mapping::RequestContext HttpDelivery::context() const
{
    return {.transaction = transaction_,
            .effect_key = effect_key_,
            .attempt = sending_.attempt,
            .source = delivery_.source,
            .entity = delivery_.transaction.entity,
            .id = delivery_.transaction.id,
            .system = plan_.config.name,
            .settings = &plan_.settings,
            .steps = steps_,
            .cross_references = &view_};
}

void HttpDelivery::done(std::size_t index, std::string captures)
{
    const std::string& id = request_->steps()[index].id;
    Document& document = captured_[id] = document_of(captures);
    steps_.emplace_back(id, &document);
    progress_.captured[id] = std::move(captures);
    progress_.maybe.clear();
    progress_.misses = 0;
}

/// What all steps gave back, those of earlier attempts too; the first is what the system calls the thing.
std::vector<retry::Reference> HttpDelivery::told_references()
{
    std::vector<retry::Reference> references;
    for (const auto& step : request_->steps()) {
        const auto found = captured_.find(step.id);
        if (found == captured_.end() || found->second.empty())
            continue;
        const Document& captures = found->second;
        for (const NodeIndex member : captures.children(captures.root())) {
            const Node& node = captures[member];
            if ((node.kind != NodeKind::text && node.kind != NodeKind::number) || node.text.empty())
                continue;
            if (applied_.target_id.empty())
                applied_.target_id = node.text;
            references.push_back({plan_.config.name, std::string(node.name),
                                  id_within(delivery_.source, delivery_.transaction.entity), std::string(node.text)});
        }
    }
    return references;
}

SystemAnswer HttpDelivery::answer(Result<Applied> result)
{
    return {.result = std::move(result),
            .not_before = not_before_,
            .progress = progress_.text(),
            .maybe_done = progress_.lost || !progress_.maybe.empty()};
}

SystemAnswer HttpDelivery::failed(Failure failure)
{
    const bool for_reference = failure.code == "reference_missing" && view_.missing();
    auto answered = answer(std::unexpected(std::move(failure)));
    if (for_reference)
        answered.needed =
            Needed{Needed::Kind::reference, view_.missing()->system, view_.missing()->kind, view_.missing()->id};
    return answered;
}

/// Nobody knows whether it was done: the next attempt asks, or sends again where that does no harm.
SystemAnswer HttpDelivery::unknown(std::size_t index, Failure failure)
{
    const auto& step = request_->steps()[index];
    progress_.maybe = step.id;
    if (step.repeat == mapping::Repeat::never && failure.failure_class != FailureClass::auth) {
        failure.failure_class = FailureClass::unknown_outcome;
    } else if (failure.failure_class == FailureClass::unknown_outcome) {
        failure.failure_class = FailureClass::transient;
        if (step.repeat == mapping::Repeat::probe && step.probe_after)
            not_before_ = std::max(not_before_.value_or(0ms), *step.probe_after);
    }
    return failed(std::move(failure));
}

}  // namespace headgate::gateway
