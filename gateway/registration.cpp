#include "gateway/registration.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <fstream>
#include <iterator>
#include <ranges>
#include <utility>

#include <boost/json.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url.hpp>

#include "connectors/formats/json.hpp"
#include "core/pattern.hpp"
#include "gateway/configuration.hpp"
#include "gateway/hint.hpp"
#include "gateway/place.hpp"
#include "gateway/tools/document_text.hpp"

namespace headgate::gateway {

namespace {

namespace json = boost::json;
using connectors::RegistrationCallConfig;

/// Compiles what stands in one connector.yaml; says what is wrong and goes on.
class RegistrationCompiler {
public:
    RegistrationCompiler(const connectors::ConnectorConfig& connector, const std::string& file, Problems& problems)
        : connector_(connector),
          problems_(problems)
    {
        std::ifstream stream(file, std::ios::binary);
        source_ = {file, {std::istreambuf_iterator<char>(stream), {}}};
    }

    std::optional<Registration> compile(AnswerPages pages)
    {
        const auto& config = *connector_.registration;
        const auto before = problems_.size();
        for (const auto& pattern : config.topics)
            if (std::ranges::none_of(connector_.topics,
                                     [&](const auto& topic) { return fits_pattern(pattern, topic.first); }))
                tell(config.address.where, "unknown_topic",
                     "`registration.topics`: `" + pattern + "` fits no topic of the connector",
                     list_of(connector_.topics | std::views::keys));
        if (!connector_.api)
            tell(config.address.where, "api_missing",
                 "subscriptions are made, and nothing says where the vendor's API is",
                 "api: { url: https://api.vendor.example }");
        auto word = bare(config.word);
        auto path = text(config.list.path);
        auto address = bare(config.address);
        auto topic = bare(config.topic);
        auto active = bare(config.active);
        auto id = bare(config.id);
        auto create = call(config.create, "create", "POST");
        auto update = config.update ? call(*config.update, "update", "PUT") : std::nullopt;
        if (problems_.size() != before || !path || !address || !topic || !id || !create || !pages.items)
            return std::nullopt;
        return Registration{config,
                            std::move(word),
                            std::move(*path),
                            std::move(pages),
                            std::move(*address),
                            std::move(*topic),
                            std::move(active),
                            std::move(*id),
                            std::move(*create),
                            std::move(update)};
    }

private:
    using Compiled = std::expected<mapping::Expression, Problem>;

    void tell(const std::string& where, std::string code, std::string message, std::string hint)
    {
        const auto place = place_of(where);
        problems_.push_back(
            {place.file, place.line, place.column, std::move(code), std::move(message), std::move(hint)});
    }

    std::optional<mapping::Expression> taken(Compiled compiled)
    {
        if (compiled)
            return std::move(*compiled);
        problems_.push_back(std::move(compiled.error()));
        return std::nullopt;
    }
    std::optional<mapping::Expression> bare(const config::PlacedText& from)
    {
        return from.text.empty() ? std::nullopt
                                 : taken(mapping::Expression::compile_bare(from.text, place_of(from.where)));
    }
    std::optional<mapping::Expression> text(const config::PlacedText& from)
    {
        return from.text.empty() ? std::nullopt : taken(mapping::Expression::compile(from.text, place_of(from.where)));
    }

    std::optional<RegistrationCall> call(const RegistrationCallConfig& config, std::string_view key,
                                         std::string_view method)
    {
        auto path = text(config.path);
        auto id = bare(config.id);
        auto secret = bare(config.secret);
        if (!config.body.given())
            return std::nullopt;  // which has been told
        const auto format = config.format == RegistrationCallConfig::Format::form ? mapping::BodyFormat::form
                                                                                  : mapping::BodyFormat::json;
        const std::array<std::string_view, 3> keys{"registration", key, "body"};
        auto body = mapping::Body::load(source_, keys, format);
        if (!body)
            std::ranges::move(body.error(), std::back_inserter(problems_));
        if (!path || !body)
            return std::nullopt;
        return RegistrationCall{config.method.empty() ? std::string(method) : config.method, std::move(*path),
                                std::move(*body), std::move(id), std::move(secret)};
    }

    const connectors::ConnectorConfig& connector_;
    Problems& problems_;
    mapping::SourceFile source_;
};

/// An address as it is compared: what may be written in several ways is written in one.
struct Address {
    std::string origin;  // scheme, host and port
    std::string rest;    // path and query
};

std::optional<Address> address_of(std::string_view text)
{
    const auto parsed = boost::urls::parse_uri(text);
    if (!parsed)
        return std::nullopt;
    boost::urls::url url(*parsed);
    url.normalize();
    if ((url.scheme() == "https" && url.port() == "443") || (url.scheme() == "http" && url.port() == "80"))
        url.remove_port();
    return Address{std::string(url.scheme()) + "://" + std::string(url.encoded_host_and_port()),
                   std::string(url.encoded_target())};
}

mapping::MappingContext context_of(const Document& document, const Channel& channel, NodeIndex root = 0)
{
    return {.document = document,
            .root = root,
            .channel_name = channel.name,
            .channel_zone = channel.zone,
            .channel_settings = &channel.settings};
}

/// A text, or a list of them.
Result<std::vector<std::string>> words_of(const mapping::Expression& expression, const mapping::MappingContext& context)
{
    auto text = expression.json(context);
    if (!text)
        return std::unexpected(std::move(text.error()));
    std::vector<std::string> words;
    const auto add = [&](const json::value& value) {
        if (value.is_string())
            words.emplace_back(value.get_string());
    };
    boost::system::error_code error;
    const auto value = json::parse(*text, error);
    if (const auto* list = value.if_array())
        std::ranges::for_each(*list, add);
    else
        add(value);
    return words;
}

Result<std::string> text_or_empty(const mapping::Expression& expression, const mapping::MappingContext& context)
{
    auto text = expression.text(context);
    if (!text)
        return std::unexpected(std::move(text.error()));
    return text->value_or("");
}

}  // namespace

std::string_view name_of(SubscriptionState state)
{
    switch (state) {
    case SubscriptionState::present: return "present";
    case SubscriptionState::missing: return "missing";
    case SubscriptionState::switched_off: return "switched_off";
    case SubscriptionState::elsewhere: return "elsewhere";
    case SubscriptionState::created: return "created";
    case SubscriptionState::updated: return "updated";
    }
    std::unreachable();
}

std::vector<std::string> Registered::lacking() const
{
    std::vector<std::string> topics;
    for (const auto& row : rows)
        if (row.state == SubscriptionState::missing || row.state == SubscriptionState::switched_off)
            if (topics.empty() || topics.back() != row.topic)
                topics.push_back(row.topic);
    return topics;
}

std::optional<Registration> compile_registration(const connectors::ConnectorConfig& connector, const std::string& file,
                                                 AnswerPages pages, Problems& problems)
{
    if (!connector.registration)
        return std::nullopt;
    return RegistrationCompiler(connector, file, problems).compile(std::move(pages));
}

void check_registration(const Channel& channel, Problems& problems)
{
    const auto& given = channel.config.registration;
    if (!given || !given->watch)
        return;
    const auto tell = [&](std::string code, std::string message, std::string hint) {
        const auto place = place_of(channel.config.where);
        problems.push_back(
            {place.file, place.line, place.column, std::move(code), std::move(message), std::move(hint)});
    };
    const auto& how = channel.connector->registration;
    if (!channel.connector->config.registration)
        tell("nothing_to_register",
             "the connector " + channel.config.connector + " does not say how subscriptions are made",
             "remove `registration`");
    else if (!channel.config.api)
        tell("nothing_to_register", "`registration` asks the vendor's API, and the channel has no `api`",
             "api: { … } with the secrets of the API");
    else if (given->keep && how && how->create.secret)
        tell("keep_tells_secret",
             "with each new subscription the vendor tells a new secret, and `keep` could tell it to nobody",
             "remove `keep`, and run `headgate channels register` when it is missing");
}

Result<std::vector<WantedTopic>> wanted_topics(const Channel& channel)
{
    const Registration& how = *channel.connector->registration;
    std::vector<WantedTopic> wanted;
    for (const auto& [name, topic] : channel.connector->topics) {
        const auto fits = [&](const std::string& pattern) { return fits_pattern(pattern, name); };
        if (channel.wanted(name) == nullptr ||
            (!how.config.topics.empty() && std::ranges::none_of(how.config.topics, fits)))
            continue;
        if (!how.word) {
            wanted.push_back({name, name});
            continue;
        }
        const auto document = connectors::read_json(json::serialize(json::object{{"topic", name}}));
        auto words = words_of(*how.word, context_of(*document, channel));
        if (!words)
            return std::unexpected(std::move(words.error()));
        if (words->empty())
            return fail(FailureClass::permanent, "word_missing",
                        "`registration.word` of the connector gives no word for the topic `" + name + "`");
        for (auto& word : *words)
            wanted.push_back({name, std::move(word)});
    }
    return wanted;
}

bool Subscription::has(std::string_view word) const
{
    return std::ranges::any_of(words, [&](const auto& pattern) { return fits_pattern(pattern, word); });
}

Result<std::vector<Subscription>> subscriptions_in(const Document& items, const Channel& channel)
{
    const Registration& how = *channel.connector->registration;
    const auto ours = address_of(channel.hook_url);
    const auto path = "/hooks/" + channel.name;
    std::vector<Subscription> found;
    for (const NodeIndex item : items.children(items.root())) {
        const auto context = context_of(items, channel, item);
        auto sends_to = text_or_empty(how.address, context);
        if (!sends_to)
            return std::unexpected(std::move(sends_to.error()));
        const auto address = address_of(*sends_to);
        const bool same = address && ours && address->origin == ours->origin && address->rest == ours->rest;
        if (!address || (!same && !address->rest.ends_with(path)))
            continue;
        Subscription one;
        one.ours = same;
        one.at = address->origin;
        auto id = text_or_empty(how.id, context);
        auto words = words_of(how.topic, context);
        auto active = how.active ? how.active->holds(context) : Result<bool>(true);
        for (const auto* failure :
             {id ? nullptr : &id.error(), words ? nullptr : &words.error(), active ? nullptr : &active.error()})
            if (failure != nullptr)
                return std::unexpected(*failure);
        one.id = std::move(*id);
        one.words = std::move(*words);
        one.active = *active;
        one.item = json_text(items, item);
        found.push_back(std::move(one));
    }
    return found;
}

std::vector<SubscriptionRow> compared(const std::vector<WantedTopic>& wanted, const std::vector<Subscription>& there)
{
    std::vector<SubscriptionRow> rows;
    for (const auto& topic : wanted) {
        SubscriptionRow row{topic.topic, topic.word};
        for (const auto& one : there) {
            if (!one.ours || !one.has(topic.word) || row.state == SubscriptionState::present)
                continue;
            if (one.active || row.state == SubscriptionState::missing)
                row.id = one.id;
            row.state = one.active ? SubscriptionState::present : SubscriptionState::switched_off;
        }
        rows.push_back(std::move(row));
    }
    for (const auto& one : there) {
        if (one.ours)
            continue;
        std::string words;
        for (const auto& word : one.words)
            words += (words.empty() ? "" : ", ") + word;
        rows.push_back({"", std::move(words), SubscriptionState::elsewhere, one.id, one.at});
    }
    return rows;
}

std::vector<RegistrationStep> steps_to_do(const Registration& how, const std::vector<WantedTopic>& wanted,
                                          const std::vector<Subscription>& there,
                                          const std::vector<SubscriptionRow>& rows)
{
    std::vector<RegistrationStep> steps;
    RegistrationStep all;  // of `together`
    for (std::size_t place = 0; place < wanted.size(); ++place) {
        const auto& row = rows[place];
        const auto& word = wanted[place].word;
        const bool off = row.state == SubscriptionState::switched_off;
        if (row.state == SubscriptionState::present || (off && !how.update))
            continue;
        if (how.config.together) {
            all.words.push_back(word);
            all.rows.push_back(place);
            continue;
        }
        RegistrationStep step{off ? &*how.update : &how.create, nullptr, {word}, {place}};
        if (off)
            step.of = &*std::ranges::find_if(there,
                                             [&](const auto& one) { return one.ours && !one.active && one.has(word); });
        steps.push_back(std::move(step));
    }
    if (all.rows.empty())
        return steps;
    all.call = &how.create;
    if (how.update) {
        // One that works is given what it lacks, before one that is switched off is switched on.
        auto mine = std::ranges::find_if(there, [](const auto& one) { return one.ours && one.active; });
        if (mine == there.end())
            mine = std::ranges::find_if(there, &Subscription::ours);
        if (mine != there.end()) {
            all.call = &*how.update;
            all.of = &*mine;
            std::erase_if(all.words, [&](const auto& word) { return mine->has(word); });
            all.words.insert(all.words.begin(), mine->words.begin(), mine->words.end());
        }
    }
    steps.push_back(std::move(all));
    return steps;
}

std::string about(const RegistrationStep& step, const Channel& channel)
{
    json::object made{{"address", channel.hook_url},
                      {"topic", step.words.empty() ? "" : step.words.front()},
                      {"topics", json::value_from(step.words)},
                      {"channel", channel.name}};
    const auto now = std::chrono::system_clock::now();
    for (std::size_t i = 0; i < channel.told_secrets.size() && !made.contains("secret"); ++i)
        if (channel.in_force(i, now))
            made["secret"] = channel.told_secrets[i];
    if (step.of != nullptr) {
        boost::system::error_code error;
        made["id"] = step.of->id;
        made["item"] = json::parse(step.of->item, error);
    }
    return json::serialize(made);
}

}  // namespace headgate::gateway
