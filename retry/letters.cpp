#include "retry/letters.hpp"

#include <algorithm>
#include <numeric>

#include "retry/integers.hpp"
#include "retry/keys.hpp"
#include "retry/tellings.hpp"

namespace headgate::retry {

namespace {

Millis instant(std::string_view text)
{
    return Millis(std::chrono::milliseconds(number_of<std::int64_t>(text).value_or(0)));
}

/// Back from `where_of`; lines that a version before did not write are "".
void take_where(std::string_view text, Letter& letter)
{
    for (std::string* line :
         {&letter.where.document, &letter.where.config, &letter.type, &letter.entity, &letter.order_number}) {
        const auto end = std::min(text.find('\n'), text.size());
        *line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        if (const auto equals = text.substr(0, end).find('='); equals != std::string_view::npos)
            letter.fields.emplace_back(text.substr(0, equals), text.substr(equals + 1, end - equals - 1));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
}

/// One letter from the five values the script tells of it.
std::optional<Letter> letter_of(std::span<const net::Reply> values)
{
    const auto delivery = delivery_of(values[0].text);
    auto event = delivery ? delivery->event : event_of(values[0].text);
    if (!event)
        return {};
    const auto& fields = values[4];
    auto text = [&](std::string_view name) { return std::string(field_of(fields, name).value_or("")); };

    Letter letter;
    letter.event = *event;
    if (delivery) {
        letter.delivery = delivery->half;
        letter.slot = text("slot");
        letter.system = text("system");
    }
    take_where(text("where"), letter);
    if (delivery)
        letter.type = text("type");
    letter.partition = number_of<Partition>(values[1].text).value_or(0);
    letter.at = instant(values[2].text);
    letter.seq = number_of<std::uint64_t>(values[3].text).value_or(0);
    letter.stage = text("stage");
    letter.failure_class = failure_class_of(text("class")).value_or(FailureClass::permanent);
    letter.code = text("code");
    letter.cause = text("cause");
    letter.queue = text("queue");
    letter.due = instant(text("due"));
    letter.config = number_of<std::uint64_t>(text("config")).value_or(0);
    letter.attempts = number_of<std::uint32_t>(text("attempts")).value_or(0);
    letter.excerpt = text("excerpt");
    letter.round = number_of<std::uint32_t>(text("round")).value_or(0);
    if (const auto word = text("word"); word.size() >= sizeof(Hash16))  // the channel stands behind it
        std::ranges::copy(word.substr(0, sizeof(Hash16)), letter.word.emplace().begin());
    return letter;
}

std::string letter_name(const EventId& event, const std::optional<Hash16>& delivery)
{
    return delivery ? DeliveryId{event, *delivery}.raw() : std::string(view(event.bytes()));
}

Result<std::vector<Letter>> letters_of(const net::Reply& reply)
{
    std::vector<Letter> letters;
    if (reply.list.size() % 5 != 0)
        return odd_reply("letters");
    for (std::size_t i = 0; i < reply.list.size(); i += 5) {
        auto letter = letter_of(std::span(reply.list).subspan(i, 5));
        if (!letter)
            return odd_reply("letters");
        letters.push_back(std::move(*letter));
    }
    return letters;
}

}  // namespace

Letters::Letters(net::Redis& redis, const Scripts& scripts) : redis_(redis), scripts_(scripts) {}

Task<LetterPage> Letters::list(LetterCursor from, std::size_t limit)
{
    limit = std::clamp<std::size_t>(limit, 1, 128);
    LetterPage page;
    for (;;) {
        std::vector<std::string> keys;
        std::vector<std::string> args{"list", std::to_string(from.partition),
                                      from.after ? letter_name(*from.after, from.delivery) : std::string(),
                                      std::to_string(std::max<std::int64_t>(0, from.at.time_since_epoch().count())),
                                      std::to_string(limit)};
        auto reply = co_await redis_.eval(scripts_.letters, std::move(keys), std::move(args));
        if (!reply)
            co_return std::unexpected(std::move(reply.error()));
        auto letters = letters_of(*reply);
        if (!letters)
            co_return std::unexpected(std::move(letters.error()));

        page.letters = std::move(*letters);
        if (page.letters.size() == limit) {
            page.next = LetterCursor{from.partition, page.letters.back().event, page.letters.back().at,
                                     page.letters.back().delivery};
            co_return page;
        }
        bool last = from.partition + 1 == partition_count;
        if (!last)
            from = LetterCursor{static_cast<Partition>(from.partition + 1), {}, {}, {}};
        if (!last && !page.letters.empty())
            page.next = from;
        if (last || !page.letters.empty())
            co_return page;
    }
}

Task<ResidentPage> Letters::resident(LetterCursor from)
{
    std::vector<std::string> keys;
    std::vector<std::string> args{std::to_string(from.partition),
                                  from.after ? letter_name(*from.after, from.delivery) : std::string(),
                                  std::to_string(std::max<std::int64_t>(0, from.at.time_since_epoch().count())), "128"};
    auto reply = co_await redis_.eval(scripts_.resident, std::move(keys), std::move(args));
    if (!reply)
        co_return std::unexpected(std::move(reply.error()));
    if (reply->list.size() % 3 != 1 || reply->list[0].list.size() % 2 != 0)
        co_return odd_reply("resident");
    ResidentPage page;
    if (const auto& last = reply->list[0].list; !last.empty()) {
        page.next = LetterCursor{from.partition, event_of(last[0].text.substr(0, 16)), instant(last[1].text), {}};
        if (const auto delivery = delivery_of(last[0].text))
            page.next->delivery = delivery->half;
    }
    for (std::size_t i = 1; i + 2 < reply->list.size(); i += 3)
        if (const auto event = event_of(reply->list[i].text))
            page.letters.push_back({*event, instant(reply->list[i + 1].text),
                                    number_of<std::uint64_t>(reply->list[i + 2].text).value_or(0)});
    co_return page;
}

Task<std::uint64_t> Letters::resident_bytes()
{
    std::vector<std::vector<std::string>> asked;
    for (int p = 0; p < partition_count; ++p)
        asked.push_back({"HGET", partition_key("P", static_cast<Partition>(p)), "kept_bytes"});
    const auto bytes = co_await integers(redis_, std::move(asked));
    if (!bytes)
        co_return std::unexpected(bytes.error());
    co_return static_cast<std::uint64_t>(
        std::max<std::int64_t>(0, std::accumulate(bytes->begin(), bytes->end(), std::int64_t{0})));
}

Task<std::optional<Letter>> Letters::show(EventId event, std::optional<Hash16> delivery)
{
    std::vector<std::string> keys;
    std::vector<std::string> args{"show", letter_name(event, delivery)};
    auto reply = co_await redis_.eval(scripts_.letters, std::move(keys), std::move(args));
    if (!reply)
        co_return std::unexpected(std::move(reply.error()));
    auto letters = letters_of(*reply);
    if (!letters)
        co_return std::unexpected(std::move(letters.error()));
    std::optional<Letter> found;
    if (!letters->empty())
        found = std::move(letters->front());
    co_return found;
}

Task<std::vector<Letter>> Letters::of(std::vector<EventId> events)
{
    std::vector<std::string> keys;
    std::vector<std::string> args{"of"};
    for (const EventId& event : events)
        args.emplace_back(view(event.bytes()));
    auto reply = co_await redis_.eval(scripts_.letters, std::move(keys), std::move(args));
    if (!reply)
        co_return std::unexpected(std::move(reply.error()));
    co_return letters_of(*reply);
}

Task<Discarded::Answer> Letters::edit(Edition edition)
{
    std::vector<std::string> keys;
    std::vector<std::string> args{letter_name(edition.event, edition.delivery),
                                  std::to_string(edition.round),
                                  std::to_string(edition.edits_before),
                                  std::to_string(edition.edits),
                                  std::move(edition.envelope),
                                  std::move(edition.frame),
                                  std::move(edition.who)};
    auto reply = co_await redis_.eval(scripts_.edit, std::move(keys), std::move(args));
    if (!reply)
        co_return std::unexpected(std::move(reply.error()));
    if (!reply->is_list(2) || reply->list[0].integer < 0 || reply->list[0].integer > 2)
        co_return odd_reply("edit");
    co_return static_cast<Discarded::Answer>(reply->list[0].integer);
}

Task<Discarded> Letters::discard(EventId event, std::uint32_t round, std::string frame)
{
    std::vector<std::string> keys;
    std::vector<std::string> args{letter_name(event, {}), std::to_string(round), std::move(frame)};
    auto reply = co_await redis_.eval(scripts_.discard, std::move(keys), std::move(args));
    if (!reply)
        co_return std::unexpected(std::move(reply.error()));
    const bool whole = reply->is_list(4) && reply->list[0].integer >= 0 && reply->list[0].integer <= 2;
    auto ready = whole ? named_deliveries(reply->list[3].text) : std::nullopt;
    if (!ready)
        co_return odd_reply("discard");
    co_return Discarded{static_cast<Discarded::Answer>(reply->list[0].integer),
                        static_cast<Partition>(reply->list[1].integer), ended_of(reply->list[2].text),
                        std::move(*ready)};
}

Task<Readmitted> Letters::readmit(Readmission readmission)
{
    std::vector<std::string> keys;
    std::vector<std::string> args{letter_name(readmission.event, readmission.delivery),
                                  std::to_string(readmission.round),
                                  std::move(readmission.frame),
                                  std::move(readmission.envelope),
                                  std::move(readmission.who),
                                  std::move(readmission.terms),
                                  std::move(readmission.made)};
    if (const auto& job = readmission.job)
        args.insert(args.end(), {job->job, std::to_string(job->at), job->again ? "1" : "0"});
    auto reply = co_await redis_.eval(scripts_.readmit, std::move(keys), std::move(args));
    if (!reply)
        co_return std::unexpected(std::move(reply.error()));
    if (!reply->is_list(3) || reply->list[0].integer < 0 || reply->list[0].integer > 5)
        co_return odd_reply("readmit");
    co_return Readmitted{static_cast<Readmitted::Answer>(reply->list[0].integer),
                         static_cast<std::uint64_t>(reply->list[1].integer),
                         static_cast<Partition>(reply->list[2].integer)};
}

Task<Reopened> Letters::reopen(Reopening reopening)
{
    std::vector<std::string> keys;
    std::vector<std::string> args{std::string(view(reopening.event.bytes())),
                                  std::to_string(reopening.partition),
                                  std::to_string(reopening.origin_seq),
                                  std::to_string(reopening.round),
                                  std::move(reopening.frame),
                                  std::move(reopening.envelope),
                                  std::move(reopening.who),
                                  std::move(reopening.terms),
                                  std::move(reopening.job),
                                  std::to_string(reopening.at),
                                  std::move(reopening.was)};
    auto reply = co_await redis_.eval(scripts_.reopen, std::move(keys), std::move(args));
    if (!reply)
        co_return std::unexpected(std::move(reply.error()));
    if (!reply->is_list(2))
        co_return odd_reply("reopen");
    const auto answer = reply->list[0].integer;
    co_return Reopened{answer == 0   ? Reopened::Answer::reopened
                       : answer == 1 ? Reopened::Answer::at_work
                                     : Reopened::Answer::not_its_turn,
                       static_cast<std::uint64_t>(reply->list[1].integer)};
}

}  // namespace headgate::retry
