#include "connectors/formats/form.hpp"

#include "core/ascii.hpp"
#include "core/encoding.hpp"

namespace headgate::connectors {

namespace {

std::string decoded(std::string_view text)
{
    std::string bytes;
    bytes.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '+') {
            bytes += ' ';
        } else if (const auto byte = text[i] == '%' ? from_hex(text.substr(i + 1, 2)) : std::nullopt;
                   byte && byte->size() == 1) {
            bytes += *byte;
            i += 2;
        } else {
            bytes += text[i];
        }
    }
    return bytes;
}

/// Calls `each` with name and value as they are written.
template <class Each>
void walk(std::string_view form, Each&& each)
{
    while (!form.empty()) {
        const auto piece = form.substr(0, form.find('&'));
        form.remove_prefix(piece.size() == form.size() ? piece.size() : piece.size() + 1);
        if (piece.empty())
            continue;
        const auto equals = piece.find('=');
        each(piece.substr(0, equals), equals == std::string_view::npos ? std::string_view{} : piece.substr(equals + 1));
    }
}

}  // namespace

std::vector<std::pair<std::string, std::string>> form_fields(std::string_view form)
{
    std::vector<std::pair<std::string, std::string>> fields;
    walk(form,
         [&](std::string_view name, std::string_view value) { fields.emplace_back(decoded(name), decoded(value)); });
    return fields;
}

std::optional<std::string> form_field(std::string_view form, std::string_view name)
{
    std::optional<std::string> found;
    bool repeated = false;
    walk(form, [&](std::string_view written, std::string_view value) {
        if (decoded(written) != name)
            return;
        repeated = found.has_value();
        found = decoded(value);
    });
    return repeated ? std::nullopt : found;
}

std::string form_encoded(std::string_view text)
{
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string written;
    for (const char letter : text) {
        if (is_letter(letter) || is_digit(letter) || std::string_view("*-._").contains(letter)) {
            written += letter;
        } else if (letter == ' ') {
            written += '+';
        } else {
            const auto byte = static_cast<unsigned char>(letter);
            written += {'%', digits[byte >> 4U], digits[byte & 15U]};
        }
    }
    return written;
}

}  // namespace headgate::connectors
