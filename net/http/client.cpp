#include "net/http/client.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

namespace headgate::net {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;

}  // namespace

Result<ClientAnswer> exchange(const ClientRequest& request)
{
    asio::io_context io;
    beast::tcp_stream stream(io);
    stream.expires_after(request.timeout);
    beast::error_code error;

    const auto address = asio::ip::make_address(request.host, error);
    if (error)
        return fail(FailureClass::permanent, "address_malformed", request.host + " is no IP address");
    // The deadline of a tcp_stream counts for asynchronous operations only, so each step is one.
    const auto wait = [&](auto start) {
        io.restart();
        start();
        io.run();
    };
    wait([&] {
        stream.async_connect(asio::ip::tcp::endpoint(address, request.port),
                             [&](beast::error_code result) { error = result; });
    });
    if (error)
        return fail(FailureClass::transient, "connect_failed",
                    "nothing answers at " + request.host + ":" + std::to_string(request.port) + ": " + error.message());

    http::request<http::string_body> message;
    message.version(11);
    message.method_string(request.method);
    message.target(request.target);
    message.set(http::field::host, request.host + ":" + std::to_string(request.port));
    message.set(http::field::connection, "close");
    for (const auto& [name, value] : request.fields)
        message.set(name, value);
    message.body() = request.body;
    message.prepare_payload();
    wait([&] { http::async_write(stream, message, [&](beast::error_code result, std::size_t) { error = result; }); });

    beast::flat_buffer buffer;
    http::response_parser<http::string_body> parser;
    parser.body_limit(1ULL << 30U);
    // A server that refuses early answers before it has read everything: a failed write is no reason not to listen.
    wait([&] {
        http::async_read(stream, buffer, parser, [&](beast::error_code result, std::size_t) { error = result; });
    });
    if (error)
        return fail(FailureClass::unknown_outcome, "no_answer", "no answer: " + error.message());
    return ClientAnswer{static_cast<int>(parser.get().result_int()), std::move(parser.get().body())};
}

}  // namespace headgate::net
