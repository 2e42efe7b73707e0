#include "net/http/answer_reader.hpp"

#include <algorithm>
#include <charconv>

#include "net/http/characters.hpp"
#include "net/http/head.hpp"

namespace headgate::net {

namespace {

using namespace characters;

constexpr std::string_view protocol = "HTTP/";
constexpr std::string_view empty_line = "\r\n\r\n";
constexpr std::size_t first_body_room = 64U << 10U;  // a length announced is not a length sent

AnswerTrouble broken(std::string_view why)
{
    return {false, why};
}

AnswerTrouble too_large(std::string_view why)
{
    return {true, why};
}

/// Digits and nothing else.
std::optional<std::uint64_t> number_of(std::string_view text)
{
    std::uint64_t number = 0;
    const auto [read, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || read != text.data() + text.size() || !all(text, Class::digit))
        return std::nullopt;
    return number;
}

/// Calls `take` with each member of a comma-separated list.
template <class Take>
void for_each_member(std::string_view list, Take take)
{
    for (;;) {
        const auto comma = list.find(',');
        take(trim(list.substr(0, comma)));
        if (comma == std::string_view::npos)
            return;
        list.remove_prefix(comma + 1);
    }
}

std::string lower_case(std::string_view name)
{
    std::string text(name);
    for (char& letter : text)
        if (letter >= 'A' && letter <= 'Z')
            letter = static_cast<char>(letter - 'A' + 'a');
    return text;
}

}  // namespace

std::expected<std::size_t, AnswerTrouble> AnswerReader::feed(std::string_view bytes)
{
    started_ = started_ || !bytes.empty();
    std::size_t used = 0;
    while (used < bytes.size() && state_ != State::done) {
        const auto rest = bytes.substr(used);
        Step step;
        switch (state_) {
        case State::head: step = feed_head(rest); break;
        case State::sized: step = feed_sized(rest); break;
        case State::chunked: step = feed_chunked(rest); break;
        case State::until_end: step = feed_until_end(rest); break;
        case State::done: break;
        }
        if (!step)
            return step;
        used += *step;
    }
    return used;
}

std::expected<void, AnswerTrouble> AnswerReader::end()
{
    if (state_ != State::until_end && state_ != State::done)
        return std::unexpected(broken("it was cut off"));
    state_ = State::done;
    return {};
}

AnswerReader::Step AnswerReader::feed_head(std::string_view bytes)
{
    const auto known = head_.size();
    const auto room = limits_.head_bytes - std::min(limits_.head_bytes, heads_ + known);
    head_ += bytes.substr(0, room + 1);

    if (std::string_view(head_).substr(0, protocol.size()) != protocol.substr(0, head_.size()))
        return std::unexpected(broken("it is not HTTP"));

    const auto end = head_.find(empty_line, known - std::min(known, empty_line.size() - 1));
    const auto length = end == std::string::npos ? head_.size() : end + empty_line.size();
    for (auto at = known; at < length; ++at)
        if (head_[at] == '\n' && head_[at - 1] != '\r')  // the first letter is an `H`
            return std::unexpected(broken("a line ends without a carriage return"));
    if (heads_ + length > limits_.head_bytes)
        return std::unexpected(too_large("its head is too large"));
    if (end == std::string::npos)
        return bytes.size();

    head_.resize(length);
    heads_ += length;
    if (const auto trouble = take_head())
        return std::unexpected(*trouble);
    head_.clear();
    return length - known;
}

AnswerReader::Step AnswerReader::feed_sized(std::string_view bytes)
{
    const auto count = std::min<std::uint64_t>(left_, bytes.size());
    answer_.body.append(bytes, 0, count);
    left_ -= count;
    if (left_ == 0)
        state_ = State::done;
    return count;
}

AnswerReader::Step AnswerReader::feed_chunked(std::string_view bytes)
{
    const auto used = chunks_.feed(bytes, answer_.body);
    if (!used) {
        const auto& refusal = used.error();
        return std::unexpected(refusal.status == 400 ? broken(refusal.reason) : too_large(refusal.reason));
    }
    if (chunks_.done())
        state_ = State::done;
    return *used;
}

AnswerReader::Step AnswerReader::feed_until_end(std::string_view bytes)
{
    if (bytes.size() > body_limit_ - answer_.body.size())
        return std::unexpected(too_large("its body is too large"));
    answer_.body.append(bytes);
    return bytes.size();
}

std::optional<AnswerTrouble> AnswerReader::take_head()
{
    answer_.headers.clear();
    length_.reset();
    keep_alive_.reset();
    is_chunked_ = close_ = false;

    std::string_view rest = head_;
    bool first = true;
    for (;;) {
        const auto end = rest.find("\r\n");
        const auto line = rest.substr(0, end);
        rest.remove_prefix(end + 2);
        if (line.empty())
            break;
        const auto trouble = first ? take_status(line) : take_field(line);
        if (trouble)
            return trouble;
        first = false;
    }
    return frame();
}

/// RFC 9112 §4; the reason is looked at for control bytes only, and may be missing with the space before it.
std::optional<AnswerTrouble> AnswerReader::take_status(std::string_view line)
{
    if (line.size() < 12 || !all(line, Class::value) || line.substr(5, 2) != "1." || !is(line[7], Class::digit) ||
        line[7] > '1' || line[8] != ' ' || !all(line.substr(9, 3), Class::digit) || line[9] == '0' ||
        (line.size() > 12 && line[12] != ' '))
        return broken("its first line is no status line of HTTP/1.1 or HTTP/1.0");
    minor_version_ = line[7] - '0';
    answer_.status = static_cast<int>(*number_of(line.substr(9, 3)));
    return {};
}

std::optional<AnswerTrouble> AnswerReader::take_field(std::string_view line)
{
    const auto field = parse_field(line);
    if (!field)
        return broken(field.error().reason);
    auto name = lower_case(field->name);
    if (name == "content-length") {
        const auto length = number_of(field->value);
        if (!length)
            return broken("its Content-Length is no number");
        if (length_ && length_ != length)
            return broken("it has two lengths");
        length_ = length;
    } else if (name == "transfer-encoding") {
        if (is_chunked_ || !same_ignoring_case(field->value, "chunked"))
            return broken("its Transfer-Encoding is not `chunked`");
        is_chunked_ = true;
    } else if (name == "connection") {
        for_each_member(field->value,
                        [this](std::string_view member) { close_ = close_ || same_ignoring_case(member, "close"); });
    } else if (name == "keep-alive") {
        for_each_member(field->value, [this](std::string_view member) {
            constexpr std::string_view timeout = "timeout=";
            if (!same_ignoring_case(member.substr(0, timeout.size()), timeout))
                return;
            if (const auto seconds = number_of(member.substr(timeout.size())))
                keep_alive_ = std::chrono::seconds(std::min<std::uint64_t>(*seconds, 1U << 20U));
        });
    }
    answer_.headers.emplace_back(std::move(name), std::string(field->value));
    return {};
}

/// RFC 9112 §6.3.
std::optional<AnswerTrouble> AnswerReader::frame()
{
    if (answer_.status == 101)
        return broken("it switches to another protocol");
    if (answer_.status < 200)
        return {};  // the head that counts is still to come
    if (is_chunked_ && (length_ || minor_version_ == 0))
        return broken("it has two framings");
    if (to_head_ || answer_.status == 204 || answer_.status == 304) {
        state_ = State::done;
        return {};
    }

    body_limit_ = limits_.bytes - std::min(limits_.bytes, heads_);
    if (is_chunked_) {
        chunks_ = ChunkDecoder(body_limit_);
        state_ = State::chunked;
    } else if (length_) {
        if (*length_ > body_limit_)
            return too_large("its body is too large");
        left_ = *length_;
        answer_.body.reserve(std::min<std::uint64_t>(left_, first_body_room));
        state_ = left_ == 0 ? State::done : State::sized;
    } else {
        close_ = true;
        state_ = State::until_end;
    }
    return {};
}

std::optional<std::chrono::milliseconds> AnswerReader::rest(std::chrono::milliseconds limit) const
{
    if (close_ || minor_version_ == 0 || limit.count() <= 0)
        return std::nullopt;
    if (!keep_alive_)
        return limit;
    // The peer counts from when it has sent the answer, which is before we have read it.
    constexpr std::chrono::milliseconds margin{500};
    const auto theirs = std::chrono::milliseconds(*keep_alive_) - margin;
    return theirs.count() <= 0 ? std::nullopt : std::optional(std::min(limit, theirs));
}

}  // namespace headgate::net
