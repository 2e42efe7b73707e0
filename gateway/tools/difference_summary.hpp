#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace headgate::gateway {

/// What many transactions differ in, by type and field, whatever item of a list it is of: how many, and a few of them.
class DifferenceSummary {
public:
    static constexpr std::size_t most_samples = 3;

    struct Sample {
        std::string of;  // the letter or event
        std::string before;
        std::string now;
    };
    struct Field {
        std::size_t transactions = 0;
        std::vector<Sample> samples;
    };

    /// Fields of one transaction may come several times, and behind each other.
    void add(std::string_view type, std::string_view path, Sample sample);
    [[nodiscard]] const std::map<std::pair<std::string, std::string>, Field>& fields() const { return fields_; }
    /// A line a field with its samples below; "" when nothing differs.
    [[nodiscard]] std::string text() const;

private:
    std::map<std::pair<std::string, std::string>, Field> fields_;  // type and field
    std::map<std::pair<std::string, std::string>, std::string> last_;
};

}  // namespace headgate::gateway
