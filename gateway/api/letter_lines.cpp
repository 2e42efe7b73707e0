#include "gateway/api/letter_lines.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "core/encoding.hpp"
#include "core/time.hpp"
#include "core/utf8.hpp"
#include "gateway/edits.hpp"
#include "gateway/letter_id.hpp"
#include "gateway/numbered_lines.hpp"

namespace headgate::gateway::api {

namespace {

namespace json = boost::json;

constexpr std::size_t longest_name = 64;      // of a stage or a code
constexpr std::size_t longest_part = 4096;    // of a place, a key or what it is about
constexpr std::size_t longest_detail = 4096;  // for people
constexpr std::size_t longest_headers = 64U << 10U;

std::unexpected<Failure> wrong(std::string detail)
{
    return fail(FailureClass::permanent, "bad_letter", std::move(detail));
}

/// Members of a line, taken one by one; what is wrong with the first that is wrong is kept.
class Members {
public:
    Members(const json::object& of, std::string_view inside) : of_(of), inside_(inside) {}

    /// "" when it is not there.
    std::string text(std::string_view name, std::size_t most = longest_part)
    {
        const auto* found = of_.if_contains(name);
        if (found == nullptr || found->is_null())
            return {};
        if (!found->is_string())
            return complain(name, "is no text");
        const auto& given = found->get_string();
        if (given.size() > most)
            return complain(name, fmt::format("is longer than {} bytes", most));
        return std::string(given);
    }

    std::string needed(std::string_view name, std::size_t most = longest_part)
    {
        auto given = text(name, most);
        return given.empty() ? complain(name, "is missing") : given;
    }

    const json::object* object(std::string_view name)
    {
        const auto* found = of_.if_contains(name);
        if (found != nullptr && found->is_object())
            return &found->get_object();
        complain(name, "is missing, or no object");
        return nullptr;
    }

    std::string complain(std::string_view name, std::string_view what)
    {
        if (wrong_.empty())
            wrong_ = fmt::format("`{}{}` {}", inside_, name, what);
        return {};
    }
    [[nodiscard]] const std::string& is_wrong() const { return wrong_; }

private:
    const json::object& of_;
    std::string_view inside_;
    std::string wrong_;
};

bool is_code(std::string_view text)
{
    return text.size() <= longest_name &&
           text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string_view::npos;
}

/// What nobody says counts as `otherwise`.
bool flag(const json::object& of, std::string_view name, bool otherwise)
{
    const auto* found = of.if_contains(name);
    return found != nullptr && found->is_bool() ? found->get_bool() : otherwise;
}

Result<std::string> edits_of(const json::object& envelope)
{
    const auto* given = envelope.if_contains("edits");
    if (given == nullptr || !given->is_array())
        return wrong("`envelope.edits` is missing, or no list");
    std::string all;
    for (const auto& one : given->get_array()) {
        if (!one.is_object())
            return wrong("`envelope.edits` has an item that is no object");
        // The value stands there as JSON text: its digits are those that were written.
        const auto& edit = one.get_object();
        Members members(edit, "envelope.edits[].");
        const auto op = members.needed("op");
        const auto path = members.text("path");
        const auto who = members.text("who"), why = members.text("why"), at = members.text("at");
        if (!members.is_wrong().empty())
            return wrong(members.is_wrong());
        std::string text = fmt::format(R"([{{"op":{},"path":{})", json::serialize(json::string(op)),
                                       json::serialize(json::string(path)));
        if (const auto* value = edit.if_contains("value"); value != nullptr && value->is_string())
            text.append(",\"value\":").append(value->get_string());
        const auto read = read_edits(text + "}]");
        if (!read)
            return wrong("`envelope.edits`: " + read.error().detail);
        all = with_more(all, *read, who, why, at);
    }
    return all;
}

Result<std::vector<std::pair<std::string, std::string>>> headers_of(const json::object& envelope)
{
    const auto* given = envelope.if_contains("headers");
    if (given == nullptr || !given->is_object())
        return wrong("`envelope.headers` is missing, or no object");
    std::vector<std::pair<std::string, std::string>> headers;
    std::size_t size = 0;
    for (const auto& [name, value] : given->get_object()) {
        if (!value.is_string())
            return wrong("a value of `envelope.headers` is no text");
        size += name.size() + value.get_string().size();
        headers.emplace_back(name, value.get_string());
    }
    if (size > longest_headers)
        return wrong(fmt::format("`envelope.headers` has more than {} bytes", longest_headers));
    return headers;
}

Result<Envelope> envelope_of(const json::object& given, const EventId& event)
{
    Members members(given, "envelope.");
    Envelope envelope;
    envelope.event = event;
    const auto named = members.needed("event");
    envelope.channel = members.needed("channel");
    envelope.source = members.needed("source");
    envelope.topic = members.needed("topic");
    envelope.idempotency_key = members.needed("idempotency_key");
    envelope.order_key = members.needed("order_key");
    envelope.conflict_of = members.text("conflict_of");
    envelope.intake = members.text("intake");
    const auto received = parse_timestamp(members.needed("received_at"));
    const auto* body = given.if_contains("body");
    if (!members.is_wrong().empty())
        return wrong(members.is_wrong());
    if (named != event.text())
        return wrong("`envelope.event` is another event than `event`");
    if (!envelope.conflict_of.empty() && !EventId::parse(envelope.conflict_of))
        return wrong("`envelope.conflict_of` is no id of an event");
    if (!received)
        return wrong("`envelope.received_at` is no time of RFC 3339");
    envelope.received_at = std::chrono::system_clock::time_point{
        std::chrono::seconds{received->seconds} + std::chrono::milliseconds{received->nanos / 1'000'000}};
    auto bytes = body != nullptr && body->is_string() ? from_base64(body->get_string()) : std::nullopt;
    if (!bytes)
        return wrong("`envelope.body` is missing, or no base64");
    envelope.body = std::move(*bytes);
    auto headers = headers_of(given);
    auto edits = edits_of(given);
    if (!headers || !edits)
        return std::unexpected(headers ? edits.error() : headers.error());
    envelope.headers = std::move(*headers);
    envelope.edits = std::move(*edits);
    return envelope;
}

/// What it was a letter for, and of which of its deliveries.
Result<Imported> imported_of(const json::object& given, const LetterId& id)
{
    Members members(given, "");
    Imported imported;
    imported.letter = members.needed("letter");
    imported.since = members.text("at");
    imported.stage = members.needed("stage", longest_name);
    imported.failure.code = members.needed("code", longest_name);
    imported.failure.where = {members.text("where"), members.text("config"), {}};
    imported.cause = members.needed("cause");
    imported.type = members.text("type");
    imported.entity = members.text("entity");
    imported.order_number = members.text("order_number");
    imported.system = members.text("system");
    const auto slot = members.text("slot");
    const auto failure_class = failure_class_of(members.needed("class"));
    if (const auto* detail = given.if_contains("detail"); detail != nullptr && detail->is_string()) {
        const std::string_view cut = detail->get_string().subview(0, longest_detail);
        imported.failure.detail = cut.substr(0, utf8_until(cut));
    }
    if (!members.is_wrong().empty())
        return wrong(members.is_wrong());
    if (imported.failure.where.document.find('\n') != std::string::npos)
        return wrong("`where` is no JSON pointer");
    if (!failure_class || !is_code(imported.stage) || !is_code(imported.failure.code))
        return wrong("`class`, `stage` or `code` is none that Headgate writes");
    imported.failure.failure_class = *failure_class;
    boost::system::error_code error;
    if (const auto* attempts = given.if_contains("attempts"))
        imported.attempts = attempts->to_number<std::uint32_t>(error);
    // Where nobody says, it may: that costs a question, and the other a second refund.
    imported.maybe_sent = flag(given, "maybe_sent", id.delivery.has_value());
    // An event that was replayed may have had deliveries that were applied in a round before.
    const auto* round = given.if_contains("round");
    if (!id.delivery && round != nullptr && (!round->is_number() || round->to_number<double>(error) > 0))
        imported.maybe_sent = true;
    if (id.delivery) {
        if (imported.system.empty() || slot.empty())
            return wrong("`system` and `slot` are missing: this is the letter of a delivery");
        imported.deliveries.push_back({imported.system, slot});
    }
    return imported;
}

struct GivenLetter {
    Envelope envelope;
    Imported imported;
};

Result<GivenLetter> letter_of_line(std::string_view line)
{
    boost::system::error_code error;
    const auto parsed = json::parse(line, error);
    if (error || !parsed.is_object())
        return wrong("this is no JSON object on one line");
    const auto& given = parsed.get_object();
    if (given.contains("letter") && flag(given, "masked", true))
        return fail(FailureClass::permanent, "letter_masked",
                    "what is personal is masked in this letter, so it is not what came: export it with `--reveal`");
    Members members(given, "");
    const auto name = members.needed("letter");
    const auto* envelope = members.object("envelope");
    if (!members.is_wrong().empty())
        return wrong(members.is_wrong());
    const auto id = parse_letter(name);
    if (!id)
        return wrong("`letter` is no name of a letter");
    auto imported = imported_of(given, *id);
    if (!imported)
        return std::unexpected(std::move(imported.error()));
    // It was imported where it was exported.
    if (const auto* before = envelope->if_contains("imported"); before != nullptr && imported->deliveries.empty()) {
        const auto was = read_imported(json::serialize(*before));
        if (!was)
            return wrong("`envelope.imported` is none that Headgate writes");
        imported->deliveries = was->deliveries;
        imported->maybe_sent = imported->maybe_sent || was->maybe_sent;
    }
    auto read = envelope_of(*envelope, id->event);
    if (!read)
        return std::unexpected(std::move(read.error()));
    return GivenLetter{std::move(*read), std::move(*imported)};
}

bool is_same(const Envelope& one, const Envelope& other)
{
    const auto parts = [](const Envelope& of) {
        return std::tie(of.channel, of.source, of.topic, of.idempotency_key, of.order_key, of.conflict_of, of.intake,
                        of.headers, of.edits, of.body);
    };
    return parts(one) == parts(other);
}

/// Another letter of an event: what has a letter is made again.
void add(Imported& all, Imported more)
{
    const bool maybe = all.maybe_sent || more.maybe_sent;
    if (more.deliveries.empty() && !all.deliveries.empty())
        all = std::move(more);
    else if (!all.deliveries.empty())
        for (auto& one : more.deliveries)
            if (std::ranges::find(all.deliveries, one) == all.deliveries.end())
                all.deliveries.push_back(std::move(one));
    all.maybe_sent = maybe;
}

}  // namespace

std::expected<std::vector<GivenEvent>, BadLine> letter_lines(std::string_view text)
{
    std::map<std::string, GivenEvent> events;  // by their ids, which begin with when they came
    for (const auto& [line, one] : numbered_lines(text)) {
        auto letter = letter_of_line(one);
        if (!letter)
            return std::unexpected(BadLine{line, std::move(letter.error())});
        auto& event = events[letter->envelope.event.text()];
        if (event.lines.empty()) {
            event.envelope = std::move(letter->envelope);
            event.imported = std::move(letter->imported);
        } else if (is_same(event.envelope, letter->envelope)) {
            add(event.imported, std::move(letter->imported));
        } else {
            auto failure = wrong("what came is another thing than a line before has of the same event").error();
            return std::unexpected(BadLine{line, std::move(failure)});
        }
        event.lines.push_back(line);
    }
    std::vector<GivenEvent> made;
    for (auto& [id, event] : events)
        made.push_back(std::move(event));
    return made;
}

}  // namespace headgate::gateway::api
