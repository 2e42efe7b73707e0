#include "net/redis/wire.hpp"

#include <charconv>
#include <new>

#include <hiredis/read.h>

namespace headgate::net {

namespace {

void append_length(std::string& out, char kind, std::size_t length)
{
    char digits[24];
    auto end = std::to_chars(digits, digits + sizeof digits, length).ptr;
    out.push_back(kind);
    out.append(digits, end);
    out.append("\r\n");
}

void append_bulk(std::string& out, std::string_view text)
{
    append_length(out, '$', text.size());
    out.append(text);
    out.append("\r\n");
}

// hiredis asks for an object per value and keeps the root; the rest hang in their parents' lists, which have their
// final size from the start and so never move.
Reply* place(const redisReadTask* task)
{
    if (task->parent == nullptr)
        return new (std::nothrow) Reply;
    return &static_cast<Reply*>(task->parent->obj)->list[static_cast<std::size_t>(task->idx)];
}

void* create_string(const redisReadTask* task, char* text, std::size_t length)
{
    auto* reply = place(task);
    if (reply == nullptr)
        return nullptr;
    switch (task->type) {
    case REDIS_REPLY_STATUS: reply->kind = Reply::Kind::status; break;
    case REDIS_REPLY_ERROR: reply->kind = Reply::Kind::error; break;
    default: reply->kind = Reply::Kind::text; break;
    }
    reply->text.assign(text, length);
    return reply;
}

void* create_array(const redisReadTask* task, int elements)
{
    auto* reply = place(task);
    if (reply == nullptr)
        return nullptr;
    reply->kind = Reply::Kind::list;
    reply->list.resize(elements > 0 ? static_cast<std::size_t>(elements) : 0);
    return reply;
}

void* create_integer(const redisReadTask* task, long long value)
{
    auto* reply = place(task);
    if (reply == nullptr)
        return nullptr;
    reply->kind = Reply::Kind::integer;
    reply->integer = value;
    return reply;
}

void* create_nil(const redisReadTask* task)
{
    return place(task);
}

void free_root(void* object)
{
    delete static_cast<Reply*>(object);
}

redisReplyObjectFunctions functions{create_string, create_array, create_integer, create_nil, free_root};

}  // namespace

void append_command(std::string& out, std::span<const std::string_view> args)
{
    append_command(out, args, {});
}

void append_command(std::string& out, std::span<const std::string_view> head, std::span<const std::string_view> tail)
{
    append_length(out, '*', head.size() + tail.size());
    for (auto arg : head)
        append_bulk(out, arg);
    for (auto arg : tail)
        append_bulk(out, arg);
}

ReplyReader::ReplyReader() : reader_(redisReaderCreateWithFunctions(&functions))
{
    if (reader_ == nullptr)
        throw std::bad_alloc();
}

ReplyReader::~ReplyReader()
{
    redisReaderFree(reader_);
}

void ReplyReader::feed(std::string_view bytes)
{
    redisReaderFeed(reader_, bytes.data(), bytes.size());
}

Result<std::optional<Reply>> ReplyReader::next()
{
    void* object = nullptr;
    if (redisReaderGetReply(reader_, &object) != REDIS_OK)
        return fail(FailureClass::unknown_outcome, "redis_protocol", reader_->errstr);
    if (object == nullptr)
        return std::optional<Reply>();
    std::unique_ptr<Reply> root(static_cast<Reply*>(object));
    return std::optional<Reply>(std::move(*root));
}

Failure failure_of_error(std::string_view text)
{
    auto word = text.substr(0, text.find(' '));
    if (word == "OOM")
        return {FailureClass::transient, "redis_full", "Redis is at maxmemory", {}};
    for (std::string_view wait :
         {"READONLY", "LOADING", "MASTERDOWN", "BUSY", "TRYAGAIN", "CLUSTERDOWN", "NOREPLICAS", "MISCONF"})
        if (word == wait)
            return {FailureClass::transient, "redis_not_ready", std::string(word), {}};
    return {FailureClass::permanent, "redis_error", std::string(word), {}};
}

}  // namespace headgate::net
