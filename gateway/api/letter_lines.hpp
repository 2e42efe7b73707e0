#pragma once

#include <cstddef>
#include <expected>
#include <string_view>
#include <vector>

#include "core/envelope.hpp"
#include "core/result.hpp"
#include "gateway/api/bad_line.hpp"
#include "gateway/imported.hpp"

namespace headgate::gateway::api {

/// An event of which letters were exported, one or several.
struct GivenEvent {
    Envelope envelope;               // with the body, without `imported`
    Imported imported;               // of the letter of the event, else of the first of its deliveries
    std::vector<std::size_t> lines;  // from 1 on: its letters
};

/// Lines as `GET dlq/export` reveals them, the oldest event first; empty lines are skipped. The first that is no
/// letter, is masked (`letter_masked`), or tells another thing of an event than a line before (`bad_letter`) ends it.
std::expected<std::vector<GivenEvent>, BadLine> letter_lines(std::string_view text);

}  // namespace headgate::gateway::api
