#include "mapping/same_values.hpp"

namespace headgate::mapping {

/// Whether it is of the kind all are so far, and what it is called then.
bool SameValues::alike(const Value& value, std::string& name)
{
    Alike kind = Alike::no_more;
    if (value.kind == Kind::text) {
        kind = Alike::texts;
        name = value.text;
    } else if (value.kind == Kind::number) {
        if (const auto number = number_of(value)) {
            kind = Alike::numbers;
            name = number->text();
        }
    }
    if (alike_ == Alike::nothing)
        alike_ = kind;
    else if (alike_ != kind)
        alike_ = Alike::no_more;
    return alike_ != Alike::no_more;
}

bool SameValues::place_of(const Value& value, std::size_t& place)
{
    std::string name;
    call_.run.count_bytes(value.text.size());
    ++call_.run.steps;
    if (!call_.within_steps())
        return false;
    if (alike(value, name)) {
        place = places_.try_emplace(std::move(name), values_.size()).first->second;
    } else {
        for (place = 0; place < values_.size(); ++place) {
            Order3 order{};
            if (!compare(call_.run, call_.expr, value, values_[place], false, order))
                return false;
            ++call_.run.steps;
            if (!call_.within_steps())
                return false;
            if (order == Order3::equal)
                break;
        }
    }
    if (place == values_.size())
        values_.push_back(value);
    return true;
}

}  // namespace headgate::mapping
