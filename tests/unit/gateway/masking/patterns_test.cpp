#include "gateway/masking/patterns.hpp"

#include <string>

#include <gmock/gmock.h>

namespace headgate::gateway {

namespace {

using Find = std::vector<Span> (*)(std::string_view);

/// What is found, as texts.
std::vector<std::string> found(Find find, std::string_view text)
{
    std::vector<std::string> all;
    for (const auto& [begin, end] : find(text))
        all.emplace_back(text.substr(begin, end - begin));
    return all;
}

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(PatternsTest, FindsEmailsWhereverTheyStand)
{
    EXPECT_THAT(found(emails_in, "maria@example.com"), ElementsAre("maria@example.com"));
    EXPECT_THAT(found(emails_in, "to <m.s+x@mail.example.co.uk>, o'brien@example.com."),
                ElementsAre("m.s+x@mail.example.co.uk", "o'brien@example.com"));
    EXPECT_THAT(found(emails_in, "u=jürgen%40straße.example&x"), ElementsAre("jürgen%40straße.example"));
    for (const auto* none : {"@example.com", "maria@", "a @ b", "5 @ 19.99", "x@y", ""})
        EXPECT_THAT(found(emails_in, none), IsEmpty()) << none;
}

TEST(PatternsTest, FindsCardsByTheirCheckDigit)
{
    for (const auto* card : {"4111111111111111", "4111 1111 1111 1111", "5555-5555-5555-4444", "378282246310005",
                             "6011111111111117", "2223003122003222", "30569309025904"})
        EXPECT_THAT(found(cards_in, std::string("paid with ") + card + ", twice"), ElementsAre(card));
    EXPECT_THAT(found(cards_in, "no 12 4111 1111 1111 1111 77"), ElementsAre("4111 1111 1111 1111"));
    for (const auto* none : {"4111111111111112", "820982911946154500", "6100000000001", "11800000000001",
                             "41111111111111111111111", "1764180000000", "4006381333931"})
        EXPECT_THAT(found(cards_in, none), IsEmpty()) << none;
}

TEST(PatternsTest, FindsPhonesAsPeopleWriteThem)
{
    for (const auto* phone : {"+49 30 1234567", "+15556251199", "+1 (555) 625-1199", "(555) 625-1199", "555-625-1199",
                              "555.625.1199", "1-555-625-1199", "030 1234567", "0170/1234567", "01701234567",
                              "0049301234567", "0049 30 1234567", "+33 1 23 45 67 89", "06 12 34 56 78"}) {
        EXPECT_THAT(found(phones_in, phone), ElementsAre(phone));
        EXPECT_THAT(found(phones_in, std::string("call ") + phone + " on 2026-11-26 please"), ElementsAre(phone));
    }
    for (const auto* none :
         {"2026-11-02T09:15:30-05:00", "2026-11-02 09:15:30", "02.11.2026 09:15", "19.99 20.00 5.00", "0.123456789",
          "gid://shopify/Order/820982911946154500", "820982911946154500", "01a21452-3cd5-79c5-a3be-07693968c9f8",
          "SKU-0123456789", "1001", "12.345.678", "#0301234567", "114-3941689-8772232", "1764180000000"})
        EXPECT_THAT(found(phones_in, none), IsEmpty()) << none;
}

TEST(PatternsTest, FindsBankAccountsByTheirCheckDigits)
{
    for (const auto* iban : {"DE89370400440532013000", "DE89 3704 0044 0532 0130 00", "GB29NWBK60161331926819",
                             "NO9386011117947", "FR14 2004 1010 0505 0001 3M02 606"})
        EXPECT_THAT(found(ibans_in, std::string("from ") + iban + " today"), ElementsAre(iban));
    for (const auto* none : {"DE88370400440532013000", "AB12CDEF", "xDE89370400440532013000"})
        EXPECT_THAT(found(ibans_in, none), IsEmpty()) << none;
}

}  // namespace

}  // namespace headgate::gateway
