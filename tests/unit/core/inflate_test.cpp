#include "core/inflate.hpp"

#include <zlib.h>

#include <gtest/gtest.h>

namespace headgate {

namespace {

constexpr int gzip = 15 + 16, zlib = 15, bare = -15;

std::string deflated(const std::string& text, int bits)
{
    z_stream stream{};
    EXPECT_EQ(::deflateInit2(&stream, 9, Z_DEFLATED, bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
    std::string out(::deflateBound(&stream, text.size()) + 64, '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream.avail_in = static_cast<uInt>(text.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    EXPECT_EQ(::deflate(&stream, Z_FINISH), Z_STREAM_END);
    out.resize(out.size() - stream.avail_out);
    ::deflateEnd(&stream);
    return out;
}

std::string code_of(const Result<std::string>& result)
{
    return result ? "" : result.error().code;
}

TEST(InflateTest, EveryCodingOfHttpComesBackWhole)
{
    std::string text = "{}";
    for (int i = 0; i < 100'000; ++i)
        text += "row " + std::to_string(i) + "\n";
    for (const auto& [coding, bits] : {std::pair{Inflater::Coding::gzip, gzip},
                                       {Inflater::Coding::deflate, zlib},
                                       {Inflater::Coding::deflate, bare}})
        for (const auto& each : {std::string(), std::string("a"), text}) {
            const auto whole = inflated(deflated(each, bits), coding, text.size());
            ASSERT_TRUE(whole) << bits << " " << whole.error().detail;
            EXPECT_EQ(*whole, each);
        }
    EXPECT_EQ(inflated(deflated("one,", gzip) + deflated("two", gzip), Inflater::Coding::gzip, 100).value(), "one,two")
        << "members may follow each other, RFC 1952";
}

TEST(InflateTest, PieceByPieceIsTheSame)
{
    std::string text;
    for (int i = 0; i < 20'000; ++i)
        text += std::to_string(i * i) + ",";
    for (const auto& [coding, bits] : {std::pair{Inflater::Coding::gzip, gzip},
                                       {Inflater::Coding::deflate, zlib},
                                       {Inflater::Coding::deflate, bare}})
        for (const std::size_t piece : {1U, 7U, 4096U}) {
            const auto bytes = deflated(text, bits);
            Inflater inflater(coding);
            std::string out;
            for (std::size_t at = 0; at < bytes.size(); at += piece)
                ASSERT_TRUE(inflater.feed(std::string_view(bytes).substr(at, piece), out, text.size()));
            EXPECT_TRUE(inflater.whole());
            EXPECT_EQ(out, text);
        }
}

TEST(InflateTest, WhatIsBrokenOrTooLargeIsSaid)
{
    const auto zip = deflated(std::string(1'000'000, 'a'), gzip);
    EXPECT_LT(zip.size(), 2000U);
    EXPECT_EQ(code_of(inflated(zip, Inflater::Coding::gzip, 999'999)), "content_too_large");
    EXPECT_EQ(code_of(inflated(zip, Inflater::Coding::gzip, 1'000'000)), "");
    EXPECT_EQ(code_of(inflated(zip.substr(0, zip.size() - 1), Inflater::Coding::gzip, 1'000'000)),
              "content_coding_broken");
    EXPECT_EQ(code_of(inflated(zip, Inflater::Coding::deflate, 1'000'000)), "content_coding_broken");
    EXPECT_EQ(code_of(inflated("{\"id\":7}", Inflater::Coding::gzip, 1'000'000)), "content_coding_broken");
    EXPECT_EQ(code_of(inflated("", Inflater::Coding::gzip, 10)), "content_coding_broken");
    EXPECT_EQ(code_of(inflated(deflated("a", zlib) + "more", Inflater::Coding::deflate, 100)), "content_coding_broken");
    auto flipped = zip;
    flipped[zip.size() - 6] = static_cast<char>(flipped[zip.size() - 6] ^ 1);
    EXPECT_EQ(code_of(inflated(flipped, Inflater::Coding::gzip, 1'000'000)), "content_coding_broken") << "its checksum";
}

}  // namespace

}  // namespace headgate
