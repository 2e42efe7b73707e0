#include "tests/faults/load.hpp"

#include <poll.h>

#include <random>

#include <fmt/format.h>

namespace headgate::test {

Load::Load(std::string secret, Habits habits, std::uint32_t seed) : secret_(std::move(secret)), habits_(habits)
{
    working_ = habits.senders;
    for (int i = 0; i < habits.senders; ++i)
        threads_.emplace_back([this, i, seed] {
            work(i, seed + static_cast<std::uint32_t>(i));
            --working_;
        });
}

Load::~Load()
{
    finish(true);
}

void Load::finish(bool give_up)
{
    stopping_ = true;
    if (give_up)
        giving_up_ = true;
    for (auto& thread : threads_)
        if (thread.joinable())
            thread.join();
}

std::vector<Answered> Load::answered() const
{
    const std::lock_guard lock(mutex_);
    return answered_;
}

Answer Load::refused() const
{
    const std::lock_guard lock(mutex_);
    return refused_;
}

void Load::work(int number, std::uint32_t seed)
{
    std::mt19937 random(seed);
    Sender sender("/hooks/shop", secret_);
    const auto percent = [&random](int wanted) { return static_cast<int>(random() % 100) < wanted; };
    std::vector<std::uint32_t> versions(habits_.orders, 0);
    while (!stopping_ && (habits_.events == 0 || begun_ < habits_.events)) {
        const std::size_t slot = random() % versions.size();
        const std::uint64_t order = 10'000 * static_cast<std::uint64_t>(number + 1) + slot;
        const std::uint32_t version = ++versions[slot];
        const bool swapped = percent(habits_.swapped_percent);
        begun_ += swapped ? 2 : 1;
        if (swapped && !send(sender, order, ++versions[slot], percent(habits_.twice_percent)))
            return;
        if (!send(sender, order, version, percent(habits_.twice_percent)))
            return;
    }
}

/// The order's version with a note that looks like noise, the same each time.
std::string Load::body(std::uint64_t order, std::uint32_t version) const
{
    std::string body = order_body(order, version);
    if (habits_.padding == 0)
        return body;
    static constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    std::minstd_rand random(static_cast<std::uint32_t>(order * 50'000 + version));
    std::string note;
    for (std::size_t i = 0; i < habits_.padding; ++i)
        note += letters[random() / 8 % letters.size()];
    body.insert(1, "\"note\":\"" + note + "\",");
    return body;
}

/// Until it is answered 2xx, as a vendor does; false when that is given up.
bool Load::send(Sender& sender, std::uint64_t order, std::uint32_t version, bool twice)
{
    Webhook webhook;
    webhook.event_id = fmt::format("wh-{}-{}", order, version);
    webhook.body = body(order, version);
    for (int left = twice ? 2 : 1; left > 0;) {
        const int port = port_;
        const Answer answer = port == 0 ? Answer{} : sender.post(port, webhook, 5);
        if (answer.status >= 200 && answer.status < 300) {
            ++count_;
            --left;
            const std::lock_guard lock(mutex_);
            answered_.push_back({event_of(answer.body), webhook.event_id, order, version});
            continue;
        }
        if (answer.status != 0) {
            const std::lock_guard lock(mutex_);
            refused_ = answer;
        }
        if (giving_up_)
            return false;
        // Not a wait for something to be true: a vendor's pause before it sends again.
        ::poll(nullptr, 0, 2);
    }
    return true;
}

}  // namespace headgate::test
