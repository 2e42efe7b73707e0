#include "gateway/api/letter_scan.hpp"

#include <chrono>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "core/clock.hpp"
#include "gateway/api/stored_event.hpp"
#include "gateway/stages/context.hpp"
#include "gateway/stages/decode.hpp"

namespace headgate::gateway::api {

namespace {

constexpr std::chrono::milliseconds most_work{800};
constexpr std::size_t rows_of_a_page = 100;

/// Nothing: there is no telling.
std::optional<bool> meets(const Configuration& configuration, const mapping::Expression& condition,
                          std::string_view stored)
{
    auto envelope = decode_envelope(stored);
    if (!envelope)
        return std::nullopt;
    Event event;
    event.envelope = std::move(*envelope);
    event.channel = configuration.channel(event.envelope.channel);
    if (event.channel == nullptr)
        return std::nullopt;
    const auto decoded = decode(event);
    if (!decoded || decoded->document == nullptr)
        return std::nullopt;
    const EventContext context(event, *decoded->document, decoded->root);
    const auto holds = condition.holds(context.seen);
    return holds ? std::optional(*holds) : std::nullopt;
}

}  // namespace

Result<mapping::Expression> scan_condition(std::string_view text)
{
    const auto refused = [](int column, std::string_view what) {
        return fail(FailureClass::permanent, "bad_filter", fmt::format("`where`, column {}: {}", column, what));
    };
    auto compiled = mapping::Expression::compile_bare(text, {"where", 1, 1});
    if (!compiled) {
        const auto& problem = compiled.error();
        return refused(problem.column, problem.message + (problem.hint.empty() ? "" : " (" + problem.hint + ")"));
    }
    if (compiled->looks_up())
        return refused(1, "vocabularies are asked in mappings only");
    return std::move(*compiled);
}

Task<ScanPage> scan_letters(const Means& with, observability::LetterFilter filter, const mapping::Expression& condition)
{
    const auto until = steady_now() + most_work;
    const auto most = std::exchange(filter.limit, rows_of_a_page);
    ScanPage found;
    do {
        const auto page = with.history.letters(filter);
        if (!page)
            co_return std::unexpected(page.error());
        for (const auto& row : page->letters) {
            const bool enough = found.letters.size() == most || steady_now() >= until;
            if (enough && found.scanned > 0) {
                found.next = filter.cursor;
                co_return found;
            }
            const auto bytes = co_await stored(with, row.event);  // others have their turns while Redis is asked
            if (!bytes)
                co_return std::unexpected(bytes.error());
            const auto says = meets(with.configuration, condition, *bytes);
            ++found.scanned;
            found.unreadable += says ? 0 : 1;
            if (says.value_or(false))
                found.letters.push_back(row);
            filter.cursor = row.cursor;
        }
        filter.cursor = page->next;
    } while (!filter.cursor.empty());
    co_return found;
}

}  // namespace headgate::gateway::api
