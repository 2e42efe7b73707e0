#include "core/currency.hpp"

#include <algorithm>
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

constexpr int letters = 26;

constexpr bool is_code(std::string_view code)
{
    return code.size() == 3 && std::ranges::all_of(code, [](char letter) { return letter >= 'A' && letter <= 'Z'; });
}

constexpr std::size_t place_of(std::string_view code)
{
    std::size_t place = 0;
    for (const char letter : code)
        place = place * letters + static_cast<std::size_t>(letter - 'A');
    return place;
}

/// Decimals and one by code, 0 for none: every amount that is checked asks.
constexpr auto decimals_by_code = [] {
    std::array<std::uint8_t, letters * letters * letters> table{};
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
    if (!is_code(code) || decimals_by_code[place_of(code)] == 0)
        return std::nullopt;
    return decimals_by_code[place_of(code)] - 1;
}

}  // namespace headgate
