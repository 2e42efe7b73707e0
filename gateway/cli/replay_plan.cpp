#include <iostream>
#include <map>
#include <set>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "gateway/cli/admin.hpp"
#include "gateway/cli/cli.hpp"
#include "gateway/cli/desk_commands.hpp"
#include "gateway/cli/output.hpp"
#include "gateway/tools/difference_summary.hpp"

namespace headgate::gateway {

namespace {

namespace json = boost::json;

/// A value as a person reads it in a line.
std::string value_text(const json::value& value)
{
    constexpr std::size_t longest = 60;
    return value.is_null() ? "nothing" : cut(shown(json::serialize(value)), longest);
}

/// What the plans of many letters come to.
class Plans {
public:
    void add(const json::object& plan)
    {
        const auto verdict = text(plan, "verdict");
        ++verdicts_[verdict];
        if (verdict == "fails")
            ++causes_[text(plan, "cause")];
        for (const auto& delivery : plan.at("deliveries").as_array())
            add(text(plan, "letter"), delivery.as_object());
    }

    [[nodiscard]] bool all_pass() const
    {
        return verdicts_.empty() || (verdicts_.size() == 1 && verdicts_.contains("passes"));
    }

    void print() const
    {
        std::uint64_t letters = 0;
        for (const auto& [verdict, count] : verdicts_)
            letters += count;
        std::cout << fmt::format("{} letters\n", letters);
        for (const auto& [verdict, about] :
             {std::pair{"passes", "would go on to their system"},
              std::pair{"same", "would be sent just as they died: what made them die must have gone"},
              std::pair{"fails", "would be letters again"},
              std::pair{"unwanted", "would end as suppressed: nothing is made of them any more"}})
            if (const auto found = verdicts_.find(verdict); found != verdicts_.end())
                std::cout << fmt::format("  {} {}\n", found->second, about);
        for (const auto& [cause, count] : causes_)
            std::cout << fmt::format("    {} {}\n", count, cause);
        if (held_ > 0)
            std::cout << fmt::format("  {} deliveries would wait for an approval\n", held_);
        if (new_ > 0)
            std::cout << fmt::format("  {} deliveries are new: their event made none like them before\n", new_);
        if (const auto differing = differences_.text(); !differing.empty())
            std::cout << "sent otherwise than they died, by field:\n" << differing;
    }

private:
    void add(const std::string& letter, const json::object& delivery)
    {
        held_ += text(delivery, "held_by").empty() ? 0 : 1;
        // Of an event that died before there was any, all are.
        new_ += delivery.at("new").as_bool() && letter.find('.') != std::string::npos ? 1 : 0;
        const auto* differences = delivery.if_contains("differences");
        if (differences == nullptr)
            return;
        for (const auto& one : differences->as_array())
            differences_.add(text(delivery, "type"), text(one.as_object(), "field"),
                             {letter, value_text(one.at("before")), value_text(one.at("now"))});
    }

    std::map<std::string, std::uint64_t> verdicts_;
    std::map<std::string, std::uint64_t> causes_;
    std::uint64_t held_ = 0;
    std::uint64_t new_ = 0;
    DifferenceSummary differences_;
};

std::string reveal_of(const DeskOptions& options)
{
    return options.reveal ? "&reveal=true&why=" + encoded(options.why) : "";
}

}  // namespace

int replay_plan_command(const DeskOptions& options)
{
    const auto query = letter_query(options);
    if (!options.letters.empty() ? !query.empty() || options.all : query.empty() != options.all)
        return complain_of_letters();
    Plans plans;
    const auto take = [&](const json::object& plan) {
        plans.add(plan);
        if (options.json)
            std::cout << json::serialize(plan) << "\n";
    };
    for (const auto& letter : options.letters) {
        const auto answer = ask(options.data, "GET", "/api/v1/dlq/" + encoded(letter) + "/plan?" + reveal_of(options));
        if (!answer)
            return complain(answer.error());
        take(answer->as_object());
    }
    for (std::string cursor; options.letters.empty();) {
        const auto answer =
            ask(options.data, "GET",
                fmt::format("/api/v1/dlq/plan?limit=250&cursor={}{}{}", encoded(cursor), query, reveal_of(options)));
        if (!answer)
            return complain(answer.error());
        for (const auto& plan : answer->at("letters").as_array())
            take(plan.as_object());
        cursor = answer->at("next").as_string();
        if (cursor.empty())
            break;
    }
    if (!options.json)
        plans.print();
    return plans.all_pass() ? exit_fine : exit_findings;
}

}  // namespace headgate::gateway
