#include "connectors/feed_config.hpp"

namespace headgate::connectors {

void FeedConfig::describe(config::Schema& schema)
{
    schema.field("files", files, "Patterns of the names of its files; * stands for anything.");
    schema.not_empty("files", "leave the key away to take every file");
    schema.section("csv", csv, "How its rows are written.");
    schema.field("group", group, "The column whose value makes rows that follow each other one event.");
    schema.field("columns", columns, "Columns that a file has to have: else it is a letter as a whole.");
    schema.field("topic", topic, "Expression about a row or group: its topic; default: the connector's identity.");
    schema.field("key", key, "Expression about a row or group: its idempotency key; default: the file and the line.");
}

}  // namespace headgate::connectors
