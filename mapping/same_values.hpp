#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "mapping/functions.hpp"

namespace headgate::mapping {

/// Values that differ, by the language's `==`, in the order they came. While all are texts, or all numbers, finding one
/// takes no longer with more of them; others are compared one by one, and each comparison is a step.
class SameValues {
public:
    explicit SameValues(Call& call) : call_(call) {}

    /// Where it stands among them; a new one goes to the end. False: it compares with nothing, or the steps are used
    /// up.
    bool place_of(const Value& value, std::size_t& place);

private:
    enum class Alike { nothing, texts, numbers, no_more };
    bool alike(const Value& value, std::string& name);

    Call& call_;
    Alike alike_ = Alike::nothing;
    std::vector<Value> values_;
    std::map<std::string, std::size_t> places_;  // ordered: no document can choose what collides
};

}  // namespace headgate::mapping
