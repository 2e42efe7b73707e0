#include "connectors/signatures/structured_fields.hpp"

#include <algorithm>
#include <charconv>

#include "core/ascii.hpp"
#include "core/encoding.hpp"

namespace headgate::connectors {

namespace {

constexpr std::size_t longest = 8192;
constexpr std::size_t most_members = 64;

/// Reads from the left; each function leaves `failed` set when what it reads is not there.
class SfReader {
public:
    explicit SfReader(std::string_view text) : text_(text) {}

    [[nodiscard]] bool failed() const { return failed_; }
    [[nodiscard]] bool at_end() const { return at_ == text_.size(); }
    [[nodiscard]] std::size_t at() const { return at_; }
    [[nodiscard]] std::string since(std::size_t begin) const { return std::string(text_.substr(begin, at_ - begin)); }
    [[nodiscard]] char next() const { return at_end() ? '\0' : text_[at_]; }

    bool take(char letter)
    {
        if (next() != letter)
            return false;
        ++at_;
        return true;
    }
    void need(char letter)
    {
        if (!take(letter))
            failed_ = true;
    }
    void spaces()
    {
        while (take(' ')) {}
    }
    void white_space()
    {
        while (take(' ') || take('\t')) {}
    }
    std::string key()
    {
        const auto begin = at_;
        if (!(is_letter(next()) && !is_upper(next())) && next() != '*')
            failed_ = true;
        while ((is_letter(next()) && !is_upper(next())) || is_digit(next()) ||
               (!at_end() && std::string_view("_-.*").contains(next())))
            ++at_;
        return since(begin);
    }
    std::string quoted()
    {
        std::string text;
        need('"');
        while (!failed_ && !take('"')) {
            if (at_end() || next() < ' ' || next() > '~') {
                failed_ = true;
                break;
            }
            if (take('\\') && next() != '"' && next() != '\\') {
                failed_ = true;
                break;
            }
            text += next();
            ++at_;
        }
        return text;
    }
    SfItem item()
    {
        if (next() == '"')
            return quoted();
        if (take(':')) {
            const auto begin = at_;
            while (!at_end() && next() != ':')
                ++at_;
            auto bytes = from_base64(std::string_view(text_).substr(begin, at_ - begin));
            need(':');
            failed_ = failed_ || !bytes;
            return SfBytes{bytes.value_or("")};
        }
        if (take('?')) {
            const bool value = take('1');
            if (!value)
                need('0');
            return value;
        }
        if (is_digit(next()) || next() == '-') {
            std::int64_t value = 0;
            const auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), value);
            failed_ = failed_ || error != std::errc{} || end == text_.data() + at_;
            at_ = static_cast<std::size_t>(end - text_.data());
            return value;
        }
        const auto begin = at_;
        if (!is_letter(next()) && next() != '*')
            failed_ = true;
        while (is_letter(next()) || is_digit(next()) ||
               (!at_end() && std::string_view("!#$%&'*+-.^_`|~:/").contains(next())))
            ++at_;
        return SfToken{since(begin)};
    }
    SfParameters parameters()
    {
        SfParameters all;
        while (!failed_ && take(';')) {
            spaces();
            std::string name = key();
            SfItem value = true;
            if (take('='))
                value = item();
            std::erase_if(all, [&](const auto& known) { return known.first == name; });
            all.emplace_back(std::move(name), std::move(value));
        }
        return all;
    }

private:
    std::string_view text_;
    std::size_t at_ = 0;
    bool failed_ = false;
};

}  // namespace

std::optional<std::vector<SfMember>> parse_dictionary(std::string_view text)
{
    if (text.size() > longest)
        return std::nullopt;
    SfReader reader(text);
    std::vector<SfMember> members;
    reader.spaces();
    while (!reader.at_end()) {
        SfMember member;
        member.name = reader.key();
        const bool repeated = std::ranges::find(members, member.name, &SfMember::name) != members.end();
        if (reader.failed() || repeated || members.size() == most_members)
            return std::nullopt;
        const auto begin = reader.at() + 1;
        if (!reader.take('=')) {
            member.item = true;
            member.parameters = reader.parameters();
        } else if (reader.take('(')) {
            reader.spaces();
            while (!reader.failed() && !reader.take(')')) {
                const auto component_begin = reader.at();
                SfComponent component;
                component.name = reader.quoted();
                component.parameters = reader.parameters();
                component.written = reader.since(component_begin);
                member.components.push_back(std::move(component));
                if (reader.next() != ')' && reader.next() != ' ')
                    return std::nullopt;
                reader.spaces();
            }
            member.parameters = reader.parameters();
            member.written = reader.since(begin);
        } else {
            member.item = reader.item();
            member.parameters = reader.parameters();
            member.written = reader.since(begin);
        }
        if (reader.failed())
            return std::nullopt;
        members.push_back(std::move(member));
        reader.white_space();
        if (reader.at_end())
            break;
        reader.need(',');
        reader.white_space();
        if (reader.failed() || reader.at_end())
            return std::nullopt;
    }
    return members;
}

std::optional<std::string> text_parameter(const SfParameters& parameters, std::string_view name)
{
    const auto found = std::ranges::find(parameters, name, &std::pair<std::string, SfItem>::first);
    if (found == parameters.end() || !std::holds_alternative<std::string>(found->second))
        return std::nullopt;
    return std::get<std::string>(found->second);
}

std::optional<std::int64_t> integer_parameter(const SfParameters& parameters, std::string_view name)
{
    const auto found = std::ranges::find(parameters, name, &std::pair<std::string, SfItem>::first);
    if (found == parameters.end() || !std::holds_alternative<std::int64_t>(found->second))
        return std::nullopt;
    return std::get<std::int64_t>(found->second);
}

}  // namespace headgate::connectors
