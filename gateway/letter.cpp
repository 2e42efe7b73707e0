#include "gateway/letter.hpp"

#include <fmt/format.h>

#include "gateway/letter_id.hpp"
#include "gateway/tools/document_text.hpp"

namespace headgate::gateway {

std::string cause_of(std::string_view stage, const Failure& failure, const WaitsFor& what)
{
    return fmt::format("{}/{}/{}/{}", stage, failure.code, without_places(failure.where.field),
                       what.system.empty() ? what.channel : what.system);
}

observability::LetterRow letter_row(const retry::Letter& letter)
{
    observability::LetterRow row;
    row.letter = letter_text(letter.event, letter.delivery);
    row.event = letter.event;
    row.at = letter.at;
    row.due = letter.due;
    row.stage = letter.stage;
    row.failure_class = name_of(letter.failure_class);
    row.code = letter.code;
    row.cause = letter.cause;
    row.queue = letter.queue;
    row.system = letter.system;
    row.type = letter.type;
    row.slot = letter.slot;
    row.entity = letter.entity;
    row.order_number = letter.order_number;
    row.fields = letter.fields;
    row.detail = letter.excerpt;
    row.where = letter.where.document;
    row.config = letter.where.config;
    row.attempts = letter.attempts;
    row.round = letter.round;
    row.seq = letter.seq;
    row.generation = letter.config;
    return row;
}

std::string order_number_of(std::string_view transaction)
{
    static constexpr std::string_view key = "\"order_number\":\"";
    const auto at = transaction.find(key);
    if (at == std::string::npos)
        return {};
    const auto start = at + key.size();
    const auto end = transaction.find('"', start);
    return end == std::string::npos || end - start > 64 ? std::string{}
                                                        : std::string(transaction.substr(start, end - start));
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
    letter.type = what.type;
    return letter;
}

}  // namespace headgate::gateway
