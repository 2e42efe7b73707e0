#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/letter_id.hpp"
#include "gateway/stored_transaction.hpp"
#include "gateway/tools/document_text.hpp"
#include "gateway/working_out.hpp"
#include "retry/waiting.hpp"

namespace headgate::gateway {

/// A delivery that a replay would send.
struct PlannedDelivery {
    std::string system;
    Transaction transaction;
    bool is_new = false;                  // its event made none like it before, or it has none that are known
    std::optional<Transaction> before;    // what died; of a letter that got no further than its mapping there is none
    std::vector<Difference> differences;  // from `before`: of `text_of(Transaction)`
    std::string rule;                     // of `holds`, that would hold it; "" none
};

/// What a replay of a letter would come to today, as far as it can be told without sending anything.
struct LetterPlan {
    enum class Verdict : std::uint8_t {
        passes,    // it goes on to its system, and is not what died there
        same,      // what died is made again, as it was
        fails,     // it would be a letter again before it is sent
        unwanted,  // nothing of it is made any more: it would end as suppressed
    };
    Verdict verdict = Verdict::unwanted;
    std::optional<FailedAt> failed;
    std::string cause;                        // of the letter that it would be
    std::vector<PlannedDelivery> deliveries;  // of an event that has others, these alone: the others stay as they are
};
[[nodiscard]] std::string_view name_of(LetterPlan::Verdict verdict);

/// Works a letter out with this configuration, and nothing comes of it. `stored` is its envelope, `before` what died,
/// `known` what Redis knows of its event's deliveries.
[[nodiscard]] LetterPlan plan_of(const LetterId& letter, std::string stored,
                                 const std::optional<StoredTransaction>& before, const retry::KnownEvent& known,
                                 const Configuration& configuration, observability::Log& log);

}  // namespace headgate::gateway
