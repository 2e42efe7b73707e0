#include "gateway/api/reference_lines.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "gateway/numbered_lines.hpp"
#include "gateway/systems/references.hpp"

namespace headgate::gateway::api {

namespace {

/// A part of a reference; it may be empty when it need not be given.
Result<void> check_part(std::string_view part, const std::string& text, std::size_t most, bool needed = true)
{
    const auto wrong = [&](const std::string& what) {
        return fail(FailureClass::permanent, "bad_reference", fmt::format("`{}` {}", part, what));
    };
    if (needed && text.empty())
        return wrong("is empty or missing");
    if (text.size() > most)
        return wrong(fmt::format("is longer than {} bytes", most));
    if (text.find('\0') != std::string::npos)
        return wrong("has a NUL in it");
    return {};
}

}  // namespace

Result<void> check_name(const GivenReference& given)
{
    for (const auto& checked :
         {check_part("system", given.system, longest_id), check_part("kind", given.kind, longest_kind),
          check_part("id", given.id, longest_id), check_part("source", given.source, longest_id, false)})
        if (!checked)
            return checked;
    return {};
}

Result<GivenReference> reference_of(std::string_view text)
{
    const auto given = members(text, {"system", "kind", "id", "source", "theirs"});
    if (!given)
        return std::unexpected(given.error());
    GivenReference made;
    for (const auto& [name, part] :
         {std::pair{"system", &made.system}, std::pair{"kind", &made.kind}, std::pair{"id", &made.id},
          std::pair{"source", &made.source}, std::pair{"theirs", &made.theirs}}) {
        auto value = text_member(*given, name, longest_id);
        if (!value)
            return std::unexpected(std::move(value.error()));
        *part = std::move(*value);
    }
    for (const auto& checked : {check_name(made), check_part("theirs", made.theirs, longest_id)})
        if (!checked)
            return std::unexpected(checked.error());
    return made;
}

std::expected<std::vector<GivenReference>, BadLine> reference_lines(
    std::string_view text, const std::function<Result<void>(const GivenReference&)>& also)
{
    std::vector<GivenReference> made;
    for (const auto& [line, one] : numbered_lines(text)) {
        if (made.size() == most_lines)
            return std::unexpected(BadLine{line,
                                           {FailureClass::permanent,
                                            "too_many_lines",
                                            fmt::format("one request takes at most {} lines: send several", most_lines),
                                            {}}});
        auto given = reference_of(one);
        if (!given)
            return std::unexpected(BadLine{line, std::move(given.error())});
        if (const auto fine = also(*given); !fine)
            return std::unexpected(BadLine{line, fine.error()});
        made.push_back(std::move(*given));
    }
    return made;
}

retry::Reference stored_reference(const GivenReference& given)
{
    return {given.system, given.kind, given.source.empty() ? given.id : id_within(given.source, given.id),
            given.theirs};
}

GivenReference given_reference(const retry::Reference& stored)
{
    const auto end = stored.id.find('\0');
    if (end == std::string::npos)
        return {stored.system, stored.kind, stored.id, {}, stored.theirs};
    return {stored.system, stored.kind, stored.id.substr(end + 1), stored.id.substr(0, end), stored.theirs};
}

json::object reference_json(const GivenReference& given)
{
    return {{"system", given.system},
            {"kind", given.kind},
            {"source", given.source},
            {"id", given.id},
            {"theirs", given.theirs}};
}

}  // namespace headgate::gateway::api
