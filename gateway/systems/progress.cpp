#include "gateway/systems/progress.hpp"

#include <boost/json.hpp>

namespace headgate::gateway {

namespace json = boost::json;

Progress Progress::read(std::string_view text)
{
    Progress read;
    boost::system::error_code error;
    const auto parsed = json::parse(text, error);
    const auto* object = error ? nullptr : parsed.if_object();
    if (object == nullptr)
        return read;
    if (const auto* done = object->if_contains("captured"); done != nullptr && done->is_object())
        for (const auto& [step, captures] : done->get_object())
            if (captures.is_string())
                read.captured.emplace(step, captures.get_string());
    if (const auto* maybe = object->if_contains("maybe"); maybe != nullptr && maybe->is_string())
        read.maybe = maybe->get_string();
    read.lost = object->contains("lost");
    if (const auto* misses = object->if_contains("misses"); misses != nullptr && misses->is_int64())
        read.misses = static_cast<int>(misses->get_int64());
    return read;
}

std::string Progress::text() const
{
    if (empty())
        return {};
    json::object object;
    json::object done;
    for (const auto& [step, captures] : captured)
        done[step] = captures;  // as text, so that its numbers keep theirs
    object["captured"] = std::move(done);
    if (!maybe.empty())
        object["maybe"] = maybe;
    if (lost)
        object["lost"] = true;
    if (misses > 0)
        object["misses"] = misses;
    return json::serialize(object);
}

}  // namespace headgate::gateway
