#include <chrono>
#include <iostream>
#include <thread>

#include <unistd.h>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "gateway/cli/admin.hpp"
#include "gateway/cli/cli.hpp"
#include "gateway/cli/desk_commands.hpp"
#include "gateway/cli/output.hpp"

namespace headgate::gateway {

namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

bool has_ended(const json::object& job)
{
    const auto state = text(job, "state");
    return state == "done" || state == "cancelled";
}

/// "applied 4998, dead 2"
std::string outcomes_of(const json::object& job)
{
    std::string all;
    if (const auto* events = job.if_contains("events"); events != nullptr && events->is_object())
        for (const auto& [state, count] : events->get_object())
            all += fmt::format("{}{} {}", all.empty() ? "" : ", ", std::string_view(state), json::serialize(count));
    return all;
}

/// What did not go back, and why.
std::string exceptions_of(const json::object& job)
{
    std::string all;
    for (const auto& [name, why] : {std::pair{"gone", "gone before"}, std::pair{"changed", "died again before"},
                                    std::pair{"left", "could not go back"}})
        if (const auto count = number(job, name); count > 0)
            all += fmt::format(", {} {}", count, why);
    return all;
}

std::string line_of(const json::object& job)
{
    const auto seconds = number(job, "seconds_left");
    return fmt::format("{} {}: {} of {} letters{}; events: {}{}", text(job, "job"), text(job, "state"),
                       number(job, "done"), number(job, "letters"), exceptions_of(job), outcomes_of(job),
                       seconds > 0 ? fmt::format("; about {} s left at {}/s", seconds, number(job, "rate")) : "");
}

/// A bar that is written over on a terminal.
void draw(const json::object& job)
{
    constexpr std::size_t width = 30;
    const auto total = std::max<std::uint64_t>(number(job, "letters"), 1);
    const auto full = std::min<std::size_t>(width * number(job, "done") / total, width);
    std::cout << "\r\x1b[K[" << std::string(full, '#') << std::string(width - full, '.') << "] " << line_of(job)
              << std::flush;
}

/// Until it has ended; what happened in between only where somebody looks.
int follow(const DeskOptions& options, const std::string& id)
{
    const bool terminal = ::isatty(STDOUT_FILENO) == 1 && !options.json;
    for (std::string told;;) {
        const auto answer = ask(options.data, "GET", "/api/v1/replay/" + encoded(id));
        if (!answer)
            return complain(answer.error());
        const auto& job = answer->as_object();
        const auto line = options.json ? json::serialize(job) : line_of(job);
        if (terminal)
            draw(job);
        else if (has_ended(job) || (!options.json && line != told))
            std::cout << (told = line) << "\n" << std::flush;
        if (has_ended(job)) {
            if (terminal)
                std::cout << "\n";
            return exit_fine;
        }
        std::this_thread::sleep_for(terminal ? 200ms : 1000ms);
    }
}

int print(const DeskOptions& options, const json::value& job)
{
    std::cout << (options.json ? json::serialize(job) : line_of(job.as_object())) << "\n";
    return exit_fine;
}

int move(const DeskOptions& options, const std::string& verb, const json::object& body = {})
{
    const auto answer =
        ask(options.data, "POST", "/api/v1/replay/" + encoded(options.job) + "/" + verb, json::serialize(body));
    return answer ? print(options, *answer) : complain(answer.error());
}

}  // namespace

int replay_start_command(const DeskOptions& options)
{
    auto filter = letter_filter_of(options);
    if (!options.letters.empty() ? !filter.empty() || options.all : filter.empty() != options.all)
        return complain_of_letters();
    const auto terms = replay_terms(options);
    json::object body = terms.empty() ? json::object{} : json::parse(terms).as_object();
    if (!options.to.empty())
        body["to"] = options.to;
    if (options.letters.empty() && (options.finished || !options.to.empty()))
        body["finished"] = std::move(filter);
    else if (options.letters.empty())
        body["filter"] = std::move(filter);
    else
        body["letters"] = json::array(options.letters.begin(), options.letters.end());
    if (options.rate)
        body["rate"] = *options.rate;
    const auto answer = ask(options.data, "POST", "/api/v1/replay", json::serialize(body));
    if (!answer)
        return complain(answer.error());
    const auto id = text(answer->as_object(), "job");
    if (options.wait)
        return follow(options, id);
    if (!options.json)
        std::cout << "`headgate replay status " << id << " --wait` follows it\n";
    return print(options, *answer);
}

int replay_status_command(const DeskOptions& options)
{
    if (!options.job.empty() && options.wait)
        return follow(options, options.job);
    if (!options.job.empty()) {
        const auto answer = ask(options.data, "GET", "/api/v1/replay/" + encoded(options.job));
        return answer ? print(options, *answer) : complain(answer.error());
    }
    const auto answer = ask(options.data, "GET", "/api/v1/replay");
    if (!answer)
        return complain(answer.error());
    Table table({"JOB", "STATE", "LETTERS", "DONE", "RATE", "BEGUN", "WHO", "EVENTS NOW", "WHY"});
    for (const auto& job : answer->at("jobs").as_array()) {
        const auto& fields = job.as_object();
        if (options.json)
            std::cout << json::serialize(job) << "\n";
        else
            table.add({text(fields, "job"), text(fields, "state"), text(fields, "letters"), text(fields, "done"),
                       text(fields, "rate"), text(fields, "created"), text(fields, "who"), outcomes_of(fields),
                       text(fields, "why")});
    }
    if (!options.json)
        table.print();
    return exit_fine;
}

int replay_pause_command(const DeskOptions& options)
{
    return move(options, "pause");
}

int replay_resume_command(const DeskOptions& options)
{
    return move(options, "resume", options.rate ? json::object{{"rate", *options.rate}} : json::object{});
}

int replay_cancel_command(const DeskOptions& options)
{
    return move(options, "cancel");
}

}  // namespace headgate::gateway
