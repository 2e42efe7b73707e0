#pragma once

#include <string>

#include <boost/json/value.hpp>

#include "core/result.hpp"
#include "net/http/client.hpp"

namespace headgate::gateway {

// Calls to the admin API of the Headgate that runs in a data folder, with its own token or the one of HEADGATE_TOKEN.

/// One call, whatever it is answered. One that changes something may take its time: it may let many deliveries go.
Result<net::ClientAnswer> call(const std::string& data, std::string method, std::string target, std::string body = {});

/// The JSON of a good answer, or the failure it tells.
Result<boost::json::value> ask(const std::string& data, std::string method, std::string target, std::string body = {});
/// The same of an answer that is there already.
Result<boost::json::value> told_by(const net::ClientAnswer& answer);

/// Prints the one thing that is there, its members a line each or as JSON; the exit code of a command.
int show(const std::string& data, std::string target, bool json);

/// A name or a value as it stands in a path or a query.
std::string encoded(const std::string& value);

}  // namespace headgate::gateway
