#include "net/http/aws_signature.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <ranges>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <vector>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "core/ascii.hpp"
#include "core/encoding.hpp"
#include "core/hash.hpp"
#include "core/time.hpp"
#include "net/http/characters.hpp"

namespace headgate::net {

namespace {

constexpr std::string_view aws_algorithm = "AWS4-HMAC-SHA256";
constexpr std::string_view aws_scope_end = "aws4_request";

/// In lower case; a second one in the call would be a second opinion.
constexpr std::array<std::string_view, 4> aws_own{"authorization", "x-amz-date", "x-amz-security-token",
                                                  "x-amz-content-sha256"};
constexpr std::array<std::string_view, 2> aws_unsigned{"user-agent", "x-amzn-trace-id"};

bool aws_visible(std::string_view text)
{
    return std::ranges::all_of(text, [](char letter) {
        const auto byte = static_cast<std::uint8_t>(letter);
        return byte > 0x20 && byte != 0x7f;
    });
}

std::string_view aws_problem_of(const AwsCredentials& credentials)
{
    if (credentials.access_key_id.empty() || !characters::all(credentials.access_key_id, characters::Class::token))
        return "the access key id is empty or has a byte that such an id cannot have";
    if (credentials.secret_access_key.empty() || !aws_visible(credentials.secret_access_key))
        return "the secret access key is empty, or has white space or a control byte";
    if (!aws_visible(credentials.session_token))
        return "the session token has white space or a control byte";
    return {};
}

std::unexpected<Failure> aws_call_refused(std::string detail)
{
    return fail(FailureClass::permanent, "call_malformed", std::move(detail));
}

void append_aws_encoded(std::string& out, char letter)
{
    static constexpr std::string_view digits = "0123456789ABCDEF";
    if (headgate::is_letter(letter) || headgate::is_digit(letter) || std::string_view("-._~").contains(letter)) {
        out += letter;
        return;
    }
    const auto byte = static_cast<std::uint8_t>(letter);
    out += '%';
    out += digits[byte >> 4U];
    out += digits[byte & 15U];
}

/// Every byte but the unreserved ones (RFC 3986 §2.3) and slashes, the `%` of an escape too.
std::string aws_encoded_again(std::string_view path)
{
    std::string out;
    for (const char letter : path)
        if (letter == '/')
            out += letter;
        else
            append_aws_encoded(out, letter);
    return out;
}

/// What is encoded already the one way AWS writes it. A slash stays in a path alone, one that was encoded nowhere.
/// Nothing when a `%` begins no escape.
std::optional<std::string> aws_encoded_once(std::string_view text, bool is_path)
{
    std::string out;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] == '%') {
            const auto byte = from_hex(text.substr(at + 1, 2));
            if (!byte || byte->size() != 1)
                return std::nullopt;
            append_aws_encoded(out, byte->front());
            at += 2;
        } else if (text[at] == '/' && is_path) {
            out += '/';
        } else {
            append_aws_encoded(out, text[at]);
        }
    }
    return out;
}

std::string aws_normalized(std::string_view path)
{
    std::vector<std::string_view> segments;
    for (const auto part : std::views::split(path, '/')) {
        const std::string_view segment(part.begin(), part.end());
        if (segment.empty() || segment == ".")
            continue;
        if (segment != "..")
            segments.push_back(segment);
        else if (!segments.empty())
            segments.pop_back();
    }
    std::string out;
    for (const auto segment : segments)
        out.append("/").append(segment);
    if (out.empty() || path.ends_with('/'))
        out += '/';
    return out;
}

std::optional<std::string> aws_canonical_query(std::string_view query)
{
    std::vector<std::pair<std::string, std::string>> parameters;
    for (const auto part : std::views::split(query, '&')) {
        const std::string_view parameter(part.begin(), part.end());
        if (parameter.empty())
            continue;
        const auto equals = std::min(parameter.find('='), parameter.size());
        auto name = aws_encoded_once(parameter.substr(0, equals), false);
        auto value = aws_encoded_once(parameter.substr(std::min(equals + 1, parameter.size())), false);
        if (!name || !value)
            return std::nullopt;
        parameters.emplace_back(std::move(*name), std::move(*value));
    }
    std::ranges::sort(parameters);  // as pairs: `a-b=` comes after `a=`, though `-` comes before `=`
    std::string out;
    for (const auto& [name, value] : parameters)
        out.append(out.empty() ? "" : "&").append(name).append("=").append(value);
    return out;
}

std::string aws_folded(std::string_view value)
{
    std::string out;
    for (const char letter : characters::trim(value))
        if (!characters::is_space(letter))
            out += letter;
        else if (!out.ends_with(' '))
            out += ' ';
    return out;
}

/// By name in lower case; the values of one name in their order.
std::map<std::string, std::string> aws_canonical_headers(const HttpFields& fields)
{
    std::map<std::string, std::string> headers;
    for (const auto& [name, value] : fields) {
        std::string key = headgate::lower(name);
        if (std::ranges::find(aws_unsigned, key) != aws_unsigned.end())
            continue;
        const auto [at, is_new] = headers.try_emplace(std::move(key));
        at->second.append(is_new ? "" : ",").append(aws_folded(value));
    }
    return headers;
}

/// `20150830T123600Z`
std::string aws_time(std::chrono::system_clock::time_point now)
{
    const auto seconds = std::chrono::floor<std::chrono::seconds>(now.time_since_epoch());
    std::string text = text_of(Timestamp{seconds.count(), 0, {}});
    std::erase_if(text, [](char letter) { return letter == '-' || letter == ':'; });
    return text;
}

Digest aws_hmac(std::string_view key, std::string_view text)
{
    Digest mac{};
    unsigned size = 0;
    if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
             reinterpret_cast<const unsigned char*>(text.data()), text.size(), mac.data(), &size) == nullptr)
        throw std::runtime_error("HMAC with SHA-256 is not available in this OpenSSL");
    return mac;
}

}  // namespace

Result<HttpFields> aws_signature(const AwsCredentials& credentials, const AwsScope& scope, const HttpCall& call,
                                 const HttpOrigin& origin, std::chrono::system_clock::time_point now)
{
    if (const auto problem = aws_problem_of(credentials); !problem.empty())
        return fail(FailureClass::auth, "secret_unusable", std::string(problem));
    for (const std::string& part : {scope.region, scope.service})
        if (part.empty() || !characters::all(part, characters::Class::token))
            return aws_call_refused("the region or the service is empty or has a byte that such a name cannot have");
    for (const auto& [name, value] : call.headers) {
        if (frames_messages(name))
            return aws_call_refused("a header of the call is the client's to send");
        if (const auto own = std::ranges::find(aws_own, headgate::lower(name)); own != aws_own.end())
            return aws_call_refused("`" + std::string(*own) + "` is the signature's to send");
    }

    const bool is_s3 = scope.service == "s3";
    const std::string_view target = call.target;
    const auto question = std::min(target.find('?'), target.size());
    const auto sent_path = target.substr(0, question);
    const auto sent_query = target.substr(std::min(question + 1, target.size()));
    if (!sent_path.starts_with('/'))
        return aws_call_refused("the target is no path and query: it starts with `/`");
    if (sent_query.contains('+'))
        return aws_call_refused("the query has a `+`, which is a space to some: it is written `%20` or `%2B`");
    const auto path = is_s3 ? aws_encoded_once(sent_path, true) : aws_encoded_again(aws_normalized(sent_path));
    const auto query = aws_canonical_query(sent_query);
    if (!path || !query)
        return aws_call_refused("the target has a `%` without two hexadecimal digits");

    const std::string time = aws_time(now);
    const std::string body_hash = to_hex(sha256(call.body));
    HttpFields added{{"X-Amz-Date", time}};
    if (!credentials.session_token.empty())
        added.emplace_back("X-Amz-Security-Token", credentials.session_token);
    if (is_s3)
        added.emplace_back("x-amz-content-sha256", body_hash);

    HttpFields fields = call.headers;
    fields.insert(fields.end(), added.begin(), added.end());
    fields.emplace_back("Host", host_field(origin));
    std::string canonical = call.method + "\n" + *path + "\n" + *query + "\n";
    std::string names;
    for (const auto& [name, value] : aws_canonical_headers(fields)) {
        canonical.append(name).append(":").append(value).append("\n");
        names.append(names.empty() ? "" : ";").append(name);
    }
    canonical.append("\n").append(names).append("\n").append(body_hash);

    const std::string day = time.substr(0, time.find('T'));
    const std::string scope_text = day + "/" + scope.region + "/" + scope.service + "/" + std::string(aws_scope_end);
    const std::string signed_text =
        std::string(aws_algorithm) + "\n" + time + "\n" + scope_text + "\n" + to_hex(sha256(canonical));
    Digest key = aws_hmac("AWS4" + credentials.secret_access_key, day);
    for (const std::string_view part : {std::string_view(scope.region), std::string_view(scope.service), aws_scope_end})
        key = aws_hmac(view(key), part);
    added.emplace_back("Authorization", std::string(aws_algorithm) + " Credential=" + credentials.access_key_id + "/" +
                                            scope_text + ", SignedHeaders=" + names +
                                            ", Signature=" + to_hex(aws_hmac(view(key), signed_text)));
    return added;
}

}  // namespace headgate::net
