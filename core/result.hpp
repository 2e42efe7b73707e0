#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace headgate {

/// What kind of failure it was. The class alone decides what happens next (`fate_of`); there are no others.
enum class FailureClass : std::uint8_t { transient, throttled, unknown_outcome, dependency, conflict, auth, permanent };

enum class Fate : std::uint8_t {
    retry,
    slow_the_system,
    by_repeat,
    park,
    adopt_or_reread,
    pause_the_system,
    dead_letter
};

/// Where a failure happened: a place in the document, one in the configuration and one in what was being made; any may
/// be empty.
struct Where {
    std::string document;  // JSON pointer (RFC 6901) or EDI segment
    std::string config;    // file:line:column
    std::string field{};   // of a transaction: "lines[0].unit_price"
};

struct Failure {
    FailureClass failure_class = FailureClass::permanent;
    std::string code;    // stable and documented: "missing_required", "http_429"
    std::string detail;  // for people; names the thing, never its value, a secret or a body
    Where where;
};

template <class T>
using Result = std::expected<T, Failure>;

inline std::unexpected<Failure> fail(FailureClass failure_class, std::string code, std::string detail, Where where = {})
{
    return std::unexpected(Failure{failure_class, std::move(code), std::move(detail), std::move(where)});
}

/// A failure of what does no harm when it is done twice: not to know whether it was done is a reason to do it again.
[[nodiscard]] inline Failure of_harmless(Failure failure)
{
    if (failure.failure_class == FailureClass::unknown_outcome)
        failure.failure_class = FailureClass::transient;
    return failure;
}

constexpr Fate fate_of(FailureClass failure)
{
    switch (failure) {  // no default: a new class must be given its fate to compile
    case FailureClass::transient: return Fate::retry;
    case FailureClass::throttled: return Fate::slow_the_system;
    case FailureClass::unknown_outcome: return Fate::by_repeat;
    case FailureClass::dependency: return Fate::park;
    case FailureClass::conflict: return Fate::adopt_or_reread;
    case FailureClass::auth: return Fate::pause_the_system;
    case FailureClass::permanent: return Fate::dead_letter;
    }
    std::unreachable();
}

constexpr std::string_view name_of(FailureClass failure)
{
    switch (failure) {
    case FailureClass::transient: return "transient";
    case FailureClass::throttled: return "throttled";
    case FailureClass::unknown_outcome: return "unknown_outcome";
    case FailureClass::dependency: return "dependency";
    case FailureClass::conflict: return "conflict";
    case FailureClass::auth: return "auth";
    case FailureClass::permanent: return "permanent";
    }
    std::unreachable();
}

/// The class of that name; nothing when there is none.
inline std::optional<FailureClass> failure_class_of(std::string_view name)
{
    using enum FailureClass;
    for (auto failure : {transient, throttled, unknown_outcome, dependency, conflict, auth, permanent})
        if (name_of(failure) == name)
            return failure;
    return {};
}

}  // namespace headgate
