#include "gateway/admission.hpp"

namespace headgate::gateway {

asio::awaitable<Intake<Accepted>> Admission::admit(Identified identified)
{
    const Channel& channel = *identified.channel;
    auto accepted = co_await accept(with_.inbox, std::move(identified));
    if (!accepted) {
        if (accepted.error().failure.failure_class == FailureClass::unknown_outcome)
            with_.look_again();  // it may be in the stream all the same
        co_return accepted;
    }
    (accepted->duplicate ? with_.metrics.duplicates : with_.metrics.accepted).add();
    if (accepted->conflict)
        with_.metrics.conflicts.add();
    if (accepted->duplicate && accepted->seq > 0)
        with_.heard_of(accepted->partition, accepted->seq);
    if (accepted->fresh) {
        channel.waiting.fetch_add(1, std::memory_order_relaxed);
        with_.hand_over(std::move(*accepted->fresh), accepted->ordinal);
        accepted->fresh.reset();
    }
    co_return accepted;
}

}  // namespace headgate::gateway
