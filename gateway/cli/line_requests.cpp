#include "gateway/cli/line_requests.hpp"

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <iterator>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "core/utf8.hpp"
#include "gateway/cli/admin.hpp"
#include "gateway/data_folder.hpp"

namespace headgate::gateway {

namespace json = boost::json;

void Chunks::add(const std::vector<NumberedLine>& lines)
{
    constexpr std::size_t most_bytes = std::size_t{4} << 20U;
    std::size_t size = 0;
    for (const auto& [place, text] : lines)
        size += text.size() + 1;
    if (chunks_.empty() || chunks_.back().places.size() + lines.size() > most_lines_ ||
        chunks_.back().lines.size() + size > most_bytes)
        chunks_.emplace_back();
    for (const auto& [place, text] : lines) {
        chunks_.back().lines.append(text).append("\n");
        chunks_.back().places.push_back(place);
    }
}

Result<std::string> read_utf8(const std::string& file)
{
    std::error_code error;
    if (std::filesystem::is_directory(file, error))
        return fail(FailureClass::permanent, "file_unreadable", file + " is a folder");
    auto content =
        file == "-" ? Result<std::string>(std::string{std::istreambuf_iterator<char>(std::cin), {}}) : read_file(file);
    if (!content)
        return content;
    if (const auto until = utf8_until(*content); until < content->size())
        return fail(
            FailureClass::permanent, "invalid_utf8",
            fmt::format("line {}: this is no UTF-8; save the file as UTF-8",
                        1 + std::count(content->begin(), content->begin() + static_cast<std::ptrdiff_t>(until), '\n')));
    return content;
}

Result<json::value> send(const std::string& data, const std::string& target, const Chunk& chunk)
{
    const auto answer = call(data, "POST", target, chunk.lines);
    if (!answer)
        return std::unexpected(answer.error());
    auto told = told_by(*answer);
    if (told)
        return told;
    if (answer->status == 413 && !chunk.places.empty()) {
        told.error().detail = fmt::format("line {}: it is larger than what this Headgate takes", chunk.places.front());
        return told;
    }
    boost::system::error_code error;
    const auto body = json::parse(answer->body, error);
    const auto* line = error || !body.is_object() ? nullptr : body.get_object().if_contains("line");
    if (line == nullptr || !line->is_number())
        return told;
    const auto number = line->to_number<std::size_t>();
    const auto place = number >= 1 && number <= chunk.places.size() ? chunk.places[number - 1] : number;
    auto& detail = told.error().detail;
    detail = fmt::format("line {}{}", place, detail.substr(std::min(detail.find(": "), detail.size())));
    return told;
}

}  // namespace headgate::gateway
