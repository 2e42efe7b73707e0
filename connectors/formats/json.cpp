#include "connectors/formats/json.hpp"

#include <algorithm>
#include <cstring>
#include <memory>
#include <new>
#include <optional>
#include <string>

#include <simdjson.h>

#include "connectors/formats/json_text.hpp"
#include "core/utf8.hpp"

namespace headgate::connectors {

namespace {

namespace ondemand = simdjson::ondemand;

Failure failure(std::string code, std::string detail, std::string pointer = {})
{
    return {FailureClass::permanent, std::move(code), std::move(detail), {std::move(pointer), {}}};
}

std::string at_byte(std::size_t offset)
{
    return "at byte " + std::to_string(offset);
}

/// The way down to the value being read: on the stack, and put into words only when something is wrong.
struct Frame {
    const Frame* up = nullptr;
    std::string_view name;
    std::size_t place = 0;
    bool in_object = false;
};

std::string pointer_of(const Frame* frame)
{
    constexpr std::size_t longest = 1024;
    std::string pointer;
    for (; frame != nullptr && frame->up != nullptr; frame = frame->up) {
        std::string step = "/";
        if (frame->in_object) {
            for (const char letter : frame->name.substr(0, longest)) {
                if (letter == '~')
                    step += "~0";
                else if (letter == '/')
                    step += "~1";
                else
                    step += letter;
            }
        } else {
            step += std::to_string(frame->place);
        }
        pointer.insert(0, step);
    }
    return pointer.size() <= longest ? pointer : std::string();
}

class Walk {
public:
    Walk(std::shared_ptr<char[]> text, std::size_t size, const JsonLimits& limits, JsonNames& names)
        : builder_(std::min({size / 16 + 8, limits.nodes, std::size_t{65536}})),
          text_(std::move(text)),
          size_(size),
          limits_(limits),
          names_(names)
    {}

    Result<Document> run(ondemand::parser& parser)
    {
        names_.clear();
        ondemand::document document;
        const auto error = parser.iterate(text_.get(), size_, size_ + simdjson::SIMDJSON_PADDING).get(document);
        if (error != simdjson::SUCCESS)
            return std::unexpected(refused(error));

        const Frame root;
        bool right = false;
        switch (text_[first_byte()]) {
        case '[': right = list(document.get_array(), root) && nothing_follows(document); break;
        case '{': right = object(document.get_object(), root) && nothing_follows(document); break;
        default: right = root_scalar();
        }
        if (!right)
            return std::unexpected(std::move(*failure_));
        builder_.keep(text_);
        return std::move(builder_).finish();
    }

private:
    bool wrong(Failure what)
    {
        failure_ = std::move(what);
        return false;
    }
    bool wrong_syntax(const Frame& frame) { return wrong(broken(offset_of(near_), &frame)); }
    [[nodiscard]] std::size_t offset_of(const char* at) const { return static_cast<std::size_t>(at - text_.get()); }

    [[nodiscard]] std::size_t first_byte() const
    {
        std::size_t at = 0;
        while (at < size_ && json_space(text_[at]))
            ++at;
        return at;
    }

    /// What simdjson's first pass, which sees all bytes, has against them.
    [[nodiscard]] Failure refused(simdjson::error_code error) const
    {
        const std::string_view bytes{text_.get(), size_};
        switch (error) {
        case simdjson::MEMALLOC: throw std::bad_alloc();
        case simdjson::CAPACITY: return failure("too_large", "more bytes than a JSON text may have");
        case simdjson::EMPTY: return failure("json_empty", "the body is empty");
        case simdjson::UTF8_ERROR: return failure("invalid_utf8", at_byte(utf8_until(bytes)));
        case simdjson::UNESCAPED_CHARS: return failure("json_syntax", "a control character stands bare in a text");
        default: return broken(size_, nullptr);
        }
    }

    /// Names the breach of a text that is known to be no JSON: `offset` is where reading stopped.
    [[nodiscard]] Failure broken(std::size_t offset, const Frame* frame) const
    {
        const JsonEnd end = json_end({text_.get(), size_});
        switch (end.kind) {
        case JsonEnd::Kind::open: return failure("json_truncated", "ends " + at_byte(end.offset) + " inside a value");
        case JsonEnd::Kind::trailing: return failure("json_trailing", at_byte(end.offset));
        case JsonEnd::Kind::closed: break;
        }
        return failure("json_syntax", at_byte(std::min(offset, end.offset)), pointer_of(frame));
    }

    bool nothing_follows(ondemand::document& document)
    {
        const char* rest = nullptr;
        if (document.current_location().get(rest) != simdjson::SUCCESS)
            return true;
        return wrong(failure("json_trailing", at_byte(offset_of(rest))));
    }

    bool root_scalar()
    {
        const Frame root;
        const std::size_t from = first_byte();
        std::size_t until = size_;
        while (json_space(text_[until - 1]))
            --until;
        const std::string_view token{text_.get() + from, until - from};
        if (token.front() != '"')
            return scalar(token, root);
        std::string_view read;
        const char* end = nullptr;
        if (!one_more_node(root) || !text(text_.get() + from + 1, root, read, end))
            return false;
        if (offset_of(end) + 1 != until)
            return wrong(failure("json_trailing", at_byte(offset_of(end) + 1)));
        builder_.text(read);
        return true;
    }

    bool one_more_node(const Frame& frame)
    {
        if (++nodes_ <= limits_.nodes)
            return true;
        return wrong(failure("too_many_nodes", "more than " + std::to_string(limits_.nodes), pointer_of(&frame)));
    }

    bool one_deeper(const Frame& frame)
    {
        if (builder_.depth() < limits_.depth)
            return true;
        return wrong(failure("too_deep", "more than " + std::to_string(limits_.depth), pointer_of(&frame)));
    }

    bool text(char* first, const Frame& frame, std::string_view& into, const char*& end)
    {
        const JsonText read = json_text(first);
        near_ = read.end;
        end = read.end;
        if (read.text) {
            into = *read.text;
            return true;
        }
        if (read.surrogate)
            return wrong(
                failure("invalid_text", "half a surrogate pair " + at_byte(offset_of(read.end)), pointer_of(&frame)));
        return wrong(failure("json_syntax", "unknown escape " + at_byte(offset_of(read.end)), pointer_of(&frame)));
    }

    bool scalar(std::string_view token, const Frame& frame)
    {
        if (!one_more_node(frame))
            return false;
        while (!token.empty() && json_space(token.back()))
            token.remove_suffix(1);
        if (token == "true" || token == "false")
            builder_.boolean(token == "true");
        else if (token == "null")
            builder_.null();
        else if (json_number(token))
            builder_.number(token);
        else
            return wrong_syntax(frame);
        return true;
    }

    bool value(ondemand::value value, const Frame& frame)
    {
        const std::string_view token = value.raw_json_token();
        near_ = token.data();
        switch (token.front()) {
        case '{': return object(value.get_object(), frame);
        case '[': return list(value.get_array(), frame);
        case '"': {
            // Not left to the iterator: it takes `"a":` in a list for a member that is to be skipped.
            ondemand::raw_json_string raw;
            std::string_view read;
            const char* end = nullptr;
            if (value.get_raw_json_string().get(raw) != simdjson::SUCCESS)
                return wrong_syntax(frame);
            if (!one_more_node(frame) || !text(writable(raw.raw()), frame, read, end))
                return false;
            builder_.text(read);
            return true;
        }
        default: return scalar(token, frame);
        }
    }

    bool list(simdjson::simdjson_result<ondemand::array> opened, const Frame& frame)
    {
        ondemand::array items;
        if (!one_deeper(frame) || !one_more_node(frame))
            return false;
        if (std::move(opened).get(items) != simdjson::SUCCESS)
            return wrong_syntax(frame);
        builder_.open_list();
        Frame inner{&frame, {}, 0, false};
        for (auto item : items) {
            ondemand::value each;
            if (std::move(item).get(each) != simdjson::SUCCESS)
                return wrong_syntax(inner);
            if (!value(each, inner))
                return false;
            ++inner.place;
        }
        builder_.close();
        return true;
    }

    bool object(simdjson::simdjson_result<ondemand::object> opened, const Frame& frame)
    {
        ondemand::object members;
        if (!one_deeper(frame) || !one_more_node(frame))
            return false;
        if (std::move(opened).get(members) != simdjson::SUCCESS)
            return wrong_syntax(frame);
        builder_.open_object();
        const std::size_t mark = names_.mark();
        Frame inner{&frame, {}, 0, true};
        for (auto member : members) {
            ondemand::field field;
            const char* end = nullptr;
            if (std::move(member).get(field) != simdjson::SUCCESS)
                return wrong_syntax(frame);
            if (!text(writable(field.key().raw()), frame, inner.name, end))
                return false;
            names_.add(inner.name);
            builder_.name(inner.name);
            if (!value(field.value(), inner))
                return false;
        }
        if (const auto repeated = names_.close(mark)) {
            inner.name = *repeated;
            return wrong(failure("duplicate_key", "a name stands twice in one object", pointer_of(&inner)));
        }
        builder_.close();
        return true;
    }

    /// The buffer is ours; simdjson only hands its pointers back as const.
    char* writable(const char* at) { return text_.get() + offset_of(at); }

    DocumentBuilder builder_;
    std::shared_ptr<char[]> text_;
    std::size_t size_;
    const char* near_ = text_.get();  // the last token that was read
    const JsonLimits& limits_;
    JsonNames& names_;
    std::size_t nodes_ = 0;
    std::optional<Failure> failure_;
};

}  // namespace

Result<Document> read_json(std::string_view bytes, const JsonLimits& limits)
{
    if (bytes.size() > limits.bytes)
        return std::unexpected(failure("too_large", "more than " + std::to_string(limits.bytes) + " bytes"));
    if (bytes.empty())
        return std::unexpected(failure("json_empty", "the body is empty"));
    if (bytes.starts_with("\xef\xbb\xbf"))
        return std::unexpected(failure("json_syntax", "begins with a byte order mark"));

    auto text = std::make_shared_for_overwrite<char[]>(bytes.size() + simdjson::SIMDJSON_PADDING);
    std::memcpy(text.get(), bytes.data(), bytes.size());
    std::memset(text.get() + bytes.size(), 0, simdjson::SIMDJSON_PADDING);

    // A thread keeps the buffers that fit nearly every body; a huge one brings its own and takes them along.
    constexpr std::size_t usual = std::size_t{256} << 10U;
    thread_local JsonNames names;
    if (bytes.size() > usual) {
        ondemand::parser parser;
        JsonNames own_names;
        return Walk(std::move(text), bytes.size(), limits, own_names).run(parser);
    }
    thread_local ondemand::parser parser;
    if (parser.capacity() < bytes.size()) {
        const std::size_t room = std::max<std::size_t>(std::size_t{16} << 10U, bytes.size() * 2);
        if (parser.allocate(room, simdjson::DEFAULT_MAX_DEPTH) != simdjson::SUCCESS)
            throw std::bad_alloc();
    }
    return Walk(std::move(text), bytes.size(), limits, names).run(parser);
}

}  // namespace headgate::connectors
