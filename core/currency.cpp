#include "core/currency.hpp"

#include <array>
#include <cstdint>

namespace headgate {

namespace {

constexpr std::array<std::string_view, 17> whole{"BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG",
                                                 "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"};
constexpr std::array<std::string_view, 7> thousandths{"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"};
constexpr std::array<std::string_view, 2> ten_thousandths{"CLF", "UYW"};

// Every other current code of ISO 4217 that a document may carry, four letters apart.
constexpr std::string_view hundredths =
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF "
    "CHW CNY COP COU CRC CUC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HRK "
    "HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR "
    "MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP "
    "SLE SLL SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XCD XCG YER "
    "ZAR ZMW ZWG ZWL ";

constexpr std::size_t letters = 26;

/// Where a code stands among all of three capital letters; behind them all when it is none.
constexpr std::size_t place_of(std::string_view code)
{
    constexpr std::size_t none = letters * letters * letters;
    if (code.size() != 3)
        return none;
    const auto first = static_cast<std::size_t>(code[0] - 'A');
    const auto second = static_cast<std::size_t>(code[1] - 'A');
    const auto third = static_cast<std::size_t>(code[2] - 'A');
    return first < letters && second < letters && third < letters ? (first * letters + second) * letters + third : none;
}

/// Decimals and one by code, 0 for none: every amount that is checked asks.
constexpr auto decimals_by_code = [] {
    std::array<std::uint8_t, letters * letters * letters + 1> table{};
    for (const auto code : whole)
        table[place_of(code)] = 1;
    for (const auto code : thousandths)
        table[place_of(code)] = 4;
    for (const auto code : ten_thousandths)
        table[place_of(code)] = 5;
    for (std::size_t at = 0; at < hundredths.size(); at += 4)
        table[place_of(hundredths.substr(at, 3))] = 3;
    return table;
}();

}  // namespace

std::optional<int> currency_decimals(std::string_view code)
{
    const std::uint8_t found = decimals_by_code[place_of(code)];
    return found == 0 ? std::nullopt : std::optional(found - 1);
}

}  // namespace headgate
