#include "connectors/feed_config.hpp"

namespace headgate::connectors {

void FeedConfig::describe(config::Schema& schema)
{
    schema.field("files", files, "Patterns of the names of its files; * stands for anything.");
    schema.not_empty("files", "leave the key away to take every file");
    schema.section("csv", csv, "How its rows are written.");
    schema.field("group", group, "The column whose value makes rows that follow each other one event.");
    schema.field("topic", topic, "Expression about a row or group: its topic; default: the connector's identity.");
    schema.field("key", key, "Expression about a row or group: its idempotency key; default: the file and the line.");
}

bool fits_pattern(std::string_view pattern, std::string_view name)
{
    std::size_t at = 0, in = 0, star = std::string_view::npos, retry = 0;
    while (in < name.size()) {
        if (at < pattern.size() && pattern[at] == '*') {
            star = at++;
            retry = in;
        } else if (at < pattern.size() && pattern[at] == name[in]) {
            ++at;
            ++in;
        } else if (star != std::string_view::npos) {
            at = star + 1;
            in = ++retry;
        } else {
            return false;
        }
    }
    while (at < pattern.size() && pattern[at] == '*')
        ++at;
    return at == pattern.size();
}

}  // namespace headgate::connectors
