#include <gtest/gtest.h>

#include <array>
#include <random>
#include <string>
#include <vector>

#include <boost/multiprecision/cpp_int.hpp>

#include "core/decimal.hpp"

namespace headgate {
namespace {

using Integer = boost::multiprecision::cpp_int;

/// A number as a big integer and how many decimals it has: what Decimal must agree with, written the plain way.
struct Exact {
    Integer digits;
    int scale = 0;
};

Integer ten_to(int power)
{
    return boost::multiprecision::pow(Integer(10), static_cast<unsigned>(power));
}

Exact exact_of(const Decimal& value)
{
    const std::string text = value.scaled_text();
    const auto point = text.find('.');
    Integer digits = 0;
    for (const char letter : text)
        if (letter >= '0' && letter <= '9')
            digits = digits * 10 + (letter - '0');
    return {text.starts_with('-') ? Integer(-digits) : digits,
            point == std::string::npos ? 0 : static_cast<int>(text.size() - point - 1)};
}

Exact shortest(Exact value)
{
    while (value.scale > 0 && value.digits % 10 == 0) {
        value.digits /= 10;
        --value.scale;
    }
    return value;
}

bool fits(const Exact& value)
{
    const Exact s = shortest(value);
    return abs(s.digits) < ten_to(38) && s.scale <= 38;
}

/// The shortest text of an exact value.
std::string text_of(const Exact& given)
{
    const Exact value = shortest(given);
    std::string digits = Integer(abs(value.digits)).str();
    if (value.scale > 0) {
        if (digits.size() <= static_cast<std::size_t>(value.scale))
            digits.insert(0, static_cast<std::size_t>(value.scale) + 1 - digits.size(), '0');
        digits.insert(digits.size() - static_cast<std::size_t>(value.scale), ".");
    }
    return (value.digits < 0 ? "-" : "") + digits;
}

Exact at_scale(const Exact& value, int scale)
{
    return {value.digits * ten_to(scale - value.scale), scale};
}

/// numerator / denominator as an integer.
Integer divided(const Integer& numerator, const Integer& denominator, Rounding rounding)
{
    const Integer n = abs(numerator);
    const Integer d = abs(denominator);
    Integer quotient = n / d;
    const Integer twice = (n % d) * 2;
    if ((rounding == Rounding::half_up && twice >= d) ||
        (rounding == Rounding::half_even && (twice > d || (twice == d && quotient % 2 == 1))))
        ++quotient;
    return (numerator < 0) != (denominator < 0) ? Integer(-quotient) : quotient;
}

class Numbers {
public:
    explicit Numbers(std::uint64_t seed) : random_(seed) {}

    int below(int most) { return static_cast<int>(random_() % static_cast<std::uint64_t>(most)); }

    /// Mostly short, now and then as long as it gets; nines, zeros and ties more often than chance has it.
    Decimal number(bool negative_too = true)
    {
        const int size = below(4) == 0 ? 1 + below(38) : 1 + below(12);
        const int fill = below(8);
        std::string digits;
        for (int i = 0; i < size; ++i)
            digits += fill == 0 ? '9' : fill == 1 ? '0' : static_cast<char>('0' + below(10));
        if (below(4) == 0)
            digits.back() = '5';
        const int scale = below(3) == 0 ? 0 : below(size + 1);
        if (scale > 0)
            digits.insert(digits.size() - static_cast<std::size_t>(scale), scale == size ? "0." : ".");
        return *Decimal::parse((negative_too && below(2) == 0 ? "-" : "") + digits);
    }

private:
    std::mt19937_64 random_;
};

constexpr int cases = 100'000;

TEST(DecimalProperty, SumsDifferencesAndProductsAreExactOrRefused)
{
    Numbers numbers(20'261'125);
    for (int i = 0; i < cases; ++i) {
        const Decimal a = numbers.number();
        const Decimal b = numbers.number();
        const Exact x = exact_of(a);
        const Exact y = exact_of(b);
        const int common = std::max(x.scale, y.scale);
        const std::array<std::pair<std::optional<Decimal>, Exact>, 3> results{
            {{a.plus(b), {at_scale(x, common).digits + at_scale(y, common).digits, common}},
             {a.minus(b), {at_scale(x, common).digits - at_scale(y, common).digits, common}},
             {a.times(b), {x.digits * y.digits, x.scale + y.scale}}}};
        for (const auto& [given, expected] : results) {
            ASSERT_EQ(given.has_value(), fits(expected)) << a.scaled_text() << " " << b.scaled_text();
            if (given)
                ASSERT_EQ(given->text(), text_of(expected)) << a.scaled_text() << " " << b.scaled_text();
        }
        const Integer left = at_scale(x, common).digits;
        const Integer right = at_scale(y, common).digits;
        ASSERT_EQ(a <=> b, left < right   ? std::strong_ordering::less
                           : left > right ? std::strong_ordering::greater
                                          : std::strong_ordering::equal);
        ASSERT_EQ(*Decimal::parse(a.scaled_text()), a);
    }
}

TEST(DecimalProperty, QuotientsAndRoundingAreTheNearest)
{
    Numbers numbers(20'261'126);
    for (int i = 0; i < cases; ++i) {
        const Decimal a = numbers.number();
        const Decimal b = numbers.number();
        const int places = numbers.below(4) == 0 ? numbers.below(39) : numbers.below(10);
        const auto rounding = std::array{Rounding::half_up, Rounding::half_even, Rounding::down}.at(
            static_cast<std::size_t>(numbers.below(3)));
        const Exact x = exact_of(a);
        const Exact y = exact_of(b);
        if (y.digits != 0) {
            const Exact expected{divided(x.digits * ten_to(places + y.scale), y.digits * ten_to(x.scale), rounding),
                                 places};
            const auto given = a.divided(b, places, rounding);
            ASSERT_EQ(given.has_value(), abs(expected.digits) < ten_to(38))
                << a.text() << " / " << b.text() << " " << places;
            if (given)
                ASSERT_EQ(given->text(), text_of(expected)) << a.text() << " / " << b.text() << " " << places;
        } else {
            ASSERT_FALSE(a.divided(b, places, rounding));
        }
        const Exact rounded =
            places >= x.scale ? x : Exact{divided(x.digits, ten_to(x.scale - places), rounding), places};
        if (fits(rounded))
            ASSERT_EQ(a.rounded(places, rounding).text(), text_of(rounded)) << a.text() << " " << places;
    }
}

TEST(DecimalProperty, SharesAddUpAndFollowTheLargestRemainders)
{
    Numbers numbers(20'261'127);
    for (int i = 0; i < cases / 4; ++i) {
        const int places = std::array{0, 2, 3, 4}.at(static_cast<std::size_t>(numbers.below(4)));
        const auto amount = numbers.number().rounded(places).rescaled(places);
        std::vector<Decimal> weights;
        Integer all = 0;
        int scale = 0;
        for (int n = 1 + numbers.below(12); n > 0; --n) {
            weights.push_back(numbers.below(6) == 0 && !weights.empty() ? weights.back() : numbers.number(false));
            scale = std::max(scale, weights.back().scale());
        }
        std::vector<Integer> whole;
        for (const Decimal& weight : weights)
            all += whole.emplace_back(at_scale(exact_of(weight), scale).digits);
        if (!amount || all == 0)
            continue;
        std::vector<Decimal> shares(weights.size());
        if (!allocate(*amount, places, weights, shares))
            continue;  // more than 38 digits on the way

        const Integer units = abs(exact_of(*amount).digits);
        std::vector<Integer> expected;
        std::vector<Integer> remainders;
        Integer left = units;
        for (const Integer& weight : whole) {
            left -= expected.emplace_back(units * weight / all);
            remainders.push_back(units * weight % all);
        }
        for (; left > 0; --left) {
            const auto largest = std::max_element(remainders.begin(), remainders.end());  // the first of equals
            ++expected[static_cast<std::size_t>(largest - remainders.begin())];
            *largest = -1;
        }
        for (std::size_t n = 0; n < shares.size(); ++n) {
            const Exact share{amount->is_negative() ? Integer(-expected[n]) : expected[n], places};
            ASSERT_EQ(shares[n].text(), text_of(share)) << amount->text() << " " << n;
            ASSERT_EQ(shares[n].scale(), places);
        }
    }
}

}  // namespace
}  // namespace headgate
