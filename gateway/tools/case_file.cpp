#include "gateway/tools/case_file.hpp"

#include <algorithm>
#include <array>
#include <filesystem>

#include "connectors/formats/json.hpp"
#include "connectors/formats/json_text.hpp"
#include "core/suggest.hpp"
#include "core/time_zone.hpp"
#include "gateway/data_folder.hpp"
#include "gateway/tools/document_text.hpp"
#include "gateway/tools/yaml.hpp"

namespace headgate::gateway {

namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 8> case_keys{"input",   "topic",  "headers",        "zone",
                                                    "channel", "expect", "expect_failure", "description"};

class CaseReader {
public:
    explicit CaseReader(std::string file) : file_(std::move(file)) {}

    std::expected<Case, Problems> read(const std::string& connector)
    {
        made_.file = file_;
        made_.name = connector + "/" + fs::path(file_).stem().string();
        auto text = read_file(file_);
        if (!text)
            problems_.push_back({file_, 0, 0, "unreadable", "the file cannot be read", ""});
        else if (const auto root = load_yaml(file_, *text, problems_))
            read_root(*root);
        if (!problems_.empty())
            return std::unexpected(std::move(problems_));
        return std::move(made_);
    }

private:
    void problem(const YAML::Node& node, std::string code, std::string message, std::string hint = {})
    {
        problems_.push_back(problem_at(file_, node, std::move(code), std::move(message), std::move(hint)));
    }

    template <class Names>
    bool know(const YAML::Node& node, const Names& names, const std::string& what)
    {
        if (!node.IsMap()) {
            problem(node, "wrong_kind", what + " is a mapping");
            return false;
        }
        for (const auto& entry : node)
            if (const std::string& key = entry.first.Scalar(); std::ranges::find(names, key) == std::end(names))
                problem(entry.first, "unknown_key", "`" + key + "` is no key of " + what, did_you_mean(key, names));
        return true;
    }

    std::string word(const YAML::Node& node, const std::string& key)
    {
        if (node.IsScalar())
            return node.Scalar();
        problem(node, "wrong_kind", "`" + key + "` is a text");
        return {};
    }

    std::string required(const YAML::Node& node, const std::string& key, const std::string& hint = {})
    {
        if (node[key])
            return word(node[key], key);
        problem(node, "missing_key", "`" + key + "` must be given here", hint);
        return {};
    }

    void read_root(const YAML::Node& root)
    {
        if (!know(root, case_keys, "a case"))
            return;
        const std::string input = required(root, "input", "the body, a path from the folder of this file");
        made_.input = (fs::path(file_).parent_path() / input).lexically_normal().string();
        made_.topic = required(root, "topic", "what the vendor says happened");
        if (root["headers"])
            read_headers(root["headers"]);
        if (root["zone"])
            read_zone(root["zone"]);
        if (const auto channel = root["channel"];
            channel && know(channel, std::array{"zone", "settings"}, "`channel`")) {
            if (channel["zone"])
                read_zone(channel["zone"]);
            if (channel["settings"])
                read_settings(channel["settings"]);
        }
        if (root["expect"] && root["expect_failure"])
            return problem(root["expect_failure"], "wrong_value", "a case expects transactions or a failure, not both");
        if (root["expect_failure"])
            return read_failure(root["expect_failure"]);
        made_.says_nothing = !root["expect"] || root["expect"].IsNull();
        if (made_.says_nothing)
            return;
        if (!root["expect"].IsSequence())
            return problem(root["expect"], "wrong_kind", "`expect` is a list of transactions", "[] means filtered");
        for (const auto& expected : root["expect"])
            read_expected(expected);
    }

    void read_headers(const YAML::Node& headers)
    {
        if (headers.IsNull())
            return;
        if (!headers.IsMap())
            return problem(headers, "wrong_kind", "`headers` is a mapping of names to values");
        for (const auto& header : headers)
            made_.headers.emplace_back(header.first.Scalar(), word(header.second, header.first.Scalar()));
    }

    void read_zone(const YAML::Node& zone)
    {
        made_.channel.zone = word(zone, "zone");
        if (zone.IsScalar() && !is_zone(made_.channel.zone))
            problem(zone, "unknown_zone", "there is no time zone `" + made_.channel.zone + "`",
                    "an IANA name such as Europe/Berlin, UTC, or an offset such as +02:00");
    }

    void read_settings(const YAML::Node& settings)
    {
        if (!settings.IsMap())
            return problem(settings, "wrong_kind", "`settings` is names and their values, as in {company: 1}");
        for (const auto& setting : settings)
            if (const std::string& name = setting.first.Scalar(); setting.second.IsScalar())
                made_.channel.settings[name] = config::setting_of(setting.second.Scalar(), setting.second.Tag() != "?");
            else
                problem(setting.second, "wrong_kind", "`" + name + "` is a text, a number, true or false");
    }

    void read_failure(const YAML::Node& node)
    {
        constexpr std::array keys{"code", "where"};
        if (!know(node, keys, "`expect_failure`"))
            return;
        ExpectedFailure failure;
        failure.code = required(node, "code");
        if (node["where"])
            failure.where = word(node["where"], "where");
        made_.failure = std::move(failure);
    }

    void read_expected(const YAML::Node& node)
    {
        constexpr std::array keys{"type", "entity", "id", "version", "depends_on", "fields"};
        if (!know(node, keys, "an expected transaction"))
            return;
        ExpectedTransaction expected;
        expected.type = required(node, "type");
        expected.entity = required(node, "entity");
        expected.id = node["id"] ? word(node["id"], "id") : expected.entity;
        if (node["version"] && !node["version"].IsNull())
            expected.version = word(node["version"], "version");
        if (node["depends_on"])
            expected.depends_on = word(node["depends_on"], "depends_on");
        if (node["fields"] && node["fields"].IsMap())
            expected.fields = document_of(node["fields"]);
        else
            problem(node, "missing_key", "`fields` must be given here, as a mapping");
        made_.expect.push_back(std::move(expected));
    }

    std::string file_;
    Case made_;
    Problems problems_;
};

std::string expectation(const Trial& trial)
{
    if (trial.failure) {
        std::string out = "expect_failure:\n  code: " + trial.failure->failure.code + "\n";
        if (const auto& where = trial.failure->failure.where.document; !where.empty())
            out += "  where: " + yaml_scalar(where) + "\n";
        return out;
    }
    if (trial.made.empty())
        return "expect: []\n";
    std::string out = "expect:\n";
    for (const auto& [mapping, transaction] : trial.made) {
        out += "  - type: " + yaml_scalar(transaction.type) + "\n    entity: " + yaml_scalar(transaction.entity) +
               "\n    id: " + yaml_scalar(transaction.id) + "\n";
        if (const auto version = text_of(transaction.version))
            out += "    version: " + (connectors::json_number(*version) ? *version : yaml_scalar(*version)) + "\n";
        if (!transaction.parents.empty())
            out += "    depends_on: " + yaml_scalar(text_of(transaction.parents)) + "\n";
        const auto fields = connectors::read_json(transaction.json);
        if (fields && (*fields)[fields->root()].count > 0)
            out += "    fields:\n" + yaml_lines(*fields, fields->root(), 6);
        else
            out += "    fields: {}\n";
    }
    return out;
}

/// Whether a line belongs to no key: it is blank, or a comment that starts it.
bool stands_alone(std::string_view line)
{
    return line.empty() || line.front() == '#' || line.find_first_not_of(" \t\r") == std::string_view::npos;
}

}  // namespace

std::expected<Case, Problems> read_case(const std::string& file, const std::string& connector)
{
    return CaseReader(file).read(connector);
}

std::optional<std::string> with_expectation(const std::string& text, const Trial& trial)
{
    std::vector<std::string_view> lines;
    for (std::size_t at = 0; at < text.size();) {
        const auto end = std::min(text.find('\n', at), text.size());
        lines.push_back(std::string_view(text).substr(at, end - at));
        at = end + 1;
    }
    const auto is_key = [](std::string_view line) {
        return !stands_alone(line) && line.front() != ' ' && line.front() != '-' && line.find(':') != std::string::npos;
    };
    const auto begin = std::ranges::find_if(lines, [&](std::string_view line) {
        return is_key(line) && (line.starts_with("expect:") || line.starts_with("expect_failure:"));
    });
    if (begin == lines.end() && (lines.empty() || std::ranges::none_of(lines, is_key)))
        return std::nullopt;
    auto end = begin == lines.end() ? begin : std::find_if(begin + 1, lines.end(), is_key);
    while (end != begin && stands_alone(*(end - 1)) && end - 1 != begin)
        --end;  // comments of what follows stay

    std::string out;
    const auto append = [&](auto from, auto to) {
        for (; from != to; ++from)
            out.append(*from).append("\n");
    };
    append(lines.begin(), begin);
    out += expectation(trial);
    append(end, lines.end());
    return out;
}

}  // namespace headgate::gateway
