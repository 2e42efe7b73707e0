#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace headgate::gateway {

/// The same news again and again is told once in a while. One thread.
class Repeated {
public:
    explicit Repeated(std::chrono::seconds pause) : pause_(pause) {}

    bool worth_telling(std::string_view news)
    {
        const auto now = std::chrono::steady_clock::now();
        if (news == told_ && now < next_)
            return false;
        told_ = news;
        next_ = now + pause_;
        return true;
    }

private:
    std::chrono::seconds pause_;
    std::string told_;
    std::chrono::steady_clock::time_point next_{};
};

}  // namespace headgate::gateway
