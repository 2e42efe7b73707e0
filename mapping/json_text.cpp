#include "mapping/json_text.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace headgate::mapping {

namespace {

bool is_nothing(const Value& value)  // NOLINT(misc-no-recursion)
{
    if (value.kind != Kind::object)
        return value.is_null();
    return each_member(value, [](std::string_view, const Value& member) { return is_nothing(member); });
}

/// Whether one of eight bytes does not stand in a JSON text as it is: a control character, a quote, a backslash.
bool needs_escape(std::uint64_t word)
{
    constexpr std::uint64_t ones = 0x0101010101010101U;
    constexpr std::uint64_t tops = ones << 7U;
    const std::uint64_t control = (word - ones * 0x20) & ~word;
    const std::uint64_t quote = word ^ (ones * '"');
    const std::uint64_t slash = word ^ (ones * '\\');
    return ((control | ((quote - ones) & ~quote) | ((slash - ones) & ~slash)) & tops) != 0;
}

template <class Word>
std::uint64_t copied(const char* from, char* to)
{
    Word word = 0;
    std::memcpy(&word, from, sizeof word);
    std::memcpy(to, &word, sizeof word);
    return word;
}

/// Copies a text that stands in JSON as it is, and returns the end; null when it does not.
char* copy_plain(std::string_view text, char* to)
{
    const std::size_t size = text.size();
    const char* const from = text.data();
    if (size >= 8) {  // the last eight may overlap those before
        for (std::size_t at = 0; at + 8 < size; at += 8)
            if (needs_escape(copied<std::uint64_t>(from + at, to + at)))
                return nullptr;
        return needs_escape(copied<std::uint64_t>(from + size - 8, to + size - 8)) ? nullptr : to + size;
    }
    if (size >= 4) {  // the same with four and four
        const std::uint64_t word =
            copied<std::uint32_t>(from, to) | (copied<std::uint32_t>(from + size - 4, to + size - 4) << 32U);
        return needs_escape(word) ? nullptr : to + size;
    }
    for (std::size_t at = 0; at < size; ++at) {
        const auto byte = static_cast<unsigned char>(from[at]);
        if (byte < 0x20 || byte == '"' || byte == '\\')
            return nullptr;
        to[at] = from[at];
    }
    return to + size;
}

/// Writes behind a text, in room it makes ahead of need.
class Writer {
public:
    Writer(std::string& out, std::size_t room, std::size_t limit) : out_(out), limit_(limit) { make(out.size(), room); }
    ~Writer() { out_.resize(size()); }
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;

    [[nodiscard]] std::size_t size() const { return static_cast<std::size_t>(at_ - out_.data()); }
    [[nodiscard]] bool within_limit() const { return size() <= limit_; }

    void put(char letter)
    {
        *room(1) = letter;
        ++at_;
    }
    void put(std::string_view text)
    {
        std::memcpy(room(text.size()), text.data(), text.size());
        at_ += text.size();
    }
    /// A JSON string between two letters that are no part of it.
    void quoted(char before, std::string_view text, char after)
    {
        char* const begin = room(text.size() + 4);
        begin[0] = before;
        begin[1] = '"';
        char* const end = copy_plain(text, begin + 2);
        if (end == nullptr) [[unlikely]] {
            at_ += 2;
            escaped(text);
            put('"');
            put(after);
            return;
        }
        end[0] = '"';
        end[1] = after;
        at_ = end + 2;
    }
    void quoted(std::string_view text)
    {
        char* const begin = room(text.size() + 2);
        begin[0] = '"';
        char* const end = copy_plain(text, begin + 1);
        if (end == nullptr) [[unlikely]] {
            ++at_;
            escaped(text);
            put('"');
            return;
        }
        *end = '"';
        at_ = end + 1;
    }

    void value(const Value& value, bool keeps_nulls)  // NOLINT(misc-no-recursion)
    {
        switch (value.kind) {
        case Kind::null: put("null"); break;
        case Kind::boolean: put(value.truth ? std::string_view("true") : std::string_view("false")); break;
        case Kind::number: value.parsed ? put(value.number.text()) : put(value.text); break;
        case Kind::text: quoted(value.text); break;
        case Kind::money:
            put(R"({"amount":")");
            put(amount_text(value));
            put(R"(","currency":")");
            put(value.text);
            put("\"}");
            break;
        case Kind::quantity:
            put(R"({"value":")");
            put(value.number.text());
            put(R"(","uom":)");
            quoted(value.text);
            put('}');
            break;
        case Kind::time:
            put('"');
            put(text_of(value.time()));
            put('"');
            break;
        case Kind::list: {
            char before = '[';
            each_item(value, [&](const Value& item) {
                put(before);
                before = ',';
                this->value(item, keeps_nulls);
                return within_limit();
            });
            put(before == '[' ? std::string_view("[]") : std::string_view("]"));
            break;
        }
        case Kind::object: {
            char before = '{';
            each_member(value, [&](std::string_view name, const Value& member) {
                if (!keeps_nulls && is_nothing(member))
                    return true;
                quoted(before, name, ':');
                before = ',';
                this->value(member, keeps_nulls);
                return within_limit();
            });
            put(before == '{' ? std::string_view("{}") : std::string_view("}"));
            break;
        }
        }
    }

private:
    char* room(std::size_t bytes)
    {
        if (static_cast<std::size_t>(end_ - at_) < bytes) [[unlikely]]
            make(size(), std::max(bytes, out_.size()));
        return at_;
    }

    /// Room behind what is written.
    void make(std::size_t written, std::size_t bytes)
    {
        out_.resize_and_overwrite(written + bytes, [](char*, std::size_t size) { return size; });
        at_ = out_.data() + written;
        end_ = out_.data() + out_.size();
    }

    void escaped(std::string_view text)
    {
        for (const char letter : text) {
            const auto byte = static_cast<unsigned char>(letter);
            switch (byte) {
            case '"': put("\\\""); break;
            case '\\': put("\\\\"); break;
            case '\n': put("\\n"); break;
            case '\r': put("\\r"); break;
            case '\t': put("\\t"); break;
            case '\b': put("\\b"); break;
            case '\f': put("\\f"); break;
            default:
                constexpr std::string_view digits = "0123456789abcdef";
                if (byte >= 0x20) {
                    put(letter);
                } else {
                    put("\\u00");
                    put(digits[byte >> 4U]);
                    put(digits[byte & 15U]);
                }
            }
        }
    }

    std::string& out_;  // its size is the room
    std::size_t limit_;
    char* at_ = nullptr;   // the end of what is written
    char* end_ = nullptr;  // of the room
};

}  // namespace

void append_json_string(std::string& out, std::string_view text)
{
    Writer(out, text.size() + 2, out.max_size()).quoted(text);
}

bool append_json(std::string& out, const Value& value, std::size_t limit, bool keeps_nulls)
{
    Writer writer(out, 4096, limit);
    writer.value(value, keeps_nulls);
    return writer.within_limit();
}

}  // namespace headgate::mapping
