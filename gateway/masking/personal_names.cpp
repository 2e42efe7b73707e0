#include "gateway/masking/personal_names.hpp"

#include <algorithm>
#include <array>
#include <span>

#include "core/ascii.hpp"

namespace headgate::gateway {

namespace {

// In small letters, words joined. What ends in the words of one is one, too: `billing_city`, `receiptEmail`.
constexpr std::string_view contact[]{"email",
                                     "emailaddress",
                                     "mail",
                                     "phone",
                                     "phonenumber",
                                     "telephone",
                                     "telephonenumber",
                                     "tel",
                                     "mobile",
                                     "mobilephone",
                                     "mobilenumber",
                                     "cell",
                                     "cellphone",
                                     "fax",
                                     "faxnumber",
                                     "firstname",
                                     "lastname",
                                     "middlename",
                                     "givenname",
                                     "familyname",
                                     "surname",
                                     "fullname",
                                     "displayname",
                                     "maidenname",
                                     "nickname",
                                     "companyname",
                                     "businessname",
                                     "attention",
                                     "attn",
                                     "contactname",
                                     "contactperson",
                                     "customername",
                                     "buyername",
                                     "recipientname",
                                     "consigneename",
                                     "shippername",
                                     "sendername",
                                     "receivername",
                                     "signedby",
                                     "birthday",
                                     "birthdate",
                                     "dateofbirth",
                                     "dob",
                                     "username",
                                     "login",
                                     "browserip",
                                     "ip",
                                     "ipaddress",
                                     "taxid",
                                     "vatid",
                                     "vatnumber",
                                     "ssn",
                                     "nationalid",
                                     "passportnumber",
                                     "customernote",
                                     "giftmessage"};
constexpr std::string_view address[]{"address",
                                     "address1",
                                     "address2",
                                     "address3",
                                     "addressline",
                                     "addressline1",
                                     "addressline2",
                                     "addressline3",
                                     "street",
                                     "street1",
                                     "street2",
                                     "streetaddress",
                                     "streetname",
                                     "streetnumber",
                                     "housenumber",
                                     "housenumberorname",
                                     "apartment",
                                     "city",
                                     "town",
                                     "locality",
                                     "village",
                                     "suburb",
                                     "zip",
                                     "zip4",
                                     "zipcode",
                                     "postcode",
                                     "postalcode",
                                     "postal",
                                     "latitude",
                                     "longitude",
                                     "lat",
                                     "lng",
                                     "lon",
                                     "coordinates",
                                     "geolocation",
                                     "pobox",
                                     "formattedaddress"};
constexpr std::string_view payment[]{"cardnumber",
                                     "pan",
                                     "cvc",
                                     "cvv",
                                     "cvv2",
                                     "securitycode",
                                     "iban",
                                     "bic",
                                     "swift",
                                     "bban",
                                     "accountnumber",
                                     "bankaccount",
                                     "routingnumber",
                                     "sortcode",
                                     "cardholder",
                                     "cardholdername",
                                     "holdername",
                                     "nameoncard",
                                     "ownername",
                                     "accountholder",
                                     "accountholdername",
                                     "creditcardnumber",
                                     "ccnumber",
                                     "encryptedcardnumber"};

// These only as they stand: `tracking_company` is no person.
constexpr std::string_view exactly_contact[]{"name", "company", "contact", "recipient"};
constexpr std::string_view exactly_address[]{"line1", "line2", "line3", "formatted", "geo"};

/// What has a name that is no person's.
constexpr std::string_view things[]{
    "lineitem",   "lineitems",    "item",          "items",         "line",
    "lines",      "orderline",    "orderlines",    "product",       "products",
    "variant",    "variants",     "taxline",       "taxlines",      "tax",
    "taxes",      "shippingline", "shippinglines", "discountcodes", "discountapplications",
    "coupon",     "couponlines",  "feelines",      "fees",          "noteattributes",
    "properties", "property",     "options",       "attributes",    "attribute",
    "metafields", "images",       "categories",    "tags",          "courier",
    "carrier",    "service",      "plan",          "field",         "fields",
    "param",      "params",       "location",      "warehouse",     "store",
    "metadata",   "rates"};
constexpr std::string_view cards[]{"card", "creditcard", "debitcard", "paymentcard", "ccdetails"};
/// Within these, other things stand beside what is personal.
constexpr std::string_view mixed[]{"address", "company", "contact", "recipient", "customernote", "bankaccount", "ip"};

/// The words of a name in small letters; a number belongs to the word before it.
std::vector<std::string> words_in(std::string_view name)
{
    std::vector<std::string> words;
    bool begin = true;
    for (std::size_t i = 0; i < name.size(); ++i) {
        const char letter = name[i];
        if (!is_letter(letter) && !is_digit(letter)) {
            begin = true;
            continue;
        }
        const bool upper = letter >= 'A' && letter <= 'Z';
        const bool after_lower = i > 0 && ((name[i - 1] >= 'a' && name[i - 1] <= 'z') || is_digit(name[i - 1]));
        const bool before_lower = i + 1 < name.size() && name[i + 1] >= 'a' && name[i + 1] <= 'z';
        const bool after_upper = i > 0 && name[i - 1] >= 'A' && name[i - 1] <= 'Z';
        if ((begin && !(is_digit(letter) && !words.empty())) ||
            (upper && (after_lower || (after_upper && before_lower))))
            words.emplace_back();
        begin = false;
        words.back() += upper ? static_cast<char>(letter | 0x20) : letter;
    }
    return words;
}

std::string joined(std::span<const std::string> words)
{
    std::string all;
    for (const auto& word : words)
        all += word;
    return all;
}

bool one_of(std::span<const std::string_view> list, std::string_view name)
{
    return std::ranges::find(list, name) != list.end();
}

}  // namespace

std::vector<std::string_view> PersonalNames::groups()
{
    return {"contact", "address", "payment"};
}

PersonalNames::PersonalNames(const std::vector<std::string>& groups)
{
    for (const auto& group : groups) {
        contact_ = contact_ || group == "contact";
        payment_ = payment_ || group == "payment";
        if (group == "contact")
            names_.insert(std::begin(contact), std::end(contact));
        else if (group == "address")
            names_.insert(std::begin(address), std::end(address));
        else if (group == "payment")
            names_.insert(std::begin(payment), std::end(payment));
    }
}

bool PersonalNames::has(std::string_view name, std::string_view inside) const
{
    const auto words = words_in(name);
    const auto all = joined(words);
    if (contact_ && one_of(exactly_contact, all))
        return all != "name" || !one_of(things, joined(words_in(inside)));
    if (payment_ && all == "number" && one_of(cards, joined(words_in(inside))))
        return true;
    if (names_.contains("address") && one_of(exactly_address, all))
        return true;
    for (std::size_t last = 1; last <= std::min<std::size_t>(4, words.size()); ++last) {
        const auto ending = joined(std::span(words).last(last));
        if (names_.contains(ending) || (ending.ends_with('s') && names_.contains(ending.substr(0, ending.size() - 1))))
            return true;
    }
    return false;
}

bool PersonalNames::whole(std::string_view name)
{
    const auto words = words_in(name);
    return !one_of(mixed, joined(words)) && (words.empty() || !one_of(mixed, words.back()));
}

}  // namespace headgate::gateway
