#include "gateway/cli/csv.hpp"

#include <algorithm>

namespace headgate::gateway {

namespace {

/// Reads one record after the other.
class CsvReader {
public:
    explicit CsvReader(std::string_view text) : text_(text)
    {
        if (text_.starts_with("\xef\xbb\xbf"))
            text_.remove_prefix(3);
    }

    [[nodiscard]] bool done() const { return text_.empty(); }

    Result<CsvRecord> record()
    {
        CsvRecord record{line_, {}};
        do {
            auto field = text_.starts_with('"') ? quoted() : plain();
            if (!field)
                return std::unexpected(std::move(field.error()));
            record.fields.push_back(std::move(*field));
        } while (take(','));
        take('\r');
        if (!take('\n') && !done())
            return wrong(line_, "there is something behind a closing quote; quotes in a field are doubled");
        return record;
    }

private:
    bool take(char letter)
    {
        if (!text_.starts_with(letter) || (letter == '\r' && text_.size() > 1 && text_[1] != '\n'))
            return false;
        text_.remove_prefix(1);
        line_ += letter == '\n' ? 1 : 0;
        return true;
    }

    Result<std::string> plain()
    {
        auto end = std::min(text_.find_first_of(",\n"), text_.size());
        if ((end == text_.size() || text_[end] == '\n') && end > 0 && text_[end - 1] == '\r')
            --end;
        const auto field = text_.substr(0, end);
        if (field.find('"') != std::string_view::npos)
            return wrong(line_, "a field with a quote in it must stand in quotes, and that quote be doubled");
        text_.remove_prefix(end);
        return std::string(field);
    }

    Result<std::string> quoted()
    {
        const auto begun = line_;
        std::string field;
        for (text_.remove_prefix(1);;) {
            const auto end = text_.find('"');
            if (end == std::string_view::npos)
                return wrong(begun, "a quote that is opened here is not closed");
            const auto part = text_.substr(0, end);
            field.append(part);
            line_ += static_cast<std::size_t>(std::ranges::count(part, '\n'));
            text_.remove_prefix(end + 1);
            if (!text_.starts_with('"'))
                return field;
            field += '"';
            text_.remove_prefix(1);
        }
    }

    static std::unexpected<Failure> wrong(std::size_t line, const std::string& what)
    {
        return fail(FailureClass::permanent, "bad_csv", "line " + std::to_string(line) + ": " + what);
    }

    std::string_view text_;
    std::size_t line_ = 1;
};

}  // namespace

Result<std::vector<CsvRecord>> read_csv(std::string_view text)
{
    std::vector<CsvRecord> records;
    for (CsvReader reader(text); !reader.done();) {
        auto record = reader.record();
        if (!record)
            return std::unexpected(std::move(record.error()));
        if (record->fields.size() > 1 || !record->fields.front().empty())
            records.push_back(std::move(*record));
    }
    return records;
}

std::string csv_line(const std::vector<std::string>& fields)
{
    std::string line;
    for (const auto& field : fields) {
        if (!line.empty() || &field != &fields.front())
            line += ',';
        if (field.find_first_of(",\"\r\n") == std::string::npos && !field.starts_with(' ') && !field.ends_with(' ')) {
            line += field;
            continue;
        }
        line += '"';
        for (const char letter : field)
            line.append(letter == '"' ? 2 : 1, letter);
        line += '"';
    }
    return line + "\n";
}

}  // namespace headgate::gateway
