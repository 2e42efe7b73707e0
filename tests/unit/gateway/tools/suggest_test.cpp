#include "gateway/tools/suggest.hpp"

#include <cstdlib>

#include <gmock/gmock.h>

#include "connectors/formats/json.hpp"
#include "gateway/tools/name_words.hpp"
#include "mapping/mapping.hpp"
#include "tests/unit/gateway/tools/tools_fixture.hpp"

namespace headgate::gateway {

namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class SuggestTest : public ToolsTest {
protected:
    SuggestTest() : canonical_(*mapping::Canonical::load(folder_ + "/canonical")) {}

    std::string draft(std::initializer_list<const char*> samples)
    {
        Samples from;
        for (const auto* sample : samples)
            from.documents.push_back(*connectors::read_json(sample));
        from.from = "a.json";
        return suggested_mapping(*canonical_.find("thing"), vocabularies_, from);
    }

    mapping::Canonical canonical_;
    mapping::Vocabularies vocabularies_;
};

constexpr const char* sample = R"({"Number":7,"Status":"OPEN","createdAt":"2026-11-02T15:30:00Z","currency":"EUR",
    "totalPrice":"5.50","shippingAddress":{"City":"Utrecht","zip":"3511"},"tags":["x"],
    "items":[{"id":1,"net":"2.50","color":"red"}]})";

TEST(NameWordsTest, NamesInEveryCaseHaveTheSameWords)
{
    EXPECT_EQ(words_of("shippingAddress"), words_of("ship_to"));
    EXPECT_EQ(words_of("createdAt"), words_of("placed_at"));
    EXPECT_EQ(words_of("zip"), words_of("postal_code"));
    EXPECT_EQ(words_of("address_1"), words_of("line1"));
    EXPECT_EQ(words_of("SKU"), words_of("sku"));
    EXPECT_EQ(likeness(words_of("email"), words_of("phone")), 0);
    EXPECT_GT(likeness(words_of("total"), words_of("total_price")), 0.6);
}

TEST_F(SuggestTest, PlacesByNameShapeAndValueAndSaysWhatItCouldNot)
{
    const auto text = draft({sample});

    EXPECT_THAT(text, HasSubstr("transaction: thing\n# TODO entity"));
    EXPECT_THAT(text, HasSubstr("  number: .Number | string\n"));
    EXPECT_THAT(text, HasSubstr("  state: .Status | lower\n"));
    EXPECT_THAT(text, HasSubstr("  made_at: .createdAt | timestamp\n"));
    EXPECT_THAT(text, HasSubstr("let:\n  currency: .currency\n"));
    EXPECT_THAT(text, HasSubstr("  # perhaps: total: .totalPrice | money($currency)\n"));
    EXPECT_THAT(text,
                HasSubstr("  ship_to:\n    city: .shippingAddress.City\n    postal_code: .shippingAddress.zip\n"));
    EXPECT_THAT(text,
                HasSubstr("  lines:\n    each: .items\n    fields:\n      line_id: .id | string\n      net: .net | "
                          "money($currency)\n"));
    EXPECT_THAT(text, HasSubstr("#   fields without a source: secret_note\n"));
    EXPECT_THAT(text, HasSubstr("#   members of the samples that nothing takes: .tags[], .items[].color\n"));
}

TEST_F(SuggestTest, ADraftDoesNotLoadUntilWhatIsToDoIsDone)
{
    const auto load = [&](const std::string& text) {
        return mapping::Mapping::load(mapping::SourceFile{"draft.yaml", text}, canonical_, vocabularies_);
    };
    const std::string text = draft({sample});

    EXPECT_FALSE(load(text));
    std::string done = text;
    done.replace(done.find("# TODO entity"), std::string("# TODO entity").size(), "entity: thing/{.Number}\n#");
    const auto loaded = load(done);
    EXPECT_TRUE(loaded) << (loaded ? "" : text_of(loaded.error().front())) << done;
}

TEST_F(SuggestTest, WhatIsRequiredAndNowhereIsToDo)
{
    EXPECT_THAT(draft({R"({"color":"red","tags":[1]})"}), HasSubstr("  # TODO number: required"));
}

TEST_F(SuggestTest, SeveralSamplesAreLaidOverEachOther)
{
    const auto text = draft({R"({"number":"1","state":"open"})", R"({"number":2,"state":"elsewhere"})"});

    EXPECT_THAT(text, HasSubstr("  number: .number | string\n"));
    EXPECT_THAT(text, HasSubstr("  # perhaps: state: .state | lookup(TABLE)\n"));
}

TEST_F(SuggestTest, AVocabularyThatHasEveryWordIsNamed)
{
    vocabularies_.add({.name = "state.acme", .entries = {{"P", "open"}, {"C", "closed"}}});

    EXPECT_THAT(draft({R"({"number":"1","state":"P"})"}),
                HasSubstr("# perhaps: state: .state | lookup(\"state.acme\")\n"));
}

TEST_F(SuggestTest, AWrapperIsTheConnectorsDocument)
{
    EXPECT_THAT(draft({R"({"order":{"number":"1","state":"open"}})"}),
                HasSubstr("say `document: .order` in connector.yaml"));
}

TEST_F(SuggestTest, WholeNumbersMayBeMinorUnits)
{
    const auto text = draft({R"({"number":"1","currency":"EUR","total":3900,"items":[{"id":1,"net":"50"}]})"});

    EXPECT_THAT(text, HasSubstr("  # perhaps: total: .total | minor($currency)\n"));
    EXPECT_THAT(text, HasSubstr("      # perhaps: net: .net | minor($currency)\n"));
    EXPECT_THAT(
        draft({R"({"number":"1","currency":"EUR","total":3900})", R"({"number":"1","currency":"EUR","total":1.5})"}),
        HasSubstr("  total: .total | money($currency)\n"));
}

TEST_F(SuggestTest, AnObjectOfMoneyIsItsAmountAndAPercentageBesideItIsNone)
{
    EXPECT_THAT(draft({R"({"number":"1","currency":"EUR",
                           "items":[{"id":"a","value":"10.00","net":{"amount":"2.50","currency":"EUR"}}]})"}),
                HasSubstr("      net: .net.amount | money($currency)\n"));
    EXPECT_THAT(draft({R"({"number":"1","currency":"EUR","total_value":"10.00",
                           "price":{"value":"2.50","currency":"EUR"}})"}),
                Not(HasSubstr("total: .total_value")));
}

TEST_F(SuggestTest, TheEntityIsTheThingsOwnIdAndNotTheEvents)
{
    const auto entity = [&](const char* sample) {
        const auto text = draft({sample});
        const auto at = text.find("KIND/{") + 6;
        return text.substr(at, text.find('}', at) - at);
    };

    EXPECT_EQ(entity(R"({"id":"evt_1","type":"thing.made","shop":{"id":1},"data":{"thingId":7,"thingNumber":8}})"),
              ".data.thingId");
    EXPECT_EQ(entity(R"({"event_id":"evt_1","thing":{"number":7,"net":"1.00"}})"), ".thing.number");
    EXPECT_EQ(entity(R"({"customer_id":1,"id":7,"thing_number":8})"), ".id");
    EXPECT_EQ(entity(R"({"event_id":"evt_1"})"), ".event_id");
}

TEST_F(SuggestTest, EveryMemberIsPlacedProposedOrListed)
{
    // What was found for an object that turned out to hold nothing sure is proposed, or it is free again.
    const auto text = draft({R"({"number":"1","state":"open","shipping":{"town":"Utrecht","note":"x"},
                                 "items":[{"sku":"a"}],"id":7,"updated_at":"2026-11-02T15:30:00Z"})"});

    EXPECT_THAT(text, HasSubstr(".shipping.town"));
    EXPECT_THAT(text, HasSubstr("#   members of the samples that nothing takes: .shipping.note, .items[]\n"));
    EXPECT_THAT(text, HasSubstr("perhaps KIND/{.id}"));
    EXPECT_THAT(text, HasSubstr("# perhaps: version: .updated_at | timestamp\n"));
}

TEST_F(SuggestTest, TotalsAreFoundByTheirPartsWhateverTheyHold)
{
    const char* source = std::getenv("HEADGATE_SOURCE");
    const auto shipped = *mapping::Canonical::load(std::string(source != nullptr ? source : ".") + "/config/canonical");
    const auto order = [&](const char* sample) {
        Samples samples;
        samples.documents.push_back(*connectors::read_json(sample));
        return suggested_mapping(*shipped.find("sales_order"), vocabularies_, samples);
    };

    const auto minor = order(R"({"currency":"EUR","totals":{"subtotal":{"amount":3097,"currency":"EUR"},
        "discount":{"amount":250,"currency":"EUR"},"shipping":{"amount":490,"currency":"EUR"},
        "tax":{"amount":563,"currency":"EUR"},"total":{"amount":3900,"currency":"EUR"}}})");
    EXPECT_THAT(minor, HasSubstr("  # TODO perhaps: totals:\n"));
    EXPECT_THAT(minor, HasSubstr("perhaps: items_gross: .totals.subtotal.amount | minor($currency)\n"));
    EXPECT_THAT(minor, HasSubstr("perhaps: discounts: .totals.discount.amount | minor($currency)\n"));
    EXPECT_THAT(minor, HasSubstr("perhaps: shipping: .totals.shipping.amount | minor($currency)\n"));
    EXPECT_THAT(minor, HasSubstr("perhaps: tax: .totals.tax.amount | minor($currency)\n"));
    EXPECT_THAT(minor, HasSubstr("perhaps: grand_total: .totals.total.amount | minor($currency)\n"));

    const auto major = order(R"({"currency":"EUR","shipping":"4.90","tax":"5.68","total":"35.58"})");
    EXPECT_THAT(major, HasSubstr("  totals:\n"));
    EXPECT_THAT(major, HasSubstr("    shipping: .shipping | money($currency)\n"));
    EXPECT_THAT(major, HasSubstr("    grand_total: .total | money($currency)\n"));
}

TEST_F(SuggestTest, DraftsFromWhereTheDocumentStands)
{
    Samples samples;
    samples.documents.push_back(*connectors::read_json(R"({"id":"evt_1","data":{"number":"1","state":"open"}})"));
    samples.starts.push_back(samples.documents[0].member(samples.documents[0].root(), "data"));
    samples.document = ".data";

    const auto text = suggested_mapping(*canonical_.find("thing"), vocabularies_, samples);

    EXPECT_THAT(text, HasSubstr("# `.` is the connector's `document: .data`.\n"));
    EXPECT_THAT(text, HasSubstr("  number: .number\n"));
    EXPECT_THAT(text, Not(HasSubstr("evt_1")));
    EXPECT_THAT(text, HasSubstr("#   members of the samples that nothing takes: none\n"));
}

}  // namespace

}  // namespace headgate::gateway
