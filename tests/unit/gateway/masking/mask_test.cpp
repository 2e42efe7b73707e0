#include "gateway/masking/mask.hpp"

#include <array>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "tests/unit/gateway/configuration_fixture.hpp"

namespace headgate::gateway {

namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string masked(std::string_view body)
{
    return Mask(HistoryConfig{}).body(body);
}

TEST(MaskTest, MembersAreKnownByNameHoweverItIsWritten)
{
    const PersonalNames names({"contact", "address", "payment"});
    for (const auto* name :
         {"email",      "contact_email", "shopperEmail",     "Phone",     "phoneNumber", "first_name",   "firstName",
          "FirstName",  "first-name",    "shippingAddress1", "address_1", "AddressLine", "billing_city", "ZIP",
          "postalCode", "IPAddress",     "browser_ip",       "iban",      "holderName",  "emails",       "company"})
        EXPECT_TRUE(names.has(name)) << name;
    for (const auto* name : {"capacity", "country", "state", "title", "sku", "tracking_company", "file_name", "id",
                             "zone", "email_marketing_consent", "currency", "note", ""})
        EXPECT_FALSE(names.has(name)) << name;
    EXPECT_TRUE(names.has("name", "billing_details"));
    EXPECT_TRUE(names.has("name"));
    EXPECT_FALSE(names.has("name", "line_items"));
    EXPECT_FALSE(names.has("name", "LineItem"));
    EXPECT_TRUE(names.has("number", "card"));
    EXPECT_FALSE(names.has("number", "order"));
    EXPECT_FALSE(PersonalNames({"address"}).has("email"));
    EXPECT_TRUE(PersonalNames({"address"}).has("city"));
}

TEST(MaskTest, JsonKeepsEveryByteThatIsNotPersonal)
{
    const std::string body = R"( {"id": 820982911946154500, "total": 19.990, "rate": 1e400, "name": "#1001",
  "created_at":"2026-11-02T09:15:30-05:00","tags":["a","ü"],"empty":"","ok":true,"none":null,
  "line_items":[{"name":"Oak gate","sku":"G-1","price":"89.99"}], "state":"paid", "country":"DE"} )";
    EXPECT_EQ(masked(body), body);
}

TEST(MaskTest, JsonLosesWhatIsPersonalAtAnyDepth)
{
    EXPECT_EQ(masked(R"({"customer":{"name":"Maria","address":{"city":"Berlin","country":"DE","zip":10115}}})"),
              R"({"customer":{"name":"•••","address":{"city":"•••","country":"DE","zip":"•••"}}})");
    EXPECT_EQ(masked(R"([{"address":["Main St 1","Berlin"]},{"fullName":{"a":"Maria","b":["S"]}}])"),
              R"([{"address":["•••","•••"]},{"fullName":{"a":"•••","b":["•••"]}}])");
    EXPECT_EQ(masked(R"({"note":"call maria@example.com or +49 30 1234567, card 4111 1111 1111 1111"})"),
              R"({"note":"call ••• or •••, card •••"})");
    EXPECT_EQ(masked(R"({"note_attributes":[{"name":"recipient_email","value":"x"},{"name":"gift","value":"yes"}]})"),
              R"({"note_attributes":[{"name":"recipient_email","value":"•••"},{"name":"gift","value":"yes"}]})");
    EXPECT_EQ(masked(R"({"\u0065mail":"m","n":"maria\u0040example.com","k":4111111111111111})"),
              R"({"\u0065mail":"•••","n":"•••","k":"•••"})");
    EXPECT_EQ(masked(R"({"payload":"{\"email\":\"x\",\"sku\":\"1\"}","url":"https://a.example/?name=Maria&x=1"})"),
              R"({"payload":"{\"email\":\"•••\",\"sku\":\"1\"}","url":"https://a.example/?name=•••&x=1"})");
}

TEST(MaskTest, AFieldIsMaskedByTheNamesOfItsPlace)
{
    const Mask mask{HistoryConfig{}};
    EXPECT_EQ(mask.field("fields.lines[0].sku", R"("A-1")"), R"("A-1")");
    EXPECT_EQ(mask.field("fields.lines[0].net", "1990"), "1990");
    EXPECT_EQ(mask.field("fields.notes", R"("to ann@example.com")"), R"("to •••")");
    EXPECT_EQ(mask.field("ship_to.name", R"("Ann Lee")"), R"("•••")");
    EXPECT_EQ(mask.field("fields.customers[2].ship_to.name", R"("Ann Lee")"), R"("•••")");
    EXPECT_EQ(mask.field("phone", R"("030 1234567")"), R"("•••")");
    EXPECT_EQ(mask.field("fields.ship_to", R"({"name":"Ann Lee","country":"DE"})"), R"({"name":"•••","country":"DE"})");
}

TEST(MaskTest, WhatIsBrokenIsMaskedAsFarAsItGoes)
{
    EXPECT_EQ(masked(R"({"first_name":"Maria","city":"Ber)"), R"({"first_name":"•••","city":"•••)");
    EXPECT_EQ(masked(R"({"first_name":"Maria",}]}}{"city":"Berlin", x)"),
              R"({"first_name":"•••",}]}}{"city":"•••", "•••")");
    EXPECT_EQ(masked(R"({phone: +49 30 1234567})"), R"({phone: •••})");
    EXPECT_EQ(masked("\xef\xbb\xbf{\"city\":\"B\\"), "\xef\xbb\xbf{\"city\":\"•••");
    EXPECT_EQ(masked("<a><City>Berlin<b"), "<a><City>•••<b");
    for (const auto* odd : {"", "{", "[", "\"", "<", "</", "<a", "<![CDATA[", "{\"", "{\"a\\", "=", "&", "%"})
        EXPECT_EQ(masked(odd), odd);
}

/// With a look from each place to the end, these would take hours.
TEST(MaskTest, WhatSomebodySendsToKeepItBusyDoesNot)
{
    const auto repeated = [](std::string_view piece) {
        std::string text;
        while (text.size() < (2U << 20U))
            text += piece;
        return text;
    };
    for (const auto* piece :
         {"=", "a=", "email=", "<", "<a ", "\"", "{", "[\"{\\\"", "@", "a@", "1 ", "DE89 ", "(", "%40", "&"})
        EXPECT_FALSE(masked(repeated(piece)).empty()) << piece;
}

TEST(MaskTest, XmlLosesElementsAndAttributes)
{
    EXPECT_EQ(
        masked(R"(<?xml version="1.0"?><o:Order xmlns:o="urn:x"><o:Name>Maria</o:Name><Item name="Gate" sku="1"/>)"
               R"(<ShipTo city="Berlin" country='DE'><Street> Main St 1</Street></ShipTo>)"
               R"(<Note><![CDATA[mail maria@example.com]]> a&#64;b.example &amp; co</Note></o:Order>)"),
        R"(<?xml version="1.0"?><o:Order xmlns:o="urn:x"><o:Name>•••</o:Name><Item name="Gate" sku="1"/>)"
        R"(<ShipTo city="•••" country='DE'><Street> •••</Street></ShipTo>)"
        R"(<Note><![CDATA[mail •••]]> ••• &amp; co</Note></o:Order>)");
    EXPECT_EQ(
        masked(R"(<f><field name="email">x</field><field name="sku">1</field><property name="city" value="B"/></f>)"),
        R"(<f><field name="email">•••</field><field name="sku">1</field><property name="city" value="•••"/></f>)");
}

TEST(MaskTest, FormsLoseTheirValues)
{
    EXPECT_EQ(
        masked("id=7&customer%5Bfirst_name%5D=Maria&shipping.city=K%C3%B6ln&note=a%40b.example&x"),
        "id=7&customer%5Bfirst_name%5D=%E2%80%A2%E2%80%A2%E2%80%A2&shipping.city=%E2%80%A2%E2%80%A2%E2%80%A2&note="
        "%E2%80%A2%E2%80%A2%E2%80%A2&x");
    EXPECT_THAT(masked("payload=%7B%22email%22%3A%22x%22%7D"), HasSubstr("%E2%80%A2"));
}

TEST(MaskTest, HeadersAreMaskedByNameAndByLooks)
{
    const Mask mask{HistoryConfig{}};
    EXPECT_EQ(mask.value("X-Customer-Email", "x"), "•••");
    EXPECT_EQ(mask.value("X-Shopify-Topic", "orders/create"), "orders/create");
    EXPECT_EQ(mask.value("X-Shopify-Webhook-Id", "01a21452-3cd5-79c5-a3be-07693968c9f8"),
              "01a21452-3cd5-79c5-a3be-07693968c9f8");
    EXPECT_EQ(mask.value("X-Callback", "https://a.example/?phone=1&e=m%40x.example"),
              "https://a.example/?phone=•••&e=•••");
}

TEST(MaskTest, OnlyTheGroupsThatAreWantedAreMaskedByName)
{
    const Mask mask(HistoryConfig{{"address"}});
    EXPECT_EQ(mask.body(R"({"first_name":"Maria","city":"Berlin","note":"m@x.example"})"),
              R"({"first_name":"Maria","city":"•••","note":"•••"})");
}

/// Fifty values of people who do not exist.
struct People {
    std::vector<std::string> all;
    std::string first[5], last[5], email[5], phone[5], street[5], city[5], zip[5], card[5], iban[5], company[5];

    People()
    {
        constexpr std::array names{"Zyanya", "Thorvald", "Ximena", "Kaspian", "Örjan"};
        constexpr std::array families{"Quintrell", "Hasselblom", "Vandermoot", "Okonkwo-Reis", "Žižková"};
        constexpr std::array cards{"4111111111111111", "5555555555554444", "378282246310005", "6011111111111117",
                                   "4000056655665556"};
        constexpr std::array ibans{"DE89370400440532013000", "GB29NWBK60161331926819", "NO9386011117947",
                                   "FR1420041010050500013M02606", "NL91ABNA0417164300"};
        constexpr std::array phones{"+49 30 55512340", "+15556251199", "(555) 625-1184", "555-625-1177", "030 5551236"};
        for (std::size_t i = 0; i < 5; ++i) {
            first[i] = names[i];
            last[i] = families[i];
            email[i] = fmt::format("person{}.x@mail{}.example", i, i);
            phone[i] = phones[i];
            street[i] = fmt::format("{} Wisteria Bend", 4711 + i);
            city[i] = fmt::format("Nether Wallop {}", "abcde"[i]);
            zip[i] = fmt::format("9{}731", i);
            card[i] = cards[i];
            iban[i] = ibans[i];
            company[i] = fmt::format("Halibut & Söhne {}", i);
            for (const auto& one :
                 {first[i], last[i], email[i], phone[i], street[i], city[i], zip[i], card[i], iban[i], company[i]})
                all.push_back(one);
        }
    }
};

std::string escaped_xml(std::string text)
{
    for (auto at = text.find('&'); at != std::string::npos; at = text.find('&', at + 1))
        text.replace(at, 1, "&amp;");
    return text;
}

TEST(MaskTest, NoneOfFiftyValuesIsLeftInWhatVendorsSend)
{
    const People p;
    ASSERT_EQ(p.all.size(), 50U);
    const auto address = [&](std::size_t i) {
        return fmt::format(
            R"({{"first_name":"{}","last_name":"{}","name":"{} {}","company":"{}","address1":"{}","address2":null,"city":"{}","zip":"{}","province":"X","country":"Germany","country_code":"DE","phone":"{}","latitude":52.5{},"longitude":13.3}})",
            p.first[i], p.last[i], p.first[i], p.last[i], p.company[i], p.street[i], p.city[i], p.zip[i], p.phone[i],
            i);
    };
    const auto order = fmt::format(
        R"({{"id":820982911946154500,"name":"#1001","email":"{0}","contact_email":"{0}","phone":"{1}","note":"Ring {2}, or write to {3}; card {4}, {5}",
"customer":{{"id":1,"email":"{0}","first_name":"{6}","last_name":"{7}","default_address":{8}}},"billing_address":{9},"shipping_address":{10},
"note_attributes":[{{"name":"gift_recipient_name","value":"{11} {12}"}},{{"name":"iban","value":"{13}"}}],
"payment_details":{{"credit_card_number":"{14}","credit_card_name":"x"}},"client_details":{{"browser_ip":"192.0.2.77"}},
"line_items":[{{"id":11800000000001,"name":"Oak gate - 60 cm","sku":"GATE-OAK-60","price":"89.99"}}],"landing_site":"/?email={15}&ref=9"}})",
        p.email[0], p.phone[0], p.phone[1], p.email[1], p.card[0], p.iban[0], p.first[0], p.last[0], address(0),
        address(1), address(2), p.first[3], p.last[3], p.iban[1], p.card[1], p.email[2]);
    const auto charge = fmt::format(
        R"({{"id":"evt_1","type":"charge.succeeded","data":{{"object":{{"id":"ch_1","object":"charge","amount":12125,"currency":"eur","receipt_email":"{}",
"billing_details":{{"address":{{"city":"{}","country":"DE","line1":"{}","line2":null,"postal_code":"{}","state":null}},"email":"{}","name":"{} {}","phone":"{}"}},
"payment_method_details":{{"card":{{"brand":"visa","number":"{}","last4":"1111"}},"sepa_debit":{{"iban":"{}"}}}},"shipping":{{"name":"{} {}","address":{{"line1":"{}","city":"{}","postal_code":"{}"}}}},"description":"for {}"}}}}}})",
        p.email[3], p.city[3], p.street[3], p.zip[3], p.email[4], p.first[4], p.last[4], p.phone[3], p.card[2],
        p.iban[2], p.first[3], p.last[3], p.street[4], p.city[4], p.zip[4], p.card[3]);
    std::string xml = R"(<?xml version="1.0"?><Orders xmlns:x="urn:x">)", form = "order=1001";
    const auto encode = [](const std::string& text) {
        std::string out;
        for (const char letter : text)
            out += letter == ' ' ? "+" : fmt::format("%{:02X}", static_cast<unsigned char>(letter));
        return out;
    };
    for (std::size_t i = 0; i < 5; ++i) {
        xml += fmt::format(
            R"(<x:Order id="{}"><Buyer email="{}"><FirstName>{}</FirstName><LastName>{}</LastName><Company>{}</Company></Buyer>)"
            R"(<ShipTo><Street>{}</Street><City>{}</City><PostalCode>{}</PostalCode><Country>DE</Country></ShipTo>)"
            R"(<Pay><Field name="CardNumber">{}</Field><IBAN>{}</IBAN></Pay><Note><![CDATA[ring {}]]></Note><Item><Name>Oak gate</Name></Item></x:Order>)",
            i, p.email[i], p.first[i], p.last[i], escaped_xml(p.company[i]), p.street[i], p.city[i], p.zip[i],
            p.card[i], p.iban[i], p.phone[i]);
        form += fmt::format(
            "&c[{0}][first_name]={1}&c[{0}][last_name]={2}&c[{0}][email]={3}&c[{0}][phone]={4}"
            "&c[{0}][street]={5}&c[{0}][city]={6}&c[{0}][zip]={7}&c[{0}][company]={8}&text={9}&iban={10}",
            i, encode(p.first[i]), encode(p.last[i]), encode(p.email[i]), encode(p.phone[i]), encode(p.street[i]),
            encode(p.city[i]), encode(p.zip[i]), encode(p.company[i]), encode("card " + p.card[i] + " ok"),
            encode(p.iban[i]));
    }
    xml += "</Orders>";

    for (const auto& body : {order, charge, xml, form, order.substr(0, order.size() - 100), xml.substr(0, 900)}) {
        const auto shown = masked(body);
        EXPECT_NE(shown, body);
        for (const auto& value : p.all) {
            for (const auto& written : {value, escaped_xml(value), encode(value)})
                EXPECT_EQ(shown.find(written), std::string::npos) << written << " in " << shown;
        }
    }
    // What people work with is still there, and what was readable still is.
    for (const auto* kept : {"820982911946154500", "#1001", "GATE-OAK-60", "89.99", "Oak gate - 60 cm", "\"DE\""})
        EXPECT_THAT(masked(order), HasSubstr(kept));
    EXPECT_NO_THROW(boost::json::parse(masked(order)));
    EXPECT_NO_THROW(boost::json::parse(masked(charge)));
    EXPECT_THAT(masked(charge), HasSubstr(R"("amount":12125)"));
    EXPECT_THAT(masked(xml), HasSubstr("<Item><Name>Oak gate</Name></Item>"));
    std::size_t in_bodies = 0;
    for (const auto& value : p.all)
        in_bodies += static_cast<std::size_t>((xml + form).find(escaped_xml(value)) != std::string::npos ||
                                              (xml + form).find(encode(value)) != std::string::npos);
    EXPECT_EQ(in_bodies, 50U) << "all of them are in what was masked";
}

class MaskConfigTest : public ConfigurationTest {};

TEST_F(MaskConfigTest, NamesGroupsThatThereAre)
{
    EXPECT_THAT(load(one_channel + "history: { mask: [contact, address] }\n").configuration->deployment.history.mask,
                ElementsAre("contact", "address"));
    EXPECT_THAT(load(one_channel).configuration->deployment.history.mask, ElementsAre("contact", "address", "payment"));
    EXPECT_THAT(texts(load(one_channel + "history: { mask: [contacts] }\n").problems),
                HasSubstr("2:18: unknown_group: there is no group `contacts` (did you mean `contact`"));
    EXPECT_THAT(codes(load(one_channel + "history: { mask: [] }\n").problems), ElementsAre("empty_list"));
}

}  // namespace

}  // namespace headgate::gateway
