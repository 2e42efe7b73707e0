#include "gateway/api/openapi.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <stdexcept>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <boost/json.hpp>

#include "gateway/api/described.hpp"
#include "gateway/api/shapes.hpp"
#include "gateway/tools/codes.hpp"

namespace headgate::gateway::api {

namespace {

constexpr std::string_view lines_of = "lines of ";

struct Descriptions {
    std::map<std::string, YAML::Node> routes;
    Shapes shapes;
};

Descriptions read_descriptions()
{
    Descriptions all;
    for (std::size_t i = 0; i < embedded::source_count; ++i)
        for (const auto& entry : YAML::Load(embedded::sources[i].body)) {
            const auto name = entry.first.Scalar();
            if (!name.contains(' '))
                all.shapes.add(name, entry.second);
            else if (!all.routes.emplace(name, entry.second).second)
                throw std::logic_error("the route `" + name + "` is described twice");
        }
    return all;
}

std::string key_of(const Route& route)
{
    return fmt::format("{} {}", route.method, route.path);
}

bool is_name(std::string_view word)
{
    return !word.empty() && word.front() >= 'A' && word.front() <= 'Z';
}

/// The words of a path.
std::vector<std::string> words_of(std::string_view path)
{
    std::vector<std::string> words;
    while (!path.empty()) {
        const auto end = std::min(path.find('/'), path.size());
        words.emplace_back(path.substr(0, end));
        path.remove_prefix(std::min(end + 1, path.size()));
    }
    return words;
}

/// The word in a path that stands for a name; empty where none does.
std::string name_in(const Route& route)
{
    const auto words = words_of(route.path);
    const auto found = std::ranges::find_if(words, is_name);
    return found == words.end() ? std::string{} : *found;
}

std::string scalar_of(const YAML::Node& node)
{
    return node && node.IsScalar() ? node.Scalar() : std::string{};
}

void say_mistakes(const Route& route, const YAML::Node& description, std::vector<std::string>& said)
{
    constexpr std::array<std::string_view, 6> keys{"is", "named", "query", "body", "answer", "refusals"};
    const auto say = [&](std::string_view what) { said.push_back(key_of(route) + ": " + std::string(what)); };
    for (const auto& entry : description)
        if (std::ranges::find(keys, entry.first.Scalar()) == keys.end())
            say("`" + entry.first.Scalar() + "` describes nothing");
    if (scalar_of(description["is"]).empty())
        say("`is` does not say what it is");
    if (!description["answer"])
        say("there is no `answer`");
    if (const auto name = name_in(route); name.empty() == bool(description["named"]) ||
                                          (!name.empty() && !scalar_of(description["named"]).starts_with(name + ", ")))
        say("`named` is about the word in capitals of its path, and begins with it");
    if (description["refusals"])
        for (const auto& [status, codes] : description["refusals"].as<std::map<int, std::vector<std::string>>>())
            for (const auto& code : codes)
                if (entries_of(code).empty())
                    say("nothing explains the code `" + code + "`");
}

/// Codes by status that any request to such a route may be refused with.
std::map<int, std::set<std::string>> usual_refusals(const Route& route, const YAML::Node& description)
{
    std::map<int, std::set<std::string>> all{
        {400, {"bad_query", "unknown_parameter"}}, {401, {"token_wrong", "token_expired"}}, {403, {"role_wanted"}}};
    if (route.trait.reach != Reach::asked)
        all[403].insert("scope_wanted");
    if (route.trait.decides)
        all[403].insert("machine_refused");
    if (route.trait.payload)
        all[400].insert("why_missing");
    if (description["body"] || route.method != "GET")
        all[400].insert("bad_body");
    return all;
}

json::object content_of(std::string_view type, json::value schema)
{
    return {{type, json::object{{"schema", std::move(schema)}}}};
}

class Document {
public:
    json::object make()
    {
        json::object paths;
        for (const auto& route : routes()) {
            std::string path;
            for (const auto& word : words_of(route.path))
                path += is_name(word) ? "/{" + word + "}" : "/" + word;
            auto method = std::string(route.method);
            std::ranges::transform(method, method.begin(), [](char letter) { return letter | 0x20; });
            auto& methods = paths[path];
            if (methods.is_null())
                methods = json::object{};
            methods.as_object()[method] = operation(route, described_.routes.at(key_of(route)));
        }
        return {
            {"openapi", "3.1.0"},
            {"info", json::object{{"title", "The admin API of Headgate"},
                                  {"version", HEADGATE_VERSION},
                                  {"description",
                                   "Answers may get more members than are described here; a "
                                   "request may not have others."}}},
            {"servers", json::array{json::object{{"url", "/api/v1"}}}},
            {"security", json::array{json::object{{"token", json::array{}}}}},
            {"paths", std::move(paths)},
            {"components", json::object{{"securitySchemes",
                                         json::object{{"token", json::object{{"type", "http"}, {"scheme", "bearer"}}}}},
                                        {"schemas", described_.shapes.schemas()}}}};
    }

private:
    json::object operation(const Route& route, const YAML::Node& description) const
    {
        std::string id = key_of(route);
        std::ranges::replace_if(id, [](char letter) { return letter == ' ' || letter == '/' || letter == '.'; }, '_');
        json::object out{{"operationId", id},
                         {"summary", scalar_of(description["is"])},
                         {"description", fmt::format("Takes the role {}.", name_of(route.least))},
                         {"tags", json::array{words_of(route.path).front()}}};
        if (auto all = parameters_of(route, description); !all.empty())
            out["parameters"] = std::move(all);
        if (description["body"])
            out["requestBody"] = json::object{{"content", content(description["body"])}};
        json::object responses{
            {"200", json::object{{"description", "What was asked for."}, {"content", content(description["answer"])}}}};
        for (const auto& [status, codes] : refusals(route, description))
            responses[std::to_string(status)] = refusal(codes);
        responses["default"] = json::object{
            {"description", "It may go better later."},
            {"content", content_of("application/json", json::object{{"$ref", "#/components/schemas/Refusal"}})}};
        out["responses"] = std::move(responses);
        return out;
    }

    json::array parameters_of(const Route& route, const YAML::Node& description) const
    {
        json::array all;
        if (const auto name = name_in(route); !name.empty())
            all.push_back(json::object{{"name", name},
                                       {"in", "path"},
                                       {"required", true},
                                       {"description", scalar_of(description["named"]).substr(name.size() + 2)},
                                       {"schema", json::object{{"type", "string"}}}});
        if (description["query"])
            for (const auto& member : described_.shapes.members(description["query"]))
                all.push_back(json::object{{"name", member.name},
                                           {"in", "query"},
                                           {"required", member.needed},
                                           {"schema", described_.shapes.schema(member.shape)}});
        if (!route.trait.payload)
            return all;
        all.push_back(json::object{{"name", "reveal"},
                                   {"in", "query"},
                                   {"required", false},
                                   {"description", "Shows what is masked, to an operator who says why."},
                                   {"schema", json::object{{"type", "boolean"}}}});
        all.push_back(json::object{{"name", "why"},
                                   {"in", "query"},
                                   {"required", false},
                                   {"schema", json::object{{"$ref", "#/components/schemas/Why"}}}});
        return all;
    }

    json::object content(const YAML::Node& shape) const
    {
        const auto word = scalar_of(shape);
        if (word == "bytes")
            return content_of("application/octet-stream", json::object{});
        if (word.starts_with(lines_of))
            return content_of("application/x-ndjson",
                              described_.shapes.schema(YAML::Node(word.substr(lines_of.size()))));
        return content_of("application/json", described_.shapes.schema(shape));
    }

    static std::map<int, std::set<std::string>> refusals(const Route& route, const YAML::Node& description)
    {
        auto all = usual_refusals(route, description);
        if (description["refusals"])
            for (const auto& [status, codes] : description["refusals"].as<std::map<int, std::vector<std::string>>>())
                all[status].insert(codes.begin(), codes.end());
        return all;
    }

    static json::object refusal(const std::set<std::string>& codes)
    {
        const json::object one_of{
            {"properties", json::object{{"error", json::object{{"enum", json::array(codes.begin(), codes.end())}}}}}};
        return {{"description", fmt::format("`{}`", fmt::join(codes, "`, `"))},
                {"content",
                 content_of("application/json",
                            json::object{{"allOf", json::array{json::object{{"$ref", "#/components/schemas/Refusal"}},
                                                               one_of}}})}};
    }

    Descriptions described_ = read_descriptions();
};

}  // namespace

std::string openapi_document()
{
    if (const auto said = undescribed(routes()); !said.empty())
        throw std::logic_error(fmt::format("{}", fmt::join(said, "; ")));
    return json::serialize(Document().make()) + "\n";
}

std::vector<std::string> undescribed(std::span<const Route> routes)
{
    const auto described = read_descriptions();
    std::vector<std::string> said;
    std::set<std::string> known;
    for (const auto& route : routes) {
        known.insert(key_of(route));
        if (const auto found = described.routes.find(key_of(route)); found == described.routes.end())
            said.push_back(key_of(route) + ": gateway/api/described/ has no description of it");
        else
            say_mistakes(route, found->second, said);
    }
    for (const auto& [key, description] : described.routes)
        if (!known.contains(key))
            said.push_back(key + ": it is described, and there is no such route");
    return said;
}

asio::awaitable<net::Response> show_openapi(const Means&, const Call& call)
{
    static const std::string document = openapi_document();
    if (const auto none = parameters(call.query, {}); !none)
        co_return failed(none.error());
    net::Response response;
    response.content_type = "application/json";
    response.body = document;
    co_return response;
}

}  // namespace headgate::gateway::api
