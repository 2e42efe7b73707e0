#include "gateway/systems/sqs_wire.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include <openssl/evp.h>
#include <boost/json.hpp>

#include "connectors/signatures/digest.hpp"
#include "core/ascii.hpp"
#include "core/hash.hpp"
#include "gateway/systems/answers.hpp"

namespace headgate::gateway {

namespace {

namespace json = boost::json;

std::optional<json::object> sqs_object(std::string_view text)
{
    boost::system::error_code error;
    auto parsed = json::parse(text, error);
    if (error || !parsed.is_object())
        return std::nullopt;
    return std::move(parsed.get_object());
}

std::string sqs_text(const json::object& object, std::string_view name)
{
    const auto* value = object.if_contains(name);
    return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

std::unexpected<Failure> sqs_unreadable(std::string what)
{
    return fail(FailureClass::transient, "sqs_answer_unreadable", "the answer of SQS " + std::move(what));
}

/// A list of objects; none when the member is not there.
Result<std::vector<const json::object*>> sqs_list(const json::object& answer, std::string_view name)
{
    std::vector<const json::object*> found;
    const auto* list = answer.if_contains(name);
    if (list == nullptr || list->is_null())
        return found;
    if (!list->is_array())
        return sqs_unreadable("has no list where `" + std::string(name) + "` is");
    for (const auto& item : list->get_array())
        if (const auto* object = item.if_object())
            found.push_back(object);
        else
            return sqs_unreadable("has something else than an object in `" + std::string(name) + "`");
    return found;
}

bool is_sqs_word(std::string_view text)
{
    return !text.empty() && text.size() <= 64 && std::ranges::all_of(text, [](char letter) {
        return is_letter(letter) || is_digit(letter) || letter == '.' || letter == '_';
    });
}

/// SQS's word for what is wrong: "com.amazonaws.sqs#QueueDoesNotExist" in the body, or else the header that stands for
/// the older protocol, "AWS.SimpleQueueService.NonExistentQueue;Sender".
std::string sqs_word(const net::HttpAnswer& answer)
{
    std::string word;
    if (const auto object = sqs_object(answer.body))
        word = sqs_text(*object, "__type");
    if (word.empty())
        if (const auto header = answer.header("x-amzn-query-error"))
            word = header->substr(0, header->find(';'));
    word.erase(0, word.find('#') == std::string::npos ? 0 : word.find('#') + 1);
    return is_sqs_word(word) ? word : "";
}

bool is_one_of(std::string_view word, std::initializer_list<std::string_view> words)
{
    return std::ranges::find(words, word) != words.end();
}

}  // namespace

bool is_whole(const SqsMessage& message)
{
    const auto digest = connectors::digest_of(message.body, EVP_md5());
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(digest.data());
    return !digest.empty() && to_hex({bytes, digest.size()}) == message.md5;
}

std::string sqs_receive_request(std::string_view queue_url)
{
    return json::serialize(json::object{{"QueueUrl", queue_url},
                                        {"MaxNumberOfMessages", sqs_most_messages},
                                        {"WaitTimeSeconds", sqs_wait.count()},
                                        {"VisibilityTimeout", sqs_hidden.count()}});
}

std::string sqs_delete_request(std::string_view queue_url, const std::vector<std::string>& receipts)
{
    json::array entries;
    for (std::size_t i = 0; i < receipts.size(); ++i)
        entries.push_back(json::object{{"Id", std::to_string(i)}, {"ReceiptHandle", receipts[i]}});
    return json::serialize(json::object{{"QueueUrl", queue_url}, {"Entries", std::move(entries)}});
}

Result<net::HttpCall> sqs_call(std::string_view action, std::string body, const net::AwsCredentials& credentials,
                               const std::string& region, const net::HttpOrigin& origin,
                               std::chrono::system_clock::time_point now)
{
    net::HttpCall call;
    call.method = "POST";
    call.target = "/";
    call.headers = {{"Content-Type", "application/x-amz-json-1.0"},
                    {"X-Amz-Target", "AmazonSQS." + std::string(action)}};
    call.body = std::move(body);
    auto signature = net::aws_signature(credentials, {region, "sqs"}, call, origin, now);
    if (!signature)
        return std::unexpected(std::move(signature.error()));
    call.headers.insert(call.headers.end(), signature->begin(), signature->end());
    return call;
}

Result<std::vector<SqsMessage>> read_sqs_messages(std::string_view answer)
{
    const auto object = sqs_object(answer);
    if (!object)
        return sqs_unreadable("is no JSON object");
    const auto list = sqs_list(*object, "Messages");
    if (!list)
        return std::unexpected(list.error());
    std::vector<SqsMessage> messages;
    for (const auto* item : *list) {
        SqsMessage message{sqs_text(*item, "MessageId"), sqs_text(*item, "ReceiptHandle"), sqs_text(*item, "Body"),
                           lower(sqs_text(*item, "MD5OfBody"))};
        if (message.id.empty() || message.receipt.empty())
            return sqs_unreadable("has a message without its id or its receipt");
        messages.push_back(std::move(message));
    }
    return messages;
}

Result<std::vector<SqsKept>> read_sqs_deletion(std::string_view answer, std::size_t count)
{
    const auto object = sqs_object(answer);
    if (!object)
        return sqs_unreadable("is no JSON object");
    std::vector<SqsKept> kept(count);
    for (std::size_t i = 0; i < count; ++i)
        kept[i].place = i;
    const auto each = [&](std::string_view name, const auto& tell) -> Result<void> {
        const auto list = sqs_list(*object, name);
        if (!list)
            return std::unexpected(list.error());
        for (const auto* item : *list) {
            const std::string id = sqs_text(*item, "Id");
            std::size_t place = count;
            std::from_chars(id.data(), id.data() + id.size(), place);
            if (const auto found = std::ranges::find(kept, place, &SqsKept::place); found != kept.end())
                tell(found, *item);
        }
        return {};
    };
    if (auto told = each("Successful", [&](auto found, const json::object&) { kept.erase(found); }); !told)
        return std::unexpected(std::move(told.error()));
    const auto refused = [](auto found, const json::object& item) {
        const std::string code = sqs_text(item, "Code");
        found->code = is_sqs_word(code) ? code : "";
    };
    if (auto told = each("Failed", refused); !told)
        return std::unexpected(std::move(told.error()));
    return kept;
}

Failure sqs_failure(const net::HttpAnswer& answer)
{
    const std::string word = sqs_word(answer);
    const std::string said = std::to_string(answer.status) + (word.empty() ? "" : " " + word);
    if (answer.status >= 500 && answer.status <= 599)
        return failure_of(answer.status, word, mapping::Repeat::safe, {});
    // Of some of these the status is 403 as well, so they come first.
    if (answer.status == 429 || is_one_of(word, {"RequestThrottled", "ThrottlingException", "Throttling",
                                                 "TooManyRequestsException", "OverLimit", "KmsThrottled"}))
        return {FailureClass::throttled, "sqs_throttled", "SQS answered " + said + ": it is asked too often", {}};
    if (is_one_of(word, {"QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue"}))
        return {
            FailureClass::permanent,
            "sqs_queue_missing",
            "SQS answered " + said + ": there is no such queue in this region and account, or the key may not see it",
            {}};
    if (is_one_of(word, {"AccessDenied", "AccessDeniedException", "NotAuthorized", "KmsAccessDenied"}))
        return {FailureClass::auth,
                "sqs_login_refused",
                "SQS answered " + said +
                    ": allow the key sqs:ReceiveMessage and sqs:DeleteMessage on the queue (and kms:Decrypt where it "
                    "is encrypted with a key of yours)",
                {}};
    if (is_one_of(word, {"ExpiredToken", "ExpiredTokenException"}))
        return {FailureClass::auth,
                "sqs_login_refused",
                "SQS answered " + said +
                    ": the session token has run out; give a new one and start again, or use a key without one",
                {}};
    if (is_one_of(word,
                  {"SignatureDoesNotMatch", "InvalidSignatureException", "IncompleteSignature", "RequestExpired"}))
        return {FailureClass::auth,
                "sqs_login_refused",
                "SQS answered " + said + ": `secret_key` is not the one of `access_key`, or the clock here is wrong",
                {}};
    if (answer.status == 401 || answer.status == 403 ||
        is_one_of(word, {"InvalidClientTokenId", "UnrecognizedClientException", "MissingAuthenticationToken",
                         "OptInRequired"}))
        return {FailureClass::auth,
                "sqs_login_refused",
                "SQS answered " + said +
                    ": look at `access_key`, `secret_key` and `session_token`, and whether the "
                    "key is active",
                {}};
    return {FailureClass::permanent, "sqs_refused", "SQS answered " + said + ": look at `url` and `region`", {}};
}

}  // namespace headgate::gateway
