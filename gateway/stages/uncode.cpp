#include "gateway/stages/uncode.hpp"

#include "core/inflate.hpp"

namespace headgate::gateway {

Intake<void> uncoded(net::Request& request, std::size_t most)
{
    const auto coding = request.field("content-encoding");
    if (!coding || coding->empty() || net::same_ignoring_case(*coding, "identity"))
        return {};
    const bool gzip = net::same_ignoring_case(*coding, "gzip") || net::same_ignoring_case(*coding, "x-gzip");
    if ((!gzip && !net::same_ignoring_case(*coding, "deflate")) || request.count("content-encoding") > 1)
        return std::unexpected(Refused{415,
                                       {FailureClass::permanent,
                                        "content_encoding_unsupported",
                                        "a body may come as it is, as gzip or as deflate",
                                        {}},
                                       {}});
    auto body = inflated(request.body, gzip ? Inflater::Coding::gzip : Inflater::Coding::deflate, most);
    if (!body) {
        const int status = body.error().code == "content_too_large" ? 413 : 400;
        return std::unexpected(Refused{status, std::move(body.error()), {}});
    }
    request.body = std::move(*body);
    return {};
}

}  // namespace headgate::gateway
