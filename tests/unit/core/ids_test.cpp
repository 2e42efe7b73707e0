#include "core/ids.hpp"

#include <set>

#include <gtest/gtest.h>

#include "core/encoding.hpp"
#include "core/envelope.hpp"

namespace headgate {

namespace {

TEST(HashTest, PartsAreToldApartByTheirLengths)
{
    EXPECT_NE(hash_parts({"ab", "c"}), hash_parts({"a", "bc"}));
    EXPECT_NE(hash_parts({"a", ""}), hash_parts({"a"}));
}

TEST(HashTest, PartsAreHashedWithTheirLengthInFrontBigEndian)
{
    // SHA-256 of 00000001 61 00000002 6263, by `printf '\0\0\0\1a\0\0\0\2bc' | sha256sum`.
    EXPECT_EQ(to_hex(hash_parts({"a", "bc"})), "b534ce16ac9c8b36823f39a395ce8e0e3c7ad9605b82b5444f18cadacd217a5d");
    EXPECT_EQ(to_hex(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(HashTest, BodiesThatDifferInOneBitHaveOtherDigestsInBothHalves)
{
    std::string body(8192, 'a');
    const auto digest = body_digest(body);
    // XXH3_128bits of nothing with seed 0, as `xxhsum -H2 /dev/null` prints it.
    EXPECT_EQ(to_hex(body_digest("")).substr(0, 32), "99aa06d3014798d86001c324468d497f");
    for (const std::size_t at : {0U, 4096U, 8191U}) {
        body[at] = 'c';
        const auto other = body_digest(body);
        EXPECT_NE(to_hex(other).substr(0, 32), to_hex(digest).substr(0, 32));
        EXPECT_NE(to_hex(other).substr(32), to_hex(digest).substr(32));
        body[at] = 'a';
    }
    EXPECT_EQ(body_digest(body), digest);
}

TEST(EventIdTest, IsAUuidOfVersion7WithItsTimeInFront)
{
    const auto at = std::chrono::system_clock::time_point{std::chrono::milliseconds{0x0123456789ab}};
    const auto text = EventId::make(at).text();

    EXPECT_EQ(text.substr(0, 15), "01234567-89ab-7");
    EXPECT_NE(std::string("89ab").find(text[19]), std::string::npos);
    EXPECT_EQ(EventId::parse(text)->text(), text);
}

TEST(EventIdTest, IsNeverMadeTwice)
{
    std::set<EventId> ids;
    const auto now = std::chrono::system_clock::now();
    for (int i = 0; i < 100'000; ++i)
        ids.insert(EventId::make(now));
    EXPECT_EQ(ids.size(), 100'000U);
}

TEST(EventIdTest, OtherTextsAreRefused)
{
    for (const auto* text : {"", "01234567-89ab-7000-8000-00000000000", "01234567x89ab-7000-8000-000000000000",
                             "g1234567-89ab-7000-8000-000000000000"})
        EXPECT_FALSE(EventId::parse(text)) << text;
}

TEST(EffectKeyTest, ChangesWithEveryPartOfItAndWithNothingElse)
{
    const Slot slot{"sales_order", ""};
    const EffectKey key("shop", "orders/create", "e1", slot, "ledger");
    EXPECT_EQ(key, EffectKey("shop", "orders/create", "e1", slot, "ledger"));
    const std::set<std::string> others{
        EffectKey("shop2", "orders/create", "e1", slot, "ledger").text(),
        EffectKey("shop", "orders/updated", "e1", slot, "ledger").text(),
        EffectKey("shop", "orders/create", "e2", slot, "ledger").text(),
        EffectKey("shop", "orders/create", "e1", {"refund", ""}, "ledger").text(),
        EffectKey("shop", "orders/create", "e1", {"sales_order", "/lines/0"}, "ledger").text(),
        EffectKey("shop", "orders/create", "e1", slot, "odoo").text(),
        EffectKey("shop", "orders/create", "e1", slot, "ledger", "again").text(),
        key.text()};
    EXPECT_EQ(others.size(), 8U);
}

TEST(EncodingTest, Base64IsStrict)
{
    EXPECT_EQ(to_base64("hi"), "aGk=");
    EXPECT_EQ(from_base64("aGk="), "hi");
    EXPECT_EQ(from_base64(""), "");
    for (std::size_t size = 0; size < 40; ++size)
        EXPECT_EQ(from_base64(to_base64(std::string(size, '\xfe'))), std::string(size, '\xfe'));
    for (const auto* text : {"aGk", "aG=k", "aGl=", "aGk=\n", "a-k=", "====", " aGk"})
        EXPECT_FALSE(from_base64(text)) << text;
}

TEST(EncodingTest, HexTakesBothCases)
{
    EXPECT_EQ(from_hex("00fFaB"), std::string("\x00\xff\xab", 3));
    EXPECT_FALSE(from_hex("0"));
    EXPECT_FALSE(from_hex("0g"));
}

TEST(EnvelopeTest, ComesBackAsItWasStored)
{
    Envelope envelope;
    envelope.event = EventId::make(std::chrono::system_clock::now());
    envelope.source = "shop";
    envelope.channel = "shop-eu";
    envelope.topic = "orders/create";
    envelope.idempotency_key = "evt-1";
    envelope.order_key = "450789469";
    envelope.conflict_of = "x";
    envelope.received_at = std::chrono::system_clock::time_point{std::chrono::milliseconds{1'790'000'000'123}};
    envelope.headers = {{"x-topic", "a"}, {"x-empty", ""}};
    envelope.body = std::string("\0binary\xff", 8) + std::string(10'000, 'a');

    const auto bytes = encode(envelope);
    const auto back = decode_envelope(bytes);

    ASSERT_TRUE(back);
    EXPECT_LT(bytes.size(), 500U) << "the body is packed";
    EXPECT_EQ(back->event, envelope.event);
    EXPECT_EQ(back->order_key, "450789469");
    EXPECT_EQ(back->conflict_of, "x");
    EXPECT_EQ(back->received_at, envelope.received_at);
    EXPECT_EQ(back->headers, envelope.headers);
    EXPECT_EQ(back->body, envelope.body);
    EXPECT_EQ(decode_envelope_head(bytes)->body, "");
}

TEST(EnvelopeTest, WhatPeopleDidStandsBesideWhatCame)
{
    Envelope envelope;
    envelope.body = "{}";
    for (const auto& [edits, imported] : {std::pair{"", ""}, {"[1]", ""}, {"", "{}"}, {"[1]", "{}"}}) {
        envelope.edits = edits;
        envelope.imported = imported;
        const auto back = decode_envelope(encode(envelope));
        ASSERT_TRUE(back) << edits << imported;
        EXPECT_EQ(back->edits, edits);
        EXPECT_EQ(back->imported, imported);
        EXPECT_EQ(back->body, "{}");
    }
}

TEST(EnvelopeTest, BytesCutAnywhereAreRefusedAndNeverReadBeyond)
{
    Envelope envelope;
    envelope.source = "shop";
    envelope.headers = {{"a", "b"}};
    envelope.body = "{}";
    const auto bytes = encode(envelope);
    for (std::size_t size = 0; size < bytes.size(); ++size)
        EXPECT_FALSE(decode_envelope(bytes.substr(0, size))) << size;
    EXPECT_FALSE(decode_envelope("\x02" + bytes.substr(1))) << "another version";
    EXPECT_FALSE(decode_envelope("\x04" + bytes.substr(1))) << "one that is to come";
    EXPECT_FALSE(decode_envelope(bytes, 1)) << "a body above the limit";
}

}  // namespace

}  // namespace headgate
