#pragma once

#include <string>
#include <vector>

#include "connectors/formats/csv.hpp"
#include "core/config/schema.hpp"

namespace headgate::connectors {

/// A kind of file that a vendor drops: which it is, how it is written, and what an event of it is.
struct FeedConfig {
    std::string name;
    std::string where;
    std::vector<std::string> files{"*"};  // patterns of names; * stands for anything
    CsvConfig csv;
    std::string group;  // column: rows that follow each other with one value there are one event; "" = each row is
    std::vector<std::string> columns;  // which a file has to have, or it is none of these
    config::PlacedText topic;  // expression about a row or group; default: the connector's identity, else feed.NAME
    config::PlacedText key;    // expression; default: the file and the line
    void describe(config::Schema& schema);
};

}  // namespace headgate::connectors
