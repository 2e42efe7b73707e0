#include "gateway/systems/answers.hpp"

#include <algorithm>

#include "core/pattern.hpp"

namespace headgate::gateway {

namespace {

bool status_fits(std::string_view pattern, int status)
{
    if (pattern == "*")
        return true;
    if (pattern.ends_with("xx"))
        return pattern[0] - '0' == status / 100;
    return pattern == std::to_string(status);
}

/// Codes are the vendor's words; what does not look like one is left out, so that no document's text gets into a log.
bool is_word(std::string_view code)
{
    return !code.empty() && code.size() <= 64 && std::ranges::all_of(code, [](char letter) {
        return (letter >= '0' && letter <= '9') || (letter >= 'A' && letter <= 'Z') ||
               (letter >= 'a' && letter <= 'z') || std::string_view("._-:").contains(letter);
    });
}

}  // namespace

FailureClass meaning_of(int status, std::string_view error_code, mapping::Repeat repeat,
                        const std::vector<AnswerConfig>& table)
{
    for (const AnswerConfig& answer : table)
        if (status_fits(answer.status, status) && (answer.code.empty() || fits_pattern(answer.code, error_code)))
            return answer.meaning;
    switch (status) {
    case 401:
    case 403: return FailureClass::auth;
    case 408:
    case 502:
    case 504: return FailureClass::unknown_outcome;
    case 409:
    case 412: return FailureClass::conflict;
    case 425:
    case 503: return FailureClass::transient;
    case 429: return FailureClass::throttled;
    case 501:
    case 505: return FailureClass::permanent;
    default: break;
    }
    if (status >= 500) {
        const bool harmless = repeat == mapping::Repeat::safe || repeat == mapping::Repeat::keyed;
        return harmless ? FailureClass::transient : FailureClass::unknown_outcome;
    }
    return FailureClass::permanent;
}

Failure failure_of(int status, std::string_view error_code, mapping::Repeat repeat,
                   const std::vector<AnswerConfig>& table)
{
    std::string detail = "the system answered " + std::to_string(status);
    if (is_word(error_code))
        detail.append(" ").append(error_code);
    const bool success = status >= 200 && status <= 299;
    if (success)
        detail += ", but `success_when` does not hold";
    return {meaning_of(status, error_code, repeat, table),
            success ? "answer_refused" : "http_" + std::to_string(status),
            std::move(detail),
            {}};
}

}  // namespace headgate::gateway
