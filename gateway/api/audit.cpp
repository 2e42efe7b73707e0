#include "gateway/api/audit.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include <fmt/format.h>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/json.hpp>
#include <boost/url/parse_query.hpp>

#include "core/hash.hpp"
#include "gateway/api/resources.hpp"
#include "gateway/numbered_lines.hpp"
#include "net/redis/wait_for.hpp"

namespace headgate::gateway::api {

namespace {

constexpr std::size_t longest_value = 300;  // bytes

/// Members that name the one thing a request without a name in its path is about.
constexpr std::array<std::string_view, 7> names{"system", "kind", "id", "source", "vocabulary", "word", "cause"};
/// What else is asked.
constexpr std::array<std::string_view, 6> asked{"theirs", "value", "target", "attempts", "check", "rate"};
/// What an answer tells.
constexpr std::array<std::string_view, 19> told{
    "job",     "letters", "edits", "edited",   "theirs",  "value",    "generation", "woken", "waiting", "released",
    "verdict", "state",   "seq",   "imported", "checked", "replayed", "discarded",  "count", "error"};

bool one_of(const auto& list, std::string_view name)
{
    return std::ranges::find(list, name) != list.end();
}

/// As it is kept: no list, no object, and no more of it than a line should have.
json::value small(const json::value& value, std::size_t most = longest_value)
{
    if (value.is_structured())
        return true;
    if (!value.is_string() || value.get_string().size() <= most)
        return value;
    std::string_view text = value.get_string();
    text = text.substr(0, most);
    while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xc0U) == 0x80U)
        text.remove_suffix(1);
    if (!text.empty() && static_cast<unsigned char>(text.back()) >= 0xc0U)
        text.remove_suffix(1);
    return json::string(std::string(text) + "…");
}

std::string text_or_nothing(const json::object& object)
{
    return object.empty() ? std::string{} : json::serialize(object);
}

/// What a request says, sorted into what it is about, what it asks and why.
class Said {
public:
    Said(const Call& call, bool is_file)
    {
        const std::string query(call.query);
        if (const auto parsed = boost::urls::parse_query(query))
            for (const auto parameter : *parsed)
                take(parameter.key.decode(), json::string(parameter.value.decode()));
        whole_ = true;
        if (call.reveal) {
            asks_["reveal"] = true;
            why_ = call.why;
        }
        if (call.body.empty())
            return;
        boost::system::error_code error;
        const auto body = json::parse(call.body, error);
        whole_ = !is_file && !error && body.is_object();
        if (whole_)
            for (const auto& [name, value] : body.get_object())
                take(name, value);
        if (!whole_)
            sum_up(call.body);
    }

    [[nodiscard]] std::string on(std::string_view name) const
    {
        if (!name.empty())
            return std::string(name);
        std::string text;
        for (const auto& [member, value] : about_)
            text += (text.empty() ? "" : " ") + std::string(member) + "=" +
                    (value.is_string() ? std::string(value.get_string()) : json::serialize(value));
        return text;
    }
    [[nodiscard]] std::string asks() const { return text_or_nothing(asks_); }
    [[nodiscard]] std::string why() const { return why_; }

private:
    void take(std::string_view name, const json::value& value)
    {
        if (name == "why" && value.is_string())
            why_ = small(value, longest_why).get_string();
        else if (one_of(names, name) && !value.is_structured())
            about_.insert_or_assign(name, small(value));
        else if (one_of(asked, name) && !value.is_structured())
            asks_.insert_or_assign(name, small(value));
        else
            whole_ = false;
    }

    void sum_up(std::string_view body)
    {
        asks_["lines"] = numbered_lines(body).size();
        asks_["bytes"] = body.size();
        asks_["sha256"] = to_hex(sha256(body));
    }

    bool whole_ = true;
    json::object about_;
    json::object asks_;
    std::string why_;
};

}  // namespace

observability::AuditLine intent_of(const Route& route, const Call& call)
{
    const Said said(call, route.trait.lines);
    observability::AuditLine line;
    line.at = std::chrono::system_clock::now();
    line.who = call.caller.name;
    line.role = gateway::name_of(call.caller.role);
    line.what = std::string(route.method) + " " + std::string(route.path);
    line.on = said.on(call.name);
    line.after = said.asks();
    line.why = said.why();
    return line;
}

observability::AuditLine result_of(std::uint64_t intent, const net::Response& response)
{
    observability::AuditLine line;
    line.of = intent;
    line.at = std::chrono::system_clock::now();
    line.status = response.status;
    boost::system::error_code error;
    const auto body =
        response.content_type == "application/json" ? json::parse(response.body, error) : json::value(nullptr);
    if (error || !body.is_object())
        return line;
    json::object before, after;
    for (const auto& [name, value] : body.get_object()) {
        if (name == "before")
            before["value"] = small(value);
        else if (name == "already" || name == "was_paused")
            before["paused"] = small(value);
        else if (name == "paused")
            after["paused"] = !value.is_null();
        else if (one_of(told, name))
            after[name] = small(value);
    }
    line.before = text_or_nothing(before);
    line.after = text_or_nothing(after);
    return line;
}

Task<std::uint64_t> written(observability::AuditLog& log, observability::AuditLine line)
{
    const auto executor = co_await asio::this_coro::executor;
    using Answer = Result<std::uint64_t>;
    auto start = [&log, executor, line = std::move(line)](std::move_only_function<void(Answer)> done) mutable {
        log.write(std::move(line), [executor, done = std::move(done)](Answer answer) mutable {
            asio::post(executor,
                       [done = std::move(done), answer = std::move(answer)]() mutable { done(std::move(answer)); });
        });
    };
    auto waiting = net::wait_for<Answer>(std::move(start));
    co_return co_await std::move(waiting);
}

asio::awaitable<net::Response> list_audit(const Means& with, const Call& call)
{
    auto given = parameters(call.query, {"cursor", "limit"});
    if (!given)
        co_return failed(given.error());
    const auto limit = limit_of(*given, 100);
    if (!limit)
        co_return failed(limit.error());
    std::uint64_t before = 0;
    if (const auto& text = (*given)["cursor"]; !text.empty()) {
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), before);
        if (error != std::errc{} || end != text.data() + text.size())
            co_return failed({FailureClass::permanent, "bad_cursor", "this is no cursor of a page of audit lines", {}});
    }
    const auto page = with.audit.list(before, *limit);
    if (!page)
        co_return failed(page.error());
    const auto parsed = [](const std::string& text) {
        boost::system::error_code error;
        auto value = json::parse(text, error);
        return error ? json::value(nullptr) : value;
    };
    json::array rows;
    for (const auto& [intent, result] : page->entries) {
        json::object row{{"n", intent.n},       {"at", time_text(intent.at)},   {"who", intent.who},
                         {"role", intent.role}, {"what", intent.what},          {"on", intent.on},
                         {"why", intent.why},   {"asked", parsed(intent.after)}};
        row["before"] = result ? parsed(result->before) : json::value(nullptr);
        row["after"] = result ? parsed(result->after) : json::value(nullptr);
        row["status"] = result ? json::value(result->status) : json::value(nullptr);
        row["outcome"] = !result || result->status >= 500 ? "unknown" : result->status < 400 ? "done" : "refused";
        row["hash"] = intent.hash;
        rows.push_back(std::move(row));
    }
    co_return reply(200, json::object{{"audit", std::move(rows)},
                                      {"next", page->next == 0 ? "" : std::to_string(page->next)},
                                      {"head", page->head}});
}

}  // namespace headgate::gateway::api
