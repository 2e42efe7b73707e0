#include "mapping/read_json.hpp"

#include <memory>
#include <string>
#include <vector>

#include <boost/json/basic_parser_impl.hpp>

namespace headgate::mapping {

namespace {

/// Boost.JSON's event parser; it reports numbers with their text.
struct Handler {
    static constexpr std::size_t max_object_size = std::size_t{1} << 20U;
    static constexpr std::size_t max_array_size = std::size_t{1} << 20U;
    static constexpr std::size_t max_key_size = std::size_t{1} << 20U;
    static constexpr std::size_t max_string_size = std::size_t{1} << 20U;

    explicit Handler(std::pmr::memory_resource& memory) : arena(memory) {}

    using Error = boost::json::error_code;
    using Text = boost::json::string_view;
    struct Open {
        bool is_list;
        std::vector<Member> members;
    };
    std::pmr::memory_resource& arena;
    std::vector<Open> open{{true, {}}};
    std::string part;
    std::vector<std::string_view> names;

    void add(const Value& value)
    {
        Member member;
        if (!open.back().is_list) {
            member.name = names.back();
            names.pop_back();
        }
        member.value = value;
        open.back().members.push_back(member);
    }
    bool end(bool is_list)
    {
        const std::vector<Member> members = std::move(open.back().members);
        open.pop_back();
        if (is_list) {
            auto* items = static_cast<Value*>(arena.allocate(members.size() * sizeof(Value), alignof(Value)));
            for (std::size_t i = 0; i < members.size(); ++i)
                std::construct_at(items + i, members[i].value);
            add(list_value({items, members.size()}));
        } else {
            auto* kept = static_cast<Member*>(arena.allocate(members.size() * sizeof(Member), alignof(Member)));
            std::uninitialized_copy(members.begin(), members.end(), kept);
            add(object_value({kept, members.size()}));
        }
        return true;
    }
    bool number(Text last)
    {
        part.append(last.data(), last.size());
        Value value;
        value.kind = Kind::number;
        value.text = copy_text(part, arena);
        part.clear();
        add(value);
        return true;
    }

    bool on_document_begin(Error&) { return true; }
    bool on_document_end(Error&) { return true; }
    bool on_array_begin(Error&) { return open.push_back({true, {}}), true; }
    bool on_array_end(std::size_t, Error&) { return end(true); }
    bool on_object_begin(Error&) { return open.push_back({false, {}}), true; }
    bool on_object_end(std::size_t, Error&) { return end(false); }
    bool on_string_part(Text text, std::size_t, Error&) { return part.append(text.data(), text.size()), true; }
    bool on_string(Text text, std::size_t, Error&)
    {
        part.append(text.data(), text.size());
        add(is_blank(part) ? Value{} : text_value(copy_text(part, arena)));
        part.clear();
        return true;
    }
    bool on_key_part(Text text, std::size_t, Error&) { return part.append(text.data(), text.size()), true; }
    bool on_key(Text text, std::size_t, Error& error)
    {
        part.append(text.data(), text.size());
        for (const Member& member : open.back().members)
            if (member.name == part) {
                error = boost::json::error::syntax;
                return false;
            }
        names.push_back(copy_text(part, arena));
        part.clear();
        return true;
    }
    bool on_number_part(Text text, Error&) { return part.append(text.data(), text.size()), true; }
    bool on_int64(std::int64_t, Text text, Error&) { return number(text); }
    bool on_uint64(std::uint64_t, Text text, Error&) { return number(text); }
    bool on_double(double, Text text, Error&) { return number(text); }
    bool on_bool(bool truth, Error&) { return add(boolean_value(truth)), true; }
    bool on_null(Error&) { return add(Value{}), true; }
    bool on_comment_part(Text, Error&) { return true; }
    bool on_comment(Text, Error&) { return true; }
};

}  // namespace

bool read_json_value(std::string_view text, std::pmr::memory_resource& arena, Value& out)
{
    boost::json::parse_options options;
    options.max_depth = 64;
    boost::json::basic_parser<Handler> parser(options, arena);
    boost::json::error_code error;
    const std::size_t read = parser.write_some(false, text.data(), text.size(), error);
    if (error || text.find_first_not_of(" \t\r\n", read) != std::string_view::npos ||
        parser.handler().open.front().members.empty())
        return false;
    out = parser.handler().open.front().members.front().value;
    return true;
}

}  // namespace headgate::mapping
