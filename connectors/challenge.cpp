#include "connectors/challenge.hpp"

#include <algorithm>

#include "connectors/formats/form.hpp"
#include "core/ascii.hpp"
#include "core/hash.hpp"

namespace headgate::connectors {

namespace {

constexpr std::size_t longest_challenge = 512;
constexpr std::size_t longest_proven = 64;
constexpr std::size_t longest_ping = 2048;  // bytes of a form with one field

/// What proves that we know the secret: an HMAC or hash over what `signed` names, where {challenge} is the challenge.
struct ProofConfig {
    HmacRecipe recipe;
    std::string covers = "{challenge}";

    void describe(config::Schema& schema)
    {
        recipe.describe_key(schema);
        using Encoding = DetachedSignature::Encoding;
        schema.choice("encoding", recipe.encoding, {{"base64", Encoding::base64}, {"hex", Encoding::hex}},
                      "How the proof is written.");
        schema.field("signed", covers, "What is signed: text with {challenge} {url} {secret} {setting:NAME}.");
        recipe.signed_bytes = {filled_in(covers, [](std::string_view name) {
            return name == "challenge" ? std::optional<std::string>("{body}") : std::nullopt;
        })};
        if (const auto templates = recipe.templates(); schema.reading() && !templates)
            schema.problem("signed", templates.error().code, templates.error().detail);
    }
};

bool printable(std::string_view text)
{
    return !text.empty() && text.size() <= longest_challenge &&
           std::ranges::all_of(text, [](char letter) { return letter >= ' ' && letter <= '~'; });
}

/// What a proof is given for: anybody may ask, and with other letters could have the body of an event signed.
bool provable(std::string_view text)
{
    return text.size() <= longest_proven && text.find_first_not_of("0123456789abcdef-") == std::string_view::npos;
}

/// As it stands in a text of JSON.
std::string json_escaped(std::string_view text)
{
    std::string escaped;
    for (const char letter : text) {
        if (letter == '"' || letter == '\\')
            escaped += '\\';
        escaped += letter;
    }
    return escaped;
}

bool among(std::string_view given, const std::vector<std::string>& secrets)
{
    bool found = false;
    for (const auto& secret : secrets)
        found = same_bytes(view(sha256(given)), view(sha256(secret))) || found;
    return found;
}

}  // namespace

std::string filled_in(std::string_view text,
                      const std::function<std::optional<std::string>(std::string_view name)>& value)
{
    std::string made;
    while (!text.empty()) {
        if (text.starts_with("{{")) {
            made += '{';
            text.remove_prefix(2);
            continue;
        }
        const auto close = text.find('}');
        if (text.front() == '{' && close != std::string_view::npos) {
            const auto name = text.substr(1, close - 1);
            if (auto found = value(name))
                made += *found;
            else
                made += text.substr(0, close + 1);
            text.remove_prefix(close + 1);
            continue;
        }
        made += text.front();
        text.remove_prefix(1);
    }
    return made;
}

namespace {

/// The first {name} of a text that nothing is put in for; what is no word, as in JSON, stays as it is.
std::string unknown_name(std::string_view text, std::initializer_list<std::string_view> known)
{
    std::string unknown;
    filled_in(text, [&](std::string_view name) -> std::optional<std::string> {
        const bool word =
            !name.empty() && std::ranges::all_of(name, [](char letter) { return is_letter(letter) || letter == '_'; });
        if (word && std::ranges::find(known, name) == known.end() && unknown.empty())
            unknown = name;
        return std::nullopt;
    });
    return unknown;
}

}  // namespace

void ChallengeConfig::describe(config::Schema& schema)
{
    schema.choice("method", method, {{"GET", Method::get}, {"POST", Method::post}}, "How the vendor asks.");
    schema.field("parameter", parameter, "GET: the parameter of the URL with the challenge.");
    schema.field("field", field,
                 "POST: the form's one field. A request with a signature is an event and no challenge.");
    schema.field("token_parameter", token_parameter, "GET: the parameter that must be one of the channel's secrets.");
    ProofConfig proving;
    schema.section("proof", proving, "What {proof} is in the answer.");
    if (schema.given("proof"))
        proof = std::move(proving.recipe);
    schema.field("answer", answer, "What is answered: text with {challenge} {proof} {setting:NAME}.");
    schema.field("content_type", content_type, "Of the answer; in application/json what is put in is escaped.");
    if (!schema.reading())
        return;
    if (parameter.empty() != (method == Method::post) || field.empty() != (method == Method::get))
        schema.problem("", "challenge_place",
                       "a challenge by GET stands in a `parameter` of the URL, one by POST in a `field` of a form",
                       "{ parameter: hub.challenge } or { method: POST, field: webhook_id }");
    if (const auto name = unknown_name(answer, {"challenge", "proof"}); !name.empty())
        schema.problem("answer", "signed_template",
                       "`answer` has {" + name + "}, and knows {challenge} {proof} {setting:NAME}");
    if (answer.contains("{proof}") && !proof)
        schema.problem("answer", "proof_missing", "`answer` has {proof}, and nothing says how it is made",
                       "for example proof: { encoding: hex }");
}

void AnswerConfig::describe(config::Schema& schema)
{
    schema.field("status", status, {200, 299}, "The status of the answer.");
    schema.field("body", body, "The body: text with {event} {now}; {{ is a brace.");
    schema.field("content_type", content_type, "Of the body.");
    if (const auto name = unknown_name(body, {"event", "now"}); schema.reading() && !name.empty())
        schema.problem("body", "signed_template", "`body` has {" + name + "}, and knows {event} {now}");
}

Result<Challenge> Challenge::make(ChallengeConfig config, const std::vector<std::string>& secrets)
{
    Challenge made;
    if (config.proof) {
        auto proof = HmacVerifier::make(*config.proof, secrets);
        if (!proof)
            return std::unexpected(std::move(proof.error()));
        made.proof_ = std::move(*proof);
    }
    made.config_ = std::move(config);
    made.secrets_ = secrets;
    return made;
}

std::optional<Result<std::string>> Challenge::answer(const SignedRequest& request) const
{
    const auto refused = [](std::string detail) {
        return Result<std::string>(fail(FailureClass::auth, "challenge_refused", std::move(detail)));
    };
    std::optional<std::string> challenge;
    if (config_.method == ChallengeConfig::Method::get) {
        if (request.method != "GET")
            return std::nullopt;
        challenge = form_field(request.query, config_.parameter);
    } else if (request.method == "POST" && request.body.size() <= longest_ping) {
        const auto fields = form_fields(request.body);
        if (fields.size() == 1 && fields.front().first == config_.field)
            challenge = fields.front().second;
    }
    if (!challenge)
        return std::nullopt;
    if (!printable(*challenge))
        return refused("the challenge is no text of 1 to 512 printable characters");
    if (proof_ && !provable(*challenge))
        return refused("the challenge is not of 1 to 64 of 0-9 a-f and -, for which alone a proof is given");
    if (!config_.token_parameter.empty() &&
        !among(form_field(request.query, config_.token_parameter).value_or(""), secrets_))
        return refused("the parameter " + config_.token_parameter + " is none of the channel's secrets");

    std::string proof;
    if (proof_) {
        SignedRequest proving = request;
        proving.body = *challenge;
        auto written = proof_->written_mac(proving);
        if (!written)
            return Result<std::string>(std::unexpected(std::move(written.error())));
        proof = std::move(*written);
    }
    const bool json = config_.content_type.contains("json");
    return Result<std::string>(filled_in(config_.answer, [&](std::string_view name) -> std::optional<std::string> {
        std::optional<std::string> value;
        if (name == "challenge")
            value = *challenge;
        else if (name == "proof")
            value = proof;
        else if (name.starts_with("setting:"))
            if (const auto setting = request.setting ? request.setting(name.substr(8)) : std::nullopt)
                value = std::string(*setting);
        return value && json ? json_escaped(*value) : value;
    }));
}

}  // namespace headgate::connectors
