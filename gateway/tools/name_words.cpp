#include "gateway/tools/name_words.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "core/ascii.hpp"

namespace headgate::gateway {

namespace {

/// A word of a vendor's and what it is called here; "" says nothing, two words stand for it where there is a space.
constexpr std::array<std::pair<std::string_view, std::string_view>, 91> synonyms{{
    {"no", "number"},
    {"nr", "number"},
    {"num", "number"},
    {"numbers", "number"},
    {"qty", "quantity"},
    {"count", "quantity"},
    {"amt", "amount"},
    {"price", "amount"},
    {"value", "amount"},
    {"sum", "amount"},
    {"cost", "amount"},
    {"placed", "made"},
    {"created", "made"},
    {"ordered", "made"},
    {"processed", "made"},
    {"requested", "made"},
    {"modified", "changed"},
    {"updated", "changed"},
    {"at", "time"},
    {"date", "time"},
    {"on", "time"},
    {"timestamp", "time"},
    {"gmt", "time"},
    {"title", "name"},
    {"label", "name"},
    {"description", "name"},
    {"shipping", "ship"},
    {"delivery", "ship"},
    {"shipment", "ship"},
    {"billing", "bill"},
    {"invoice", "bill"},
    {"to", ""},
    {"address", ""},
    {"info", ""},
    {"details", ""},
    {"data", ""},
    {"the", ""},
    {"of", ""},
    {"grand", ""},
    {"mail", "email"},
    {"telephone", "phone"},
    {"tel", "phone"},
    {"mobile", "phone"},
    {"buyer", "customer"},
    {"client", "customer"},
    {"consumer", "customer"},
    {"zip", "postal code"},
    {"zipcode", "postal code"},
    {"postcode", "postal code"},
    {"postalcode", "postal code"},
    {"province", "region"},
    {"county", "region"},
    {"address1", "street1"},
    {"line1", "street1"},
    {"street", "street1"},
    {"addressline1", "street1"},
    {"street1", "street1"},
    {"address2", "street2"},
    {"line2", "street2"},
    {"addressline2", "street2"},
    {"town", "city"},
    {"items", "line"},
    {"lines", "line"},
    {"item", "line"},
    {"positions", "line"},
    {"position", "line"},
    {"products", "line"},
    {"entries", "line"},
    {"rows", "line"},
    {"totals", "total"},
    {"subtotal", "line gross"},
    {"discounts", "discount"},
    {"rebate", "discount"},
    {"allowance", "discount"},
    {"taxes", "tax"},
    {"vat", "tax"},
    {"charges", "charge"},
    {"fees", "charge"},
    {"fee", "charge"},
    {"duties", "duty"},
    {"tips", "tip"},
    {"notes", "note"},
    {"comment", "note"},
    {"comments", "note"},
    {"remark", "note"},
    {"status", "state"},
    {"article", "sku"},
    {"curr", "currency"},
    {"ccy", "currency"},
    {"fulfillment", "fulfilment"},
    {"financial", "payment"},
}};

void add(Words& words, const std::string& word)
{
    if (word.empty())
        return;
    const auto known = std::ranges::find(synonyms, word, &std::pair<std::string_view, std::string_view>::first);
    std::string_view said = known == synonyms.end() ? std::string_view(word) : known->second;
    while (!said.empty()) {
        const auto end = std::min(said.find(' '), said.size());
        words.emplace(said.substr(0, end));
        said.remove_prefix(std::min(end + 1, said.size()));
    }
}

}  // namespace

Words words_of(std::string_view name)
{
    std::vector<std::string> split;
    std::string word;
    const auto end_word = [&] {
        // `address_1` is `address1`
        if (!word.empty() && std::ranges::all_of(word, is_digit) && !split.empty())
            split.back() += word;
        else if (!word.empty())
            split.push_back(word);
        word.clear();
    };
    for (std::size_t i = 0; i < name.size(); ++i) {
        const char letter = name[i];
        const bool letter_or_digit = is_upper(letter) || (letter >= 'a' && letter <= 'z') || is_digit(letter) ||
                                     static_cast<unsigned char>(letter) >= 0x80;
        if (!letter_or_digit) {
            end_word();
            continue;
        }
        const bool after_small = i > 0 && !is_upper(name[i - 1]) && !is_digit(name[i - 1]);
        const bool before_small = i + 1 < name.size() && name[i + 1] >= 'a' && name[i + 1] <= 'z' && i > 0;
        if (is_upper(letter) && (after_small || before_small))
            end_word();
        word += lower(letter);
    }
    end_word();
    Words words;
    for (const auto& part : split)
        add(words, part);
    if (words.empty())  // a name of nothing but such words still is one
        words.insert(split.begin(), split.end());
    return words;
}

double likeness(const Words& wanted, const Words& found)
{
    if (wanted.empty() || found.empty())
        return 0;
    if (wanted == found)
        return 1;
    const auto common = static_cast<double>(
        std::ranges::count_if(wanted, [&](const std::string& word) { return found.contains(word); }));
    if (common == 0)
        return 0;
    const auto all = static_cast<double>(wanted.size() + found.size()) - common;
    const double share = common / all;
    // One says more than the other, or each says something of its own.
    const bool holds = common == static_cast<double>(wanted.size()) || common == static_cast<double>(found.size());
    return holds ? 0.5 + 0.4 * share : 0.6 * share;
}

}  // namespace headgate::gateway
