#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "gateway/system_config.hpp"
#include "mapping/request.hpp"

namespace headgate::gateway {

/// What an answer that is no success means: the system's own table first, then what its status usually means (RFC 9110,
/// 15). The one place where answers become classes.
///
///   401 403              auth
///   404 405 410 and 4xx  permanent
///   408 502 504          unknown_outcome: it may have been done all the same
///   409 412              conflict: it is there already, or something else is by now
///   425 503              transient: it was not begun
///   429                  throttled
///   500 and 5xx          unknown_outcome; transient where sending again does no harm (`repeat: safe`, `keyed`)
///   501 505              permanent
///   2xx                  permanent: the request's `success_when` does not hold
///   3xx                  permanent: redirects are not followed
///
/// A 2xx whose body `success_when` or `capture` looks into and cannot read is no such answer: nobody knows then.
[[nodiscard]] FailureClass meaning_of(int status, std::string_view error_code, mapping::Repeat repeat,
                                      const std::vector<AnswerConfig>& table);

/// Its failure: code `http_<status>`, or `answer_refused` for a 2xx; the detail names the status and the error code.
[[nodiscard]] Failure failure_of(int status, std::string_view error_code, mapping::Repeat repeat,
                                 const std::vector<AnswerConfig>& table);

}  // namespace headgate::gateway
