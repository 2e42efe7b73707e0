#include "core/decimal.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace headgate {

namespace {

constexpr Uint128 most_quick = ~std::uint64_t{0};  // up to here the machine divides by itself

constexpr auto powers = [] {
    std::array<Uint128, 39> table{};
    table[0] = 1;
    for (std::size_t i = 1; i < table.size(); ++i)
        table[i] = table[i - 1] * 10;
    return table;
}();
constexpr Uint128 limit = powers[38];  // the first mantissa that is too long

/// value * 10^places, or nullopt when that has more than 38 digits.
std::optional<Uint128> shifted(Uint128 value, int places)
{
    if (value == 0)
        return value;
    if (places > Decimal::max_digits || value >= powers[static_cast<std::size_t>(Decimal::max_digits - places)])
        return std::nullopt;
    return value * powers[static_cast<std::size_t>(places)];
}

/// Whether a quotient goes up, given the remainder's relation to half of the divisor.
bool goes_up(Rounding rounding, std::strong_ordering to_half, bool odd)
{
    switch (rounding) {
    case Rounding::down: return false;
    case Rounding::half_up: return to_half >= 0;
    case Rounding::half_even: return to_half > 0 || (to_half == 0 && odd);
    }
    return false;
}

/// rest*10 divided by `by` (rest < by < 10^38), one digit of a long division; rest becomes the remainder.
unsigned next_digit(Uint128& rest, Uint128 by)
{
    constexpr Uint128 safe = ~Uint128{0} / 10;
    if (rest <= safe) {
        rest *= 10;
        const auto digit = static_cast<unsigned>(rest / by);
        rest %= by;
        return digit;
    }
    unsigned digit = 0;
    Uint128 sum = 0;
    for (int i = 0; i < 10; ++i) {
        if (sum >= by - rest) {
            sum -= by - rest;
            ++digit;
        } else {
            sum += rest;
        }
    }
    rest = sum;
    return digit;
}

/// A product of two mantissas as four 64-bit limbs, least significant first.
std::array<std::uint64_t, 4> product(Uint128 left, Uint128 right)
{
    const std::array<std::uint64_t, 2> a{static_cast<std::uint64_t>(left), static_cast<std::uint64_t>(left >> 64U)};
    const std::array<std::uint64_t, 2> b{static_cast<std::uint64_t>(right), static_cast<std::uint64_t>(right >> 64U)};
    std::array<std::uint64_t, 4> limbs{};
    for (std::size_t i = 0; i < 2; ++i) {
        std::uint64_t carry = 0;
        for (std::size_t j = 0; j < 2; ++j) {
            const Uint128 sum = Uint128{a[i]} * b[j] + limbs[i + j] + carry;
            limbs[i + j] = static_cast<std::uint64_t>(sum);
            carry = static_cast<std::uint64_t>(sum >> 64U);
        }
        limbs[i + 2] = carry;
    }
    return limbs;
}

/// Divides by ten in place and returns the remainder.
unsigned tenth(std::array<std::uint64_t, 4>& limbs)
{
    Uint128 rest = 0;
    for (std::size_t i = 4; i-- > 0;) {
        rest = rest << 64U | limbs[i];
        limbs[i] = static_cast<std::uint64_t>(rest / 10);
        rest %= 10;
    }
    return static_cast<unsigned>(rest);
}

}  // namespace

Decimal::Decimal(std::int64_t value)
    : mantissa_(value < 0 ? Uint128{0} - static_cast<Uint128>(value) : static_cast<Uint128>(value)),
      negative_(value < 0)
{}

bool Decimal::has_shape(std::string_view text)
{
    if (text.starts_with('-'))
        text.remove_prefix(1);
    bool digits = false;
    bool point = false;
    for (const char letter : text) {
        if (letter >= '0' && letter <= '9') {
            digits = true;
        } else if (letter == '.' && digits && !point) {
            point = true;
            digits = false;
        } else {
            return false;
        }
    }
    return digits;
}

std::optional<Decimal> Decimal::parse(std::string_view text)
{
    if (text.size() <= 20) {  // nearly every number: what 64 bits hold is quick
        const bool negative = text.starts_with('-');
        const std::size_t first = negative ? 1 : 0;
        std::size_t point = text.size();
        std::uint64_t small = 0;
        for (std::size_t i = first; i < text.size(); ++i) {
            const auto digit = static_cast<unsigned>(text[i] - '0');
            if (digit <= 9)
                small = small * 10 + digit;
            else if (text[i] == '.' && point == text.size() && i > first)
                point = i;
            else
                return std::nullopt;
        }
        if (text.size() == first || point + 1 == text.size())
            return std::nullopt;
        const std::size_t decimals = point == text.size() ? 0 : text.size() - point - 1;
        if (point - first + decimals <= 19)
            return Decimal(small, static_cast<int>(decimals), negative);
    }
    if (!has_shape(text))
        return std::nullopt;
    const bool negative = text.front() == '-';
    if (negative)
        text.remove_prefix(1);
    // Zeros at the end of the decimals carry no value: a long "1.000…0" must fit.
    if (text.size() > 38 && text.contains('.'))
        while (text.ends_with('0'))
            text.remove_suffix(1);
    Uint128 mantissa = 0;
    int scale = 0;
    bool after_point = false;
    for (const char letter : text) {
        if (letter == '.') {
            after_point = true;
            continue;
        }
        if (mantissa >= powers[37] || scale == max_digits)
            return std::nullopt;
        mantissa = mantissa * 10 + static_cast<unsigned>(letter - '0');
        scale += after_point ? 1 : 0;
    }
    return Decimal(mantissa, scale, negative);
}

std::optional<Decimal> Decimal::parse_json(std::string_view text)
{
    const auto mark = static_cast<std::size_t>(
        std::ranges::find_if(text, [](char letter) { return letter == 'e' || letter == 'E'; }) - text.begin());
    if (mark == text.size())
        return parse(text);
    std::string_view power = text.substr(mark + 1);
    const bool down = power.starts_with('-');
    if (down || power.starts_with('+'))
        power.remove_prefix(1);
    if (power.empty() || power.find_first_not_of("0123456789") != std::string_view::npos)
        return std::nullopt;
    while (power.size() > 1 && power.front() == '0')
        power.remove_prefix(1);
    auto base = parse(text.substr(0, mark));
    if (!base)
        return std::nullopt;
    if (base->is_zero())
        return Decimal{};
    if (power.size() > 3)
        return std::nullopt;
    int exponent = 0;
    for (const char letter : power)
        exponent = exponent * 10 + (letter - '0');
    if (down)
        exponent = -exponent;
    const Decimal value = base->normalized();
    const int scale = value.scale_ - exponent;
    if (scale > max_digits) {
        // 1200e-39 still fits: its zeros can go.
        Decimal shorter = value;
        int left = scale;
        while (left > max_digits && shorter.mantissa_ % 10 == 0) {
            shorter.mantissa_ /= 10;
            --left;
        }
        if (left > max_digits)
            return std::nullopt;
        return Decimal(shorter.mantissa_, left, value.negative_);
    }
    if (scale >= 0)
        return Decimal(value.mantissa_, scale, value.negative_);
    const auto mantissa = shifted(value.mantissa_, -scale);
    if (!mantissa)
        return std::nullopt;
    return Decimal(*mantissa, 0, value.negative_);
}

std::optional<Decimal> Decimal::plus(const Decimal& other) const
{
    const int common = std::max<int>(scale_, other.scale_);
    auto left = shifted(mantissa_, common - scale_);
    auto right = shifted(other.mantissa_, common - other.scale_);
    if (!left || !right) {
        const Decimal a = normalized();
        const Decimal b = other.normalized();
        if (a.scale_ == scale_ && b.scale_ == other.scale_)
            return std::nullopt;
        return a.plus(b);
    }
    if (negative_ == other.negative_) {
        if (*left + *right >= limit) {
            const Decimal a = normalized();
            const Decimal b = other.normalized();
            if (std::max(a.scale_, b.scale_) < common)
                return a.plus(b);
            const Uint128 sum = *left + *right;  // below 2 * 10^38, which still fits 128 bits
            if (common > 0 && sum % 10 == 0)
                return Decimal(sum / 10, common - 1, negative_);
            return std::nullopt;
        }
        return Decimal(*left + *right, common, negative_);
    }
    if (*left >= *right)
        return Decimal(*left - *right, common, negative_);
    return Decimal(*right - *left, common, other.negative_);
}

std::optional<Decimal> Decimal::times(const Decimal& other) const
{
    const bool negative = negative_ != other.negative_;
    int scale = scale_ + other.scale_;
    if (mantissa_ >> 64U == 0 && other.mantissa_ >> 64U == 0 && scale <= max_digits) {
        const Uint128 small = mantissa_ * other.mantissa_;
        if (small < limit)
            return Decimal(small, scale, negative);
    }
    auto limbs = product(mantissa_, other.mantissa_);
    const auto too_long = [&] {
        return (limbs[3] | limbs[2]) != 0 || (Uint128{limbs[1]} << 64U | limbs[0]) >= limit || scale > max_digits;
    };
    if ((limbs[0] | limbs[1] | limbs[2] | limbs[3]) == 0)
        return Decimal(0, std::min(scale, max_digits), false);
    while (too_long() && scale > 0) {
        if (tenth(limbs) != 0)
            return std::nullopt;
        --scale;
    }
    if (too_long())
        return std::nullopt;
    return Decimal(Uint128{limbs[1]} << 64U | limbs[0], scale, negative);
}

std::optional<Decimal> Decimal::divided(const Decimal& by, int places, Rounding rounding) const
{
    if (by.is_zero() || places < 0 || places > max_digits)
        return std::nullopt;
    const bool negative = negative_ != by.negative_;
    const int shift = by.scale_ - scale_ + places;  // quotient = mantissa * 10^shift / by
    Uint128 quotient = mantissa_ / by.mantissa_;
    Uint128 rest = mantissa_ % by.mantissa_;
    std::strong_ordering to_half = std::strong_ordering::less;
    if (shift >= 0) {
        for (int i = 0; i < shift; ++i) {
            if (quotient >= powers[37])
                return std::nullopt;
            quotient = quotient * 10 + next_digit(rest, by.mantissa_);
        }
        to_half = rest <=> by.mantissa_ - rest;
    } else if (-shift <= max_digits) {
        const Uint128 cut = powers[static_cast<std::size_t>(-shift)];
        const Uint128 low = quotient % cut;
        quotient /= cut;
        to_half = low <=> cut - low;
        if (to_half == 0 && rest != 0)
            to_half = std::strong_ordering::greater;
    } else {
        quotient = 0;
    }
    if (goes_up(rounding, to_half, quotient % 2 == 1))
        ++quotient;
    if (quotient >= limit)
        return std::nullopt;
    return Decimal(quotient, places, negative);
}

Decimal Decimal::rounded(int places, Rounding rounding) const
{
    places = std::clamp(places, 0, max_digits);
    if (places >= scale_)
        return *this;
    return divided(Decimal(1), places, rounding).value_or(*this);
}

std::optional<Decimal> Decimal::rescaled(int places) const
{
    if (places < 0 || places > max_digits)
        return std::nullopt;
    if (places >= scale_) {
        const auto mantissa = shifted(mantissa_, places - scale_);
        if (!mantissa)
            return std::nullopt;
        return Decimal(*mantissa, places, negative_);
    }
    const Uint128 cut = powers[static_cast<std::size_t>(scale_ - places)];
    if (mantissa_ % cut != 0)
        return std::nullopt;
    return Decimal(mantissa_ / cut, places, negative_);
}

Decimal Decimal::negated() const
{
    return {mantissa_, scale_, !negative_};
}
Decimal Decimal::magnitude() const
{
    return {mantissa_, scale_, false};
}

Decimal Decimal::normalized() const
{
    Decimal shorter = *this;
    if (mantissa_ <= most_quick) {
        auto small = static_cast<std::uint64_t>(mantissa_);
        for (; shorter.scale_ > 0 && small % 10 == 0; --shorter.scale_)
            small /= 10;
        shorter.mantissa_ = small;
        return shorter;
    }
    while (shorter.scale_ > 0 && shorter.mantissa_ % 10 == 0) {
        shorter.mantissa_ /= 10;
        --shorter.scale_;
    }
    return shorter;
}

std::optional<std::int64_t> Decimal::to_int64() const
{
    const Decimal whole = normalized();
    const Uint128 bound = Uint128{1} << 63U;
    if (whole.scale_ != 0 || whole.mantissa_ > bound || (whole.mantissa_ == bound && !negative_))
        return std::nullopt;
    const auto bits = static_cast<std::uint64_t>(whole.mantissa_);
    return static_cast<std::int64_t>(negative_ ? std::uint64_t{0} - bits : bits);
}

std::string Decimal::text() const
{
    return normalized().scaled_text();
}

std::string Decimal::scaled_text() const
{
    std::array<char, 48> digits{};
    std::size_t at = digits.size();
    const auto write = [&](auto left) {
        for (int written = 0; left != 0 || written <= scale_; ++written) {
            if (written == scale_ && scale_ > 0)
                digits[--at] = '.';
            digits[--at] = static_cast<char>('0' + static_cast<int>(left % 10));
            left /= 10;
        }
    };
    if (mantissa_ <= most_quick)
        write(static_cast<std::uint64_t>(mantissa_));
    else
        write(mantissa_);
    if (negative_)
        digits[--at] = '-';
    return {digits.data() + at, digits.size() - at};
}

std::strong_ordering operator<=>(const Decimal& left, const Decimal& right)
{
    if (left.negative_ != right.negative_)
        return left.negative_ ? std::strong_ordering::less : std::strong_ordering::greater;
    const auto by_size = [](const Decimal& a, const Decimal& b) {
        if (a.scale_ == b.scale_)
            return a.mantissa_ <=> b.mantissa_;
        const auto whole_a = a.mantissa_ / powers[a.scale_];
        const auto whole_b = b.mantissa_ / powers[b.scale_];
        if (whole_a != whole_b)
            return whole_a <=> whole_b;
        // Fractions have at most 38 digits: brought to one scale they fit.
        const int common = std::max(a.scale_, b.scale_);
        return a.mantissa_ % powers[a.scale_] * powers[static_cast<std::size_t>(common - a.scale_)] <=>
               b.mantissa_ % powers[b.scale_] * powers[static_cast<std::size_t>(common - b.scale_)];
    };
    return left.negative_ ? by_size(right, left) : by_size(left, right);
}

bool allocate(const Decimal& amount, int places, std::span<const Decimal> weights, std::span<Decimal> shares)
{
    std::optional<Decimal> all = Decimal{};
    std::optional<Decimal> left = amount.magnitude().rescaled(places);
    for (const Decimal& weight : weights)
        all = all ? all->plus(weight) : all;
    if (!all || !left)
        return false;
    const Decimal whole = *left;
    std::vector<std::pair<Decimal, std::size_t>> remainders;
    remainders.reserve(weights.size());
    for (std::size_t i = 0; i < weights.size(); ++i) {
        const auto part = whole.times(weights[i]);
        const auto share = part ? part->divided(*all, places, Rounding::down) : std::nullopt;
        const auto taken = share ? share->times(*all) : std::nullopt;
        const auto remainder = taken ? part->minus(*taken) : std::nullopt;
        left = remainder ? left->minus(*share) : std::nullopt;
        if (!left)
            return false;
        shares[i] = *share;
        remainders.emplace_back(*remainder, i);
    }
    std::ranges::sort(remainders, [](const auto& one, const auto& other) {
        return one.first != other.first ? one.first > other.first : one.second < other.second;
    });
    const Decimal unit(1, places, false);
    for (auto next = remainders.begin(); !left->is_zero(); ++next) {  // less than a unit for each share
        shares[next->second] = *shares[next->second].plus(unit);
        left = left->minus(unit);
    }
    if (amount.is_negative())
        for (Decimal& share : shares)
            share = share.negated();
    return true;
}

}  // namespace headgate
