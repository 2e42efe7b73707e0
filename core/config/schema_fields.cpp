// The values a description names: texts, numbers, durations, sizes, addresses, secrets, choices.

#include <algorithm>
#include <charconv>
#include <system_error>
#include <utility>

#include "core/config/schema_inside.hpp"
#include "core/decimal.hpp"
#include "core/suggest.hpp"
#include "core/time.hpp"

namespace headgate::config {

/// The text of a scalar member, or nothing; writes the line in the other modes, where `now` is the value as YAML.
std::optional<std::string> Schema::scalar(std::string_view key, std::string_view doc, std::string_view type,
                                          const std::string& now)
{
    frame_->known.emplace(key);
    if (state_.mode == Mode::reference) {
        state_.out +=
            state_.path + std::string(key) + "\t" + std::string(type) + "\t" + now + "\t" + std::string(doc) + "\n";
        return std::nullopt;
    }
    if (state_.mode == Mode::show) {
        if (!now.empty())
            state_.out += space(state_.indent) + yaml_quoted(key) + ": " + now + "\n";
        return std::nullopt;
    }
    const Member* member = frame_->find(key);
    if (member == nullptr || member->value.IsNull())
        return std::nullopt;
    if (!member->value.IsScalar()) {
        Access::report(state_, member->file, member->value.Mark(), "wrong_kind",
                       "`" + std::string(key) + "` is " + std::string(type) + ", this is " + kind_of(member->value));
        return std::nullopt;
    }
    const auto before = state_.problems.size();
    auto text = Access::insert(state_, member->value.Scalar(), member->file, member->value.Mark());
    if (text.empty() && state_.problems.size() == before)
        frame_->blank.emplace(key);
    return text;
}

void Schema::field(std::string_view key, std::string& value, std::string_view doc)
{
    if (auto text = scalar(key, doc, "text", yaml_quoted(value)))
        value = std::move(*text);
}

void Schema::field(std::string_view key, std::optional<std::string>& value, std::string_view doc)
{
    if (auto text = scalar(key, doc, "text", yaml_quoted(value.value_or(""))))
        value = std::move(*text);
}

void Schema::field(std::string_view key, PlacedText& value, std::string_view doc)
{
    if (auto text = scalar(key, doc, "text", yaml_quoted(value.text)))
        value = {std::move(*text), where(key)};
}

void Schema::field(std::string_view key, PlacedTree& value, std::string_view doc)
{
    frame_->known.emplace(key);
    if (state_.mode == Mode::reference)
        state_.out += state_.path + std::string(key) + "\tany\t\t" + std::string(doc) + "\n";
    if (given(key))
        value.where = where(key);
}

void Schema::field(std::string_view key, bool& value, std::string_view doc)
{
    if (const auto text = scalar(key, doc, "true or false", value ? "true" : "false")) {
        if (*text != "true" && *text != "false")
            problem(key, "wrong_kind", "`" + std::string(key) + "` is true or false");
        value = *text == "true";
    }
}

void Schema::field(std::string_view key, std::int64_t& value, Range range, std::string_view doc)
{
    const auto text = scalar(key, doc, "whole number", std::to_string(value));
    if (!text)
        return;
    std::int64_t parsed = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), parsed);
    if (error != std::errc{} || end != text->data() + text->size() || parsed < range.least || parsed > range.most)
        problem(key, "out_of_range",
                "`" + std::string(key) + "` is a whole number from " + std::to_string(range.least) + " to " +
                    std::to_string(range.most));
    else
        value = parsed;
}

void Schema::field(std::string_view key, Duration& value, std::pair<Duration, Duration> range, std::string_view doc)
{
    const auto text = scalar(key, doc, "duration", text_of(value));
    if (!text)
        return;
    const auto parsed = parse_duration(*text);
    if (!parsed)
        problem(key, "wrong_kind", "`" + std::string(key) + "` is a duration", "for example 500ms, 15m, 2d");
    else if (*parsed < range.first || *parsed > range.second)
        problem(key, "out_of_range",
                "`" + std::string(key) + "` is from " + text_of(range.first) + " to " + text_of(range.second));
    else
        value = *parsed;
}

void Schema::field(std::string_view key, std::optional<Duration>& value, std::pair<Duration, Duration> range,
                   std::string_view doc)
{
    if (reading() && !given(key)) {
        frame_->known.emplace(key);
        return;
    }
    if (!reading() && !value) {
        scalar(key, doc, "duration", "");
        return;
    }
    const auto before = state_.problems.size();
    Duration duration = value.value_or(range.first);
    field(key, duration, range, doc);
    if (reading() && !frame_->find(key)->value.IsNull() && state_.problems.size() == before)
        value = duration;
}

void Schema::field(std::string_view key, Size& value, std::pair<Size, Size> range, std::string_view doc)
{
    const auto text = scalar(key, doc, "size", text_of(value));
    if (!text)
        return;
    const auto parsed = parse_size(*text);
    if (!parsed)
        problem(key, "wrong_kind", "`" + std::string(key) + "` is a size", "for example 64KiB, 8MiB, 2GiB");
    else if (*parsed < range.first || *parsed > range.second)
        problem(key, "out_of_range",
                "`" + std::string(key) + "` is from " + text_of(range.first) + " to " + text_of(range.second));
    else
        value = *parsed;
}

void Schema::field(std::string_view key, std::optional<Rate>& value, std::string_view doc)
{
    const auto text = scalar(key, doc, "rate", value ? std::to_string(value->per_second) + "/s" : "");
    if (!text)
        return;
    if (const auto parsed = parse_rate(*text))
        value = *parsed;
    else
        problem(key, "wrong_kind", "`" + std::string(key) + "` is a rate", "for example 100/s");
}

void Schema::field(std::string_view key, Endpoint& value, std::string_view doc)
{
    const auto text = scalar(key, doc, "address:port", yaml_quoted(value.text()));
    if (!text)
        return;
    if (const auto parsed = parse_endpoint(*text))
        value = *parsed;
    else
        problem(key, "wrong_kind", "`" + std::string(key) + "` is an IP address and a port",
                "an address, not a name: 127.0.0.1:8080, 0.0.0.0:8080 or [::1]:8080");
}

void Schema::field(std::string_view key, std::vector<std::string>& value, std::string_view doc)
{
    frame_->known.emplace(key);
    if (!reading()) {
        std::string now;
        for (const auto& item : value)
            now += (now.empty() ? "[" : ", ") + yaml_quoted(item);
        scalar(key, doc, "list of texts", now.empty() ? now : now + "]");
        return;
    }
    const Member* member = frame_->find(key);
    if (member == nullptr || member->value.IsNull())
        return;
    value.clear();
    const auto take = [&](const YAML::Node& node) {
        const auto before = state_.problems.size();
        auto text = Access::insert(state_, node.Scalar(), member->file, node.Mark());
        if (text.empty() && state_.problems.size() == before)
            Access::report(state_, member->file, node.Mark(), "empty_text",
                           "`" + std::string(key) + "` is a list of texts, and this one is empty");
        value.push_back(std::move(text));
    };
    if (member->value.IsScalar())
        return take(member->value);
    if (!member->value.IsSequence()) {
        problem(key, "wrong_kind", "`" + std::string(key) + "` is a list of texts");
        return;
    }
    for (const auto& item : member->value) {
        if (!item.IsScalar())
            Access::report(state_, member->file, item.Mark(), "wrong_kind",
                           "`" + std::string(key) + "` is a list of texts, this item is " + kind_of(item));
        else
            take(item);
    }
}

void Schema::field(std::string_view key, Settings& value, std::string_view doc)
{
    frame_->known.emplace(key);
    if (!reading()) {
        std::string now;
        for (const auto& [name, setting] : value)
            now += (now.empty() ? "{" : ", ") + yaml_quoted(name) + ": " +
                   (setting.kind == Setting::Kind::text ? in_quotes(setting.text) : setting.text);
        scalar(key, doc, "names and values", now.empty() ? now : now + "}");
        return;
    }
    const Member* member = frame_->find(key);
    if (member == nullptr || member->value.IsNull())
        return;
    if (!member->value.IsMap())
        return problem(key, "wrong_kind", "`" + std::string(key) + "` is names and their values, as in {company: 1}");
    value.clear();
    for (const auto& entry : member->value) {
        const std::string& name = entry.first.Scalar();
        if (!entry.second.IsScalar())
            Access::report(state_, member->file, entry.second.Mark(), "wrong_kind",
                           "`" + name + "` is a text, a number, true or false; this is " + kind_of(entry.second));
        else if (value.contains(name))
            Access::report(state_, member->file, entry.first.Mark(), "repeated_key",
                           "`" + name + "` stands here a second time");
        else
            value[name] = setting_of(Access::insert(state_, entry.second.Scalar(), member->file, entry.second.Mark()),
                                     entry.second.Tag() != "?");
    }
}

void Schema::field(std::string_view key, SecretSources& value, std::string_view doc, Generated generated)
{
    frame_->known.emplace(key);
    if (!reading()) {
        scalar(key, doc, "secret", state_.mode == Mode::show && !value.empty() ? "•••" : "");
        return;
    }
    const Member* member = frame_->find(key);
    if (member == nullptr || member->value.IsNull())
        return;
    value.clear();
    const auto take = [&](const YAML::Node& node) {
        const auto refuse = [&](std::string message) {
            Access::report(state_, member->file, node.Mark(), "secret_in_file", std::move(message),
                           "write env:NAME or file:PATH; the secret itself never stands in the configuration");
        };
        SecretSource source;
        std::string text;
        if (node.IsScalar()) {
            text = node.Scalar();
        } else if (node.IsMap() && generated == Generated::allowed) {
            for (const auto& entry : node) {
                const std::string& name = entry.first.Scalar();
                const std::string said = entry.second.IsScalar() ? entry.second.Scalar() : "";
                if (name == "secret") {
                    text = said;
                } else if (const auto time = parse_timestamp(said); time && (name == "from" || name == "until")) {
                    (name == "from" ? source.from : source.until) =
                        std::chrono::sys_seconds{std::chrono::seconds{time->seconds}};
                } else {
                    return Access::report(
                        state_, member->file, entry.first.Mark(), "wrong_secret",
                        name == "from" || name == "until"
                            ? "`" + name + "` is a time with its offset, and `" + said + "` is none"
                            : "a secret with dates has `secret`, `from` and `until`, and no `" + name + "`",
                        "{ secret: env:NEW, from: 2026-12-01T00:00:00Z, until: 2027-12-01T00:00:00Z }");
                }
            }
        } else {
            return refuse("`" + std::string(key) + "` is a secret or a list of them");
        }
        source.line = node.Mark().line + 1;
        source.column = node.Mark().column + 1;
        if (text.starts_with("env:")) {
            source.kind = SecretSource::Kind::env;
            source.name = text.substr(4);
        } else if (text.starts_with("file:")) {
            source.kind = SecretSource::Kind::file;
            source.name = text.substr(5);
        } else if (text == "generated" && generated == Generated::refused) {
            return Access::report(state_, member->file, node.Mark(), "generated_secret",
                                  "`" + std::string(key) + "` cannot be generated: the other side has to know it",
                                  "write env:NAME or file:PATH; `generated` is for a channel's secret");
        } else if (text == "generated") {
            source.kind = SecretSource::Kind::generated;
        } else {
            return refuse("`" + std::string(key) + "` says where a secret is read, and this is no such place");
        }
        if (source.name.empty() && source.kind != SecretSource::Kind::generated)
            return refuse("`" + std::string(key) + "` names no variable or file");
        value.push_back(std::move(source));
    };
    if (member->value.IsSequence())
        for (const auto& item : member->value)
            take(item);
    else
        take(member->value);
}

std::size_t Schema::choose(std::string_view key, const std::vector<std::string_view>& names, std::size_t now,
                           std::string_view doc)
{
    std::string all;
    for (const auto name : names)
        all += (all.empty() ? "" : " | ") + std::string(name);
    const auto text = scalar(key, doc, all, std::string(names[now]));
    if (!text)
        return now;
    const auto found = std::ranges::find(names, *text);
    if (found == names.end()) {
        problem(key, "unknown_choice", "`" + std::string(key) + "` is one of " + all, did_you_mean(*text, names));
        return now;
    }
    return static_cast<std::size_t>(found - names.begin());
}

}  // namespace headgate::config
