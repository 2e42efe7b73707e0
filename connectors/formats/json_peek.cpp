#include "connectors/formats/json_peek.hpp"

#include <cstring>

#include <simdjson.h>

#include "core/document.hpp"

namespace headgate::connectors {

namespace {

namespace ondemand = simdjson::ondemand;

std::optional<std::string> scalar(ondemand::value value)
{
    ondemand::json_type type{};
    if (value.type().get(type) != simdjson::SUCCESS)
        return std::nullopt;
    switch (type) {
    case ondemand::json_type::string: {
        std::string_view text;
        if (value.get_string().get(text) != simdjson::SUCCESS || is_blank(text))
            return std::nullopt;
        return std::string(text);
    }
    case ondemand::json_type::number:
    case ondemand::json_type::boolean: {
        std::string_view token = value.raw_json_token();
        token = token.substr(0, token.find_last_not_of(" \t\r\n") + 1);
        return std::string(token);
    }
    default: return std::nullopt;
    }
}

}  // namespace

std::optional<std::string> peek_json(std::string_view text, std::span<const std::vector<std::string>> paths)
{
    thread_local ondemand::parser parser;
    thread_local std::string padded;
    padded.resize(text.size() + simdjson::SIMDJSON_PADDING);
    std::memcpy(padded.data(), text.data(), text.size());
    for (const auto& path : paths) {
        // Begun anew for each path: a document that met an error must not be rewound.
        ondemand::document document;
        if (parser.iterate(padded.data(), text.size(), padded.size()).get(document) != simdjson::SUCCESS)
            return std::nullopt;
        ondemand::value value;
        auto error = simdjson::SUCCESS;
        for (std::size_t i = 0; i < path.size() && error == simdjson::SUCCESS; ++i)
            error = i == 0 ? document.find_field_unordered(path[i]).get(value)
                           : value.find_field_unordered(path[i]).get(value);
        if (error != simdjson::SUCCESS)
            continue;
        if (auto found = scalar(value))
            return found;
    }
    return std::nullopt;
}

}  // namespace headgate::connectors
