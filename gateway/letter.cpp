#include "gateway/letter.hpp"

#include <fmt/format.h>

namespace headgate::gateway {

namespace {

/// "lines[3].unit_price" is "lines.unit_price".
std::string without_places(std::string_view field)
{
    std::string kept;
    bool inside = false;
    for (const char letter : field) {
        inside = letter == '[' || (inside && letter != ']');
        if (!inside && letter != ']')
            kept += letter;
    }
    return kept;
}

}  // namespace

std::string cause_of(std::string_view stage, const Failure& failure, const WaitsFor& what)
{
    return fmt::format("{}/{}/{}/{}", stage, failure.code, without_places(failure.where.field),
                       what.system.empty() ? what.channel : what.system);
}

retry::Letter letter_of(std::string_view stage, const Failure& failure, const WaitsFor& what,
                        const Configuration& configuration, std::chrono::system_clock::time_point now)
{
    const QueueConfig& queue = queue_of(configuration.deployment.queues, what);
    retry::Letter letter;
    letter.stage = stage;
    letter.failure_class = failure.failure_class;
    letter.code = failure.code;
    letter.where = failure.where;
    letter.cause = cause_of(stage, failure, what);
    letter.queue = queue.name;
    letter.due = std::chrono::floor<std::chrono::milliseconds>(now + queue.sla);
    letter.config = configuration.generation();
    letter.excerpt = failure.detail;
    return letter;
}

}  // namespace headgate::gateway
