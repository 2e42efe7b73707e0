#include "connectors/signatures/key_ring.hpp"

#include <algorithm>

namespace headgate::connectors {

namespace {

std::chrono::seconds whole_seconds(KeyRing::Clock::duration time)
{
    return std::max(std::chrono::ceil<std::chrono::seconds>(time), std::chrono::seconds(1));
}

}  // namespace

KeyRing::Waiting::~Waiting()
{
    const std::lock_guard lock(ring_.mutex_);
    ring_.places_.at(url_).waiting.erase(at_);
}

Result<std::vector<PublicKey>> KeyRing::keys(const WantedKey& wanted, std::chrono::system_clock::time_point now) const
{
    const std::lock_guard lock(mutex_);
    const auto place = places_.find(wanted.url);
    const auto found = place == places_.end() ? PublishedKeys::const_iterator{} : place->second.keys.find(wanted.id);
    if (place == places_.end() || found == place->second.keys.end())
        return fail(FailureClass::auth, "key_unknown", "the vendor publishes no key as the request names it");
    std::vector<PublicKey> keys;
    const auto second = std::chrono::floor<std::chrono::seconds>(now);  // a finer clock does not reach the year 9999
    for (const auto& [key, dates] : found->second)
        if (!dates || (second >= dates->from && second <= dates->until))
            keys.push_back(key);
    if (keys.empty())
        return fail(FailureClass::auth, "certificate_out_of_date",
                    "the certificate that the request names is not one of today, by its dates");
    return keys;
}

KeyRing::Look KeyRing::look_at_known(Place& place, Clock::time_point now)
{
    const auto age = now - place.learned;
    if (age < place.believed / 4 * 3)
        return {};
    const auto rest = place.failed ? *place.failed + renew_pause - now : Clock::duration::zero();
    if (age < place.believed) {
        if (place.asking || rest > Clock::duration::zero())
            return {};
        place.asking = true;
        return {Step::renew};
    }
    if (place.asking)
        return {Step::wait};
    if (rest > Clock::duration::zero())
        return age < place.believed + grace ? Look{} : Look{Step::later, whole_seconds(rest)};
    place.asking = true;
    return {Step::fetch};
}

KeyRing::Look KeyRing::look(const WantedKey& wanted, Clock::time_point now)
{
    const std::lock_guard lock(mutex_);
    auto found = places_.find(wanted.url);
    if (found != places_.end()) {
        Place& place = found->second;
        if (place.keys.contains(wanted.id))
            return look_at_known(place, now);
        if (const auto unknown = place.unknown.find(wanted.id); unknown != place.unknown.end() && now < unknown->second)
            return {};
        if (place.asking)
            return {Step::wait};
        if (place.failed && now < *place.failed + retry_pause)
            return {Step::later, whole_seconds(*place.failed + retry_pause - now)};
    }
    while (!fetches_.empty() && now >= fetches_.front() + fetch_window)
        fetches_.pop_front();
    if (fetches_.size() >= most_fetches)
        return {Step::later, whole_seconds(fetches_.front() + fetch_window - now)};
    fetches_.push_back(now);
    if (found == places_.end()) {
        forget(now);
        found = places_.try_emplace(wanted.url).first;
    }
    found->second.asking = true;
    return {Step::fetch};
}

Result<void> KeyRing::learn(const WantedKey& wanted, std::string_view answer, Clock::time_point now,
                            std::chrono::system_clock::time_point today)
{
    auto keys = config_.read(answer, wanted, algorithm_, key_prefix_);
    if (!keys) {
        failed(wanted, now);
        return std::unexpected(std::move(keys.error()));
    }
    const std::lock_guard lock(mutex_);
    Place& place = places_.at(wanted.url);
    place.keys = std::move(*keys);
    place.learned = now;
    std::chrono::seconds believed = std::chrono::floor<std::chrono::seconds>(config_.cached);
    // At the end of its dates there may be another certificate behind the same URL.
    for (const auto& [id, published] : place.keys)
        for (const auto& [key, dates] : published)
            if (dates)
                believed = std::min(believed, dates->until - std::chrono::floor<std::chrono::seconds>(today));
    place.believed = std::max(believed, renew_pause);
    place.failed.reset();
    place.unknown.erase(wanted.id);
    if (!place.keys.contains(wanted.id))
        unknown(place, wanted.id, now);
    landed(place);
    return {};
}

void KeyRing::not_there(const WantedKey& wanted, Clock::time_point now)
{
    const std::lock_guard lock(mutex_);
    Place& place = places_.at(wanted.url);
    place.keys.erase(wanted.id);
    unknown(place, wanted.id, now);
    place.failed.reset();
    landed(place);
}

void KeyRing::unknown(Place& place, const std::string& id, Clock::time_point now)
{
    std::erase_if(place.unknown, [&](const auto& known) { return now >= known.second; });
    place.unknown[id] = now + unknown_for;
}

void KeyRing::failed(const WantedKey& wanted, Clock::time_point now)
{
    const std::lock_guard lock(mutex_);
    Place& place = places_.at(wanted.url);
    place.failed = now;
    landed(place);
}

void KeyRing::landed(Place& place)
{
    place.asking = false;
    for (const auto& woken : place.waiting)
        woken();
}

/// What strangers made up is not remembered for longer than it counts, nor a key that nobody asks for.
void KeyRing::forget(Clock::time_point now)
{
    for (auto at = places_.begin(); at != places_.end();) {
        Place& place = at->second;
        std::erase_if(place.unknown, [&](const auto& known) { return now >= known.second; });
        const bool useless = place.keys.empty() || now >= place.learned + place.believed + grace;
        const bool failed_lately = place.failed && now < *place.failed + retry_pause;
        if (useless && place.unknown.empty() && !place.asking && place.waiting.empty() && !failed_lately)
            at = places_.erase(at);
        else
            ++at;
    }
}

std::unique_ptr<KeyRing::Waiting> KeyRing::wait(const std::string& url, std::function<void()> woken)
{
    const std::lock_guard lock(mutex_);
    const auto found = places_.find(url);
    if (found == places_.end() || !found->second.asking)
        return nullptr;
    auto& waiting = found->second.waiting;
    return std::make_unique<Waiting>(*this, url, waiting.insert(waiting.end(), std::move(woken)));
}

}  // namespace headgate::connectors
