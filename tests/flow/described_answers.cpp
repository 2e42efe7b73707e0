#include "tests/flow/described_answers.hpp"

#include <algorithm>
#include <map>
#include <vector>

#include <gtest/gtest.h>
#include <valijson/adapters/boost_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

#include "tests/support/headgate_process.hpp"

namespace headgate::test {

namespace {

namespace json = boost::json;

std::vector<std::string_view> words_of(std::string_view path)
{
    std::vector<std::string_view> words;
    for (std::size_t at = 0; at <= path.size();) {
        const auto end = std::min(path.find('/', at), path.size());
        if (end > at)
            words.push_back(path.substr(at, end - at));
        at = end + 1;
    }
    return words;
}

bool leads_to(const std::vector<std::string_view>& words, std::string_view path)
{
    return std::ranges::equal(words, words_of(path), [](std::string_view word, std::string_view wanted) {
        return word == wanted || wanted.starts_with('{');
    });
}

/// What is not described may not be there.
void tighten(json::value& schema)  // NOLINT(misc-no-recursion)
{
    if (auto* list = schema.if_array())
        for (auto& item : *list)
            tighten(item);
    auto* object = schema.if_object();
    if (object == nullptr)
        return;
    const auto* type = object->if_contains("type");
    if (type != nullptr && *type == "object" && object->contains("properties") &&
        !object->contains("additionalProperties"))
        (*object)["additionalProperties"] = false;
    for (auto& member : *object)
        tighten(member.value());
}

}  // namespace

/// The schemas of answers, each made when it is first wanted. valijson knows draft 7 and not 2020-12, which is what
/// OpenAPI 3.1 goes by; the document keeps to what both have.
struct DescribedAnswers::Schemas {
    struct One {
        json::value text;
        valijson::Schema schema;
    };
    std::map<const json::object*, One> made;

    const valijson::Schema& of(const json::object& schema, const json::object& components)
    {
        auto [found, is_new] = made.try_emplace(&schema);
        auto& one = found->second;
        if (!is_new)
            return one.schema;
        one.text = json::object{{"allOf", json::array{schema}}, {"components", components}};
        tighten(one.text);
        valijson::SchemaParser parser(valijson::SchemaParser::kDraft7);
        parser.populateSchema(valijson::adapters::BoostJsonAdapter(one.text), one.schema);
        return one.schema;
    }
};

DescribedAnswers::DescribedAnswers(json::value document)
    : document_(std::move(document.as_object())),
      schemas_(std::make_unique<Schemas>())
{}

DescribedAnswers::~DescribedAnswers() = default;

std::pair<const json::object*, std::string> DescribedAnswers::operation(const std::string& method,
                                                                        std::string_view target) const
{
    constexpr std::string_view below = "/api/v1/";
    target = target.substr(0, target.find('?'));
    if (!target.starts_with(below))
        return {nullptr, {}};
    const auto words = words_of(target.substr(below.size()));
    auto verb = method;
    std::ranges::transform(verb, verb.begin(), [](char letter) { return letter | 0x20; });
    for (const auto& [path, methods] : document_.at("paths").as_object())
        if (leads_to(words, path))
            if (const auto* found = methods.as_object().if_contains(verb))
                return {&found->as_object(), method + " " + std::string(path).substr(1)};
    return {nullptr, {}};
}

std::string DescribedAnswers::wrong(const std::string& method, const std::string& target, int status,
                                    const std::string& body)
{
    const auto [operation, name] = this->operation(method, target);
    if (operation == nullptr || status == 0)
        return {};
    const auto& responses = operation->at("responses").as_object();
    const auto* response = responses.if_contains(std::to_string(status));
    if (response == nullptr && status >= 500)
        response = &responses.at("default");
    if (response == nullptr)
        return name + " answers " + std::to_string(status) + ", which is not described: " + body;
    const auto& content = response->at("content").as_object();
    const auto* described = content.if_contains("application/json");
    if (described != nullptr) {
        boost::system::error_code error;
        const auto answer = json::parse(body, error);
        if (error)
            return name + " answers what is no JSON: " + body;
        valijson::Validator validator;
        valijson::ValidationResults results;
        const auto& components = document_.at("components").as_object();
        if (!validator.validate(schemas_->of(described->at("schema").as_object(), components),
                                valijson::adapters::BoostJsonAdapter(answer), &results)) {
            std::string text = name + " does not answer as described: " + body;
            valijson::ValidationResults::Error found;
            while (results.popError(found)) {
                text += "\n  ";
                for (const auto& step : found.context)
                    text += step;
                text += " " + found.description;
            }
            return text;
        }
    }
    if (status == 200)
        answered_.insert(name);
    return {};
}

DescribedAnswers& described_answers()
{
    static DescribedAnswers answers(json::parse(run_headgate({"schema", "openapi"}).out));
    return answers;
}

namespace {

const bool watching = [] {
    HeadgateProcess::watch([](const auto& method, const auto& target, int status, const auto& body) {
        if (const auto text = described_answers().wrong(method, target, status, body); !text.empty())
            ADD_FAILURE() << text;
    });
    return true;
}();

}  // namespace

}  // namespace headgate::test
