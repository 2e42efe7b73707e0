#include "mapping/fold.hpp"

namespace headgate::mapping {

std::string folded(std::string_view text)
{
    constexpr std::string_view latin1 = "aaaaaa*ceeeeiiii*nooooo*ouuuuy**aaaaaa*ceeeeiiii*nooooo*ouuuuy*y";
    constexpr std::string_view extended =
        "aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiii**jjkkkllllllllllnnnnnnn**oooooo**"
        "rrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs";
    std::string made;
    made.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        if (byte < 0x80) {
            made += byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte + 32) : text[i];
            continue;
        }
        const unsigned code = byte >= 0xC3 && byte <= 0xC5 && i + 1 < text.size()
                                  ? (byte & 0x1FU) << 6U | (static_cast<unsigned char>(text[i + 1]) & 0x3FU)
                                  : 0;
        char letter = '*';
        if (code >= 0xC0 && code <= 0xFF)
            letter = latin1[code - 0xC0];
        else if (code >= 0x100 && code - 0x100 < extended.size())
            letter = extended[code - 0x100];
        if (letter != '*')
            made += letter;
        else if (code == 0xDF)
            made += "ss";
        else if (code == 0xC6 || code == 0xE6)
            made += "ae";
        else if (code == 0x152 || code == 0x153)
            made += "oe";
        else
            made.append(text.substr(i, code == 0 ? 1 : 2));
        i += code == 0 ? 0 : 1;
    }
    return made;
}

}  // namespace headgate::mapping
