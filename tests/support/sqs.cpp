#include "tests/support/sqs.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "core/ascii.hpp"

namespace headgate::test {

namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

std::string hex(std::string_view bytes)
{
    std::string out;
    for (const char byte : bytes) {
        constexpr std::string_view digits = "0123456789abcdef";
        out += digits[static_cast<unsigned char>(byte) >> 4U];
        out += digits[static_cast<unsigned char>(byte) & 15U];
    }
    return out;
}

std::string hash(std::string_view bytes, const EVP_MD* with)
{
    std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
    unsigned size = 0;
    EVP_Digest(bytes.data(), bytes.size(), out.data(), &size, with, nullptr);
    return {reinterpret_cast<const char*>(out.data()), size};
}

std::string mac(const std::string& with, std::string_view bytes)
{
    std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
    unsigned size = 0;
    HMAC(EVP_sha256(), with.data(), static_cast<int>(with.size()), reinterpret_cast<const unsigned char*>(bytes.data()),
         bytes.size(), out.data(), &size);
    return {reinterpret_cast<const char*>(out.data()), size};
}

/// What stands behind NAME= up to a comma or the end.
std::string part_of(std::string_view text, std::string_view name)
{
    const auto from = text.find(name);
    if (from == std::string_view::npos)
        return {};
    const auto rest = text.substr(from + name.size());
    return std::string(rest.substr(0, rest.find(',')));
}

std::vector<std::string> split(std::string_view text, char at)
{
    std::vector<std::string> parts;
    for (std::size_t from = 0; from <= text.size();) {
        const auto to = std::min(text.find(at, from), text.size());
        parts.emplace_back(text.substr(from, to - from));
        from = to + 1;
    }
    return parts;
}

net::Response say(int status, const json::object& body)
{
    net::Response response;
    response.status = status;
    response.content_type = "application/x-amz-json-1.0";
    response.body = json::serialize(body);
    return response;
}

net::Response refuse(int status, const std::string& word)
{
    auto response = say(status, {{"__type", "com.amazonaws.sqs#" + word}, {"message", "a text that names accounts"}});
    response.fields = {{"x-amzn-query-error", word + ";Sender"}};
    return response;
}

}  // namespace

Sqs::Sqs() : keys_{{std::string(key), std::string(secret)}}
{
    server_ = std::make_unique<net::HttpServer>(io_, net::Limits{},
                                                [this](net::Request& request) { return answer(request); });
    const auto port = server_->listen("127.0.0.1", 0);
    if (!port)
        throw std::runtime_error(port.error().detail);
    port_ = *port;
    thread_ = std::thread([this] {
        const auto guard = boost::asio::make_work_guard(io_);
        io_.run();
    });
}

Sqs::~Sqs()
{
    io_.stop();
    thread_.join();
}

void Sqs::add_key(const std::string& id, const std::string& its_secret)
{
    const std::lock_guard lock(mutex_);
    keys_[id] = its_secret;
}

std::string Sqs::url() const
{
    return "http://127.0.0.1:" + std::to_string(port_) + "/123456789012/orders";
}

std::string Sqs::configured() const
{
    return "sqs: { url: \"" + url() +
           "\", region: eu-west-1, access_key: env:AWS_KEY, secret_key: env:AWS_SECRET, allow: [127.0.0.0/8] }";
}

std::string Sqs::send(std::string body, bool damaged)
{
    const std::lock_guard lock(mutex_);
    std::string id = "m-" + std::to_string(++made_);
    messages_.push_back({.id = id, .body = std::move(body), .damaged = damaged});
    return id;
}

void Sqs::redeliver()
{
    const std::lock_guard lock(mutex_);
    for (auto& message : messages_)
        message.hidden = false;
}

void Sqs::mend()
{
    const std::lock_guard lock(mutex_);
    for (auto& message : messages_)
        message.damaged = false;
}

void Sqs::fails_with(int status, std::string word)
{
    const std::lock_guard lock(mutex_);
    failing_ = status;
    word_ = std::move(word);
}

void Sqs::refuse_deletions(std::size_t count)
{
    const std::lock_guard lock(mutex_);
    refusals_ = count;
}

void Sqs::forbid_deletions(bool forbidden)
{
    const std::lock_guard lock(mutex_);
    forbidden_ = forbidden;
}

std::size_t Sqs::size() const
{
    const std::lock_guard lock(mutex_);
    return messages_.size();
}

std::size_t Sqs::in_flight() const
{
    const std::lock_guard lock(mutex_);
    return static_cast<std::size_t>(std::ranges::count(messages_, true, &Message::hidden));
}

std::size_t Sqs::given(const std::string& message) const
{
    const std::lock_guard lock(mutex_);
    const auto there = std::ranges::find(messages_, message, &Message::id);
    if (there != messages_.end())
        return there->given;
    const auto gone = given_.find(message);
    return gone == given_.end() ? 0 : gone->second;
}

std::vector<Sqs::Call> Sqs::calls() const
{
    const std::lock_guard lock(mutex_);
    return calls_;
}

std::size_t Sqs::count(std::string_view action) const
{
    const std::lock_guard lock(mutex_);
    return static_cast<std::size_t>(std::ranges::count(calls_, action, &Call::action));
}

std::string Sqs::wrong_signature(const net::Request& request, std::string& id) const
{
    const std::string said(request.field("authorization").value_or(""));
    const auto scope = split(part_of(said, "Credential="), '/');
    if (!said.starts_with("AWS4-HMAC-SHA256 ") || scope.size() != 5)
        return "MissingAuthenticationToken";
    id = scope[0];
    const auto known = keys_.find(id);
    if (known == keys_.end())
        return "InvalidClientTokenId";
    const std::string time(request.field("x-amz-date").value_or(""));
    if (scope[1] != time.substr(0, 8) || scope[2] != "eu-west-1" || scope[3] != "sqs" || scope[4] != "aws4_request")
        return "SignatureDoesNotMatch";
    const std::string names = part_of(said, "SignedHeaders=");
    for (const auto* needed : {"host", "x-amz-date", "x-amz-target"})
        if (const auto all = split(names, ';'); std::ranges::find(all, needed) == all.end())
            return "IncompleteSignature";
    std::string canonical = std::string(request.method) + "\n" + std::string(request.path) + "\n\n";
    for (const auto& name : split(names, ';'))
        canonical += name + ":" + std::string(request.field(name).value_or("")) + "\n";
    canonical += "\n" + names + "\n" + hex(hash(request.body, EVP_sha256()));
    std::string signing = "AWS4" + known->second;
    for (std::size_t part = 1; part < scope.size(); ++part)
        signing = mac(signing, scope[part]);
    const std::string text = "AWS4-HMAC-SHA256\n" + time + "\n" + scope[1] + "/" + scope[2] + "/" + scope[3] + "/" +
                             scope[4] + "\n" + hex(hash(canonical, EVP_sha256()));
    return hex(mac(signing, text)) == part_of(said, "Signature=") ? "" : "SignatureDoesNotMatch";
}

boost::asio::awaitable<net::Response> Sqs::answer(net::Request& request)
{
    Call call;
    call.at = std::chrono::steady_clock::now();
    for (const auto& field : request.fields)
        call.headers[lower(field.name)] = field.value;
    const std::string target(request.field("x-amz-target").value_or(""));
    call.action = target.substr(target.find('.') + 1);
    boost::system::error_code error;
    const auto parsed = json::parse(request.body, error);
    if (!error && parsed.is_object())
        call.asked = parsed.get_object();
    const json::object asked = call.asked;
    const std::string action = call.action;
    std::size_t place = 0;
    net::Response response;
    bool receives = false;
    {
        const std::lock_guard lock(mutex_);
        const std::string wrong = wrong_signature(request, call.key);
        place = calls_.size();
        calls_.push_back(std::move(call));
        const auto* queue = asked.if_contains("QueueUrl");
        if (failing_ != 0)
            response = refuse(failing_, word_);
        else if (!wrong.empty())
            response = refuse(403, wrong);
        else if (request.method != "POST" || request.path != "/" || !target.starts_with("AmazonSQS.") ||
                 request.field("content-type") != "application/x-amz-json-1.0")
            response = refuse(400, "InvalidAction");
        else if (queue == nullptr || *queue != json::value(url()))
            response = refuse(400, "QueueDoesNotExist");
        else if (action == "ReceiveMessage")
            receives = true;
        else if (action == "DeleteMessageBatch")
            response = forbidden_ ? refuse(403, "AccessDenied") : remove(asked);
        else
            response = refuse(400, "InvalidAction");
    }
    if (receives)
        response = co_await receive(asked);
    const std::lock_guard lock(mutex_);
    calls_[place].status = response.status;
    co_return response;
}

boost::asio::awaitable<net::Response> Sqs::receive(const json::object& asked)
{
    boost::system::error_code error;
    const auto number = [&](std::string_view name, std::int64_t otherwise) {
        const auto* value = asked.if_contains(name);
        return value == nullptr ? otherwise : value->to_number<std::int64_t>(error);
    };
    const auto most = static_cast<std::size_t>(number("MaxNumberOfMessages", 1));
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(number("WaitTimeSeconds", 0));
    if (most < 1 || most > 10 || number("WaitTimeSeconds", 0) > 20)
        co_return refuse(400, "InvalidParameterValue");
    boost::asio::steady_timer timer(io_);
    for (;;) {
        json::array given;
        {
            const std::lock_guard lock(mutex_);
            for (auto& message : messages_) {
                if (message.hidden || given.size() == most)
                    continue;
                message.hidden = true;
                message.receipt = message.id + "/" + std::to_string(++message.given);
                given.push_back(json::object{
                    {"MessageId", message.id},
                    {"ReceiptHandle", message.receipt},
                    {"MD5OfBody", hex(hash(message.damaged ? message.body + " " : message.body, EVP_md5()))},
                    {"Body", message.body}});
            }
        }
        if (!given.empty())
            co_return say(200, {{"Messages", std::move(given)}});
        if (std::chrono::steady_clock::now() >= until)
            co_return say(200, {});
        timer.expires_after(5ms);
        co_await timer.async_wait(boost::asio::use_awaitable);
    }
}

net::Response Sqs::remove(const json::object& asked)
{
    json::array done;
    json::array failed;
    const auto* entries = asked.if_contains("Entries");
    if (entries == nullptr || !entries->is_array() || entries->get_array().empty())
        return refuse(400, "EmptyBatchRequest");
    if (entries->get_array().size() > 10)
        return refuse(400, "TooManyEntriesInBatchRequest");
    for (const auto& entry : entries->get_array()) {
        const auto& id = entry.at("Id");
        const std::string receipt(entry.at("ReceiptHandle").as_string());
        const auto no = [&](const char* code) {
            failed.push_back(json::object{{"Id", id}, {"Code", code}, {"SenderFault", true}});
        };
        const auto found = std::ranges::find(messages_, receipt, &Message::receipt);
        if (refusals_ > 0) {
            --refusals_;
            no("InternalError");
        } else if (found == messages_.end()) {
            no("ReceiptHandleIsInvalid");
        } else {
            given_[found->id] = found->given;
            messages_.erase(found);
            done.push_back(json::object{{"Id", id}});
        }
    }
    return say(200, {{"Successful", std::move(done)}, {"Failed", std::move(failed)}});
}

}  // namespace headgate::test
