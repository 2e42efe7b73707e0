#include "core/decimal.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>

#include "core/currency.hpp"

namespace headgate {
namespace {

/// Schoolbook integers of any length on decimal digits: slow, obvious, and nothing in common with the code under test.
struct Big {
    std::string digits = "0";  // most significant first
    bool negative = false;

    static Big of(std::string text)
    {
        Big big;
        big.negative = text.starts_with('-');
        if (big.negative)
            text.erase(0, 1);
        big.digits = text;
        return big.trimmed();
    }
    Big trimmed()
    {
        const auto first = std::min(digits.find_first_not_of('0'), digits.size() - 1);
        digits.erase(0, first);
        negative = negative && digits != "0";
        return *this;
    }
    static int compare(const std::string& a, const std::string& b)
    {
        if (a.size() != b.size())
            return a.size() < b.size() ? -1 : 1;
        return a.compare(b);
    }
    static std::string add(std::string a, std::string b)
    {
        const std::size_t size = std::max(a.size(), b.size()) + 1;
        a.insert(0, size - a.size(), '0');
        b.insert(0, size - b.size(), '0');
        int carry = 0;
        for (std::size_t i = size; i-- > 0;) {
            const int sum = a[i] - '0' + b[i] - '0' + carry;
            a[i] = static_cast<char>('0' + sum % 10);
            carry = sum / 10;
        }
        return a;
    }
    static std::string subtract(std::string a, std::string b)  // a >= b
    {
        b.insert(0, a.size() - b.size(), '0');
        int borrow = 0;
        for (std::size_t i = a.size(); i-- > 0;) {
            int rest = a[i] - b[i] - borrow;
            borrow = rest < 0 ? 1 : 0;
            a[i] = static_cast<char>('0' + rest + borrow * 10);
        }
        return a;
    }
    friend Big operator+(const Big& a, const Big& b)
    {
        Big sum;
        if (a.negative == b.negative) {
            sum = {add(a.digits, b.digits), a.negative};
        } else {
            const bool a_larger = compare(a.digits, b.digits) >= 0;
            sum = {a_larger ? subtract(a.digits, b.digits) : subtract(b.digits, a.digits),
                   a_larger ? a.negative : b.negative};
        }
        return sum.trimmed();
    }
    friend Big operator*(const Big& a, const Big& b)
    {
        std::string total = "0";
        for (const char digit : b.digits) {
            total += '0';
            for (int i = 0; i < digit - '0'; ++i)
                total = add(total, a.digits);
        }
        return Big{total, a.negative != b.negative}.trimmed();
    }
    /// Quotient and remainder of the sizes.
    static std::pair<std::string, std::string> divide(const std::string& a, const std::string& b)
    {
        std::string quotient;
        std::string rest = "0";
        for (const char digit : a) {
            rest = Big{rest + digit, false}.trimmed().digits;
            char times = '0';
            while (compare(rest, b) >= 0) {
                rest = Big{subtract(rest, b), false}.trimmed().digits;
                ++times;
            }
            quotient += times;
        }
        return {Big{quotient, false}.trimmed().digits, rest};
    }
};

/// An integer and the number of its decimals as the shortest text.
std::string shown(Big big, std::size_t scale)
{
    if (big.digits.size() <= scale)
        big.digits.insert(0, scale + 1 - big.digits.size(), '0');
    std::string text = big.digits;
    if (scale > 0) {
        text.insert(text.size() - scale, ".");
        text.erase(text.find_last_not_of('0') + 1);
        if (text.ends_with('.'))
            text.pop_back();
    }
    return (big.negative && text != "0" ? "-" : "") + text;
}

std::size_t significant(const std::string& text)
{
    std::string digits;
    std::ranges::copy_if(text, std::back_inserter(digits), [](char c) { return c != '.' && c != '-'; });
    const auto first = digits.find_first_not_of('0');
    return first == std::string::npos ? 1 : digits.size() - first;
}

std::size_t decimals(const std::string& text)
{
    return text.find('.') == std::string::npos ? 0 : text.size() - text.find('.') - 1;
}
bool fits(const std::string& text)
{
    return significant(text) <= 38 && decimals(text) <= 38;
}

struct Random {
    std::mt19937_64 engine{20260302};
    std::size_t below(std::size_t bound) { return engine() % bound; }
    std::string digits(std::size_t size)
    {
        std::string text;
        const std::size_t favour = below(4);  // runs of 0 and 9 find the edges
        for (std::size_t i = 0; i < size; ++i)
            text += favour == 0 ? '9' : favour == 1 && below(3) != 0 ? '0' : static_cast<char>('0' + below(10));
        return text;
    }
    /// A number as an integer text and its decimals.
    std::pair<std::string, std::size_t> number()
    {
        const std::size_t size = below(3) == 0 ? 30 + below(9) : 1 + below(12);
        return {(below(2) == 0 ? "-" : "") + digits(size), below(std::min<std::size_t>(size, 20) + 1)};
    }
};

std::string written(const std::string& integer, std::size_t scale)
{
    const bool negative = integer.starts_with('-');
    std::string digits = integer.substr(negative ? 1 : 0);
    if (digits.size() <= scale)
        digits.insert(0, scale + 1 - digits.size(), '0');
    if (scale > 0)
        digits.insert(digits.size() - scale, ".");
    return (negative ? "-" : "") + digits;
}

TEST(Decimal, AgreesWithSchoolbookIntegers)
{
    Random random;
    for (int round = 0; round < 4'000; ++round) {
        const auto [left, left_scale] = random.number();
        const auto [right, right_scale] = random.number();
        const auto a = Decimal::parse(written(left, left_scale));
        const auto b = Decimal::parse(written(right, right_scale));
        ASSERT_TRUE(a && b) << written(left, left_scale) << " " << written(right, right_scale);
        const std::size_t scale = std::max(left_scale, right_scale);
        const Big left_big = Big::of(left + std::string(scale - left_scale, '0'));
        const Big right_big = Big::of(right + std::string(scale - right_scale, '0'));
        const std::string what = written(left, left_scale) + " and " + written(right, right_scale);

        const std::string sum = shown(left_big + right_big, scale);
        const auto got_sum = a->plus(*b);
        ASSERT_EQ(got_sum.has_value(), fits(sum)) << what << " sum " << sum;
        if (got_sum) {
            ASSERT_EQ(got_sum->text(), sum) << what;
        }

        const std::string times = shown(Big::of(left) * Big::of(right), left_scale + right_scale);
        const auto got_times = a->times(*b);
        ASSERT_EQ(got_times.has_value(), fits(times)) << what << " product " << times;
        if (got_times) {
            ASSERT_EQ(got_times->text(), times) << what;
        }

        Big minus_right = right_big;
        minus_right.negative = !minus_right.negative;
        const Big difference = left_big + minus_right.trimmed();
        const auto order = difference.digits == "0" ? std::strong_ordering::equal
                           : difference.negative    ? std::strong_ordering::less
                                                    : std::strong_ordering::greater;
        ASSERT_EQ(*a <=> *b, order) << what;
    }
}

TEST(Decimal, DividesAndRoundsAsSchoolbookIntegersDo)
{
    Random random;
    for (int round = 0; round < 1'500; ++round) {
        const auto [left, left_scale] = random.number();
        const auto [right, right_scale] = random.number();
        const auto a = Decimal::parse(written(left, left_scale));
        const auto b = Decimal::parse(written(right, right_scale));
        const std::size_t places = random.below(10);
        if (b->is_zero())
            continue;
        const std::string what =
            written(left, left_scale) + " / " + written(right, right_scale) + " to " + std::to_string(places);
        // left/10^ls / (right/10^rs) * 10^places = left * 10^(rs + places) / (right * 10^ls)
        const Big above = Big::of(left + std::string(right_scale + places, '0'));
        const Big below = Big::of(right + std::string(left_scale, '0'));
        auto [quotient, rest] = Big::divide(above.digits, below.digits);
        const int to_half = Big::compare(Big{Big::add(rest, rest), false}.trimmed().digits, below.digits);
        const std::string one_more = Big{Big::add(quotient, "1"), false}.trimmed().digits;
        const bool odd = (quotient.back() - '0') % 2 == 1;
        for (const Rounding rounding : {Rounding::half_up, Rounding::half_even, Rounding::down}) {
            const bool up = rounding == Rounding::half_up
                                ? to_half >= 0
                                : rounding == Rounding::half_even && (to_half > 0 || (to_half == 0 && odd));
            const std::string expected = shown(Big{up ? one_more : quotient, above.negative != below.negative}, places);
            const auto got = a->divided(*b, static_cast<int>(places), rounding);
            // The digits count with the places that were asked for.
            const bool has_room = (up ? one_more : quotient).size() <= 38;
            ASSERT_EQ(got.has_value(), has_room) << what << " is " << expected;
            if (got) {
                ASSERT_EQ(got->text(), expected) << what;
            }
        }
    }
}

TEST(Decimal, ReadsOnlyPlainNumbers)
{
    for (const char* text : {"0", "-1", "007", "1.50", "-0.001", "99999999999999999999999999999999999999"})
        EXPECT_TRUE(Decimal::parse(text)) << text;
    for (const char* text : {"", "-", ".", ".5", "5.", "+1", "1e3", "1,5", " 1", "1 ", "--1", "1.2.3", "0x1", "NaN",
                             "1_000", "100000000000000000000000000000000000000"})
        EXPECT_FALSE(Decimal::parse(text)) << text;
    EXPECT_EQ(Decimal::parse("-0")->text(), "0");
    EXPECT_EQ(Decimal::parse("-0.00")->scaled_text(), "0.00");
    EXPECT_EQ(Decimal::parse("1.5000000000000000000000000000000000000000000000")->text(), "1.5");
}

TEST(Decimal, ReadsJsonExponentsExactlyOrNotAtAll)
{
    EXPECT_EQ(Decimal::parse_json("1.25e2")->text(), "125");
    EXPECT_EQ(Decimal::parse_json("125E-4")->text(), "0.0125");
    EXPECT_EQ(Decimal::parse_json("1e+37")->text(), "1" + std::string(37, '0'));
    EXPECT_EQ(Decimal::parse_json("0e999999999999")->text(), "0");
    EXPECT_EQ(Decimal::parse_json("1200e-40")->text(), "0." + std::string(36, '0') + "12");
    EXPECT_FALSE(Decimal::parse_json("1e38"));
    EXPECT_FALSE(Decimal::parse_json("1e400"));
    EXPECT_FALSE(Decimal::parse_json("1e-39"));
    EXPECT_FALSE(Decimal::parse_json("1e"));
    EXPECT_FALSE(Decimal::parse_json("1e99999999999999999999"));
}

TEST(Decimal, RoundsAndPads)
{
    const auto of = [](const char* text) { return *Decimal::parse(text); };

    EXPECT_EQ(of("2.345").rounded(2).text(), "2.35");
    EXPECT_EQ(of("-2.345").rounded(2).text(), "-2.35");
    EXPECT_EQ(of("2.345").rounded(2, Rounding::half_even).text(), "2.34");
    EXPECT_EQ(of("2.3451").rounded(2, Rounding::half_even).text(), "2.35");
    EXPECT_EQ(of("-2.349").rounded(2, Rounding::down).text(), "-2.34");
    EXPECT_EQ(of("2.3").rounded(2).scaled_text(), "2.3");
    EXPECT_EQ(of("0.5").rounded(0).text(), "1");
    EXPECT_EQ(of("1.5").rescaled(3)->scaled_text(), "1.500");
    EXPECT_EQ(of("1.500").rescaled(1)->scaled_text(), "1.5");
    EXPECT_FALSE(of("1.55").rescaled(1));
    EXPECT_FALSE(of("99999999999999999999999999999999999999").rescaled(1));
    EXPECT_FALSE(of("1").divided(of("0"), 2));
}

TEST(Decimal, FitsIntegersAtTheirEdges)
{
    EXPECT_EQ(Decimal(INT64_MIN).text(), "-9223372036854775808");
    EXPECT_EQ(Decimal::parse("-9223372036854775808")->to_int64(), INT64_MIN);
    EXPECT_EQ(Decimal::parse("9223372036854775807.00")->to_int64(), INT64_MAX);
    EXPECT_FALSE(Decimal::parse("9223372036854775808")->to_int64());
    EXPECT_FALSE(Decimal::parse("1.5")->to_int64());
    EXPECT_TRUE(Decimal::parse("3.0")->is_integer());
}

TEST(Currency, KnowsTheDecimalsOfIso4217)
{
    EXPECT_EQ(currency_decimals("EUR"), 2);
    EXPECT_EQ(currency_decimals("JPY"), 0);
    EXPECT_EQ(currency_decimals("KWD"), 3);
    EXPECT_EQ(currency_decimals("CLF"), 4);
    for (const char* code : {"XAU", "XXX", "XTS", "eur", "EU", "EURO", "", "ED ", "D A"})
        EXPECT_FALSE(currency_decimals(code)) << code;
}

}  // namespace
}  // namespace headgate
