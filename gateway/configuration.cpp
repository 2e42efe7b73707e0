#include "gateway/configuration.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <ranges>
#include <set>

#include "core/near_name.hpp"
#include "gateway/channel_api.hpp"
#include "gateway/files_not_read.hpp"
#include "gateway/hint.hpp"
#include "gateway/name.hpp"
#include "gateway/place.hpp"
#include "gateway/searched_fields.hpp"
#include "gateway/sender_checks.hpp"
#include "gateway/settings_document.hpp"
#include "gateway/sqs_plan.hpp"
#include "gateway/unfolding.hpp"
#include "net/http/message.hpp"

namespace headgate::gateway {

namespace {

namespace fs = std::filesystem;

/// The sections that may be folders of files.
const std::vector<std::string> folders{"channels", "systems"};

bool fits(std::string_view pattern, std::string_view text)
{
    if (pattern.ends_with('*'))
        return text.starts_with(pattern.substr(0, pattern.size() - 1));
    return pattern == text;
}

/// Signatures and logins.
bool never_kept(const connectors::ConnectorConfig& connector, std::string_view header)
{
    return connectors::carries_login(header) || connector.signature.stands_in(header);
}

bool keeps(const connectors::ConnectorConfig& connector, std::string_view header)
{
    return !never_kept(connector, header) &&
           std::ranges::any_of(connector.keep_headers, [&](const std::string& pattern) {
               return pattern.ends_with('*')
                          ? header.size() >= pattern.size() - 1 &&
                                net::same_ignoring_case(header.substr(0, pattern.size() - 1),
                                                        std::string_view(pattern).substr(0, pattern.size() - 1))
                          : net::same_ignoring_case(pattern, header);
           });
}

class Loader {
public:
    explicit Loader(const LoadOptions& options) : options_(options), made_(std::make_shared<Configuration>()) {}

    LoadedConfiguration load() &&
    {
        made_->folder = options_.folder;
        const std::string main = options_.folder + "/headgate.yaml";
        report(config::read_file(main, made_->deployment, options_.environment, folders));
        explain_unreadable(main, "--config names the folder that holds headgate.yaml");
        load_tables();

        defaults();
        for (const auto& [name, channel] : made_->deployment.channels)
            add_channel(channel);
        for (const auto& [name, folder] : made_->vocabularies.overlaid())
            if (!made_->deployment.channels.contains(name))
                problem(
                    folder, "unknown_channel",
                    "a folder of vocabularies is for the channel of its name, and there is no channel `" + name + "`",
                    list_of(made_->deployment.channels | std::views::keys));
        check_vocabularies();
        for (const auto& route : made_->deployment.routes)
            add_route(route);
        for (const auto& queue : made_->deployment.queues)
            check_queue(queue);
        for (const auto& hold : made_->deployment.holds)
            add_hold(hold);
        for (const auto& searched : made_->deployment.search)
            add_searched(searched);
        for (const auto& token : made_->deployment.access.tokens)
            add_token(token);
        made_->trusted_proxies = address_ranges(made_->deployment.listen.trusted_proxies, main);
        auto beside = files_not_read(options_.folder, folders, read_);
        report(std::move(beside.problems));
        if (made_->deployment.channels.empty() && problems_.empty())
            problem(main, "no_channels", "no channel is configured, so nothing can arrive",
                    "give one below `channels:` or as a file channels/NAME.yaml");
        if (problems_.empty())  // what could not be loaded used nothing
            std::ranges::move(beside.notes, std::back_inserter(notes_));
        return loaded();
    }

    LoadedConfiguration load(const std::vector<ChannelConfig>& channels) &&
    {
        trying_out_ = true;
        made_->folder = options_.folder;
        made_->deployment.public_url = "https://headgate.example";  // for vendors that sign the URL
        load_tables();
        for (const auto& channel : channels)
            add_channel(channel);
        check_vocabularies();
        return loaded();
    }

private:
    /// A file that is used several times says once what is wrong with it.
    LoadedConfiguration loaded()
    {
        for (auto* all : {&problems_, &notes_}) {
            std::set<std::string> said;
            std::erase_if(*all, [&](const Problem& problem) { return !said.insert(text_of(problem)).second; });
        }
        return {made_, std::move(problems_), std::move(notes_)};
    }

    /// What mappings are held against: canonical types and vocabularies.
    void load_tables()
    {
        if (auto canonical = mapping::Canonical::load(options_.shipped + "/canonical"))
            made_->canonical = std::move(*canonical);
        else
            report(std::move(canonical.error()));
        explain_unreadable(options_.shipped + "/canonical", "HEADGATE_SHARE names the folder of what ships");
        for (const auto& folder : {options_.shipped + "/vocabularies", options_.folder + "/vocabularies"})
            if (there(folder))
                if (auto loaded = made_->vocabularies.load(folder); !loaded)
                    report(std::move(loaded.error()));
        std::ranges::copy(made_->vocabularies.notes(), std::back_inserter(notes_));
    }

    /// What a field with a closed list cannot hold would only fail once it comes. What a channel lays over a table is
    /// of its own connector's fields alone.
    void check_vocabularies()
    {
        const auto check = [this](const Connector& connector, const std::string& channel) {
            for (const auto& [name, topic] : connector.topics)
                for (const auto& mapping : topic.mappings)
                    for (const auto& field : mapping->listed_fields())
                        report(mapping::not_listed(field, channel, mapping->name()));
        };
        for (const auto& [name, connector] : made_->connectors)
            check(*connector, "");
        for (const auto& [name, channel] : made_->channels)
            if (channel->connector != nullptr)
                check(*channel->connector, name);
    }

    void report(Problems more) { std::ranges::move(more, std::back_inserter(problems_)); }

    void problem(const std::string& where, std::string code, std::string message, std::string hint = {})
    {
        const auto place = place_of(where);
        problems_.push_back(
            {place.file, place.line, place.column, std::move(code), std::move(message), std::move(hint)});
    }

    void explain_unreadable(const std::string& file, const std::string& hint)
    {
        for (auto& known : problems_)
            if (known.file == file && known.code == "unreadable")
                known.hint = hint;
    }

    /// Whether a file or folder is there; a problem when that cannot be told.
    bool there(const std::string& path)
    {
        std::error_code error;
        const bool is = fs::exists(path, error);
        if (error)
            problem(path, "unreadable", "it cannot be looked at: " + error.message());
        return is;
    }

    void defaults()
    {
        auto& deployment = made_->deployment;
        if (deployment.systems.empty()) {
            SystemConfig& ledger = deployment.systems["ledger"];
            ledger.name = "ledger";
            ledger.preset = SystemConfig::Preset::sqlite;
        }
        if (deployment.routes.empty())
            deployment.routes.push_back({"", "all", {"*"}, {}, {deployment.systems.begin()->first}, {}});
        const SystemConfig* ledger = nullptr;
        for (const auto& [name, system] : deployment.systems) {
            if (system.preset == SystemConfig::Preset::sqlite && std::exchange(ledger, &system) != nullptr)
                problem(system.where, "not_yet", "more than one ledger is not in this version",
                        "keep one of preset sqlite");
            if (system.preset == SystemConfig::Preset::http)
                add_system(system);
        }
    }

    void add_system(const SystemConfig& config)
    {
        if (!is_name(config.name))
            return problem(config.where, "system_name",
                           "`" + config.name + "`: a system's name is of a-z, 0-9, - and _, at most 64 letters",
                           "it is part of every key");
        if (config.name == door_name)
            return problem(config.where, "system_name", "`" + config.name + "` is Headgate's own door",
                           "choose another name");
        auto plan = load_plan(config, options_.folder, made_->canonical, made_->vocabularies, problems_);
        read_login(config, *plan);
        made_->systems.emplace(config.name, std::move(plan));
    }

    void read_login(const SystemConfig& config, HttpSystemPlan& made)
    {
        switch (config.auth.kind) {
        case AuthConfig::Kind::none: break;
        case AuthConfig::Kind::basic: read_secret(config.auth.password, config, made.secrets.password); break;
        case AuthConfig::Kind::bearer: read_secret(config.auth.token, config, made.secrets.token); break;
        case AuthConfig::Kind::api_key: read_secret(config.auth.key, config, made.secrets.key); break;
        case AuthConfig::Kind::client_credentials:
            read_secret(config.auth.client_secret, config, made.secrets.client_secret);
            break;
        case AuthConfig::Kind::refresh_token:
            read_secret(config.auth.client_secret, config, made.secrets.client_secret);
            read_secret(config.auth.refresh_token, config, made.secrets.refresh_token);
            break;
        }
    }

    void read_secret(const config::SecretSources& sources, const SystemConfig& config, std::string& into)
    {
        if (sources.empty())
            return;  // which has been told
        auto read = read_secrets(sources, config.name, options_);
        if (read) {
            into = std::move(read->front());
            return;
        }
        const Failure& failure = read.error();
        const auto at = place_of(":" + failure.where.config);
        (options_.secrets_required ? problems_ : notes_)
            .push_back({place_of(config.where).file, at.line, at.column, failure.code,
                        "system `" + config.name + "`: " + failure.detail, "it is what the system knows us by"});
    }

    std::optional<mapping::Expression> compile(const config::PlacedText& from)
    {
        if (from.text.empty())
            return std::nullopt;
        auto compiled = mapping::Expression::compile_bare(from.text, place_of(from.where));
        if (compiled)
            return std::move(*compiled);
        problems_.push_back(std::move(compiled.error()));
        return std::nullopt;
    }

    /// An expression no connector can do without; whoever read the file has reported that it is missing, or this does.
    std::optional<mapping::Expression> compile_required(const config::PlacedText& from, const std::string& key,
                                                        const std::string& file)
    {
        const auto before = problems_.size();
        auto compiled = compile_early(from);
        if (!compiled && problems_.size() == before &&
            std::ranges::none_of(problems_, [&](const Problem& known) { return known.file == file; }))
            problem(file, "missing_key", "`identity." + key + "` must be given");
        return compiled;
    }

    /// What is read before the event is accepted: no vocabularies are at hand then, and of the event only its id is
    /// known.
    std::optional<mapping::Expression> compile_early(const config::PlacedText& from)
    {
        auto compiled = compile(from);
        if (!compiled)
            return compiled;
        if (compiled->reads_event())
            problem(from.where, "unknown_name", "`$event` is not there yet: this is read before the event is accepted",
                    "read `$headers`, `$channel` or the body");
        refuse_lookup(*compiled, from);
        return compiled;
    }

    void refuse_lookup(const mapping::Expression& expression, const config::PlacedText& from)
    {
        if (expression.looks_up())
            problem(from.where, "unknown_function", "`lookup` works in mappings only, not here",
                    "map the word where it is used, in a mapping");
    }

    std::optional<OrderBy> order_by(const config::PlacedText& from)
    {
        auto expression = compile_early(from);
        if (!expression)
            return std::nullopt;
        auto paths = expression->member_paths();
        return OrderBy{std::move(*expression), std::move(paths)};
    }

    /// Where a connector stands: here before what ships. Empty when it is nowhere.
    std::string connector_folder(const std::string& name)
    {
        if (!is_name(name))
            return {};
        const std::string own = options_.folder + "/connectors/" + name;
        if (there(own)) {
            if (there(own + "/connector.yaml"))
                return own;
            problem(own, "missing_file", "this folder has no connector.yaml, so it is no connector",
                    "it would hide a shipped one of the same name; add the file or remove the folder");
        }
        const std::string shipped = options_.shipped + "/connectors/" + name;
        return there(shipped + "/connector.yaml") ? shipped : "";
    }

    std::shared_ptr<const Connector> connector(const std::string& name, const std::string& where)
    {
        if (const auto known = made_->connectors.find(name); known != made_->connectors.end())
            return known->second;
        const std::string folder = connector_folder(name);
        if (folder.empty()) {
            problem(where, "unknown_connector", "there is no connector `" + name + "`",
                    "looked in " + options_.folder + "/connectors and " + options_.shipped + "/connectors");
            return nullptr;
        }
        if (!folder.starts_with(options_.shipped + "/"))
            read_.connectors.insert(name);
        auto loaded = connectors::load_connector(folder, options_.environment);
        report(std::move(loaded.problems));
        auto made = std::make_shared<Connector>();
        made->config = std::move(loaded.connector);
        const auto& config = made->config;
        made->minor_units = config.exponents();
        const std::string file = folder + "/connector.yaml";
        made->topic = compile_required(config.identity.topic, "topic", file);
        made->idempotency_key = compile_required(config.identity.idempotency_key, "idempotency_key", file);
        made->identity_reads_document = (made->topic && made->topic->reads_document()) ||
                                        (made->idempotency_key && made->idempotency_key->reads_document());
        for (const auto* early : {&made->topic, &made->idempotency_key})
            if (*early)
                note_headers((*early)->headers(), config);
        made->document = compile(config.document);
        made->test = compile(config.test);
        if (made->document)
            refuse_lookup(*made->document, config.document);
        const auto order_of_all = order_by(config.identity.order_by);
        const auto fragments =
            noted(mapping::fragments_in({folder + "/mappings/fragments", options_.folder + "/mappings/fragments",
                                         options_.shipped + "/mappings/fragments"}));
        check_topics(config);
        std::map<std::string, std::shared_ptr<const mapping::Mapping>> mappings;
        for (const auto& [name_of_topic, topic] : config.topics) {
            Topic compiled;
            compiled.name = name_of_topic;
            compiled.order_by = topic.order_by.text.empty() ? order_of_all : order_by(topic.order_by);
            if (compiled.order_by)
                note_headers(compiled.order_by->expression.headers(), config);
            compiled.split = compile(topic.split);
            if (compiled.split)
                refuse_lookup(*compiled.split, topic.split);
            compiled.fetch = fetch(topic);
            compiled.sample = topic.sample.empty() ? "" : folder + "/" + topic.sample;
            if (!compiled.sample.empty() && !there(compiled.sample))
                problem(topic.where, "missing_file", "the sample " + compiled.sample + " is not there");
            std::map<std::string, std::string> transactions;  // name -> the mapping that makes it
            for (const auto& mapping_name : topic.mappings) {
                if (!mappings.contains(mapping_name))
                    mappings.emplace(mapping_name, load_mapping(folder, mapping_name, topic.where, fragments));
                const auto& mapping = mappings[mapping_name];
                if (!mapping)
                    continue;
                check_use(*mapping, mapping_name, topic, transactions);
                note_headers(mapping->headers(), config);
                compiled.mappings.push_back(mapping);
            }
            made->topics.emplace(name_of_topic, std::move(compiled));
        }
        for (const auto& [name_of_poll, poll_config] : config.polls)
            if (auto compiled = poll(poll_config)) {
                if (compiled->report && config.feeds.empty())
                    problem(poll_config.where, "no_feeds",
                            "the poll `" + name_of_poll + "` gives files, and the connector does not say what they are",
                            "give it `feeds`");
                made->polls.emplace(name_of_poll, std::move(*compiled));
            }
        for (const auto& [name_of_feed, feed] : config.feeds)
            made->feeds.emplace(name_of_feed, DroppedFile{feed, compile(feed.topic), compile(feed.key)});
        if (config.registration)
            made->registration = compile_registration(
                config, file, pages(config.registration->list.items, config.registration->list.next), problems_);
        if ((!config.polls.empty() ||
             std::ranges::any_of(config.topics, [](const auto& topic) { return topic.second.fetch.has_value(); })) &&
            !config.api)
            problem(file, "api_missing", "something is fetched or polled, and nothing says where the vendor's API is",
                    "api: { url: https://api.vendor.example }");
        made_->connectors.emplace(name, made);
        return made;
    }

    AnswerPages pages(const config::PlacedText& items, const connectors::NextConfig& next)
    {
        AnswerPages made;
        made.items = compile(items);
        made.link = next.link;
        made.url = compile(next.url);
        made.parameter = next.parameter;
        made.value = compile(next.value);
        made.page = next.page;
        return made;
    }

    /// A text with expressions in braces, as mappings write them.
    std::optional<mapping::Expression> compile_text(const config::PlacedText& from)
    {
        if (from.text.empty())
            return std::nullopt;
        auto compiled = mapping::Expression::compile(from.text, place_of(from.where));
        if (compiled)
            return std::move(*compiled);
        problems_.push_back(std::move(compiled.error()));
        return std::nullopt;
    }

    std::optional<Fetch> fetch(const connectors::TopicConfig& topic)
    {
        if (!topic.fetch)
            return std::nullopt;
        auto path = compile_text(topic.fetch->path);
        if (!path)
            return std::nullopt;
        return Fetch{std::move(*path), topic.fetch->into, compile(topic.fetch->when),
                     pages(topic.fetch->items, topic.fetch->next), topic.fetch->required};
    }

    std::optional<Poll> poll(const connectors::PollConfig& config)
    {
        auto path = compile_text(config.path);
        if (!path)
            return std::nullopt;
        Poll made{config,
                  std::move(*path),
                  pages(config.items, config.next),
                  compile(config.topic),
                  compile(config.key),
                  compile(config.changed),
                  compile(config.cursor),
                  {},
                  {}};
        if (const auto& asked = config.request) {
            auto where = compile_text(asked->path);
            auto id = compile(asked->id);
            auto ready = compile(asked->ready);
            if (where && id && ready)
                made.request.emplace(std::move(*where), compile_text(asked->body), std::move(*id), std::move(*ready),
                                     compile(asked->failed));
        }
        if (const auto& report = config.report) {
            auto id = compile_text(report->id);
            auto url = compile(report->url);
            auto name = compile_text(report->file);
            if (id && url && name)
                made.report.emplace(std::move(*id), compile_text(report->document), std::move(*url),
                                    compile(report->gzip), std::move(*name));
        }
        return made;
    }

    std::shared_ptr<const mapping::Mapping> load_mapping(const std::string& folder, const std::string& name,
                                                         const std::string& where,
                                                         const mapping::FragmentLoader& fragments)
    {
        const std::string file = folder + "/mappings/" + name + ".yaml";
        if (!there(file)) {
            problem(where, "missing_file", "there is no mapping `" + name + "`: " + file + " is not there",
                    near_or_all(name, mappings_of(folder)));
            return nullptr;
        }
        read_.add(file);
        auto loaded = mapping::Mapping::load(file, made_->canonical, made_->vocabularies, fragments,
                                             noted(mapping::mappings_in({options_.folder, options_.shipped})));
        if (!loaded) {
            report(std::move(loaded.error()));
            return nullptr;
        }
        std::ranges::move(loaded->notes(), std::back_inserter(notes_));
        return std::make_shared<const mapping::Mapping>(std::move(*loaded));
    }

    /// The mappings a connector has, by the names topics give them.
    static std::vector<std::string> mappings_of(const std::string& folder)
    {
        std::vector<std::string> names;
        std::error_code error;
        for (const auto& entry : fs::directory_iterator(folder + "/mappings", error))
            if (entry.path().extension() == ".yaml")
                names.push_back(entry.path().stem().string());
        std::ranges::sort(names);
        return names;
    }

    /// Loads as before, remembering what was read.
    mapping::FragmentLoader noted(mapping::FragmentLoader load)
    {
        return [this, load = std::move(load)](std::string_view name) {
            auto source = load(name);
            if (source)
                read_.add(source->file);
            return source;
        };
    }
    mapping::MappingLoader noted(mapping::MappingLoader load)
    {
        return [this, load = std::move(load)](std::string_view name) {
            auto found = load(name);
            for (auto& base : found) {
                read_.add(base.source.file);
                base.fragments = noted(std::move(base.fragments));
            }
            return found;
        };
    }

    void check_topics(const connectors::ConnectorConfig& config)
    {
        for (const auto& [name, topic] : config.topics)
            if (name.find('*') != std::string::npos)
                problem(
                    topic.where, "wrong_pattern",
                    "`" + name + "` is taken as it is written, and no vendor says it: a topic is one word of theirs",
                    "list the topics one by one; `topics:` of a channel takes patterns");
        const auto& sent = config.send.topic;
        if (!sent.text.empty() && !config.topics.empty() && !config.topics.contains(sent.text))
            problem(sent.where, "unknown_topic", "`send.topic` is none of the connector's topics: `" + sent.text + "`",
                    near_or_all(sent.text, config.topics | std::views::keys));
    }

    /// A header that is not stored reads as null, always and without a word.
    void note_headers(const std::vector<mapping::HeaderRead>& headers, const connectors::ConnectorConfig& config)
    {
        for (const auto& header : headers)
            if (!keeps(config, header.name))
                notes_.push_back({header.file, header.line, header.column, "header_not_kept",
                                  "`$headers.\"" + header.name + "\"` is always null here: the header is not stored",
                                  never_kept(config, header.name) ? "signatures and logins never are"
                                                                  : "name it in `keep_headers` of connector.yaml"});
    }

    /// Whether a topic may use a mapping, beside those it uses already (`transactions`: what they make, by name).
    void check_use(const mapping::Mapping& mapping, const std::string& name, const connectors::TopicConfig& topic,
                   std::map<std::string, std::string>& transactions)
    {
        if (!mapping.takes(topic.name))
            problem(topic.where, "unknown_topic",
                    "the mapping " + name + " does not take `" + topic.name + "`: it is not among its `topics:`",
                    "add it there, or remove the mapping here");
        // The name is part of the effect key: the second of two would be taken for a repeat of the first.
        for (const auto& transaction : mapping.names())
            if (const auto [first, fresh] = transactions.emplace(transaction, name); !fresh)
                problem(topic.where, "same_name",
                        "the mappings " + first->second + " and " + name + " of this topic both make a `" +
                            transaction + "`, and the second would be taken for a repeat of the first",
                        first->second == name ? "name each mapping once" : "give one of them another `name:`");
    }

    void add_channel(const ChannelConfig& config)
    {
        if (!is_name(config.name)) {
            problem(config.where, "channel_name",
                    "`" + config.name + "`: a channel's name is of a-z, 0-9, - and _, at most 64 letters",
                    "it is part of the URL and of every key");
            return;
        }
        if (is_reserved(config.name)) {
            problem(config.where, "channel_name", "`" + config.name + "` names a secret of Headgate's own",
                    "a channel of that name could share it; choose another name");
            return;
        }
        if (!config.source.empty() && !is_name(config.source))
            problem(
                config.where, "source_name",
                "`" + config.source + "`: a `source` is of a-z, 0-9, - and _, at most 64 letters, as a channel's name",
                "it is part of every key");
        if (config.connector.empty())
            return;
        auto channel = std::make_unique<Channel>(config);
        channel->source = config.source.empty() ? config.name : config.source;
        channel->zone = config.zone.empty() ? made_->deployment.zone : config.zone;
        channel->connector = connector(config.connector, config.where);
        if (!channel->connector)
            return;
        channel->hook_url = made_->deployment.public_url + "/hooks/" + config.name;
        channel->order_by = order_by(config.order_by);
        channel->window = std::chrono::duration_cast<std::chrono::seconds>(channel->connector->config.identity.window);
        if (config.remember)
            channel->window = std::chrono::duration_cast<std::chrono::seconds>(*config.remember);
        const auto& signature = channel->connector->config.signature;
        if (config.receive && channel->connector->feeds.empty())
            problem(config.where, "no_feeds", "the connector " + config.connector + " does not say what its files are",
                    "give it `feeds`, or remove `receive`");
        if (config.receive)
            take_folder(config);
        if (config.receive && config.receive->upload && (!signature.needs_secret() || config.secret.empty()))
            problem(config.where, "upload_unsigned", "files are taken by HTTP, and nothing says who may send them",
                    "give the channel a `secret`, and its connector a `signature`, a token in a header for one");
        if (!signature.given() && !trying_out_ && !config.poll && !config.receive && !config.sqs)
            problem(config.where, "no_signature",
                    "the connector " + config.connector + " does not say yet how its webhooks are signed",
                    "so none could be told from a forgery; `headgate test` runs its cases all the same");
        if (signature.signs_url() && made_->deployment.public_url.empty())
            problem(
                config.where, "public_url_missing",
                "the vendor of channel `" + config.name + "` signs the URL, and nothing says what it was told",
                "give `public_url` in headgate.yaml: https://host as the vendor has it, without /hooks/" + config.name);
        for (const auto& pattern : config.topics)
            if (!channel->connector->topics.empty() &&
                std::ranges::none_of(channel->connector->topics,
                                     [&](const auto& topic) { return fits(pattern, topic.first); }))
                problem(config.where, "unknown_topic",
                        "`" + pattern + "` fits no topic of the connector " + config.connector,
                        list_of(channel->connector->topics | std::views::keys));
        channel->settings = settings_document(config.settings);
        if (!config.addresses.empty())
            channel->sources = address_ranges(config.addresses, config.where);
        if (!trying_out_) {
            check_sender(*channel, problems_);
            channel->key_source = key_source(*channel, options_.folder, problems_);
        }
        verifier(*channel);
        api(*channel);
        channel->sqs = sqs_plan(*channel, options_, problems_, options_.secrets_required ? problems_ : notes_);
        made_->channels.emplace(config.name, std::move(channel));
    }

    void take_folder(const ChannelConfig& config)
    {
        std::error_code error;
        const auto folder = fs::weakly_canonical(fs::path(options_.folder) / config.receive->folder, error);
        const auto [taken, fresh] = folders_.emplace(error ? config.receive->folder : folder.string(), config.name);
        if (!fresh)
            problem(config.where, "folder_taken",
                    "the folder " + taken->first + " is read by the channel `" + taken->second + "` already",
                    "give each channel a folder of its own");
    }

    /// A path that is null in the first run is null in all of them.
    void check_polls(const Channel& channel)
    {
        static const auto first_run = connectors::read_json(
            R"({"since":"2026-01-01T00:00:00Z","until":"2026-01-02T00:00:00Z","since_unix":1767225600,)"
            R"("until_unix":1767312000,"cursor":null,"request":null})");
        for (const auto* poll : channel.polls()) {
            const auto& asked = poll->request ? poll->request->path : poll->path;
            const auto path = asked.text({.document = *first_run,
                                          .channel_name = channel.name,
                                          .channel_zone = channel.zone,
                                          .channel_settings = &channel.settings});
            if (path && *path && (*path)->starts_with('/'))
                continue;
            std::string missing;
            for (const auto& [name, is] : channel.connector->config.setup.settings)
                if (!channel.setting(name))
                    missing += (missing.empty() ? "" : ", ") + name;
            problem(channel.config.where, "poll_path_missing",
                    "the poll `" + poll->config.name + "` has no path: it is null, or does not begin with /",
                    missing.empty() ? "" : "settings that the channel does not give: " + missing);
        }
    }

    void api(Channel& channel)
    {
        check_registration(channel, problems_);
        const auto config = api_config(channel, problems_);
        if (!config)
            return;
        auto plan = load_plan(*config, options_.folder, made_->canonical, made_->vocabularies, problems_);
        if (plan->origin.host.empty())
            return problem(channel.config.where, "bad_url", "`" + config->url + "` is no URL of http or https",
                           "of the connector's `api.url` and the channel's settings");
        read_login(plan->config, *plan);
        made_->apis.emplace(config->name, plan);
        channel.api = std::move(plan);
        check_polls(channel);
    }

    connectors::AddressRanges address_ranges(const std::vector<std::string>& texts, const std::string& where)
    {
        auto read = connectors::AddressRanges::read(texts);
        if (read)
            return std::move(*read);
        problem(where, read.error().code, read.error().detail);
        return {};
    }

    void verifier(Channel& channel)
    {
        const auto& signature = channel.connector->config.signature;
        if (!signature.given() || (channel.config.secret.empty() && signature.needs_secret()))
            return;
        auto secrets = read_secrets(channel.config.secret, channel.name, options_);
        if (!secrets) {
            Failure& failure = secrets.error();
            Problem found{place_of(channel.config.where).file,
                          0,
                          0,
                          failure.code,
                          "channel `" + channel.name + "`: " + failure.detail,
                          "the secret is what the vendor signs with"};
            const auto at = place_of(":" + failure.where.config);
            found.line = at.line;
            found.column = at.column;
            (options_.secrets_required ? problems_ : notes_).push_back(std::move(found));
            return;
        }
        if (channel.connector->registration)
            channel.told_secrets = *secrets;
        auto made = signature.verifier(*secrets, channel.connector->config.format);
        if (made) {
            channel.verifier = std::move(*made);
            item_signatures(channel);
            if (signature.postback)
                if (auto postback = connectors::PostbackVerifier::make(*signature.postback))
                    channel.postback = std::move(*postback);
        } else {
            problem(channel.config.where, made.error().code, "channel `" + channel.name + "`: " + made.error().detail);
        }
        for (const auto& config : channel.connector->config.challenges) {
            auto challenge = connectors::Challenge::make(config, *secrets);
            if (challenge)
                channel.challenges.push_back(std::move(*challenge));
            else
                problem(config.where, challenge.error().code,
                        "channel `" + channel.name + "`: " + challenge.error().detail);
        }
    }

    void item_signatures(Channel& channel)
    {
        const auto& recipe = channel.connector->config.signature.item_hmac;
        if (!recipe)
            return;
        auto items = compile_early(recipe->items);
        auto value = compile_early(recipe->value);
        auto covers = mapping::Expression::compile(recipe->covers.text, place_of(recipe->covers.where));
        if (!covers)
            problems_.push_back(std::move(covers.error()));
        else if (items && value)
            channel.item_signatures.emplace(std::move(*items), std::move(*value), std::move(*covers));
    }

    void check_types(const std::vector<std::string>& types, const std::string& where)
    {
        for (const auto& type : types)
            if (type != "*" && made_->canonical.find(type) == nullptr)
                problem(where, "unknown_type", "there is no canonical type `" + type + "`",
                        near_name(type, made_->canonical.names()));
    }

    void check_channels_named(const std::vector<std::string>& channels, const std::string& where)
    {
        for (const auto& channel : channels)
            if (!made_->deployment.channels.contains(channel))
                problem(where, "unknown_channel", "there is no channel `" + channel + "`",
                        list_of(made_->deployment.channels | std::views::keys));
    }

    void check_systems_named(const std::vector<std::string>& systems, const std::string& where)
    {
        for (const auto& system : systems)
            if (!made_->deployment.systems.contains(system))
                problem(where, "unknown_system", "there is no system `" + system + "`",
                        list_of(made_->deployment.systems | std::views::keys));
    }

    /// What would never take anything.
    void check_queue(const QueueConfig& config)
    {
        check_types(config.takes.types, config.where);
        check_channels_named(config.takes.channels, config.where);
        check_systems_named(config.takes.systems, config.where);
        if (!is_name(config.name))
            problem(config.where, "queue_name",
                    "`" + config.name + "`: a queue's name is of a-z, 0-9, - and _, at most 64 letters",
                    "it stands in every letter");
    }

    [[nodiscard]] std::vector<std::string> queue_names() const
    {
        std::vector<std::string> names;
        for (const auto& queue : made_->deployment.queues)
            names.push_back(queue.name);
        return names;
    }

    void add_token(const TokenConfig& config)
    {
        check_types(config.types, config.where);
        check_channels_named(config.channels, config.where);
        for (const auto& queue : config.queues)
            if (const auto& queues = made_->deployment.queues;
                std::ranges::find(queues, queue, &QueueConfig::name) == queues.end())
                problem(config.where, "unknown_queue", "there is no queue `" + queue + "`",
                        near_or_all(queue, queue_names()));
        if (config.name.empty() || config.hash.empty())
            return;  // which has been told
        if (!is_name(config.name) || config.name == admin_name)
            problem(config.where, "token_name",
                    "`" + config.name + "`: a token's name is of a-z, 0-9, - and _, at most 64 letters, and not `" +
                        std::string(admin_name) + "`",
                    "it stands in logs and in the audit log");
        const auto same_name = [&](const Token& token) { return token.caller.name == config.name; };
        if (std::ranges::any_of(made_->tokens, same_name))
            return problem(config.where, "repeated_token", "a token `" + config.name + "` stands here a second time",
                           "a name is one caller's; several hashes are a list");
        Token token{{config.name, config.role, config.machine, {config.channels, config.types, config.queues}},
                    {},
                    expiry_of(config.expires)};
        for (const auto& source : config.hash)
            read_hash_of(config, source, token);
        made_->tokens.push_back(std::move(token));
    }

    void read_hash_of(const TokenConfig& config, const config::SecretSource& source, Token& token)
    {
        const auto told = [&](Problems& into, const std::string& code, const std::string& detail) {
            into.push_back({place_of(config.where).file, source.line, source.column, code,
                            "token `" + config.name + "`: " + detail,
                            "`headgate token add` writes the hash of a new token"});
        };
        const auto text = read_secrets({source}, config.name, options_);
        if (!text)
            return told(options_.secrets_required ? problems_ : notes_, text.error().code, text.error().detail);
        const auto hash = read_hash(text->front());
        if (!hash)
            return told(problems_, "bad_token_hash", "what is read there is no sha256: and 64 hex digits");
        token.hashes.push_back(*hash);
    }

    void add_route(const RouteConfig& config)
    {
        check_types(config.types, config.where);
        check_channels_named(config.channels, config.where);
        check_systems_named(config.to, config.where);
        for (const auto& system : config.to)
            if (const auto plan = made_->systems.find(system); plan != made_->systems.end())
                check_requests(config, *plan->second);
        if (!config.id.empty() && std::ranges::find(made_->routes, config.id, &Route::id) != made_->routes.end())
            problem(config.where, "repeated_id", "a route `" + config.id + "` stands here a second time",
                    "an id names one route in events and logs");
        for (const auto& type : config.types)
            if (const auto* known = made_->canonical.find(type);
                config.coalesce && (known == nullptr || !known->snapshot))
                problem(config.where, "no_snapshot", "`coalesce` would leave tellings of `" + type + "` out",
                        "only snapshots may be; " + snapshots());
        made_->routes.push_back({config.id, config.types, config.channels, config.to, config.coalesce});
    }

    void add_searched(const SearchConfig& config)
    {
        check_types({config.name}, config.where);
        if (const auto* type = made_->canonical.find(config.name))
            for (const auto& field : config.fields)
                if (!has_field(*type, field))
                    problem(config.where, "unknown_search_field",
                            "a " + config.name + " has no field `" + field + "` that is a text or a number",
                            "docs/canonical/" + config.name + ".md lists its fields");
        made_->searched.emplace(config.name, config.fields);
    }

    void add_hold(const HoldConfig& config)
    {
        check_types(config.types, config.where);
        check_channels_named(config.channels, config.where);
        check_systems_named(config.systems, config.where);
        if (!config.id.empty() && !is_name(config.id))
            problem(config.where, "hold_id",
                    "`" + config.id + "`: the id of a rule is of a-z, 0-9, - and _, at most 64 letters",
                    "it stands in what it holds");
        const auto same = [](const HoldRule& rule) -> const std::string& { return rule.config.id; };
        if (!config.id.empty() && std::ranges::find(made_->holds, config.id, same) != made_->holds.end())
            problem(config.where, "repeated_id", "a rule `" + config.id + "` stands here a second time",
                    "an approval counts for the rule of that id");
        std::vector<std::string> queues;
        for (const auto& queue : made_->deployment.queues)
            queues.push_back(queue.name);
        if (queues.empty())
            queues.emplace_back("default");
        if (std::ranges::find(queues, config.approve.queue) == queues.end())
            problem(config.where, "unknown_queue", "there is no queue `" + config.approve.queue + "`",
                    near_or_all(config.approve.queue, queues));
        auto when = compile(config.when);
        if (!when)
            return;
        refuse_lookup(*when, config.when);
        std::vector<const mapping::CanonicalType*> types;
        const bool all = std::ranges::find(config.types, "*") != config.types.end();
        for (const auto& name : all ? made_->canonical.names() : config.types)
            if (const auto* type = made_->canonical.find(name))
                types.push_back(type);
        report(when->not_in_transaction(types));
        made_->holds.push_back({config, std::move(*when)});
    }

    [[nodiscard]] std::string snapshots() const
    {
        auto names = made_->canonical.names();
        std::erase_if(names, [this](const auto& name) { return !made_->canonical.find(name)->snapshot; });
        return list_of(names);
    }

    /// Whether a system has requests for what a route sends it.
    void check_requests(const RouteConfig& route, const HttpSystemPlan& plan)
    {
        const std::string& system = plan.config.name;
        for (const auto& type : route.types)
            if (made_->canonical.find(type) != nullptr && !plan.requests.contains(type))
                problem(route.where, "no_request", "no request file of `" + system + "` applies to " + type,
                        "add one to its `requests`, or leave the type out here");
        if (std::ranges::find(route.types, "*") == route.types.end() || plan.requests.empty())
            return;
        const auto place = place_of(route.where);
        notes_.push_back({place.file, place.line, place.column, "no_request",
                          "this route sends every type to `" + system + "`, which has requests for fewer: " +
                              list_of(plan.requests | std::views::keys) + "; each of another type becomes a letter",
                          "name its `types`"});
    }

    FilesRead read_;
    bool trying_out_ = false;  // connectors without a deployment
    const LoadOptions& options_;
    std::shared_ptr<Configuration> made_;
    std::map<std::string, std::string> folders_;  // that are read, and by which channel
    Problems problems_;
    Problems notes_;
};

}  // namespace

std::vector<const Poll*> Channel::polls() const
{
    std::vector<const Poll*> run;
    if (config.poll && config.poll->enabled && api)
        for (const auto& [name, poll] : connector->polls)
            if (const auto& only = config.poll->only; only.empty() || std::ranges::find(only, name) != only.end())
                if (!poll.report || config.receive)  // a report needs a folder
                    run.push_back(&poll);
    return run;
}

const Topic* Channel::wanted(std::string_view topic) const
{
    const auto found = connector->topics.find(topic);
    if (found == connector->topics.end())
        return nullptr;
    const bool wanted = config.topics.empty() ||
                        std::ranges::any_of(config.topics, [&](const auto& pattern) { return fits(pattern, topic); });
    return wanted ? &found->second : nullptr;
}

const Channel* Configuration::channel_at(std::string_view path) const
{
    constexpr std::string_view hooks = "/hooks/";
    return path.starts_with(hooks) ? channel(path.substr(hooks.size())) : nullptr;
}

bool Channel::in_force(std::size_t secret, std::chrono::system_clock::time_point now) const
{
    if (!connector->config.signature.needs_secret())
        return true;
    const auto& dated = config.secret.at(secret);
    const auto today = std::chrono::floor<std::chrono::seconds>(now);
    return (!dated.from || today >= *dated.from) && (!dated.until || today < *dated.until);
}

std::optional<std::string_view> Channel::setting(std::string_view setting) const
{
    const auto found = config.settings.find(std::string(setting));
    return found == config.settings.end() ? std::nullopt : std::optional<std::string_view>(found->second.text);
}

bool Channel::keeps(std::string_view header) const
{
    return gateway::keeps(connector->config, header);
}

bool Route::matches(std::string_view type, std::string_view channel) const
{
    return std::ranges::any_of(types, [&](const auto& wanted) { return wanted == "*" || wanted == type; }) &&
           (channels.empty() || std::ranges::find(channels, channel) != channels.end());
}

bool Configuration::at_most_once(std::string_view system, std::string_view type) const
{
    const auto plan = systems.find(system);
    if (plan == systems.end())
        return false;
    const auto request = plan->second->requests.find(type);
    return request != plan->second->requests.end() &&
           std::ranges::any_of(request->second.steps(),
                               [](const auto& step) { return step.repeat == mapping::Repeat::never; });
}

bool Configuration::has_parents() const
{
    for (const auto& [name, connector] : connectors)
        for (const auto& [topic, used] : connector->topics)
            if (std::ranges::any_of(used.mappings, [](const auto& mapping) { return mapping->has_parents(); }))
                return true;
    return false;
}

const Channel* Configuration::channel(std::string_view name) const
{
    const auto found = channels.find(std::string(name));
    return found == channels.end() ? nullptr : found->second.get();
}

LoadedConfiguration load_configuration(const LoadOptions& options)
{
    return Loader(options).load();
}

LoadedConfiguration load_channels(const LoadOptions& options, const std::vector<ChannelConfig>& channels)
{
    return Loader(options).load(channels);
}

std::string shipped_folder()
{
    if (const char* named = std::getenv("HEADGATE_SHARE"))
        return named;
    std::error_code error;
    const auto here = fs::read_symlink("/proc/self/exe", error).parent_path();
    for (const auto& candidate : {here / "../../config", here / "../share/headgate"})
        if (fs::is_directory(candidate / "connectors", error))
            return fs::weakly_canonical(candidate, error).string();
    return (here / "../../config").string();
}

}  // namespace headgate::gateway
