#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/config/schema.hpp"

namespace headgate::connectors {

/// A header that a vendor asks of every call to its API.
struct ApiHeader {
    std::string name;
    std::string value;
    void describe(config::Schema& schema);
};

/// Where a vendor's answers say how many more calls it takes.
struct PaceConfig {
    std::string used;       // header "32/40": calls made of calls allowed
    std::string remaining;  // header: calls left
    std::string reset;      // header: when there are more again: seconds from now, or seconds since 1970
    void describe(config::Schema& schema);
};

/// How a vendor's API is called: what the vendor prescribes. Secrets are the channel's.
struct ApiConfig {
    enum class Auth : std::uint8_t { none, basic, bearer, api_key, client_credentials, refresh_token };
    std::string url;  // https://{shop}/admin: names in braces are settings of the channel
    Auth auth = Auth::none;
    std::string header = "X-Api-Key";  // api_key
    std::string token_url;             // client_credentials, refresh_token
    std::string token_header;          // what carries the token; "" = Authorization: Bearer
    bool client_in_body = false;       // whether the client shows itself in the body of the token's request
    std::string scope;
    std::vector<ApiHeader> headers;
    std::optional<config::Rate> rate;
    PaceConfig pace;
    void describe(config::Schema& schema);
};

/// How one answer leads to the next. At most one of them; none: there is one answer.
struct NextConfig {
    bool link = false;         // the header Link with rel="next" (RFC 8288)
    config::PlacedText url;    // expression about the answer: the next one's URL; null: it was the last
    std::string parameter;     // the parameter of the URL that becomes
    config::PlacedText value;  // this, an expression about the answer; null: it was the last
    std::string page;          // the parameter that counts up from 1 until an answer has no item
    void describe(config::Schema& schema);
};

/// A thin event: what it names is fetched, and stands in the document that is mapped.
struct FetchConfig {
    config::PlacedText path;        // text about the event's document: what is asked for, from the API's URL on
    std::string into = "/fetched";  // where it stands then: a JSON pointer
    config::PlacedText when;        // only where this holds
    config::PlacedText items;  // expression about an answer: what is gathered of several; none: the answer as it is
    NextConfig next;
    bool required = true;  // without an `api` of the channel it is a letter
    void describe(config::Schema& schema);
};

/// A report that must be asked for before it is there.
struct ReportRequestConfig {
    config::PlacedText path;    // text; .since and .until are what it can read
    config::PlacedText body;    // text of it: JSON
    config::PlacedText id;      // expression about the answer: what the poll's path knows as .request
    config::PlacedText ready;   // condition about the answer at the poll's path: it is there
    config::PlacedText failed;  // condition: it never will be
    config::Duration wait{std::chrono::seconds(30)};  // between two looks
    config::Duration within{std::chrono::hours(6)};   // longer than this it is not waited for
    void describe(config::Schema& schema);
};

/// Where the file of a report is: each item of a poll is one, and its file goes into the channel's folder.
struct ReportConfig {
    config::PlacedText id;           // text about the item: what it is known by
    config::PlacedText document;     // text about the item: the path of the answer that tells where the file is
    config::PlacedText url;          // expression about that answer, else the item: the URL of the file
    std::vector<std::string> hosts;  // patterns of hosts it may be at, besides the API's own
    config::PlacedText gzip;         // condition about the same: the file is compressed
    config::PlacedText file;         // text about the item: its name, which a feed reads
    void describe(config::Schema& schema);
};

/// What is asked for again and again. Each item of an answer arrives as an event, or is a report.
struct PollConfig {
    std::string name;
    std::string where;
    config::PlacedText path;   // text; .since .until (times) and .cursor are what it can read
    config::PlacedText items;  // expression about an answer: its items
    NextConfig next;
    config::PlacedText topic;    // expression about an item; default: the connector's identity
    config::PlacedText key;      // expression about an item; default: the connector's identity
    config::PlacedText changed;  // expression about an item: when it changed; the next run asks from the newest on
    config::PlacedText cursor;   // expression about an answer: what the next run begins behind, instead of a time
    std::optional<ReportRequestConfig> request;
    std::optional<ReportConfig> report;
    bool webhook = true;  // webhooks bring the same: what a poll finds first was missed
    bool sorted = false;  // items come by `changed`, oldest first: a run that broke off goes on where it was
    config::Duration every{std::chrono::minutes(15)};
    config::Duration overlap{std::chrono::minutes(5)};  // what was changed so long before the newest is asked for again
    config::Duration first{std::chrono::hours(24)};     // so far back goes the first run
    void describe(config::Schema& schema);
};

}  // namespace headgate::connectors
