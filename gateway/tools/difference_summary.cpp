#include "gateway/tools/difference_summary.hpp"

#include <fmt/format.h>

#include "gateway/tools/document_text.hpp"

namespace headgate::gateway {

void DifferenceSummary::add(std::string_view type, std::string_view path, Sample sample)
{
    const std::pair<std::string, std::string> key{type, without_places(path)};
    auto& last = last_[key];
    if (last == sample.of)
        return;  // of another item of the same list
    last = sample.of;
    Field& field = fields_[key];
    ++field.transactions;
    if (field.samples.size() < most_samples)
        field.samples.push_back(std::move(sample));
}

std::string DifferenceSummary::text() const
{
    std::string out;
    for (const auto& [key, field] : fields_) {
        out += fmt::format("  {} {}: {}\n", key.first, key.second, field.transactions);
        for (const auto& sample : field.samples)
            out += fmt::format("    {}: {} -> {}\n", sample.of, sample.before, sample.now);
    }
    return out;
}

}  // namespace headgate::gateway
