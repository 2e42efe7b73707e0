#pragma once

#include <map>
#include <string>
#include <string_view>

namespace headgate::gateway {

/// How far a delivery in several steps has come: what an attempt leaves for the next one. Kept as JSON beside the
/// delivery; text that is none reads as nothing done. What it says of doubts counts only while the delivery is in
/// doubt.
struct Progress {
    std::map<std::string, std::string> captured;  // by step that is done: its captures, a JSON object
    std::string maybe;                            // the step whose sending may have arrived
    bool lost = false;  // an owner before may have sent any of the steps, and what it knew is gone
    int misses = 0;     // probes in a row that did not find it

    static Progress read(std::string_view text);
    [[nodiscard]] std::string text() const;
    /// It is known that nothing arrived but what is done.
    void forget_doubts()
    {
        maybe.clear();
        lost = false;
        misses = 0;
    }
    [[nodiscard]] bool empty() const { return captured.empty() && maybe.empty() && !lost; }
};

}  // namespace headgate::gateway
