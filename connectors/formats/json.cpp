#include "connectors/formats/json.hpp"

#include <algorithm>
#include <cstdint>
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

using Stage1 = std::unique_ptr<simdjson::internal::dom_parser_implementation>;

Failure failure(std::string code, std::string detail, std::string pointer = {})
{
    return {FailureClass::permanent, std::move(code), std::move(detail), {std::move(pointer), {}}};
}

std::string at_byte(std::size_t offset)
{
    return "at byte " + std::to_string(offset);
}

/// One pass over the places that simdjson's first stage finds: each bracket, brace, colon and comma outside of texts,
/// and the first byte of each text and other scalar. That stage has seen that all is UTF-8, that no control character
/// stands bare in a text and that each text ends; between a token and the next place there is only white space.
class Reader {
public:
    /// `given` are the bytes as they came: texts are unescaped in the copy.
    Reader(std::string_view given, std::shared_ptr<char[]> text, const JsonLimits& limits,
           simdjson::internal::dom_parser_implementation& stage1, JsonNames& names)
        : given_(given),
          text_(std::move(text)),
          limits_(limits),
          stage1_(stage1),
          names_(names)
    {}

    Result<Document> run()
    {
        const auto error = stage1_.stage1(reinterpret_cast<const std::uint8_t*>(text_.get()), given_.size(),
                                          simdjson::stage1_mode::regular);
        if (error != simdjson::SUCCESS)
            return std::unexpected(refused(error));
        begin_ = stage1_.structural_indexes.get();
        end_ = begin_ + stage1_.n_structural_indexes;
        builder_.emplace(std::min<std::size_t>(stage1_.n_structural_indexes / 3 + 8, limits_.nodes));
        if (!ends_as_it_begins())
            return std::unexpected(broken(given_.size(), {}));
        if (!tree())
            return std::unexpected(std::move(*failure_));
        builder_->keep(std::move(text_));
        return std::move(*builder_).finish();
    }

private:
    using Cursor = const std::uint32_t*;

    /// What simdjson's first pass, which sees all bytes, has against them.
    [[nodiscard]] Failure refused(simdjson::error_code error) const
    {
        switch (error) {
        case simdjson::MEMALLOC: throw std::bad_alloc();
        case simdjson::CAPACITY: return failure("too_large", "more bytes than a JSON text may have");
        case simdjson::EMPTY: return failure("json_empty", "the body is empty");
        case simdjson::UTF8_ERROR: return failure("invalid_utf8", at_byte(utf8_until(given_)));
        case simdjson::UNESCAPED_CHARS: return failure("json_syntax", "a control character stands bare in a text");
        default: return broken(given_.size(), {});
        }
    }

    /// Names the breach of a text that is known to be no JSON: `offset` is where reading stopped.
    [[nodiscard]] Failure broken(std::size_t offset, std::string pointer) const
    {
        const JsonEnd end = json_end(given_);
        switch (end.kind) {
        case JsonEnd::Kind::open: return failure("json_truncated", "ends " + at_byte(end.offset) + " inside a value");
        case JsonEnd::Kind::trailing: return failure("json_trailing", at_byte(end.offset));
        case JsonEnd::Kind::closed: break;
        }
        return failure("json_syntax", at_byte(std::min(offset, end.offset)), std::move(pointer));
    }

    bool wrong(Failure what)
    {
        failure_ = std::move(what);
        return false;
    }
    bool wrong_at(Cursor at, std::string pointer) { return wrong(broken(*at, std::move(pointer))); }
    /// Of the value that is read; of the object, while its next name is. None where a name makes it too long to be
    /// read.
    [[nodiscard]] std::string pointer() const { return bounded(builder_->next_pointer()); }
    [[nodiscard]] std::string pointer_of_open() const
    {
        return bounded(builder_->document().pointer(builder_->open()));
    }
    static std::string bounded(std::string pointer)
    {
        constexpr std::size_t longest = 1024;
        return pointer.size() <= longest ? std::move(pointer) : std::string();
    }

    [[nodiscard]] char token(Cursor at) const { return text_[*at]; }  // behind the last place: '\0'
    [[nodiscard]] std::size_t offset_of(const char* at) const { return static_cast<std::size_t>(at - text_.get()); }

    /// A text that was cut off is told from one that is nested too deep before it is read.
    [[nodiscard]] bool ends_as_it_begins() const
    {
        const char first = token(begin_);
        const char last = token(end_ - 1);
        return (first != '{' || last == '}') && (first != '[' || last == ']');
    }

    bool tree()
    {
        for (Cursor at = begin_;;) {
            if (++nodes_ > limits_.nodes)
                return too_many();
            switch (const char first = token(at)) {
            case '{':
            case '[':
                if (builder_->depth() >= limits_.depth)
                    return too_deep();
                ++at;
                first == '{' ? builder_->open_object() : builder_->open_list();
                if (token(at) != (first == '{' ? '}' : ']')) {
                    if (first == '[')
                        continue;
                    if (!name(at))
                        return false;
                    at += 2;
                    continue;
                }
                break;  // closed below
            case '"': {
                const std::string_view read = text(at);
                if (read.data() == nullptr)
                    return false;
                builder_->text(read);
                ++at;
                break;
            }
            default:
                if (!scalar(at))
                    return false;
                ++at;
            }
            for (;;) {
                if (builder_->depth() == 0)
                    return at == end_ || wrong(failure("json_trailing", at_byte(*at)));
                const bool object = builder_->document()[builder_->open()].kind == NodeKind::object;
                if (token(at) == ',') {
                    ++at;
                    if (!object)
                        break;
                    if (!name(at))
                        return false;
                    at += 2;
                    break;
                }
                if (token(at) != (object ? '}' : ']'))
                    return wrong_at(at, object ? pointer_of_open() : pointer());
                if (object && !names_differ())
                    return false;
                ++at;
                builder_->close();
            }
        }
    }

    bool too_many()
    {
        return wrong(failure("too_many_nodes", "more than " + std::to_string(limits_.nodes), pointer()));
    }
    bool too_deep() { return wrong(failure("too_deep", "more than " + std::to_string(limits_.depth), pointer())); }

    /// A name and its colon.
    bool name(Cursor at)
    {
        if (token(at) != '"')
            return wrong_at(at, pointer_of_open());
        const std::string_view read = text(at, true);
        if (read.data() == nullptr)
            return false;
        if (token(at + 1) != ':')
            return wrong_at(at + 1, pointer_of_open());
        builder_->name(read);
        return true;
    }

    /// Without data when it is wrong.
    std::string_view text(Cursor at, bool name = false)
    {
        char* const first = text_.get() + at[0] + 1;
        char* last = text_.get() + at[1] - 1;
        while (json_space(*last))
            --last;
        char* const escape = next_escape(first, last);
        return escape == last ? std::string_view(first, last) : unescaped(first, escape, last, name);
    }

    std::string_view unescaped(char* first, char* escape, char* last, bool name)
    {
        const Unescaped read = unescape(escape, last);
        if (read.end != nullptr)
            return {first, read.end};
        const std::string place = at_byte(offset_of(read.wrong));
        std::string pointer = name ? pointer_of_open() : this->pointer();
        wrong(read.surrogate ? failure("invalid_text", "half a surrogate pair " + place, std::move(pointer))
                             : failure("json_syntax", "unknown escape " + place, std::move(pointer)));
        return {};
    }

    bool scalar(Cursor at)
    {
        std::string_view token{text_.get() + at[0], at[1] - at[0]};
        while (!token.empty() && json_space(token.back()))
            token.remove_suffix(1);
        if (json_number(token))
            builder_->number(token);
        else if (token == "null")
            builder_->null();
        else if (token == "true" || token == "false")
            builder_->boolean(token == "true");
        else
            return wrong_at(at, pointer());
        return true;
    }

    bool names_differ()
    {
        const auto repeated = names_.repeated(*builder_);
        if (!repeated)
            return true;
        builder_->name(*repeated);
        return wrong(failure("duplicate_key", "a name stands twice in one object", pointer()));
    }

    std::optional<DocumentBuilder> builder_;
    std::string_view given_;
    std::shared_ptr<char[]> text_;
    const JsonLimits& limits_;
    simdjson::internal::dom_parser_implementation& stage1_;
    JsonNames& names_;
    Cursor begin_ = nullptr;
    Cursor end_ = nullptr;  // points at the size of the text, as a last place
    std::size_t nodes_ = 0;
    std::optional<Failure> failure_;
};

Stage1 stage1_for(std::size_t bytes)
{
    Stage1 made;
    if (simdjson::get_active_implementation()->create_dom_parser_implementation(bytes, simdjson::DEFAULT_MAX_DEPTH,
                                                                                made) != simdjson::SUCCESS)
        throw std::bad_alloc();
    return made;
}

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
    if (bytes.size() > usual) {
        JsonNames own_names;
        return Reader(bytes, std::move(text), limits, *stage1_for(bytes.size()), own_names).run();
    }
    thread_local JsonNames names;
    thread_local Stage1 stage1 = stage1_for(std::size_t{16} << 10U);
    if (stage1->capacity() < bytes.size())
        stage1 = stage1_for(std::min(usual, bytes.size() * 2));
    return Reader(bytes, std::move(text), limits, *stage1, names).run();
}

}  // namespace headgate::connectors
