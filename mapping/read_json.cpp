#include "mapping/read_json.hpp"

#include <algorithm>
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

    Handler(std::pmr::memory_resource& memory, std::size_t limit) : arena(memory), most(limit) {}

    using Error = boost::json::error_code;
    using Text = boost::json::string_view;
    struct Open {
        bool is_list;
        std::vector<Member> members;
    };
    std::pmr::memory_resource& arena;
    const std::size_t most;
    std::size_t count = 0;
    std::vector<Open> open{{true, {}}};
    std::string part;
    std::vector<std::string_view> names;

    bool add(const Value& value, Error& error)
    {
        if (++count > most)
            return stop(error);
        Member member;
        if (!open.back().is_list) {
            member.name = names.back();
            names.pop_back();
        }
        member.value = value;
        open.back().members.push_back(member);
        return true;
    }
    static bool stop(Error& error)
    {
        error = boost::json::error::syntax;
        return false;
    }
    static bool repeats(const std::vector<Member>& members)
    {
        std::vector<std::string_view> sorted;
        sorted.reserve(members.size());
        for (const Member& member : members)
            sorted.push_back(member.name);
        std::ranges::sort(sorted);
        return std::ranges::adjacent_find(sorted) != sorted.end();
    }
    bool end(bool is_list, Error& error)
    {
        const std::vector<Member> members = std::move(open.back().members);
        open.pop_back();
        if (is_list) {
            auto* items = static_cast<Value*>(arena.allocate(members.size() * sizeof(Value), alignof(Value)));
            for (std::size_t i = 0; i < members.size(); ++i)
                std::construct_at(items + i, members[i].value);
            return add(list_value({items, members.size()}), error);
        }
        if (repeats(members))
            return stop(error);
        auto* kept = static_cast<Member*>(arena.allocate(members.size() * sizeof(Member), alignof(Member)));
        std::uninitialized_copy(members.begin(), members.end(), kept);
        return add(object_value({kept, members.size()}), error);
    }
    bool number(Text last, Error& error)
    {
        part.append(last.data(), last.size());
        Value value;
        value.kind = Kind::number;
        value.text = copy_text(part, arena);
        part.clear();
        return add(value, error);
    }

    bool on_document_begin(Error&) { return true; }
    bool on_document_end(Error&) { return true; }
    bool on_array_begin(Error&) { return open.push_back({true, {}}), true; }
    bool on_array_end(std::size_t, Error& error) { return end(true, error); }
    bool on_object_begin(Error&) { return open.push_back({false, {}}), true; }
    bool on_object_end(std::size_t, Error& error) { return end(false, error); }
    bool on_string_part(Text text, std::size_t, Error&) { return part.append(text.data(), text.size()), true; }
    bool on_string(Text text, std::size_t, Error& error)
    {
        part.append(text.data(), text.size());
        const Value value = is_blank(part) ? Value{} : text_value(copy_text(part, arena));
        part.clear();
        return add(value, error);
    }
    bool on_key_part(Text text, std::size_t, Error&) { return part.append(text.data(), text.size()), true; }
    bool on_key(Text text, std::size_t, Error&)
    {
        part.append(text.data(), text.size());
        names.push_back(copy_text(part, arena));
        part.clear();
        return true;
    }
    bool on_number_part(Text text, Error&) { return part.append(text.data(), text.size()), true; }
    bool on_int64(std::int64_t, Text text, Error& error) { return number(text, error); }
    bool on_uint64(std::uint64_t, Text text, Error& error) { return number(text, error); }
    bool on_double(double, Text text, Error& error) { return number(text, error); }
    bool on_bool(bool truth, Error& error) { return add(boolean_value(truth), error); }
    bool on_null(Error& error) { return add(Value{}, error); }
    bool on_comment_part(Text, Error&) { return true; }
    bool on_comment(Text, Error&) { return true; }
};

}  // namespace

JsonRead read_json_value(std::string_view text, std::pmr::memory_resource& arena, std::size_t most, Value& out,
                         std::size_t& count)
{
    boost::json::parse_options options;
    options.max_depth = 64;
    boost::json::basic_parser<Handler> parser(options, arena, most);
    boost::json::error_code error;
    const std::size_t read = parser.write_some(false, text.data(), text.size(), error);
    count = parser.handler().count;
    if (count > most)
        return JsonRead::too_many;
    if (error || text.find_first_not_of(" \t\r\n", read) != std::string_view::npos ||
        parser.handler().open.front().members.empty())
        return JsonRead::malformed;
    out = parser.handler().open.front().members.front().value;
    return JsonRead::done;
}

}  // namespace headgate::mapping
