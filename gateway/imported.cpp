#include "gateway/imported.hpp"

#include <array>
#include <utility>

#include <boost/json.hpp>

namespace headgate::gateway {

namespace {

namespace json = boost::json;

auto texts_of(auto& imported)
{
    auto& failure = imported.failure;
    return std::array{std::pair{"letter", &imported.letter},
                      std::pair{"since", &imported.since},
                      std::pair{"stage", &imported.stage},
                      std::pair{"code", &failure.code},
                      std::pair{"detail", &failure.detail},
                      std::pair{"where", &failure.where.document},
                      std::pair{"config", &failure.where.config},
                      std::pair{"cause", &imported.cause},
                      std::pair{"system", &imported.system},
                      std::pair{"type", &imported.type},
                      std::pair{"entity", &imported.entity},
                      std::pair{"order_number", &imported.order_number},
                      std::pair{"who", &imported.who},
                      std::pair{"why", &imported.why},
                      std::pair{"at", &imported.at}};
}

std::string text_in(const json::object& of, std::string_view name)
{
    const auto* found = of.if_contains(name);
    return found != nullptr && found->is_string() ? std::string(found->get_string()) : std::string{};
}

}  // namespace

std::string text_of(const Imported& imported)
{
    json::object out;
    for (const auto& [name, text] : texts_of(imported))
        if (!text->empty())
            out[name] = *text;
    out["class"] = name_of(imported.failure.failure_class);
    if (imported.attempts > 0)
        out["attempts"] = imported.attempts;
    if (imported.maybe_sent)
        out["maybe_sent"] = true;
    json::array deliveries;
    for (const auto& [system, slot] : imported.deliveries)
        deliveries.push_back(json::object{{"system", system}, {"slot", slot}});
    if (!deliveries.empty())
        out["deliveries"] = std::move(deliveries);
    return json::serialize(out);
}

Result<Imported> read_imported(std::string_view text)
{
    const auto unreadable = [] {
        return fail(FailureClass::permanent, "envelope_unreadable",
                    "what is stored of this imported event cannot be read");
    };
    boost::system::error_code error;
    const auto parsed = json::parse(text, error);
    if (error || !parsed.is_object())
        return unreadable();
    const auto& given = parsed.get_object();
    Imported imported;
    for (const auto& [name, into] : texts_of(imported))
        *into = text_in(given, name);
    const auto failure_class = failure_class_of(text_in(given, "class"));
    if (!failure_class || imported.stage.empty() || imported.failure.code.empty())
        return unreadable();
    imported.failure.failure_class = *failure_class;
    if (const auto* attempts = given.if_contains("attempts"))
        imported.attempts = attempts->to_number<std::uint32_t>(error);
    imported.maybe_sent = given.contains("maybe_sent");
    if (const auto* deliveries = given.if_contains("deliveries")) {
        if (!deliveries->is_array())
            return unreadable();
        for (const auto& one : deliveries->get_array()) {
            if (!one.is_object())
                return unreadable();
            imported.deliveries.push_back({text_in(one.get_object(), "system"), text_in(one.get_object(), "slot")});
        }
    }
    return imported;
}

}  // namespace headgate::gateway
