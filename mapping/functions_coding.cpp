#include <map>
#include <memory>
#include <string>

#include <re2/re2.h>

#include "core/encoding.hpp"
#include "core/hash.hpp"
#include "core/utf8.hpp"
#include "mapping/fold.hpp"
#include "mapping/functions.hpp"
#include "mapping/json_text.hpp"
#include "mapping/read_json.hpp"
#include "mapping/request_body.hpp"

namespace headgate::mapping {

namespace {

using enum Function::Kind;

bool apply_json(Call& call, Value& out)
{
    std::string_view text;
    if (!call.text(text))
        return false;
    std::size_t count = 0;
    const JsonRead read = read_json_value(text, call.run.arena, limits::items, out, count);
    call.run.steps += count;
    switch (read) {
    case JsonRead::done: return true;
    case JsonRead::too_many: return call.fail("limit_items", "holds more than 100,000 values");
    case JsonRead::malformed: break;
    }
    return fail(call.run, call.expr.site, "wrong_kind", "is a text that is no JSON", &call.subject,
                call.subject_expr().source);
}

bool apply_to_json(Call& call, Value& out)
{
    std::string text;
    if (!append_json(text, call.subject, limits::text))
        return call.fail("limit_text", "makes a text of more than 1 MiB");
    return give_text(call, text, out);
}

bool apply_base64(Call& call, Value& out)
{
    std::string_view bytes;
    return call.text(bytes) && give_text(call, to_base64(bytes), out);
}

bool apply_unbase64(Call& call, Value& out)
{
    std::string_view text;
    if (!call.text(text))
        return false;
    std::string padded(text.substr(0, text.find_last_not_of('=') + 1));  // some senders leave the padding out
    padded.append((4 - padded.size() % 4) % 4, '=');
    const auto bytes = from_base64(padded);
    if (!bytes || !is_utf8(*bytes))
        return fail(call.run, call.expr.site, "wrong_kind", "is a text that is no base64 of a text", &call.subject,
                    call.subject_expr().source);
    return give_text(call, *bytes, out);
}

bool apply_url(Call& call, Value& out)
{
    std::string_view text;
    if (!call.text(text))
        return false;
    std::string coded;
    append_percent_encoded(coded, text);
    return give_text(call, coded, out);
}

bool apply_sha256(Call& call, Value& out)
{
    std::string_view text;
    return call.text(text) && give_text(call, to_hex(sha256(text)), out);
}

/// An id from several values. Each is marked as null or text and carries its length, so no two lists are the same
/// bytes.
bool apply_digest(Call& call, Value& out)
{
    std::string bytes;
    for (const ExprPtr& arg : call.expr.args) {
        Value value;
        if (!evaluate(*arg, call.run, value))
            return false;
        if (value.is_null()) {
            bytes += "n;";
            continue;
        }
        std::string_view text;
        if (!to_text(call.run, call.expr, *arg, value, text))
            return false;
        bytes.append("t").append(std::to_string(text.size())).append(":").append(text);
    }
    return give_text(call, to_hex(sha256(bytes)).substr(0, 32), out);
}

bool apply_fold(Call& call, Value& out)
{
    std::string_view text;
    return call.text(text) && give_text(call, folded(text), out);
}

bool apply_gtin(Call& call, Value& out)
{
    std::string_view text;
    if (!call.text(text))
        return false;
    std::string digits;
    bool odd = false;
    for (const char letter : text) {
        if (letter >= '0' && letter <= '9')
            digits += letter;
        else
            odd = odd || (letter != '-' && letter != ' ');
    }
    const bool size_known = digits.size() == 8 || (digits.size() >= 12 && digits.size() <= 14);
    digits.insert(0, digits.size() < 14 ? 14 - digits.size() : 0, '0');
    int sum = 0;
    for (std::size_t i = 0; i < digits.size(); ++i)
        sum += (digits[i] - '0') * (i % 2 == 0 ? 3 : 1);
    if (odd || !size_known || sum % 10 != 0)
        return fail(call.run, call.expr.site, "gtin_invalid", "is no GTIN: 8, 12, 13 or 14 digits with a check digit",
                    &call.subject, call.subject_expr().source);
    return give_text(call, digits, out);
}

/// A pattern is a part of the mapping, or made of one: small, and so is what it is compiled to.
constexpr std::size_t longest_pattern = 1'000;
constexpr int largest_program = 5'000;
constexpr std::size_t most_patterns = 200;  // a thread, of those that are computed too

std::unique_ptr<re2::RE2> compiled(std::string_view text)
{
    re2::RE2::Options options(re2::RE2::Quiet);
    options.set_max_mem(std::int64_t{4} << 20U);
    if (text.size() > longest_pattern)
        return nullptr;
    auto made = std::make_unique<re2::RE2>(re2::StringPiece(text.data(), text.size()), options);
    return made->ok() && made->ProgramSize() <= largest_program ? std::move(made) : nullptr;
}

std::string check_pattern(const Expr& call)
{
    const auto pattern = literal_text(*call.args[1]);
    return !pattern || compiled(*pattern) ? "" : "the regular expression does not compile, or to something too large";
}

/// The pattern of a call: compiled once a thread.
const re2::RE2* pattern_of(Call& call)
{
    std::string_view text;
    if (!call.text_arg(0, text))
        return nullptr;
    thread_local std::map<std::string, std::unique_ptr<re2::RE2>, std::less<>> known;
    auto found = known.find(text);
    if (found == known.end()) {
        auto made = compiled(text);
        if (!made) {
            call.fail("wrong_argument",
                      "is given a regular expression that does not compile, or to something too large");
            return nullptr;
        }
        if (known.size() >= most_patterns)
            known.clear();
        found = known.emplace(std::string(text), std::move(made)).first;
    }
    return found->second.get();
}

/// Finds the pattern; what that may cost at worst is counted before. False for a failure.
bool find_pattern(Call& call, re2::StringPiece* parts, int count, bool& found)
{
    std::string_view text;
    if (!call.text(text))
        return false;
    const re2::RE2* pattern = pattern_of(call);
    if (pattern == nullptr)
        return false;
    call.run.count_bytes(text.size() * static_cast<std::size_t>(1 + pattern->ProgramSize() / 16));
    if (!call.within_steps())
        return false;
    if (count > 0 && pattern->NumberOfCapturingGroups() == 0)
        count = 1;
    found = pattern->Match({text.data(), text.size()}, 0, text.size(), re2::RE2::UNANCHORED, parts, count);
    if (found && count == 1)
        parts[1] = parts[0];
    return true;
}

bool apply_matches(Call& call, Value& out)
{
    bool found = false;
    if (!find_pattern(call, nullptr, 0, found))
        return false;
    out = boolean_value(found);
    return true;
}

/// The first group, or all that matches where there is none.
bool apply_capture(Call& call, Value& out)
{
    re2::StringPiece parts[2];
    bool found = false;
    return find_pattern(call, parts, 2, found) && (!found || give_text(call, {parts[1].data(), parts[1].size()}, out));
}

constexpr Function coding_table[] = {
    {"json", 0, 0, apply_json},
    {"to_json", 0, 0, apply_to_json},
    {"base64", 0, 0, apply_base64},
    {"unbase64", 0, 0, apply_unbase64},
    {"url", 0, 0, apply_url},
    {"sha256", 0, 0, apply_sha256},
    {"digest", 0, 1000, apply_digest, special},
    {"fold", 0, 0, apply_fold},
    {"gtin", 0, 0, apply_gtin},
    {"matches", 1, 1, apply_matches, plain, check_pattern},
    {"capture", 1, 1, apply_capture, plain, check_pattern},
};

}  // namespace

std::span<const Function> coding_functions()
{
    return coding_table;
}

}  // namespace headgate::mapping
