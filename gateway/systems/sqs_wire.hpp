#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "net/http/aws_signature.hpp"
#include "net/http/call.hpp"

namespace headgate::gateway {

// What is said to Amazon SQS and what it answers, as values: the AWS JSON protocol 1.0.
// Source: Amazon SQS API Reference, "ReceiveMessage", "DeleteMessageBatch", "Common Errors"; Amazon SQS Developer
// Guide, "Making Amazon SQS API requests using AWS JSON protocol".

inline constexpr std::size_t sqs_most_messages = 10;    // of one answer, and of one deletion
inline constexpr std::chrono::seconds sqs_wait{20};     // so long an empty queue lets its answer wait
inline constexpr std::chrono::seconds sqs_hidden{120};  // so long nobody else is given what was received

struct SqsMessage {
    std::string id;       // stays the same however often it is given
    std::string receipt;  // of this one giving; what it is deleted by
    std::string body;
    std::string md5;  // of the body, in hex, as SQS says
};

/// Whether the body is the one that SQS has.
[[nodiscard]] bool is_whole(const SqsMessage& message);

/// The bodies of the two requests. Deleted are at most `sqs_most_messages`; each is named by its place in the list.
[[nodiscard]] std::string sqs_receive_request(std::string_view queue_url);
[[nodiscard]] std::string sqs_delete_request(std::string_view queue_url, const std::vector<std::string>& receipts);

/// The signed request `action` (ReceiveMessage, DeleteMessageBatch). Fails as `aws_signature` does.
[[nodiscard]] Result<net::HttpCall> sqs_call(std::string_view action, std::string body,
                                             const net::AwsCredentials& credentials, const std::string& region,
                                             const net::HttpOrigin& origin, std::chrono::system_clock::time_point now);

/// The messages of an answer. `sqs_answer_unreadable` (transient) when it is none.
[[nodiscard]] Result<std::vector<SqsMessage>> read_sqs_messages(std::string_view answer);

/// Which of `count` messages were not deleted.
struct SqsKept {
    std::size_t place = 0;
    std::string code;  // a word of SQS, or "" when its answer does not tell of this one
};
[[nodiscard]] Result<std::vector<SqsKept>> read_sqs_deletion(std::string_view answer, std::size_t count);

/// What an answer that is no 200 means:
///   auth       `sqs_login_refused`   the key is not known, may not do it or does not fit the signature
///   permanent  `sqs_queue_missing`
///   throttled  `sqs_throttled`
///   permanent  `sqs_refused`         anything else that SQS finds wrong
///   5xx as `failure_of`, transient
/// The detail has SQS's own word for it, and what to do; never its message, which names accounts and keys.
[[nodiscard]] Failure sqs_failure(const net::HttpAnswer& answer);

}  // namespace headgate::gateway
