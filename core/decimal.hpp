#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace headgate {

__extension__ typedef unsigned __int128 Uint128;

/// What becomes of the digits a result has no room for. `half_up` takes ties away from zero.
enum class Rounding : std::uint8_t { half_up, half_even, down };

/// An exact decimal number: up to 38 digits, of which up to 38 stand behind the point. Nothing here is binary
/// floating point and nothing rounds unless its name says so. It remembers how many decimals it was written
/// with (`scale`), which equality ignores. A plain value; nullopt from arithmetic means `number_overflow`.
class Decimal {
public:
    static constexpr int max_digits = 38;

    constexpr Decimal() = default;
    explicit Decimal(std::int64_t value);

    /// `-?digits[.digits]`, nothing around it. Leading zeros are allowed.
    static std::optional<Decimal> parse(std::string_view text);
    /// A JSON number, exponent included; nullopt when it is none or does not fit.
    static std::optional<Decimal> parse_json(std::string_view text);
    /// True for the shape that `parse` reads, however long.
    static bool has_shape(std::string_view text);

    [[nodiscard]] std::optional<Decimal> plus(const Decimal& other) const;
    [[nodiscard]] std::optional<Decimal> minus(const Decimal& other) const { return plus(other.negated()); }
    [[nodiscard]] std::optional<Decimal> times(const Decimal& other) const;
    /// The quotient with `places` decimals (0..38); nullopt also when `by` is zero.
    [[nodiscard]] std::optional<Decimal> divided(const Decimal& by, int places,
                                                 Rounding rounding = Rounding::half_up) const;
    /// At most `places` decimals; fewer stay as they are.
    [[nodiscard]] Decimal rounded(int places, Rounding rounding = Rounding::half_up) const;
    /// The same value written with exactly `places` decimals, if it can be.
    [[nodiscard]] std::optional<Decimal> rescaled(int places) const;
    [[nodiscard]] Decimal negated() const;
    [[nodiscard]] Decimal magnitude() const;
    /// The same value with no zeros at the end of its decimals.
    [[nodiscard]] Decimal normalized() const;

    [[nodiscard]] int scale() const { return scale_; }
    [[nodiscard]] bool is_zero() const { return mantissa_ == 0; }
    [[nodiscard]] bool is_negative() const { return negative_; }
    [[nodiscard]] bool is_integer() const { return normalized().scale_ == 0; }
    [[nodiscard]] std::optional<std::int64_t> to_int64() const;

    /// Shortest exact text: "12.5", "-0.01", "0". Never an exponent.
    [[nodiscard]] std::string text() const;
    /// With the decimals it has: "12.50". `rescaled(2)->scaled_text()` is the fixed form.
    [[nodiscard]] std::string scaled_text() const;

    friend std::strong_ordering operator<=>(const Decimal& left, const Decimal& right);
    friend bool operator==(const Decimal& left, const Decimal& right) { return (left <=> right) == 0; }
    friend bool allocate(const Decimal& amount, int places, std::span<const Decimal> weights,
                         std::span<Decimal> shares);

private:
    constexpr Decimal(Uint128 mantissa, int scale, bool negative)
        : mantissa_(mantissa),
          scale_(static_cast<std::uint8_t>(scale)),
          negative_(negative && mantissa != 0)
    {}
    Uint128 mantissa_ = 0;  // below 10^38
    std::uint8_t scale_ = 0;
    bool negative_ = false;  // never with zero
};

/// Shares an amount of at most `places` decimals out by weights, none below zero and one above: each gets what its
/// weight says, rounded down, and what is left goes to the largest remainders, the first of equals. The shares have
/// `places` decimals and add up to the amount exactly. False when something has more than 38 digits on the way.
[[nodiscard]] bool allocate(const Decimal& amount, int places, std::span<const Decimal> weights,
                            std::span<Decimal> shares);

}  // namespace headgate
