#include "core/currency.hpp"

#include <algorithm>
#include <array>

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

}  // namespace

std::optional<int> currency_decimals(std::string_view code)
{
    if (code.size() != 3)
        return std::nullopt;
    if (std::ranges::find(whole, code) != whole.end())
        return 0;
    if (std::ranges::find(thousandths, code) != thousandths.end())
        return 3;
    if (std::ranges::find(ten_thousandths, code) != ten_thousandths.end())
        return 4;
    for (std::size_t at = 0; at < hundredths.size(); at += 4)
        if (hundredths.substr(at, 3) == code)
            return 2;
    return std::nullopt;
}

}  // namespace headgate
