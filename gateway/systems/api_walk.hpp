#pragma once

#include <functional>
#include <string>

#include "gateway/answer_pages.hpp"
#include "gateway/configuration.hpp"
#include "gateway/systems/vendor_api.hpp"

namespace headgate::gateway {

/// One answer of an API, read.
struct ApiPage {
    const Document& document;
    const mapping::MappingContext& context;  // of the answer: `$headers` are its own
    const Document* items = nullptr;         // a list, where `items` says what they are
};

/// Asks for a target and all that follow it, and gives each answer to `take`, in order; what that fails with ends the
/// walk. At most `most` answers: `too_many_answers` (permanent). `answer_unreadable` (transient) for what is no JSON.
struct Walked {
    Result<void> result;
    std::optional<std::chrono::milliseconds> not_before{};
};
asio::awaitable<Walked> walk(VendorApi& api, const AnswerPages& pages, std::string target, const Channel& channel,
                             std::size_t most, std::function<Task<void>(const ApiPage&)> take);

}  // namespace headgate::gateway
