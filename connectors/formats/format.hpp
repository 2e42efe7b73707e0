#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/config/schema.hpp"
#include "core/document.hpp"
#include "core/result.hpp"

namespace headgate::connectors {

/// What a vendor's bodies are written in, said in configuration and never by a request.
struct FormatConfig {
    enum class Kind : std::uint8_t { json, form, xml };
    enum class Encoding : std::uint8_t { utf8, windows_1252 };
    Kind kind = Kind::json;
    Encoding encoding = Encoding::utf8;  // of a form
    std::string field;                   // form: the field whose value is the document
    Kind field_kind = Kind::json;        // what that is written in
    std::string numbered;                // form: the list that fields NAME_1, NAME_2, … are gathered in

    void describe(config::Schema& schema);
};

/// A body as a document. JSON as `read_json`, XML as `read_xml`. A form is an object of texts; a name that stands
/// several times is a list of them. With `numbered`, fields `amount_1`, `id_1`, `amount_2` are `amount` and `id` of the
/// first and second object of that list, in the order of their numbers. Failures are those of the readers, of a form
/// also `invalid_utf8`, `form_empty` and `form_field_missing`.
[[nodiscard]] Result<Document> read_document(std::string_view body, const FormatConfig& format);

/// The scalar at a path of members, "/cXML/Header/payloadID", as text; of an XML element its own text (`#text`).
/// Nothing when there is none.
[[nodiscard]] std::optional<std::string> scalar_at(const Document& document, std::string_view path);

}  // namespace headgate::connectors
