#include "gateway/tools/suggest.hpp"

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
        std::vector<Document> documents;
        for (const auto* sample : samples)
            documents.push_back(*connectors::read_json(sample));
        return suggested_mapping(*canonical_.find("thing"), vocabularies_, documents, "a.json");
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

}  // namespace

}  // namespace headgate::gateway
