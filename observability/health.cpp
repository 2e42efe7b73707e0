#include "observability/health.hpp"

#include "observability/text.hpp"

namespace headgate::observability {

namespace {

std::string listed(const std::map<std::string, std::string, std::less<>>& reasons)
{
    std::string json = "[";
    for (const auto& [name, detail] : reasons) {
        json += json.size() > 1 ? "," : "";
        json += "{\"name\":" + json_quoted(name) + ",\"detail\":" + json_quoted(detail) + "}";
    }
    return json + "]";
}

}  // namespace

void Health::set(std::string_view reason, std::string_view detail)
{
    const std::lock_guard lock(mutex_);
    reasons_.insert_or_assign(std::string(reason), std::string(detail));
}

void Health::clear(std::string_view reason)
{
    const std::lock_guard lock(mutex_);
    if (const auto found = reasons_.find(reason); found != reasons_.end())
        reasons_.erase(found);
    if (const auto found = notes_.find(reason); found != notes_.end())
        notes_.erase(found);
}

void Health::note(std::string_view name, std::string_view detail)
{
    const std::lock_guard lock(mutex_);
    notes_.insert_or_assign(std::string(name), std::string(detail));
}

void Health::clear_note(std::string_view name)
{
    const std::lock_guard lock(mutex_);
    if (const auto found = notes_.find(name); found != notes_.end())
        notes_.erase(found);
}

bool Health::ready() const
{
    const std::lock_guard lock(mutex_);
    return reasons_.empty();
}

std::vector<Health::Reason> Health::reasons() const
{
    const std::lock_guard lock(mutex_);
    std::vector<Reason> all;
    all.reserve(reasons_.size());
    for (const auto& [name, detail] : reasons_)
        all.push_back({name, detail});
    return all;
}

std::string Health::json() const
{
    const std::lock_guard lock(mutex_);
    return std::string("{\"ready\":") + (reasons_.empty() ? "true" : "false") + ",\"reasons\":" + listed(reasons_) +
           ",\"notes\":" + listed(notes_) + "}";
}

}  // namespace headgate::observability
