#include "gateway/replay_terms.hpp"

#include <boost/json.hpp>

namespace headgate::gateway {

namespace json = boost::json;

SharedTerms shared(ReplayTerms terms)
{
    return terms.empty() ? nullptr : std::make_shared<const ReplayTerms>(std::move(terms));
}

std::string text_of(const ReplayTerms& terms)
{
    if (terms.empty())
        return {};
    json::object out;
    if (!terms.to.empty())
        out["to"] = terms.to;
    if (!terms.nonce.empty())
        out["nonce"] = terms.nonce;
    if (terms.made)
        out["made"] = text_of(*terms.made);
    return json::serialize(out);
}

ReplayTerms read_replay_terms(std::string_view text)
{
    ReplayTerms terms;
    boost::system::error_code error;
    const auto given = json::parse(text, error);
    if (error || !given.is_object())
        return terms;
    const auto said = [&given](std::string_view name) {
        const auto* member = given.get_object().if_contains(name);
        return member != nullptr && member->is_string() ? std::string(member->get_string()) : std::string{};
    };
    terms.to = said("to");
    terms.nonce = said("nonce");
    if (auto made = read_stored_transaction(said("made")))
        terms.made = std::move(*made);
    return terms;
}

}  // namespace headgate::gateway
