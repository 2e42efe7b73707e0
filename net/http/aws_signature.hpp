#pragma once

#include <chrono>
#include <string>

#include "core/result.hpp"
#include "net/http/call.hpp"

namespace headgate::net {

struct AwsCredentials {
    std::string access_key_id;
    std::string secret_access_key;
    std::string session_token{};  // of temporary ones (STS, a role); empty for those of a user
};

/// Where a signature is good, and only there; at most for a quarter of an hour (the servers' rule).
struct AwsScope {
    std::string region;   // "eu-west-1"
    std::string service;  // "sqs"
};

/// The headers that make a call one of AWS's API calls, signed by Signature Version 4: X-Amz-Date, X-Amz-Security-Token
/// when there is a session token, x-amz-content-sha256 when the service is `s3`, Authorization. They are added to the
/// call as it is, which is sent unchanged: everything is signed, target, headers, body and the Host that the client
/// writes, except User-Agent and X-Amzn-Trace-Id, which others on the way may write anew. A call sent again later is
/// signed again.
///
/// The target is signed as encoded once, as it goes out. `s3` reads it so; for other services its path is normalized
/// (RFC 3986 §5.2.4, one slash for several) and encoded a second time.
///
/// Fails, and never with a value in the text: `secret_unusable` (auth) when the credentials are incomplete or have
/// white space or control bytes; permanent `call_malformed` when the scope cannot be written into a header, when the
/// call has a header that is the signature's or the client's to send, and when the target has no path or could be read
/// in two ways: a `%` without its two digits, a `+` in the query (a space to some). What `request_bytes` refuses
/// besides is left to it. No I/O; calls may overlap.
///
/// Source: AWS Identity and Access Management User Guide, "Create a signed AWS API request" and "Elements of an AWS API
/// request signature"; for `s3` Amazon S3 API Reference, "Signature Calculations for the Authorization Header:
/// Transferring Payload in a Single Chunk".
[[nodiscard]] Result<HttpFields> aws_signature(const AwsCredentials& credentials, const AwsScope& scope,
                                               const HttpCall& call, const HttpOrigin& origin,
                                               std::chrono::system_clock::time_point now);

}  // namespace headgate::net
